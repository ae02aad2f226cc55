"""What each agent did in a period: time on and on breaks, chats, first replies, handling, passed on and lost."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session

from bot.conversations import ownership
from bot.conversations.models import AgentState, Handoff, HandoffMove, Message
from bot.reports.model import Report, Seconds, Table
from bot.reports.period import Period
from bot.reports.sql import Spread, seconds, spreads

WENT = (ownership.TRANSFERRED, ownership.TO_TEAM)


def shift(session: Session, period: Period, now: datetime) -> Report:
    on, took = _times_on(session, period, now), _moves(session, period)
    replies, handled = _first_replies(session, period), _handled(session, period)
    names = sorted({*on, *took, *replies, *handled})
    none: Spread = {"count": 0, "median": None}
    rows: list[Any] = [
        (
            name, Seconds(on[name].get("on", 0.0)), Seconds(on[name].get("break", 0.0)),
            took[name]["came"], Seconds(replies.get(name, none)["median"]),
            handled.get(name, none)["count"], Seconds(handled.get(name, none)["median"]),
            took[name]["went"], took[name]["lost"],
        )
        for name in names
    ]  # fmt: skip
    columns = ("agent", "time_on", "time_break", "taken", "first_reply", "ended_chats", "handling", "passed_on", "lost")
    return Report("shift", period, now, tables=[Table("shift", columns, rows, bars="taken" if rows else None)])


def _times_on(session: Session, period: Period, now: datetime) -> dict[str, dict[str, float]]:
    """Seconds of each state that lie in the period, by agent."""
    query = select(AgentState.agent, AgentState.state, AgentState.since, AgentState.until).where(
        AgentState.since < period.end, or_(AgentState.until.is_(None), AgentState.until > period.start)
    )
    spent: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for agent, state, since, until in session.execute(query):
        length = min(until or now, period.end, now) - max(since, period.start)
        spent[agent][state] += max(length.total_seconds(), 0.0)
    return spent


def _moves(session: Session, period: Period) -> dict[str, dict[str, int]]:
    """{"came", "went", "lost"}: how many chats came to an agent, were passed on, and were taken away as unanswered."""
    which = (HandoffMove.at >= period.start, HandoffMove.at < period.end)
    columns = (HandoffMove.kind, HandoffMove.agent, HandoffMove.to)
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for kind, agent, to, many in session.execute(select(*columns, func.count()).where(*which).group_by(*columns)):
        if kind in ownership.CAME:
            counts[to]["came"] += many
        if kind in WENT:
            counts[agent]["went"] += many
        if kind == ownership.LOST:
            counts[agent]["lost"] += many
    return counts


def _first_replies(session: Session, period: Period) -> dict[str, Spread]:
    """Seconds from a chat's coming to the agent's first words in it."""
    came = and_(HandoffMove.kind.in_(ownership.CAME), HandoffMove.at >= period.start, HandoffMove.at < period.end)
    said = (
        select(func.min(Message.at))
        .where(
            Message.conversation_id == HandoffMove.conversation_id, Message.sender == "agent",
            Message.agent == HandoffMove.to, Message.at >= HandoffMove.at,
        )
        .correlate(HandoffMove)
        .scalar_subquery()
    )  # fmt: skip
    value = case((said.is_not(None), seconds(said) - seconds(HandoffMove.at)))
    return spreads(session, select(HandoffMove.to.label("by"), value.label("value")).where(came))


def _handled(session: Session, period: Period) -> dict[str, Spread]:
    """Chats ended by an agent, and the seconds they had them: not the time of those who had them before."""
    ended = (HandoffMove.kind == ownership.ENDED, HandoffMove.at >= period.start, HandoffMove.at < period.end)
    value = seconds(HandoffMove.at) - seconds(Handoff.held_since)
    query = select(HandoffMove.agent.label("by"), value.label("value")).join(
        Handoff, Handoff.id == HandoffMove.handoff_id
    )
    return spreads(session, query.where(*ended))
