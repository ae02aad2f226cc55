"""WhatsApp Cloud API: signed webhooks in, the Graph API out (developers.facebook.com/docs/whatsapp/cloud-api).

We may write within 24 hours of the customer's last message; later only an approved template may, which asks the
customer to write (settings `whatsapp_template`, its language code after a colon: `parcel_news:zh_CN`).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.channels.http import Refused
from bot.channels.models import Wish
from bot.channels.platforms import (
    OutsideWindow,
    Platform,
    TryAgain,
    Undeliverable,
    call,
    keep_photo,
    put_off,
    raw_body,
    take,
)
from bot.channels.rendering import STYLES, Part
from bot.db import Database
from bot.settings import Settings
from bot.wording import say

_BUSY = frozenset({4, 80007, 130429, 131016, 131048, 131056, 133004})
_WINDOW_CLOSED = 131047
_REPLY_BUTTONS = 3
"""So many choices are buttons; more are a list."""
_FILES = ("image", "document")
_FILES_AT = "https://lookaside.fbsbx.com/"
"""Where the API says that files lie: our token goes there and nowhere else."""


class WhatsApp(Platform):
    """One business number. `external_id` is WhatsApp's message id (wamid), the same in a repeated webhook."""

    name = "whatsapp"
    style = STYLES["whatsapp"]

    def __init__(self, settings: Settings) -> None:
        self._verify = settings.whatsapp_verify_token
        self._secret = settings.whatsapp_secret.encode()
        self._number = settings.whatsapp_number_id
        self._url = settings.whatsapp_url
        self._headers = {"Authorization": f"Bearer {settings.whatsapp_token}"}
        self._template = settings.whatsapp_template

    def routes(self, database: Database) -> Sequence[Route]:
        async def prove(request: Request) -> Response:
            asked = request.query_params
            if not secrets.compare_digest(asked.get("hub.verify_token", "").encode(), self._verify.encode()):
                raise Refused(403, "key_needed")
            return PlainTextResponse(asked.get("hub.challenge", ""))

        async def hook(request: Request) -> Response:
            body = await raw_body(request)
            expected = "sha256=" + hmac.new(self._secret, body, hashlib.sha256).hexdigest()
            if not secrets.compare_digest(request.headers.get("x-hub-signature-256", "").encode(), expected.encode()):
                raise Refused(401, "key_needed")
            await run_in_threadpool(self._keep, database, _json(body))
            return PlainTextResponse("ok")

        path = f"/hooks/{self.name}"
        return [Route(path, prove, methods=["GET"]), Route(path, hook, methods=["POST"])]

    def _keep(self, database: Database, push: Any) -> None:
        with database.write() as session:
            for message in _messages(push, self._number):
                self._keep_message(session, message)
            session.commit()

    def _keep_message(self, session: Session, message: dict[str, Any]) -> None:
        sender, external_id = message["from"], message["id"]
        kind = message.get("type")
        content = message.get(kind) if isinstance(kind, str) else None
        content = content if isinstance(content, dict) else {}
        if kind in _FILES and isinstance(content.get("id"), str):
            name = content.get("filename")
            reference = {"media_id": content["id"], "name": name if isinstance(name, str) else "photo.jpg"}
            put_off(session, self.name, sender, external_id, reference)
            external_id += "-words"
        choice, words = _choice(content), _words(content)
        if choice:
            take(session, self.name, sender, external_id, choice=choice)
        elif words or kind not in _FILES:
            take(session, self.name, sender, external_id, text=words)

    def send(self, to: str, part: Part) -> None:
        if part.image is not None:
            self._say(to, "image", {"id": self._uploaded(part)})
        elif part.choices:
            self._say(to, "interactive", _interactive(part))
        else:
            self._say(to, "text", {"body": part.text, "preview_url": False})

    def knock(self, to: str, language: str) -> bool:
        name, _, code = self._template.partition(":")
        if name:
            self._say(to, "template", {"name": name, "language": {"code": code or "zh_CN"}})
        return bool(name)

    def fetch(self, database: Database, wish: Wish) -> None:
        reference = wish.reference
        address = self._answer(call("GET", f"{self._url}/{reference['media_id']}", headers=self._headers)).get("url")
        if not isinstance(address, str) or not address.startswith((_FILES_AT, self._url)):
            raise Undeliverable("no address")
        answer = call("GET", address, headers=self._headers)
        if answer.status != 200:
            raise Undeliverable(f"status {answer.status}")
        with database.write() as session:
            keep_photo(session, self.name, wish.sender, wish.external_id, reference["name"], answer.content)
            session.commit()

    def _say(self, to: str, kind: str, content: dict[str, Any]) -> None:
        message = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": to, "type": kind}
        url = f"{self._url}/{self._number}/messages"
        self._answer(call("POST", url, json={**message, kind: content}, headers=self._headers))

    def _uploaded(self, part: Part) -> str:
        files = {"file": ("photo", part.image, part.media_type)}
        given = {"messaging_product": "whatsapp", "type": part.media_type}
        url = f"{self._url}/{self._number}/media"
        return str(self._answer(call("POST", url, data=given, files=files, headers=self._headers)).get("id"))

    @staticmethod
    def _answer(reaction: Any) -> dict[str, Any]:
        answer = reaction.json()
        error = answer.get("error")
        if reaction.status == 200 and error is None:
            return answer
        code = error.get("code") if isinstance(error, dict) else None
        if code in _BUSY:
            raise TryAgain
        if code == _WINDOW_CLOSED:
            raise OutsideWindow
        raise Undeliverable(f"status {reaction.status}, code {code}")


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(400, "bad_json") from error


def _messages(push: Any, number: str) -> Iterator[dict[str, Any]]:
    """The customers' messages to our number; a push may hold several, and receipts, which are not asked for."""
    for entry in _list(push, "entry"):
        for change in _list(entry, "changes"):
            value = change.get("value")
            metadata = value.get("metadata") if isinstance(value, dict) else None
            if not isinstance(metadata, dict) or metadata.get("phone_number_id") != number:
                continue
            for message in _list(value, "messages"):
                if all(isinstance(message.get(key), str) and 0 < len(message[key]) <= 100 for key in ("from", "id")):
                    yield message


def _list(holder: Any, key: str) -> list[dict[str, Any]]:
    found = holder.get(key) if isinstance(holder, dict) else None
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _choice(content: dict[str, Any]) -> str | None:
    reply = content.get("button_reply") or content.get("list_reply")
    chosen = reply.get("id") if isinstance(reply, dict) else None
    return chosen if isinstance(chosen, str) else None


def _words(content: dict[str, Any]) -> str:
    """Text, caption, a template's quick reply, or a place in words."""
    for key in ("body", "caption", "text"):
        if isinstance(content.get(key), str):
            return str(content[key])
    place = [content.get(key) for key in ("name", "address", "latitude", "longitude")]
    return ", ".join(str(part) for part in place if isinstance(part, (str, float, int)))


def _interactive(part: Part) -> dict[str, Any]:
    body = {"text": part.text}
    if len(part.choices) <= _REPLY_BUTTONS:
        buttons = [{"type": "reply", "reply": {"id": id_, "title": title}} for id_, title in part.choices]
        return {"type": "button", "body": body, "action": {"buttons": buttons}}
    rows = [{"id": id_, "title": title} for id_, title in part.choices]
    label = say("zh" if any(ord(char) > 0x2E80 for char in part.text) else "en", "choices_list")
    return {"type": "list", "body": body, "action": {"button": label, "sections": [{"rows": rows}]}}
