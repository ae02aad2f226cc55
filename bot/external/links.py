"""The life of a link: taken with a lease, told something outside any transaction, settled.

A link is marked before something is said and unmarked with the outcome. One that is found marked was cut off in
between: what is next may have arrived, and the desk looks before it says it again.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from prometheus_client import Counter
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from bot.conversations.errors import UnknownConversation
from bot.conversations.inbox import lock
from bot.conversations.wakeups import DESK, announce
from bot.db import now
from bot.external.desks import ERASE, TICKETS, Task
from bot.external.models import ExternalLink

LEASE_S = 40.0
"""Longer than the calls of one task, photo included."""
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=2), timedelta(minutes=1)
"""Between two tries: a person waits at the other end, so never long."""
LONGEST_TO_ERASE = timedelta(hours=1)
"""Nobody waits for that, and many may wait for the same setting."""

Note = Callable[[Session, ExternalLink, Task], None]
"""What a desk itself writes down of an outcome."""

COUNTED = Counter("yida_external", "What other desks were told, by outcome", ["desk", "outcome"])


def may_be_taken(desk: str) -> Any:
    """The condition on links of a desk that may have something to tell, wait for nothing, and nobody has in hand."""
    return and_(is_free(desk), ExternalLink.is_open)


def is_free(desk: str) -> Any:
    moment = now()
    return and_(
        ExternalLink.desk == desk,
        or_(ExternalLink.due_at.is_(None), ExternalLink.due_at <= moment),
        or_(ExternalLink.lease_until.is_(None), ExternalLink.lease_until < moment),
    )


def take(link: ExternalLink, what: str, *, chat: str | None = None, **data: Any) -> Task:
    """Hands out what is next of a link whose row the caller has locked."""
    if link.is_sending:  # whoever had it died before it was recorded
        link.is_doubtful = True
    link.is_sending = True
    link.attempts += 1
    link.lease_token = secrets.token_hex(16)
    link.lease_until = now() + timedelta(seconds=LEASE_S)
    return Task(link.lease_token, link.id, what, link.is_doubtful, chat, data)


def done(session: Session, task: Task, note: Note) -> None:
    """It was said."""

    def settle(link: ExternalLink) -> None:
        note(session, link, task)
        _start_over(link)
        COUNTED.labels(link.desk, "sent").inc()

    _with(session, task, settle)


def skip(session: Session, task: Task, note: Note) -> None:
    """That desk will never take it: the next thing is tried."""

    def settle(link: ExternalLink) -> None:
        note(session, link, task)
        _start_over(link)
        link.refused += 1
        COUNTED.labels(link.desk, "refused").inc()

    _with(session, task, settle)


def later(session: Session, task: Task, after_s: float | None, *, unsure: bool) -> None:
    """It was not said, or nobody knows: again after `after_s` seconds, or longer each time."""

    def settle(link: ExternalLink) -> None:
        link.due_at = now() + _wait(task, link.attempts, after_s)
        link.is_doubtful = link.is_doubtful or unsure
        COUNTED.labels(link.desk, "unsure" if unsure else "later").inc()

    _with(session, task, settle)


def _wait(task: Task, attempts: int, after_s: float | None) -> timedelta:
    longer = FIRST_WAIT * 2 ** min(attempts - 1, 12)
    given = timedelta(seconds=after_s or 0)
    if task.what == ERASE:
        return max(given, min(longer, LONGEST_TO_ERASE))
    return given or min(longer, LONGEST_WAIT)


def lost(session: Session, task: Task, note: Note) -> None:
    """What stood for it there was deleted: our own desk goes on alone."""

    def settle(link: ExternalLink) -> None:
        note(session, link, task)
        _start_over(link)
        COUNTED.labels(link.desk, "lost").inc()

    _with(session, task, settle)


def is_unheard(link: ExternalLink) -> bool:
    """That desk certainly never heard of it."""
    return link.external_id is None and not link.is_doubtful and not link.is_sending


def add_note(session: Session, link: ExternalLink, text: str) -> None:
    """Something more for that desk's agents; the caller holds the link's row lock."""
    link.notes = [*(link.notes or ()), text]
    link.is_open = True
    announce(session, _topic(link))


def drop_note(link: ExternalLink) -> None:
    link.notes = link.notes[1:] or None


def add_file(session: Session, link: ExternalLink, agent: str, url: str) -> None:
    """Something that an agent there sent the customer; the caller holds the link's row lock."""
    link.files = [*(link.files or ()), [agent, url]]
    link.is_open = True
    announce(session, _topic(link))


def drop_file(link: ExternalLink) -> None:
    link.files = link.files[1:] or None


def _with(session: Session, task: Task, settle: Callable[[ExternalLink], None]) -> None:
    """Under the locks of the chat and the link, in this order as webhooks take them, unless the lease was lost or the
    link erased meanwhile."""
    if task.chat is not None:
        with suppress(UnknownConversation):
            lock(session, task.chat)
    query = select(ExternalLink).where(ExternalLink.id == task.link_id).with_for_update()
    link = session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    if link is None or link.lease_token != task.token:
        return
    settle(link)
    link.is_sending = False
    link.lease_token = link.lease_until = None
    announce(session, _topic(link))  # more of it may wait


def _topic(link: ExternalLink) -> str:
    return DESK if link.case_id is None else TICKETS


def _start_over(link: ExternalLink) -> None:
    link.attempts, link.due_at, link.is_doubtful = 0, None, False
