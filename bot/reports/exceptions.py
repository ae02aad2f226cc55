"""The daily report of service-quality exceptions (质量异常日报, seed 002 (三)): what somebody should look at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session

from bot.cases.models import Case, Survey
from bot.cases.states import UNFINISHED
from bot.cases.surveys import DIMENSIONS, low_score
from bot.catalog import figure
from bot.conversations.models import FAULTED, Conversation, Handoff, InboxMessage, Message
from bot.reports import clocks, service
from bot.reports.model import Cell, Report, Table, Word
from bot.reports.period import Period
from bot.reports.sql import moment, seconds
from bot.shipments.masking import masked

MOST_LISTED = 500
"""Rows of one kind of exception; the count above them is always whole."""

Found = tuple[int, Table]
Cells = Callable[..., tuple[Cell, ...]]


def exceptions(session: Session, period: Period, now: datetime) -> Report:
    at = min(now, period.end)
    found = [
        _cases(session, period, at, "late"), _cases(session, period, at, "warned"), _surveys(session, period),
        _faults(session, period), _undelivered(session, period), _unanswered(session, period, now),
    ]  # fmt: skip
    counts: list[Any] = [(Word("exception", table.name), count) for count, table in found]
    every = sum(count for count, _ in found)
    return Report(
        kind="exceptions",
        period=period,
        made_at=now,
        facts=[("exceptions", every)],
        tables=[
            Table("exceptions", ("exception", "count"), counts, bars="count" if every else None),
            *(table for _, table in found),
        ],
    )


def _listed(
    session: Session, name: str, columns: tuple[str, ...], query: Any, order: tuple[Any, ...], cells: Cells
) -> Found:
    """How many rows the query has, and a table of the first ones, each made by `cells`."""
    counted = query.add_columns(func.count().over()).order_by(*order).limit(MOST_LISTED)
    rows = session.execute(counted).all()
    return rows[0][-1] if rows else 0, Table(name, columns, [cells(*row[:-1]) for row in rows])


def _cases(session: Session, period: Period, at: datetime, which: str) -> Found:
    """Late: a clock ran out and the case was not done when the period began. Warned: three quarters of one are over.

    Only unfinished cases and those touched since the period began can be either.
    """
    touched = and_(
        or_(Case.state.in_(UNFINISHED), Case.updated_at >= period.start), Case.created_at < period.end
    )
    done = clocks.moments(touched)
    conditions = {
        clock: (_late if which == "late" else _warned)(due, when, done.c.left_at, period, at)
        for clock, due, when in (
            ("first_check", Case.first_check_due_at, done.c.checked_at),
            ("result", Case.result_due_at, case((Case.state.not_in(clocks.WORKED_ON), done.c.told_at))),
        )
    }
    clock = case(*((condition, name) for name, condition in conditions.items()))
    due = case((conditions["first_check"], Case.first_check_due_at), else_=Case.result_due_at)
    query = (
        select(Case.number, Case.category, Case.summary, Case.contact_name, Case.state, clock, due, Case.assignee)
        .outerjoin(done, done.c.case_id == Case.id)
        .where(touched, or_(*conditions.values()))
    )

    def cells(
        number: str, category: str | None, summary: str, name: str | None, state: str, clock: str, *rest: Any
    ) -> tuple[Cell, ...]:
        words = Word("category", category), _words(summary, name), Word("state", state), Word("clock", clock)
        return number, *words, *rest

    columns = ("number", "category", "summary", "state", "clock", "due", "assignee")
    return _listed(session, which, columns, query, (due, Case.id), cells)


def _late(due: Any, done: Any, left: Any, period: Period, at: datetime) -> Any:
    over = func.coalesce(done, left)
    return and_(due < moment(at), or_(over.is_(None), and_(over > due, over >= moment(period.start))))


def _warned(due: Any, done: Any, left: Any, period: Period, at: datetime) -> Any:
    share = figure("warn_at_percent") / 100
    begun = seconds(Case.created_at)
    warning = begun + share * (seconds(due) - begun)
    over = func.coalesce(done, left)
    waits = or_(over.is_(None), over > moment(at))
    return and_(due >= moment(at), warning <= seconds(moment(at)), waits)


def _words(summary: str, name: str | None) -> str:
    """The words of a summary without the category before them; its numbers are starred already, names here."""
    return masked(summary.partition(": ")[2] or summary, [name] if name else [])


def _surveys(session: Session, period: Period) -> Found:
    scores = [getattr(Survey, name) for name in DIMENSIONS]
    query = (
        select(Survey.at, Case.number, *scores, Survey.follow_up)
        .outerjoin(Case, Case.id == Survey.case_id)
        .where(
            Survey.at >= period.start,
            Survey.at < period.end,
            or_(Survey.follow_up.is_(True), *(score <= low_score() for score in scores)),
        )
    )

    def cells(*row: Any) -> tuple[Cell, ...]:
        return *row[:-1], Word("yes", "yes" if row[-1] else "no")

    columns = ("at", "number", *DIMENSIONS, "follow_up")
    return _listed(session, "surveys", columns, query, (Survey.at, Survey.id), cells)


def _faults(session: Session, period: Period) -> Found:
    query = (
        select(InboxMessage.received_at, InboxMessage.channel, InboxMessage.attempts)
        .where(
            InboxMessage.state == FAULTED,
            InboxMessage.received_at >= period.start,
            InboxMessage.received_at < period.end,
        )
    )

    def cells(at: datetime, channel: str, attempts: int) -> tuple[Cell, ...]:
        return at, Word("channel", channel), attempts

    return _listed(session, "faults", ("at", "channel", "attempts"), query, (InboxMessage.id,), cells)


def _undelivered(session: Session, period: Period) -> Found:
    query = (
        select(Message.at, Conversation.channel, Message.sender)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Message.undelivered.is_(True), Message.at >= period.start, Message.at < period.end)
    )
    order = (Message.at, Message.conversation_id, Message.seq)

    def cells(at: datetime, channel: str, sender: str) -> tuple[Cell, ...]:
        return at, Word("channel", channel), Word("from", sender)

    return _listed(session, "undelivered", ("at", "channel", "from"), query, order, cells)


def _unanswered(session: Session, period: Period, now: datetime) -> Found:
    query = (
        select(Handoff.requested_at, Conversation.channel, Handoff.reason, Handoff.ended_at, Handoff.outcome)
        .join(Conversation, Conversation.id == Handoff.conversation_id)
        .where(
            Handoff.requested_at >= period.start, Handoff.requested_at < period.end, service.unanswered(now)
        )
    )

    def cells(at: datetime, channel: str, reason: str, ended: datetime | None, outcome: str | None) -> tuple[Cell, ...]:
        return at, Word("channel", channel), Word("reason", reason), ended, Word("outcome", outcome or "waiting")

    columns = ("at", "channel", "reason", "ended_at", "outcome")
    return _listed(session, "unanswered", columns, query, (Handoff.id,), cells)
