"""A conversation as server-sent events: `message` (with id), `typing`, `status`, `duty`."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from bot.catalog import figure, service_open
from bot.conversations.errors import UnknownConversation
from bot.conversations.outbox import PAGE, messages_after, status
from bot.conversations.wakeups import bus, conversation_topic, typing_topic
from bot.db import Database, now

HEARTBEAT_S = 10.0
"""Seconds of silence before a comment is sent: it keeps proxies from closing, and finds what a lost wake-up hid."""


def event_stream(database: Database, conversation_id: str, after: int) -> StreamingResponse:
    return StreamingResponse(
        _events(database, conversation_id, after),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(database: Database, conversation_id: str, after: int) -> AsyncIterator[str]:
    typing, told, duty_told = typing_topic(conversation_id), None, None
    with bus().subscribe(conversation_topic(conversation_id), typing) as news:
        yield "retry: 1000\n\n"
        while True:
            try:
                messages, owner = await run_in_threadpool(_read, database, conversation_id, after)
            except UnknownConversation:  # erased meanwhile
                return
            for message in messages:
                after = message["id"]
                yield _event("message", message, after)
            if len(messages) == PAGE:
                continue
            if _standing(owner) != told:
                told = _standing(owner)
                yield _event("status", owner)
            if _duty() != duty_told:
                duty_told = _duty()
                yield _event("duty", duty_told)
            heard = await news.wait(HEARTBEAT_S)
            if not heard:
                yield ": still here\n\n"
            while typing in heard:  # there is nothing to read for that
                yield _event("typing", {})
                heard = heard - {typing} or await news.wait(HEARTBEAT_S)


def _standing(owner: dict[str, Any]) -> tuple[Any, Any]:
    return owner["owner"], owner["position"]


def _duty() -> dict[str, Any]:
    """Whether people are at the desk now, and when they are."""
    return {"open": service_open(now()), "hours": figure("desk_hours")}


def _read(database: Database, conversation_id: str, after: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    with database.read() as session:
        return messages_after(session, conversation_id, after), status(session, conversation_id)


def _event(name: str, data: dict[str, Any], event_id: int | None = None) -> str:
    head = f"id: {event_id}\n" if event_id is not None else ""
    return f"{head}event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
