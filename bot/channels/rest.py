"""Server to server, in the shape of Rasa's own REST channel (DESIGN §4), with keys and stored messages."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.channels.http import Refused, read_json
from bot.channels.limits import Limits, TooMany, client_address
from bot.channels.models import ChannelKey
from bot.conversations.errors import UnknownChoice
from bot.conversations.inbox import find_conversation, open_conversation, receive
from bot.conversations.models import WAITING, InboxMessage
from bot.conversations.outbox import messages_after
from bot.conversations.text import MAX_STORED
from bot.conversations.wakeups import bus, conversation_topic
from bot.db import Database, now
from bot.settings import Settings

ANSWER_WITHIN_S = 15.0
"""DESIGN §4: how long a call waits for its turn before it is told to come back."""

CHOICE = "choice:"


@dataclass(frozen=True)
class Stored:
    conversation_id: str
    seq: int
    inbox_id: int


def make_key(session: Session, name: str) -> str:
    """A new bearer key under `name`, replacing the one before; only its hash is kept."""
    key = "yk_" + secrets.token_urlsafe(32)
    session.merge(ChannelKey(name=name, key_hash=_hashed(key), created_at=now()))
    return key


def _hashed(key: str) -> str:
    """Plain SHA-256: the key is random and long, and must survive a change of the installation's secret."""
    return hashlib.sha256(key.encode()).hexdigest()


class RestChannel:
    """The routes under `/webhooks/rest`. Senders of one key are invisible to every other key."""

    def __init__(self, database: Database, settings: Settings, limits: Limits) -> None:
        self._database = database
        self._settings = settings
        self._limits = limits

    def routes(self) -> list[Route]:
        return [
            Route("/webhooks/rest/webhook", self.webhook, methods=["POST"]),
            Route("/webhooks/rest/messages", self.messages, methods=["GET"]),
        ]

    async def webhook(self, request: Request) -> Response:
        """Stores the message and waits for its turn; 202 {"id"} when that takes too long."""
        key = await self._key(request)
        data = await read_json(request)
        sender, message = _text(data, "sender", 200), _text(data, "message", MAX_STORED, empty=True)
        message_id = str(data["message_id"])[:80] if data.get("message_id") else uuid4().hex
        self._count(f"{key}:{sender}", request)
        try:
            stored = await run_in_threadpool(self._store, key, sender, message, message_id)
        except UnknownChoice as error:
            raise Refused(410, "unknown_choice") from error
        if not await self._answered(stored):
            return JSONResponse({"id": stored.seq}, 202)
        replies = await run_in_threadpool(self._replies, stored)
        return JSONResponse([_rasa_shape(reply, sender) for reply in replies])

    async def messages(self, request: Request) -> Response:
        """Late replies and agents' replies to `sender` after message `after`, each with its id."""
        key = await self._key(request)
        sender, after = request.query_params.get("sender", ""), request.query_params.get("after", "0")
        if not sender or not after.isdecimal() or len(after) > 9:
            raise Refused(422, "sender_needed" if not sender else "bad_cursor")
        found = await run_in_threadpool(self._late, key, sender, int(after))
        return JSONResponse([{"id": m["id"], "from": m["from"], **_rasa_shape(m, sender)} for m in found])

    async def _key(self, request: Request) -> str:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        name = await run_in_threadpool(self._key_name, key) if scheme.lower() == "bearer" and key else None
        if name is None:
            raise Refused(401, "key_needed")
        return name

    def _key_name(self, key: str) -> str | None:
        with self._database.read() as session:
            query = select(ChannelKey.name).where(ChannelKey.key_hash == _hashed(key))
            return session.execute(query).scalar_one_or_none()

    def _count(self, sender: str, request: Request) -> None:
        try:
            self._limits.message(sender, client_address(request, self._settings))
        except TooMany as error:
            raise Refused(429, "too_many", retry_after=error.retry_after) from error

    def _store(self, key: str, sender: str, message: str, message_id: str) -> Stored:
        given = {"choice": message[len(CHOICE):]} if message.startswith(CHOICE) else {"text": message}
        with self._database.write() as session:
            conversation = open_conversation(session, "rest", f"{key}:{sender}")
            receipt = receive(session, conversation.id, f"{conversation.id}:{message_id}", **given)
            session.commit()
            return Stored(conversation.id, receipt.seq, receipt.inbox_id)

    async def _answered(self, stored: Stored) -> bool:
        with bus().subscribe(conversation_topic(stored.conversation_id)) as news:
            for _ in range(round(ANSWER_WITHIN_S)):
                if await run_in_threadpool(self._is_settled, stored.inbox_id):
                    return True
                await news.wait(1.0)
        return await run_in_threadpool(self._is_settled, stored.inbox_id)

    def _is_settled(self, inbox_id: int) -> bool:
        with self._database.read() as session:
            query = select(InboxMessage.state).where(InboxMessage.id == inbox_id)
            return session.execute(query).scalar_one() != WAITING

    def _replies(self, stored: Stored) -> list[dict[str, Any]]:
        with self._database.read() as session:
            return messages_after(session, stored.conversation_id, 0, answers=stored.inbox_id)

    def _late(self, key: str, sender: str, after: int) -> list[dict[str, Any]]:
        with self._database.read() as session:
            conversation = find_conversation(session, "rest", f"{key}:{sender}")
            found = messages_after(session, conversation.id, after) if conversation else []
        return [message for message in found if message["from"] != "customer"]


def _text(data: dict[str, Any], name: str, limit: int, *, empty: bool = False) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not (value or empty) or len(value) > limit:
        raise Refused(422, f"{name}_needed")
    return value


def _rasa_shape(message: dict[str, Any], sender: str) -> dict[str, Any]:
    shaped: dict[str, Any] = {"recipient_id": sender, "text": message["text"]}
    if message["choices"]:
        shaped["buttons"] = [
            {"title": choice["title"], "payload": CHOICE + choice["id"]} for choice in message["choices"]
        ]
    if message["card"]:
        shaped["custom"] = {"card": message["card"]}
    return shaped
