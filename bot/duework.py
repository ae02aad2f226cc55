"""Due work: rows with a time, each done once by whichever worker comes first, however often workers die.

A piece is claimed, done and struck off in one transaction, under its row lock: a worker that is killed leaves it as it
was, and no second worker sees it meanwhile. So a handler writes through the session it is given and does nothing else.
A few pieces share a transaction, for a commit costs as much as a piece; where one of them fails, each gets its own.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Index, Integer, String, UniqueConstraint, delete, select
from sqlalchemy.orm import Session

from bot.db import UNAVAILABLE, Base, Database, UTCDateTime, insert, now

log = logging.getLogger(__name__)

POLL_S = 2.0
"""How often a worker looks for due work: nothing planned is so urgent that it needs a wake-up."""
AT_ONCE, AT_ONCE_ON_SQLITE = 25, 5
"""Pieces in a transaction. On SQLite everybody who writes waits for them; PostgreSQL was an eighth faster with more."""
LONGEST_WAIT = timedelta(hours=1)
"""Between two tries of a piece that fails; it is never given up, for it was promised to somebody."""


class DueWork(Base):
    """Something to be done about `subject` (a waybill, a case number …) at `due_at`; one of a kind each."""

    __tablename__ = "due_work"
    __table_args__ = (UniqueConstraint("kind", "subject"), Index("ix_due_work_time", "due_at"))

    id = Column(Integer, primary_key=True)
    kind = Column(String(30), nullable=False)
    subject = Column(String(80), nullable=False)
    due_at = Column(UTCDateTime, nullable=False)
    failures = Column(Integer, nullable=False, default=0)


@dataclass(frozen=True)
class Piece:
    """What a handler is told. `late` is how long ago it was due: after a downtime, hours."""

    kind: str
    subject: str
    late: timedelta


Handler = Callable[[Session, Piece, datetime], "datetime | None"]
"""Does a piece and says when it is due again; None: done for good."""


def plan(session: Session, kind: str, subject: str, at: datetime) -> None:
    """Due at `at`, whatever was planned before."""
    row = insert(session, DueWork.__table__).values(kind=kind, subject=subject, due_at=at, failures=0)
    again = row.on_conflict_do_update(index_elements=["kind", "subject"], set_={"due_at": at, "failures": 0})
    session.execute(again)


def plan_if_new(session: Session, kind: str, subject: str, at: datetime) -> None:
    """Due at `at`, unless it is planned already."""
    row = insert(session, DueWork.__table__).values(kind=kind, subject=subject, due_at=at, failures=0)
    session.execute(row.on_conflict_do_nothing(index_elements=["kind", "subject"]))


def call_off(session: Session, kind: str, subject: str) -> None:
    session.execute(delete(DueWork).where(DueWork.kind == kind, DueWork.subject == subject))


def do_due(database: Database, handlers: Mapping[str, Handler], at: datetime) -> int:
    """Does what is due at `at`, oldest first; gives how many pieces were done.

    A failing piece is logged, waits longer each time, and stops nobody else's.
    """
    done, most = 0, AT_ONCE_ON_SQLITE if database.is_sqlite else AT_ONCE
    while True:
        with database.write() as session:
            claimed = _claim(session, _due(tuple(handlers), at).limit(most))
            if not claimed:
                return done
            fine = all(_do(session, work, handlers[work.kind], at) for work in claimed)
            if fine:
                session.commit()
                done += len(claimed)
        if not fine:
            done += sum(_do_alone(database, work.id, handlers, at) for work in claimed)


def keep_doing(database: Database, handlers: Mapping[str, Handler], stopped: threading.Event) -> None:
    """`do_due` until stopped, in a thread of the worker's own."""
    while not stopped.is_set():
        try:
            do_due(database, handlers, now())
        except UNAVAILABLE as error:
            log.warning("due work waits for the database: %s", type(error).__name__)
        stopped.wait(POLL_S)


def _due(kinds: tuple[str, ...], at: datetime) -> Any:
    due = select(DueWork.id, DueWork.kind, DueWork.subject, DueWork.due_at)
    return due.where(DueWork.due_at <= at, DueWork.kind.in_(kinds)).order_by(DueWork.due_at)


def _claim(session: Session, due: Any) -> list[Any]:
    """Locks the rows and strikes them off: a handler may plan its piece anew, and a rollback brings all back."""
    claimed = session.execute(due.with_for_update(skip_locked=True)).all()
    if claimed:
        session.execute(delete(DueWork.__table__).where(DueWork.id.in_([work.id for work in claimed])))
    return claimed


def _do_alone(database: Database, work_id: int, handlers: Mapping[str, Handler], at: datetime) -> bool:
    """Whether it was done. Somebody else may have done it, or moved its time, meanwhile."""
    with database.write() as session:
        claimed = _claim(session, _due(tuple(handlers), at).where(DueWork.id == work_id))
        if not claimed:
            return False
        if _do(session, claimed[0], handlers[claimed[0].kind], at):
            session.commit()
            return True
    _put_off(database, work_id, at)
    return False


def _do(session: Session, work: Any, handler: Handler, at: datetime) -> bool:
    """Whether it went well; otherwise all is rolled back."""
    piece = Piece(work.kind, work.subject, at - work.due_at)
    try:
        again = handler(session, piece, at)
        if again is not None:
            plan_if_new(session, piece.kind, piece.subject, again)
    except Exception:
        log.exception("due work %s failed", piece.kind)
        session.rollback()
        return False
    return True


def _put_off(database: Database, work_id: int, at: datetime) -> None:
    with database.write() as session:
        work = session.get(DueWork, work_id)
        if work is not None:
            wait = min(timedelta(seconds=10) * 2 ** min(work.failures, 10), LONGEST_WAIT)
            work.due_at, work.failures = at + wait, work.failures + 1
            session.commit()
