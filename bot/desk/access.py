"""From a request to a person: cookies, CSRF, bodies, and refusals in one sentence."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from bot.desk.accounts import Person, who
from bot.settings import settings
from bot.wording import LANGUAGES, say, texts

SESSION_COOKIE, LANGUAGE_COOKIE = "yida_desk", "yida_desk_language"
PATH = "/desk"
MAX_BODY_BYTES = 64 * 1024


class Refused(Exception):
    """A request that is turned away: status, wording key with its values, and more for the JSON answer."""

    def __init__(
        self, status: int, key: str, values: Mapping[str, Any] | None = None, more: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(key)
        self.status = status
        self.key = key
        self.values = values or {}
        self.more = more or {}

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.more["retry_after"])} if "retry_after" in self.more else {}

    def sentence(self, language: str) -> str:
        return say(language, self.key, **self.values)


class Missing(Refused):
    """A field with nothing in it: the sentence has its label, the JSON its name for the page to find it by."""

    def __init__(self, field: str) -> None:
        super().__init__(400, "desk_field_needed", more={"field": field})

    def sentence(self, language: str) -> str:
        field = self.more["field"]
        return say(language, self.key, field=texts(language).get(f"desk_field_{field}", field))


@dataclass(frozen=True)
class Asked:
    """What a handler needs of a request. `here` is the address for coming back after a login."""

    token: str
    csrf: str
    language: str
    here: str
    path: Mapping[str, Any]
    query: Mapping[str, str]
    body: Mapping[str, Any] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A field of the body that must be a string with something in it. Raises Refused."""
        value = self.body.get(name)
        if not isinstance(value, str) or not value.strip():
            raise Missing(name)
        return value

    def number(self, name: str) -> int | None:
        """A whole number of the query, none when absent. Raises Refused."""
        value = self.query.get(name, "")
        if value and not (value.isascii() and value.isdecimal() and len(value) < 10):
            raise Refused(400, "bad_cursor")
        return int(value) if value else None


async def read(request: Request) -> Asked:
    """Raises Refused for a body that is neither a JSON object nor a form."""
    body = await _body(request) if request.method == "POST" else {}
    return Asked(
        token=request.cookies.get(SESSION_COOKIE, ""),
        csrf=request.headers.get("x-csrf-token") or str(body.get("csrf", "")),
        language=language_of(request),
        here=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        path=request.path_params,
        query=request.query_params,
        body=body,
    )


async def _body(request: Request) -> dict[str, Any]:
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_BODY_BYTES:
            raise Refused(413, "request_too_large")
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(data.decode(errors="replace"), keep_blank_values=True))  # the pages' forms
    try:
        body = json.loads(data or b"{}")
    except (ValueError, RecursionError) as error:
        raise Refused(400, "bad_json") from error
    if not isinstance(body, dict):
        raise Refused(400, "bad_json")
    return body


def identify(session: Session, asked: Asked, *, newcomer: bool = False) -> Person:
    """Who asks; someone with a one-time password may only change it. Raises Refused."""
    person = who(session, asked.token) if asked.token else None
    if person is None:
        raise Refused(401, "desk_login_needed")
    if person.must_change_password and not newcomer:
        raise Refused(403, "desk_password_first")
    return person


def check_change(person: Person, asked: Asked, *, answering: bool = True) -> None:
    """A change needs the CSRF token and, unless it is one's own account, a role that answers. Raises Refused."""
    if not secrets.compare_digest(asked.csrf.encode("utf-8", "surrogatepass"), person.csrf.encode()):
        raise Refused(403, "desk_csrf")
    if answering and not person.answers:
        raise Refused(403, "desk_role")


def check_origin(request: Request) -> None:
    """A login from another site's page is turned away, or it could log someone into a foreign account."""
    origin = request.headers.get("origin")
    if origin is None:
        return
    own = {request.headers.get("host", ""), urlsplit(settings().public_url).netloc}
    if urlsplit(origin).netloc not in own - {""}:
        raise Refused(403, "foreign_origin")


def language_of(request: Request) -> str:
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    return chosen if chosen in LANGUAGES else "zh"


def keep_session(response: Response, token: str) -> None:
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=settings().desk_session_hours * 3600,
        path=PATH,
        httponly=True,
        samesite="strict",
        secure=settings().secure_cookies,
    )


def drop_session(response: Response) -> None:
    response.delete_cookie(SESSION_COOKIE, path=PATH)


def keep_language(response: Response, language: str) -> None:
    response.set_cookie(
        LANGUAGE_COOKIE,
        language,
        max_age=365 * 24 * 3600,
        path=PATH,
        samesite="lax",
        secure=settings().secure_cookies,
    )
