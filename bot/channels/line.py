"""LINE Messaging API: signed webhooks in, push messages out (developers.line.biz/en/reference/messaging-api).

A push carries a retry key: what is sent again after a doubt is taken once.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.channels.http import Refused
from bot.channels.models import Wish
from bot.channels.platforms import Platform, Undeliverable, call, keep_photo, put_off, raw_body, take, welcome
from bot.channels.rendering import STYLES, Part
from bot.db import Database
from bot.settings import Settings

ALREADY_TAKEN = 409


class Line(Platform):
    """One channel. `external_id` is the webhook event's id, the same when LINE delivers it again."""

    name = "line"
    style = STYLES["line"]

    def __init__(self, settings: Settings) -> None:
        self._secret = settings.line_secret.encode()
        self._headers = {"Authorization": f"Bearer {settings.line_token}"}
        self._url, self._files = settings.line_url, settings.line_files_url

    def routes(self, database: Database) -> Sequence[Route]:
        async def hook(request: Request) -> Response:
            body = await raw_body(request)
            expected = base64.b64encode(hmac.new(self._secret, body, hashlib.sha256).digest())
            if not secrets.compare_digest(request.headers.get("x-line-signature", "").encode(), expected):
                raise Refused(401, "key_needed")
            await run_in_threadpool(self._keep, database, _events(body))
            return PlainTextResponse("ok")

        return [Route(f"/hooks/{self.name}", hook, methods=["POST"])]

    def _keep(self, database: Database, events: list[dict[str, Any]]) -> None:
        with database.write() as session:
            for event in events:
                self._keep_event(session, event)
            session.commit()

    def _keep_event(self, session: Session, event: dict[str, Any]) -> None:
        sender, external_id, kind = _user(event), event.get("webhookEventId"), event.get("type")
        if sender is None or not isinstance(external_id, str) or not 0 < len(external_id) <= 100:
            return
        if kind == "follow":
            welcome(session, self.name, sender, external_id)
        elif kind == "postback":
            postback = event.get("postback")
            data = postback.get("data") if isinstance(postback, dict) else None
            take(session, self.name, sender, external_id, choice=str(data))
        elif kind == "message" and isinstance(event.get("message"), dict):
            self._keep_message(session, sender, external_id, event["message"])

    def _keep_message(self, session: Session, sender: str, external_id: str, message: dict[str, Any]) -> None:
        if message.get("type") in ("image", "file") and isinstance(message.get("id"), str):
            name = message.get("fileName")
            reference = {"message_id": message["id"], "name": name if isinstance(name, str) else "photo.jpg"}
            put_off(session, self.name, sender, external_id, reference)
            return
        words = [message.get(key) for key in ("text", "title", "address")]
        text = " ".join(word for word in words if isinstance(word, str))
        take(session, self.name, sender, external_id, text=text)

    def send(self, to: str, part: Part) -> None:
        message: dict[str, Any] = {"type": "text", "text": part.text}
        if part.choices:
            message["quickReply"] = {"items": [_item(choice_id, title) for choice_id, title in part.choices]}
        headers = {**self._headers, "X-Line-Retry-Key": str(uuid5(NAMESPACE_URL, part.key))}
        given = {"to": to, "messages": [message]}
        reaction = call("POST", f"{self._url}/v2/bot/message/push", json=given, headers=headers)
        if reaction.status not in (200, ALREADY_TAKEN):
            raise Undeliverable(f"status {reaction.status}")

    def fetch(self, database: Database, wish: Wish) -> None:
        reference = wish.reference
        url = f"{self._files}/v2/bot/message/{reference['message_id']}/content"
        reaction = call("GET", url, headers=self._headers)
        if reaction.status != 200:
            raise Undeliverable(f"status {reaction.status}")
        with database.write() as session:
            keep_photo(session, self.name, wish.sender, wish.external_id, reference["name"], reaction.content)
            session.commit()


def _events(body: bytes) -> list[dict[str, Any]]:
    """Raises Refused for what is no webhook."""
    try:
        events = json.loads(body).get("events")
    except (ValueError, RecursionError, AttributeError) as error:
        raise Refused(400, "bad_json") from error
    return [event for event in events if isinstance(event, dict)] if isinstance(events, list) else []


def _user(event: dict[str, Any]) -> str | None:
    """The user's id in a chat with us alone; none in groups, where others would read along."""
    source = event.get("source")
    if not isinstance(source, dict) or source.get("type") != "user" or not isinstance(source.get("userId"), str):
        return None
    return str(source["userId"])


def _item(choice_id: str, title: str) -> dict[str, Any]:
    action = {"type": "postback", "label": title, "data": choice_id, "displayText": title}
    return {"type": "action", "action": action}
