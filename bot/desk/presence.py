"""Who is at the desk: on, on a break or off, when last seen, and with how many chats."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session

from bot import catalog
from bot.conversations.models import (
    AGENT,
    HAS_OPEN_HANDOFF,
    QUEUED,
    AgentState,
    Conversation,
    Handoff,
    HandoffMove,
)
from bot.conversations.ownership import MISSED
from bot.conversations.teams import ONLINE, SUPERVISOR
from bot.conversations.wakeups import DESK, announce
from bot.db import now
from bot.desk.models import ANSWERING, BREAK, LEADING, OFF, ON, Agent

SEEN_EVERY = timedelta(seconds=30)
"""An open desk is written down at most this often."""


@dataclass
class Colleague:
    """An agent as routing and the team page see them; `load` counts chats in hand and the one offered."""

    name: str
    role: str
    skills: tuple[str, ...]
    state: str
    seen_at: datetime | None
    capacity: int
    load: int
    is_asked: bool
    """An offer to them is open."""

    def is_there(self, moment: datetime) -> bool:
        return self.seen_at is not None and moment - self.seen_at <= gone_after()

    def is_present(self, moment: datetime) -> bool:
        """At the desk, if only for a break: a chat may be put into their hands."""
        return self.state != OFF and self.is_there(moment)

    def is_free(self, moment: datetime) -> bool:
        return self.takes_part(moment) and not self.is_asked and self.load < self.capacity

    def takes_part(self, moment: datetime) -> bool:
        return self.state == ON and self.is_there(moment)

    def fits(self, team: str) -> bool:
        """Whoever has no skill noted answers what comes online."""
        if team == SUPERVISOR:
            return self.role in LEADING
        return team in self.skills or (team == ONLINE and not self.skills)


def gone_after() -> timedelta:
    return timedelta(seconds=catalog.read("routing")["offline_seconds"])


def colleagues(session: Session) -> list[Colleague]:
    """Everyone who answers, by name."""
    chats = dict(
        session.execute(
            select(Conversation.agent, func.count())
            .where(Conversation.owner == AGENT, Conversation.desk.is_(None))
            .group_by(Conversation.agent)
        ).all()
    )
    offers = dict(
        session.execute(
            select(Handoff.offered_to, func.count())
            .join(Conversation, HAS_OPEN_HANDOFF)
            .where(Conversation.owner == QUEUED, Handoff.offered_to.is_not(None))
            .group_by(Handoff.offered_to)
        ).all()
    )
    usual = int(catalog.read("routing")["capacity"])
    query = select(Agent).where(Agent.role.in_(ANSWERING)).order_by(Agent.name)
    return [
        Colleague(
            name=agent.name, role=agent.role, skills=tuple(filter(None, agent.skills.split(","))), state=agent.state,
            seen_at=agent.seen_at, capacity=usual if agent.capacity is None else agent.capacity,
            load=chats.get(agent.name, 0) + offers.get(agent.name, 0), is_asked=agent.name in offers,
        )
        for agent in session.execute(query).scalars()
    ]  # fmt: skip


def others(session: Session, name: str, moment: datetime) -> list[dict[str, Any]]:
    """{"name", "state", "load", "capacity", "present"} of everyone else who answers, those who are present first."""
    people = [one for one in colleagues(session) if one.name != name]
    return [
        {
            "name": one.name, "state": one.state, "load": one.load, "capacity": one.capacity,
            "present": one.is_present(moment),
        }
        for one in sorted(people, key=lambda one: not one.is_present(moment))
    ]  # fmt: skip


def set_state(session: Session, name: str, state: str, moment: datetime) -> None:
    """From `moment` on; the state they have already changes nothing."""
    query = select(Agent).where(Agent.name == name).with_for_update()
    agent = session.execute(query).scalar_one_or_none()
    if agent is None or agent.state == state:
        return
    agent.state = state
    session.execute(
        update(AgentState.__table__)
        .where(AgentState.agent == name, AgentState.until.is_(None))
        .values(until=moment)
    )
    if state != OFF:
        session.add(AgentState(agent=name, state=state, since=moment))


def sign_off_gone(session: Session, moment: datetime) -> None:
    """Whose desk is closed is off, as of when it was last open: a closed laptop is no time at work."""
    running = and_(AgentState.agent == Agent.name, AgentState.until.is_(None))
    closed = or_(Agent.seen_at.is_(None), Agent.seen_at < moment - gone_after())
    query = select(Agent.name, Agent.seen_at, AgentState.since).join(AgentState, running).where(closed)
    for name, seen_at, since in session.execute(query.with_for_update(of=Agent, skip_locked=True)).all():
        set_state(session, name, OFF, max(seen_at or since, since))
        announce(session, DESK)


def was_put_on_a_break(session: Session, name: str) -> bool:
    """The break they are on began with an offer that they missed."""
    missed = and_(HandoffMove.kind == MISSED, HandoffMove.agent == AgentState.agent, HandoffMove.at == AgentState.since)
    running = (AgentState.agent == name, AgentState.state == BREAK, AgentState.until.is_(None))
    query = select(AgentState.id).join(HandoffMove, missed).where(*running).limit(1)
    return session.execute(query).first() is not None


def seen(session: Session, name: str) -> None:
    """Their desk is open."""
    moment = now()
    stale = or_(Agent.seen_at.is_(None), Agent.seen_at < moment - SEEN_EVERY)
    session.execute(update(Agent.__table__).where(Agent.name == name, stale).values(seen_at=moment))
