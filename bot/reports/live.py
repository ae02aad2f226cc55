"""How customers are being answered: now, and in a period that may be today (issue 6 §4)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.conversations.models import AGENT, QUEUED, AgentState, Conversation
from bot.reports import service
from bot.reports.model import Report, Seconds, Table, Word
from bot.reports.monthly import survey
from bot.reports.period import Period


def answering(session: Session, period: Period, now: datetime) -> Report:
    """The service targets, times, reasons and survey of the period, and what stands at this moment."""
    replies = service.first_replies(session, period, now)
    return Report(
        kind="answering",
        period=period,
        made_at=now,
        targets=service.targets(session, period, replies, now),
        tables=[
            _now(session, now),
            service.times(session, period, replies, now),
            service.bot_or_person(session, period),
            service.reasons(session, period),
            survey(session, period),
        ],
    )


def _now(session: Session, now: datetime) -> Table:
    query = select(Conversation.owner, func.count(), func.min(Conversation.queued_at)).group_by(Conversation.owner)
    owned = {owner: (many, since) for owner, many, since in session.execute(query.where(_with_people()))}
    waiting, since = owned.get(QUEUED, (0, None))
    states = select(AgentState.state, func.count()).where(AgentState.until.is_(None)).group_by(AgentState.state)
    people = dict(session.execute(states).all())
    rows: list[Any] = [
        (Word("present", "waiting"), waiting),
        (Word("present", "longest"), Seconds((now - since).total_seconds() if since else None)),
        (Word("present", "in_hand"), owned.get(AGENT, (0, None))[0]),
        (Word("present", "on"), people.get("on", 0)),
        (Word("present", "break"), people.get("break", 0)),
    ]
    return Table("now", ("present", "value"), rows)


def _with_people() -> Any:
    return Conversation.owner.in_((QUEUED, AGENT))
