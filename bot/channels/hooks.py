"""Pushes of tracking providers: POST /hooks/tracking/<provider>, signed, in any order, any number of times."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.channels.http import Refused
from bot.db import Database, now
from bot.shipments.errors import BadRow
from bot.shipments.providers.base import Answer, Forged, Push
from bot.shipments.providers.chosen import configured
from bot.shipments.refreshing import take

log = logging.getLogger(__name__)

LARGEST = 1024 * 1024
"""Bytes of a push; KDNiao sends some hundred parcels in one."""
MOST_FIELDS = 20


class TrackingHooks:
    """Answers in the shape each provider expects, so that it knows whether to send again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def routes(self) -> Sequence[Route]:
        return [Route("/hooks/tracking/{provider}", self.take, methods=["POST"])]

    async def take(self, request: Request) -> Response:
        chosen = configured().get(request.path_params["provider"])
        if chosen is None:
            raise Refused(404, "not_found")
        provider, _ = chosen
        push = await _push(request)
        try:
            answers = provider.read_push(push, now())
        except Forged:
            log.warning("a push for %s was not signed by it", provider.name)
            return JSONResponse(provider.receipt(False), 401)
        except BadRow as error:
            log.warning("a push of %s could not be read: %s", provider.name, error)
            return JSONResponse(provider.receipt(False), 400)
        await run_in_threadpool(self._keep, answers)
        return JSONResponse(provider.receipt(True))

    def _keep(self, answers: list[Answer]) -> None:
        with self._database.write() as session:
            take(session, answers, now())
            session.commit()


async def _push(request: Request) -> Push:
    """The raw body, and its fields where it is a form. Raises Refused for one that is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise Refused(413, "request_too_large")
    is_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    try:
        form = dict(parse_qsl(body.decode(), max_num_fields=MOST_FIELDS)) if is_form else {}
    except ValueError as error:  # no UTF-8, or too many fields
        raise Refused(400, "bad_form") from error
    return Push(bytes(body), form, request.headers)
