"""What desks of other makers have in common: what is told them, what can go wrong, how their webhooks are answered.

A desk hands out one thing at a time for each of its links (`next_task`), says it over the network outside any
transaction (`tell`), and writes down that it was said (`told`). relay.py keeps that going.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, ClassVar

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.channels.http import Refused
from bot.channels.platforms import Reaction, TryAgain, Undeliverable, Unsure, call, raw_body
from bot.conversations.crew import POLL_S
from bot.conversations.wakeups import DESK
from bot.db import Database, once
from bot.external.models import ExternalLink

LANGUAGE = "zh"
"""Other desks' agents read what our own desk's packets are written in."""
TICKETS = "tickets"
"""The topic of desks for cases, which wait for no customer: they are woken by their own tasks alone."""
ERASE = "erase"
"""A task of every desk: what was erased here goes there too. Nobody waits for it, and it is never given up."""
MISCONFIGURED_S = 60.0
"""Until a desk that does not know us is asked again."""


class Misconfigured(TryAgain):
    """It does not know us, or not what our settings name: somebody has to mend one first."""

    def __init__(self) -> None:
        super().__init__(MISCONFIGURED_S)


class Gone(Exception):
    """What the link stands for was deleted there."""


@dataclass(frozen=True)
class Task:
    """One thing to tell. `doubtful`: it may have been told before, and `tell` looks first.

    `chat`: what becomes of it is written down under this chat's lock.
    """

    token: str
    link_id: int
    what: str
    doubtful: bool
    chat: str | None = None
    data: dict[str, Any] = field(default_factory=dict)


class ExternalDesk(ABC):
    """Another maker's desk. `tell` blocks; it runs in threads of the desk's own."""

    name: str
    topic: str = DESK
    """What wakes its crew."""
    poll_s: float = POLL_S
    """How often its crew looks by itself."""
    seen_after_s: ClassVar[Mapping[str, float]] = {}
    """By kind of task, how long after a try that nobody knows the outcome of it would be found; others, at once."""

    @abstractmethod
    def routes(self, database: Database) -> Sequence[Route]:
        """Its webhook: verified on the raw body, in effect before it is acknowledged."""

    @abstractmethod
    def waiting(self) -> Sequence[Any]:
        """Queries that find nothing while nothing is to be told, so that a look in vain need not write."""

    @abstractmethod
    def next_task(self, session: Session) -> Task | None:
        """Takes the next thing to tell. The caller commits."""

    @abstractmethod
    def tell(self, task: Task) -> dict[str, Any]:
        """Says it; gives what `told` has to know. Raises TryAgain, Unsure, Undeliverable, Gone."""

    @abstractmethod
    def told(self, session: Session, link: ExternalLink, task: Task, result: dict[str, Any]) -> None:
        """Writes down that it was said, or, where the desk would not take it, that nobody tries again."""

    @abstractmethod
    def unerased(self) -> Any:
        """The query of links whose customer was erased here and is not there yet."""

    @abstractmethod
    def check(self) -> None:
        """Asks that desk whether it knows us and what our settings name. Raises Misconfigured, TryAgain, Unsure."""

    def gone(self, session: Session, link: ExternalLink, task: Task) -> None:
        """What the link stands for was deleted there: that desk is told nothing more."""
        link.is_open, link.is_ended = False, True


def first_task(session: Session, due: Any, next_of: Callable[..., Task | None]) -> Task | None:
    """Of the rows that are `due`, one after another, until one has something to tell (`next_of`, given the row).

    The row's link is locked; those that others have in hand are passed over.
    """
    locked = due.limit(1).with_for_update(of=ExternalLink, skip_locked=True)
    while True:
        row = session.execute(locked.execution_options(populate_existing=True)).first()
        if row is None:
            return None
        task = next_of(session, *row)
        session.flush()
        if task is not None:
            return task


def ask(method: str, url: str, **given: Any) -> Reaction:
    """A call whose answer is a success. Raises TryAgain, Unsure, Undeliverable, Gone."""
    reaction = call(method, url, **given)
    if 200 <= reaction.status < 300:
        return reaction
    if reaction.status in (401, 403):  # the token was changed: nothing is wrong with what we say
        raise Misconfigured
    if reaction.status in (408, 409, 423, 425):
        raise TryAgain
    if reaction.status in (404, 410):
        raise Gone(f"status {reaction.status}")
    raise Undeliverable(f"status {reaction.status}")


def delete(url: str, headers: dict[str, str]) -> None:
    """Raises TryAgain, Unsure, and Gone where it is not there. A proxy's page is no proof that it was deleted."""
    try:
        reaction = ask("DELETE", url, headers=headers)
    except Undeliverable as error:
        raise TryAgain from error
    if reaction.content.strip() not in (b"", b"{}"):
        raise Unsure("it did not say that it was deleted")


def moment(value: Any) -> datetime | None:
    """A time as other makers write it, 2026-11-30T08:00:00.000Z; None for anything else."""
    try:
        at = datetime.fromisoformat(value.replace("Z", "+00:00"))
        return (at if at.tzinfo else at.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    except (AttributeError, TypeError, ValueError, OverflowError):
        return None


def objects(reaction: Reaction) -> list[dict[str, Any]]:
    """A list of JSON objects. Raises Unsure where the answer is none."""
    try:
        data = json.loads(reaction.content)
    except (ValueError, RecursionError) as error:
        raise Unsure("no JSON") from error
    if not isinstance(data, list):
        raise Unsure("no list")
    return [each for each in data if isinstance(each, dict)]


def webhook(
    path: str,
    database: Database,
    is_genuine: Callable[[Headers, bytes], bool],
    read: Callable[[Headers, dict[str, Any]], Any],
    take: Callable[[Session, Any], None],
) -> Route:
    """POST `path`: 401 unless genuine, one clear 400 for what is no event, and its effect before the 200.

    `read` gives the event, or None for one that does not concern us; it raises Refused.
    """

    def keep(event: Any) -> None:
        with database.write() as session:
            take(session, event)
            session.commit()

    async def hook(request: Request) -> Response:
        body = await raw_body(request)
        if not is_genuine(request.headers, body):
            raise Refused(401, "signature_needed")
        event = read(request.headers, _object(body))
        if event is not None:
            await run_in_threadpool(keep, event)
        return JSONResponse({})

    return Route(path, hook, methods=["POST"])


def _object(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Refused(400, "bad_json") from error
    if not isinstance(data, dict):
        raise Refused(400, "bad_json")
    return data


def take_once(session: Session, desk: str, delivery: str, name: str, do: Callable[[], None]) -> None:
    """Does what an event asks for, once a delivery or message. The caller holds a lock that repetitions wait for."""

    def done() -> dict[str, Any]:
        do()
        return {}

    once(session, hashlib.sha256(f"{desk}:{delivery}".encode()).hexdigest(), name, done)


def number(value: Any) -> str | None:
    """An id as other makers write them, 12 or "12", as text; None for anything else."""
    text = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    return text if text.isascii() and text.isdecimal() and len(text) < 19 else None
