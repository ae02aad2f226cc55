"""What the HTTP channels share: refusals in one sentence, bodies with a size, the language of an error."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.settings import Settings
from bot.wording import say

MAX_JSON_BYTES = 64 * 1024


class Refused(Exception):
    """A request that is turned away: status, wording key, and what the client may need besides the sentence."""

    def __init__(self, status_code: int, key: str, *, retry_after: int | None = None) -> None:
        super().__init__(key)
        self.status_code = status_code
        self.key = key
        self.retry_after = retry_after


async def answer_refusal(request: Request, refused: Exception) -> Response:
    """{"error": sentence, "code": key} in the language the client asked for."""
    assert isinstance(refused, Refused)
    body: dict[str, Any] = {"error": say(language_of(request), refused.key), "code": refused.key}
    headers = {}
    if refused.retry_after is not None:
        body["retry_after"] = refused.retry_after
        headers["Retry-After"] = str(refused.retry_after)
    return JSONResponse(body, refused.status_code, headers)


def language_of(request: Request) -> str:
    return "en" if request.headers.get("accept-language", "").lower().startswith("en") else "zh"


def bearer_of(request: Request) -> str | None:
    """The token of `Authorization: Bearer …`."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else None


def check_origin(request: Request, settings: Settings) -> None:
    """A cookie travels with requests other sites make; their Origin gives them away. Bearers do not travel."""
    origin = request.headers.get("origin")
    if origin is None or bearer_of(request) is not None:
        return
    own = {request.headers.get("host", ""), urlsplit(settings.public_url).netloc} - {""}  # "" is that of `Origin: null`
    if urlsplit(origin).netloc not in own:
        raise Refused(403, "foreign_origin")


async def read_json(request: Request) -> dict[str, Any]:
    """The JSON object of a request of at most MAX_JSON_BYTES. Raises Refused."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_JSON_BYTES:
            raise Refused(413, "request_too_large")
    try:
        data = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise Refused(400, "bad_json") from error
    if not isinstance(data, dict):
        raise Refused(400, "bad_json")
    return data
