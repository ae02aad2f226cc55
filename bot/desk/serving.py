"""Serving a page: who asks, one unit of work, strict headers; refusals become pages too."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.db import database
from bot.desk.access import PATH, Asked, Refused, identify, language_of, read
from bot.desk.accounts import Person
from bot.desk.api import Endpoint, refusing
from bot.desk.rendering import render

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
OWN_ADDRESS = re.compile(r"/desk(?:/[\w\-./]*)?(?:\?[\w\-.=&%+]*)?")


@dataclass(frozen=True)
class Page:
    template: str
    context: dict[str, Any]


Handler = Callable[[Session, Person, Asked], Page]


def shown(handler: Handler, *, newcomer: bool = False, noted: bool = False) -> Endpoint:
    """`noted`: the handler writes down that it was shown."""

    def work(asked: Asked) -> str:
        with (database().write if noted else database().read)() as session, refusing():
            person = identify(session, asked, newcomer=newcomer)
            page = handler(session, person, asked)
            if noted:
                session.commit()
            return render(page.template, asked.language, {"person": person, "here": asked.here, **page.context})

    @answering_pages
    async def endpoint(request: Request) -> Response:
        return HTMLResponse(await run_in_threadpool(work, await read(request)), headers=HEADERS)

    return endpoint


def answering_pages(endpoint: Endpoint) -> Endpoint:
    """Refusals as pages: to the login, to the choice of a password, or one sentence."""

    @functools.wraps(endpoint)
    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Refused as refused:
            return _refusal(request, refused)

    return answer


def _refusal(request: Request, refused: Refused) -> Response:
    if refused.key == "desk_login_needed":
        return _elsewhere(request, f"{PATH}/login?next={quote(request.url.path)}")
    if refused.key == "desk_password_first":
        return _elsewhere(request, f"{PATH}/password")
    language = language_of(request)
    context = {"person": None, "here": request.url.path, "sentence": refused.sentence(language)}
    return HTMLResponse(render("refused.html", language, context), refused.status, {**HEADERS, **refused.headers})


def _elsewhere(request: Request, address: str) -> Response:
    """htmx follows a redirect silently and would put the login page into a part of this one."""
    if "hx-request" in request.headers:
        return Response(status_code=401, headers={"HX-Redirect": address})
    return RedirectResponse(address, 303, HEADERS)


def own_address(address: str) -> str:
    """Where to go next, if it is a page of the desk."""
    return address if OWN_ADDRESS.fullmatch(address) else f"{PATH}/"
