"""The web side as one Starlette application: customers' chat, REST channel, desk, pages, operations."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.channels import socketio
from bot.channels.chosen import configured, names
from bot.channels.hooks import TrackingHooks
from bot.channels.http import Refused, answer_refusal, language_of
from bot.channels.limits import Limits, client_address
from bot.channels.rest import RestChannel
from bot.channels.web import WebChat
from bot.db import UNAVAILABLE, Database
from bot.desk import routes as desk_pages
from bot.external import chosen as external
from bot.settings import Settings
from bot.widget import routes as widget_pages
from bot.wording import say

log = logging.getLogger(__name__)

HEADERS = {
    b"cache-control": b"no-store",
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"permissions-policy": b"camera=(self), geolocation=(), microphone=()",
}


def create_app(database: Database, settings: Settings, brain_ready: Callable[[], bool]) -> Starlette:
    """`brain_ready` says whether this process can answer (always true where workers do it)."""
    limits = Limits(settings)
    return Starlette(
        routes=[
            *WebChat(database, settings, limits).routes(),
            *RestChannel(database, limits).routes(),
            *TrackingHooks(database).routes(),
            *_socketio(database, settings, limits),
            *(route for platform in configured(settings) for route in platform.routes(database)),
            *(route for desk in external.configured(settings) for route in desk.routes(database)),
            Mount("/desk", routes=desk_pages.routes(lambda request: client_address(request, settings))),
            *_operations(database, settings, brain_ready),
            *widget_pages.routes(),
        ],
        middleware=[Middleware(SafeHeaders)],
        exception_handlers={
            Refused: answer_refusal,
            HTTPException: _answer_http_error,
            **dict.fromkeys(UNAVAILABLE, _answer_database_down),
            Exception: _answer_fault,
        },
    )


def _socketio(database: Database, settings: Settings, limits: Limits) -> list[BaseRoute]:
    if socketio.NAME not in names(settings):
        return []
    return [Mount(socketio.PATH, app=socketio.SocketIO(database, settings, limits).app())]


def _operations(database: Database, settings: Settings, brain_ready: Callable[[], bool]) -> list[BaseRoute]:
    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok")

    async def readyz(_: Request) -> Response:
        answers = {"database": await run_in_threadpool(_database_answers, database), "model": brain_ready()}
        return JSONResponse(answers, 200 if all(answers.values()) else 503)

    async def metrics(request: Request) -> Response:
        if not _may_measure(request, settings.metrics_token):
            raise HTTPException(403)
        return Response(await run_in_threadpool(generate_latest), media_type=CONTENT_TYPE_LATEST)

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]


def _database_answers(database: Database) -> bool:
    try:
        with database.read() as session:
            session.execute(text("SELECT 1"))
        return True
    except UNAVAILABLE:
        return False


def _may_measure(request: Request, token: str) -> bool:
    """With a token in the settings, its bearer; without, this machine only, and nobody whom a proxy on it passes on."""
    if token:
        return secrets.compare_digest(request.headers.get("authorization", "").encode(), f"Bearer {token}".encode())
    passed_on = {"x-forwarded-for", "forwarded"} & set(request.headers)
    return not passed_on and request.client is not None and request.client.host in ("127.0.0.1", "::1")


async def _answer_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    sentence = say(language_of(request), "not_found") if error.status_code == 404 else error.detail
    return JSONResponse({"error": sentence}, error.status_code, error.headers)


async def _answer_database_down(request: Request, error: Exception) -> Response:
    log.warning("the database did not answer %s (%s)", request.url.path, type(error).__name__)
    return JSONResponse({"error": say(language_of(request), "server_fault")}, 503, {"Retry-After": "2"})


async def _answer_fault(request: Request, error: Exception) -> Response:
    fault_id = secrets.token_hex(4).upper()
    log.error("fault %s at %s", fault_id, request.url.path, exc_info=error)
    return JSONResponse({"error": say(language_of(request), "server_fault"), "fault": fault_id}, 500)


class SafeHeaders:
    """Adds HEADERS to every response that does not set its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                extra = [(name, value) for name, value in HEADERS.items() if name not in present]
                message["headers"] = [*message["headers"], *extra]
            await send(message)

        await self._app(scope, receive, send_safely if scope["type"] == "http" else send)
