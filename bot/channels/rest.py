"""Server to server, in the shape of Rasa's own REST channel (DESIGN §4), with keys and stored messages."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.channels.http import Refused, bearer_of, read_json
from bot.channels.limits import Limits
from bot.channels.models import ChannelKey
from bot.conversations.errors import UnknownChoice
from bot.conversations.inbox import find_conversation, open_conversation, receive
from bot.conversations.models import WAITING, InboxMessage
from bot.conversations.outbox import messages_after
from bot.conversations.text import MAX_STORED, clean
from bot.conversations.wakeups import bus, conversation_topic
from bot.db import Database, now

ANSWER_WITHIN_S = 15.0
"""DESIGN §4: how long a call waits for its turn before it is told to come back."""

CHOICE = "choice:"
REST = "rest"


@dataclass(frozen=True)
class Key:
    name: str
    channel: str

    def user(self, sender: str) -> str:
        """Senders of one key are invisible to every other key."""
        return f"{self.name}:{sender}"


@dataclass(frozen=True)
class Stored:
    conversation_id: str
    seq: int
    inbox_id: int


class BadKeyName(ValueError):
    """A name for a channel key that is none."""


def make_key(session: Session, name: str, channel: str = REST) -> str:
    """A new bearer key under `name`, replacing the one before; only its hash is kept. Raises BadKeyName.

    `channel` is a social one (catalog/quality.yml) where a listener brings what people post there.
    """
    if not re.fullmatch(r"[\w.-]{1,40}", name):  # a colon would let one key's senders be another's
        raise BadKeyName("A key's name has 1 to 40 letters, digits, dots and dashes.")
    key = "yk_" + secrets.token_urlsafe(32)
    session.merge(ChannelKey(name=name, channel=channel, key_hash=_hashed(key), created_at=now()))
    return key


def _hashed(key: str) -> str:
    """Plain SHA-256: the key is random and long, and must survive a change of the installation's secret."""
    return hashlib.sha256(key.encode()).hexdigest()


class RestChannel:
    """The routes under `/webhooks/rest`. Senders of one key are invisible to every other key."""

    def __init__(self, database: Database, limits: Limits) -> None:
        self._database = database
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
        sender, message, message_id = _sender(data), _words(data), _message_id(data)
        self._limits.sender(key.user(sender))
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

    async def _key(self, request: Request) -> Key:
        given = bearer_of(request)
        key = await run_in_threadpool(self._known, given) if given else None
        if key is None:
            raise Refused(401, "key_needed")
        return key

    def _known(self, given: str) -> Key | None:
        with self._database.read() as session:
            query = select(ChannelKey.name, ChannelKey.channel).where(ChannelKey.key_hash == _hashed(given))
            row = session.execute(query).first()
        return Key(row.name, row.channel) if row else None

    def _store(self, key: Key, sender: str, message: str, message_id: str) -> Stored:
        given = {"choice": message[len(CHOICE):]} if message.startswith(CHOICE) else {"text": message}
        with self._database.write() as session:
            conversation = open_conversation(session, key.channel, key.user(sender))
            external_id = f"{conversation.id}:{message_id}"
            receipt = receive(session, conversation.id, external_id, address=key.user(sender), **given)
            session.commit()
            return Stored(conversation.id, receipt.seq, receipt.inbox_id)

    async def _answered(self, stored: Stored) -> bool:
        until = time.monotonic() + ANSWER_WITHIN_S
        with bus().subscribe(conversation_topic(stored.conversation_id)) as news:
            while not await run_in_threadpool(self._is_settled, stored.inbox_id):
                if time.monotonic() >= until:
                    return False
                await news.wait(1.0)
        return True

    def _is_settled(self, inbox_id: int) -> bool:
        with self._database.read() as session:
            query = select(InboxMessage.state).where(InboxMessage.id == inbox_id)
            return session.execute(query).scalar_one() != WAITING

    def _replies(self, stored: Stored) -> list[dict[str, Any]]:
        with self._database.read() as session:
            return messages_after(session, stored.conversation_id, 0, answers=stored.inbox_id)

    def _late(self, key: Key, sender: str, after: int) -> list[dict[str, Any]]:
        with self._database.read() as session:
            conversation = find_conversation(session, key.channel, key.user(sender))
            found = messages_after(session, conversation.id, after) if conversation else []
        return [message for message in found if message["from"] != "customer"]


def _sender(data: dict[str, Any]) -> str:
    sender = data.get("sender")
    if not isinstance(sender, str) or not 0 < len(sender) <= 200 or clean(sender) != sender:
        raise Refused(422, "sender_needed")
    return sender


def _words(data: dict[str, Any]) -> str:
    message = data.get("message")
    if not isinstance(message, str) or len(message) > MAX_STORED:
        raise Refused(422, "message_needed")
    return message


def _message_id(data: dict[str, Any]) -> str:
    """The caller's id of the message, in a form and length that every database takes; a new one where there is none."""
    given = data.get("message_id")
    if given is None or given == "":
        return uuid4().hex
    if not isinstance(given, (str, int)):
        raise Refused(422, "message_id_text")
    return hashlib.sha256(str(given).encode("utf-8", "surrogatepass")).hexdigest()


def _rasa_shape(message: dict[str, Any], sender: str) -> dict[str, Any]:
    shaped: dict[str, Any] = {"recipient_id": sender, "text": message["text"]}
    if message["choices"]:
        shaped["buttons"] = [
            {"title": choice["title"], "payload": CHOICE + choice["id"]} for choice in message["choices"]
        ]
    if message["card"]:
        shaped["custom"] = {"card": message["card"]}
    return shaped
