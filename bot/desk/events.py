"""What changes at the desk, as server-sent events.

`queue`         the queue, as GET /desk/api/queue gives it
`conversation`  {"id", "owner", "agent", "epoch", "last_id", "last_note"} of the chat named by `?conversation=`
`logout`        the login is over; nothing follows
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from bot.conversations.models import ChatNote, Conversation
from bot.conversations.wakeups import DESK, bus, conversation_topic
from bot.db import database
from bot.desk import presence, sight
from bot.desk.access import Asked, Refused, identify, read
from bot.desk.api import answering_json

HEARTBEAT_S = 10.0
"""Seconds of silence before a look on one's own: it finds what a lost wake-up hid, and a login that is over."""
SEEN_EVERY_S = presence.SEEN_EVERY.total_seconds()
REST_S = 0.4
"""Every message of every chat wakes the desk; a reader looks at most this often."""


@answering_json
async def events(request: Request) -> Response:
    asked = await read(request)
    chat = _chat(asked)
    await run_in_threadpool(_look, asked, chat)  # refuses before the stream begins
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_stream(asked, chat), media_type="text/event-stream", headers=headers)


def _chat(asked: Asked) -> str | None:
    wanted = asked.query.get("conversation")
    if not wanted:
        return None
    try:
        return UUID(wanted).hex
    except ValueError as error:
        raise Refused(404, "desk_unknown_chat") from error


async def _stream(asked: Asked, chat: str | None) -> AsyncIterator[str]:
    topics = [DESK, *([conversation_topic(chat)] if chat else [])]
    told: dict[str, Any] = {}
    noted_at = -SEEN_EVERY_S
    with bus().subscribe(*topics) as news:
        yield "retry: 1000\n\n"
        while True:
            try:
                if time.monotonic() - noted_at >= SEEN_EVERY_S:
                    noted_at = time.monotonic()
                    await run_in_threadpool(_note_presence, asked)
                seen = await run_in_threadpool(_look, asked, chat)
            except Refused:
                yield _event("logout", {})
                return
            for name, data in seen.items():
                if told.get(name) != _lasting(data):
                    told[name] = _lasting(data)
                    yield _event(name, data)
            await asyncio.sleep(REST_S)
            if not await news.wait(HEARTBEAT_S):
                yield ": still here\n\n"


def _note_presence(asked: Asked) -> None:
    with database().write() as session:
        presence.seen(session, identify(session, asked).name)
        session.commit()


def _look(asked: Asked, chat: str | None) -> dict[str, dict[str, Any]]:
    with database().read() as session:
        person = identify(session, asked)
        seen = {"queue": sight.queue(session, person)}
        if chat:
            seen["conversation"] = _standing(session, chat)
        return seen


def _standing(session: Session, chat: str) -> dict[str, Any]:
    columns = (Conversation.id, Conversation.owner, Conversation.agent, Conversation.epoch)
    note = select(func.max(ChatNote.id)).where(ChatNote.conversation_id == chat).scalar_subquery()
    named = (Conversation.last_seq.label("last_id"), note.label("last_note"))
    query = select(*columns, *named).where(Conversation.id == chat)
    row = session.execute(query).mappings().first()
    return dict(row) if row else {}


def _lasting(data: dict[str, Any]) -> Any:
    """Without what only the clock changes."""
    running = dict.fromkeys(("waiting_s", "unanswered_s", "offer_left_s"))
    chats = [{**entry, **running} for entry in data.get("conversations", ())]
    return {**data, "conversations": chats}


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def routes() -> list[BaseRoute]:
    return [Route("/events", events)]
