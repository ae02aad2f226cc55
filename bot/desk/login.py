"""Pages of the door: logging in and out, choosing a password, choosing a language. They work without scripts."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.conversations import ownership
from bot.db import database, now
from bot.desk import accounts, presence
from bot.desk.access import (
    PATH,
    Asked,
    Refused,
    check_change,
    check_origin,
    drop_session,
    identify,
    keep_language,
    keep_session,
    read,
)
from bot.desk.accounts import Person
from bot.desk.api import Endpoint, choose_password, try_login
from bot.desk.models import OFF
from bot.desk.rendering import render
from bot.desk.serving import HEADERS, Page, answering_pages, own_address, shown
from bot.desk.throttle import Throttle
from bot.wording import LANGUAGES


def login_page(asked: Asked, status: int = 200, sentence: str = "", headers: dict[str, str] | None = None) -> Response:
    context = {
        "person": None,
        "here": asked.here,
        "sentence": sentence,
        "name": str(asked.body.get("name", "")),
        "next": own_address(asked.query.get("next") or str(asked.body.get("next", ""))),
    }
    return HTMLResponse(render("login.html", asked.language, context), status, {**HEADERS, **(headers or {})})


async def login_form(request: Request) -> Response:
    return await run_in_threadpool(login_page, await read(request))


def login(throttle: Throttle, address_of: Callable[[Request], str]) -> Endpoint:
    @answering_pages
    async def endpoint(request: Request) -> Response:
        check_origin(request)
        asked = await read(request)
        try:
            token, _ = await run_in_threadpool(try_login, throttle, asked, address_of(request))
        except Refused as refused:
            return login_page(asked, refused.status, refused.sentence(asked.language), refused.headers)
        response = RedirectResponse(own_address(str(asked.body.get("next", ""))), 303, HEADERS)
        keep_session(response, token)
        return response

    return endpoint


@answering_pages
async def logout(request: Request) -> Response:
    def work(asked: Asked) -> None:
        with database().write() as session:
            person = identify(session, asked, newcomer=True)
            check_change(person, asked, answering=False)
            presence.set_state(session, person.name, OFF, now())
            ownership.queue_left(session, person.name)
            accounts.log_out(session, asked.token)
            session.commit()

    await run_in_threadpool(work, await read(request))
    response = RedirectResponse(f"{PATH}/login", 303, HEADERS)
    drop_session(response)
    return response


def password_form(session: Session, person: Person, asked: Asked) -> Page:
    return Page("password.html", {"sentence": "", "least": accounts.MIN_PASSWORD})


@answering_pages
async def password(request: Request) -> Response:
    asked = await read(request)
    try:
        if asked.body.get("password") != asked.body.get("again"):
            raise Refused(400, "desk_passwords_differ")
        token, _ = await run_in_threadpool(choose_password, asked)
    except Refused as refused:
        if refused.status != 400:
            raise
        return await run_in_threadpool(_password_again, asked, refused)
    response = RedirectResponse(f"{PATH}/", 303, HEADERS)
    keep_session(response, token)
    return response


def _password_again(asked: Asked, refused: Refused) -> Response:
    with database().read() as session:
        person = identify(session, asked, newcomer=True)
    sentence = refused.sentence(asked.language)
    context = {"person": person, "here": asked.here, "sentence": sentence, "least": accounts.MIN_PASSWORD}
    return HTMLResponse(render("password.html", asked.language, context), refused.status, HEADERS)


async def language(request: Request) -> Response:
    response = RedirectResponse(own_address(request.query_params.get("next", "")), 303, HEADERS)
    if request.path_params["language"] in LANGUAGES:
        keep_language(response, request.path_params["language"])
    return response


def routes(throttle: Throttle, address_of: Callable[[Request], str]) -> list[BaseRoute]:
    return [
        Route("/login", login_form),
        Route("/login", login(throttle, address_of), methods=["POST"]),
        Route("/logout", logout, methods=["POST"]),
        Route("/password", shown(password_form, newcomer=True)),
        Route("/password", password, methods=["POST"]),
        Route("/language/{language}", language),
    ]
