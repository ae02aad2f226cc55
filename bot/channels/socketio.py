"""Rasa's socket.io channel, for web clients that speak it: `session_request`, `user_uttered`, `bot_uttered`.

The session id is signed by us and belongs to the socket that showed it: a client can neither make one up nor speak for
another. What was said while a client was away comes when it is back.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any
from uuid import uuid4

import socketio
from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp

from bot.channels.limits import Limits, TooMany, client_address
from bot.channels.rest import CHOICE
from bot.conversations.errors import UnknownChoice, UnknownConversation
from bot.conversations.inbox import lock, open_conversation, receive
from bot.conversations.models import Conversation, Delivery
from bot.conversations.outbox import messages_after
from bot.conversations.text import MAX_STORED
from bot.conversations.wakeups import bus, conversation_topic
from bot.db import Database
from bot.privacy import vault
from bot.settings import Settings
from bot.wording import LANGUAGES, say

NAME = "socketio"
PATH = "/socket.io"
PING_S, PATIENCE_S = 10, 10
"""A client that is gone is noticed after both; what it was sent since its last sign of life is sent again."""
LOOK_AGAIN_S = 10.0


class SocketIO:
    """One socket.io server; `app` is mounted at PATH."""

    def __init__(self, database: Database, settings: Settings, limits: Limits) -> None:
        self._database = database
        self._settings = settings
        self._limits = limits
        origins = [origin.strip() for origin in settings.socketio_origins.split(",") if origin.strip()]
        self._server = socketio.AsyncServer(
            async_mode="asgi",
            cors_allowed_origins=origins or None,
            ping_interval=PING_S,
            ping_timeout=PATIENCE_S,
            max_http_buffer_size=64 * 1024,
        )
        self._server.on("session_request", self._session_request)
        self._server.on("user_uttered", self._user_uttered)
        self._server.on("disconnect", self._disconnect)

    def app(self) -> ASGIApp:
        return socketio.ASGIApp(self._server, socketio_path=PATH)

    async def _session_request(self, sid: str, data: Any = None) -> None:
        """Goes on with the session the client shows, or starts one; `session_confirm` gives its id."""
        try:
            await self._bind(sid, data if isinstance(data, dict) else {})
        except TooMany:
            await self._refuse(sid, data, "too_many")

    async def _user_uttered(self, sid: str, data: Any = None) -> None:
        """{"message", "session_id"?, "message_id"?}: a text, or `choice:<id>` of a quick reply."""
        data = data if isinstance(data, dict) else {}
        message = data.get("message")
        if not isinstance(message, str) or len(message) > MAX_STORED:
            await self._refuse(sid, data, "message_needed")
            return
        try:
            conversation_id = await self._bound(sid) or await self._bind(sid, data)
            shown = data.get("session_id")
            if isinstance(shown, str) and _conversation_of(shown, self._settings) not in (None, conversation_id):
                await self._refuse(sid, data, "session_needed")
                return
            address = client_address(self._connection(sid), self._settings)
            self._limits.message(conversation_id, address)
            await run_in_threadpool(self._store, conversation_id, message, data.get("message_id"), address)
        except TooMany:
            await self._refuse(sid, data, "too_many")
        except UnknownChoice:
            await self._refuse(sid, data, "unknown_choice")
        except UnknownConversation:  # erased meanwhile
            await self._refuse(sid, data, "session_needed")

    async def _disconnect(self, sid: str, reason: str) -> None:
        session = await self._server.get_session(sid)
        telling = session.get("telling")
        if telling is not None:
            telling.cancel()
        if reason == self._server.reason.PING_TIMEOUT:
            unsure = [before for at, before in session["emitted"] if at > time.monotonic() - PING_S - PATIENCE_S]
            if unsure:
                await run_in_threadpool(self._note_told, session["conversation_id"], unsure[0])

    async def _bind(self, sid: str, data: dict[str, Any]) -> str:
        """Ties the socket to a conversation, once; later requests get the same answer. Raises TooMany."""
        conversation_id = await self._bound(sid)
        if conversation_id is None:
            shown = data.get("session_id")
            conversation_id = _conversation_of(shown, self._settings) if isinstance(shown, str) else None
            told = await run_in_threadpool(self._told, conversation_id) if conversation_id else None
            if conversation_id is None or told is None:
                self._limits.session(client_address(self._connection(sid), self._settings))
                conversation_id, told = await run_in_threadpool(self._start, _language(data)), 0
            session: dict[str, Any] = {"conversation_id": conversation_id, "emitted": []}
            await self._server.save_session(sid, session)
            session["telling"] = asyncio.create_task(self._tell(sid, session, told))
        await self._server.emit("session_confirm", _signer().dumps(conversation_id), room=sid)
        return conversation_id

    async def _bound(self, sid: str) -> str | None:
        return (await self._server.get_session(sid)).get("conversation_id")

    async def _tell(self, sid: str, session: dict[str, Any], told: int) -> None:
        """Passes on what is said in the conversation, from the message after `told`, until the socket is gone."""
        conversation_id = session["conversation_id"]
        with bus().subscribe(conversation_topic(conversation_id)) as news:
            while True:
                for message in await run_in_threadpool(self._messages, conversation_id, told):
                    if message["from"] != "customer":
                        await self._server.emit("bot_uttered", _uttered(message), room=sid)
                        session["emitted"] = [*session["emitted"][-50:], (time.monotonic(), told)]
                    told = message["id"]
                    await run_in_threadpool(self._note_told, conversation_id, told)
                await news.wait(LOOK_AGAIN_S)

    async def _refuse(self, sid: str, data: Any, key: str) -> None:
        language = _language(data if isinstance(data, dict) else {})
        await self._server.emit("bot_uttered", {"text": say(language, key), "metadata": {"error": key}}, room=sid)

    def _connection(self, sid: str) -> HTTPConnection:
        return HTTPConnection(self._server.get_environ(sid)["asgi.scope"])

    def _start(self, language: str) -> str:
        with self._database.write() as session:
            conversation = open_conversation(session, NAME, uuid4().hex, language)
            session.add(Delivery(conversation_id=conversation.id, channel=NAME))
            session.commit()
            return conversation.id

    def _told(self, conversation_id: str) -> int | None:
        """The last message the client has; none where there is no such conversation any more."""
        with self._database.read() as session:
            delivery = session.get(Delivery, conversation_id)
            return delivery.sent_seq if delivery else None

    def _note_told(self, conversation_id: str, seq: int) -> None:
        with self._database.write() as session:
            lock(session, conversation_id)
            session.get(Delivery, conversation_id).sent_seq = seq
            session.commit()

    def _messages(self, conversation_id: str, after: int) -> list[dict[str, Any]]:
        with self._database.read() as session:
            return messages_after(session, conversation_id, after)

    def _store(self, conversation_id: str, message: str, message_id: Any, address: str) -> None:
        given = {"choice": message[len(CHOICE):]} if message.startswith(CHOICE) else {"text": message}
        known = isinstance(message_id, str) and 0 < len(message_id) <= 64
        external_id = f"{conversation_id}:{message_id if known else uuid4().hex}"
        with self._database.write() as session:
            if session.get(Conversation, conversation_id) is None:
                raise UnknownConversation(conversation_id)
            receive(session, conversation_id, external_id, address=address, **given)
            session.commit()


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(vault().signing_keys, salt="socket.io session")


def _conversation_of(token: str, settings: Settings) -> str | None:
    try:
        return str(_signer().loads(token, max_age=settings.session_hours * 3600))
    except BadData:
        return None


def _language(data: dict[str, Any]) -> str:
    """Rasa's clients may send what they like as `customData`."""
    custom = data.get("customData") or data.get("metadata")
    wished = custom.get("language") if isinstance(custom, dict) else None
    return wished if wished in LANGUAGES else "zh"


def _uttered(message: dict[str, Any]) -> dict[str, Any]:
    """As Rasa's own channel sends it, and who speaks in `metadata`."""
    shown: dict[str, Any] = {"text": message["text"], "metadata": {"id": message["id"], "from": message["from"]}}
    if message["choices"]:
        shown["quick_replies"] = [
            {"content_type": "text", "title": choice["title"], "payload": CHOICE + choice["id"]}
            for choice in message["choices"]
        ]
    if message["card"]:
        shown["custom"] = {"card": message["card"]}
    return shown
