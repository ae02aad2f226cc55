"""Waiting chats find an agent, and chats whose agent is gone find another: due work of the desk, every few seconds.

A chat is offered to the freest agent of its team who is on, one chat at a time. It stays in the queue meanwhile, where
anyone may pull it; an offer that goes by is made to the next one, and who did nothing meanwhile is put on a break.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from bot import catalog
from bot.conversations import ownership
from bot.conversations.models import AGENT, HAS_OPEN_HANDOFF, QUEUED, Conversation, Handoff, HandoffMove, Message
from bot.conversations.public import ONLINE, class_of
from bot.conversations.teams import SUPERVISOR
from bot.conversations.wakeups import DESK, announce
from bot.desk import presence
from bot.desk.models import BREAK, Agent
from bot.desk.presence import Colleague
from bot.duework import Handler, Piece

ROUTE = "route_chats"
EVERY = timedelta(seconds=2)


def route(session: Session, piece: Piece, now: datetime) -> datetime:
    """Due work of the kind ROUTE. Chats that a turn or an agent holds just now are looked at the next time."""
    presence.sign_off_gone(session, now)
    for conversation in _lost(session, now):
        ownership.queue_lost(session, conversation)
    session.flush()
    offer_waiting(session, now)
    return now + EVERY


def offer_waiting(session: Session, now: datetime) -> None:
    """Whoever has waited longest is offered first."""
    waiting = _waiting(session)
    staff = presence.colleagues(session) if waiting else []
    for _, handoff in waiting:
        if handoff.offered_to:
            _look_after(session, handoff, staff, now)
    for conversation, handoff in waiting:
        if not handoff.offered_to:
            _offer(session, conversation, handoff, staff, now)


def _waiting(session: Session) -> list[Any]:
    query = (
        select(Conversation, Handoff)
        .join(Handoff, HAS_OPEN_HANDOFF)
        .where(Conversation.owner == QUEUED)
        .order_by(Conversation.queued_at)
    )
    # The handoff too: of a row that is only read along, PostgreSQL gives what it was before another's offer.
    return list(session.execute(query.with_for_update(of=(Conversation, Handoff), skip_locked=True)))


def _look_after(session: Session, handoff: Handoff, staff: Iterable[Colleague], now: datetime) -> None:
    """An offer ends when its time is over or its agent is no longer on."""
    asked = next((person for person in staff if person.name == handoff.offered_to), None)
    if asked is None or not asked.takes_part(now):
        _withdraw(session, handoff, asked)
    elif now >= handoff.offered_until:
        _let_go_by(session, handoff, asked, now)


def _withdraw(session: Session, handoff: Handoff, asked: Colleague | None) -> None:
    handoff.offered_to = handoff.offered_until = None
    if asked is not None:
        asked.load, asked.is_asked = asked.load - 1, False
    announce(session, DESK)


def _let_go_by(session: Session, handoff: Handoff, asked: Colleague, now: datetime) -> None:
    """Who was at work has passed it over; a chair that is empty is on a break, and is asked again once back on."""
    began = handoff.offered_until - _time_to_take()
    if _was_at_work(session, asked.name, began):
        pass_over(handoff)
    else:
        ownership.note_missed(session, handoff, asked.name, now)
        asked.state = BREAK
        presence.set_state(session, asked.name, BREAK, now)
    _withdraw(session, handoff, asked)


def _was_at_work(session: Session, name: str, since: datetime) -> bool:
    """They moved a chat or answered a customer."""
    moved = select(HandoffMove.id).where(
        HandoffMove.agent == name, HandoffMove.at >= since, HandoffMove.kind.not_in(ownership.SUFFERED)
    )
    said = select(Message.seq).where(Message.agent == name, Message.at >= since)
    return any(session.execute(query.limit(1)).first() for query in (moved, said))


def _time_to_take() -> timedelta:
    return timedelta(seconds=catalog.read("routing")["offer_seconds"])


def pass_over(handoff: Handoff) -> None:
    """The offer is over, and the next one is somebody else's."""
    handoff.passed_over = "\n".join(filter(None, [handoff.passed_over, handoff.offered_to]))
    handoff.offered_to = handoff.offered_until = None


def _offer(
    session: Session, conversation: Conversation, handoff: Handoff, staff: Iterable[Colleague], now: datetime
) -> None:
    rules = catalog.read("routing")
    waited = now - conversation.queued_at
    any_team = handoff.team != SUPERVISOR and waited >= timedelta(seconds=rules["widen_seconds"])
    passed_over = handoff.passed_over.split("\n")
    fitting = [one for one in staff if one.name not in passed_over and (any_team or one.fits(handoff.team))]
    free = [one for one in fitting if one.is_free(now)]
    if not free:
        return
    chosen = min(free, key=lambda one: (not one.fits(handoff.team), one.load / one.capacity, one.load, one.name))
    chosen.load, chosen.is_asked = chosen.load + 1, True
    handoff.offered_to = chosen.name
    handoff.offered_until = now + _time_to_take()
    announce(session, DESK)


def _lost(session: Session, now: datetime) -> list[Conversation]:
    """Chats whose agent has no open desk, or leaves a customer without a word for too long.

    Whether an agent of another maker's desk is there, nobody here knows: only their silence counts.
    """
    spoke = (
        select(Message.conversation_id, func.max(Message.seq).label("seq"))
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Conversation.owner == AGENT, Message.sender == "agent")
        .group_by(Message.conversation_id)
        .subquery()
    )
    asked_at = (
        select(func.min(Message.at))
        .where(
            Message.conversation_id == Conversation.id, Message.sender == "customer",
            Message.seq > func.coalesce(spoke.c.seq, 0),
        )
        .correlate(Conversation, spoke)
        .scalar_subquery()
    )  # fmt: skip
    query = (
        select(Conversation.id, Conversation.channel, Agent.seen_at, Handoff.held_since, asked_at.label("asked_at"))
        .outerjoin(Agent, (Agent.name == Conversation.agent) & Conversation.desk.is_(None))
        .join(Handoff, HAS_OPEN_HANDOFF)
        .outerjoin(spoke, spoke.c.conversation_id == Conversation.id)
        .where(Conversation.owner == AGENT)
        .where(or_(Agent.seen_at < now - presence.gone_after(), asked_at < now - _silence(ONLINE)))
    )
    gone = [row.id for row in session.execute(query) if _is_lost(row, now)]
    locked = select(Conversation).where(Conversation.id.in_(gone), Conversation.owner == AGENT)
    return list(session.execute(locked.with_for_update(skip_locked=True)).scalars()) if gone else []


def _is_lost(row: Any, now: datetime) -> bool:
    """Nobody is gone or silent before having had the chat for as long."""
    held = row.held_since or now
    silent_since = max(row.asked_at, held) if row.asked_at else now
    away_since = max(row.seen_at, held) if row.seen_at else now
    return now - silent_since > _silence(class_of(row.channel)) or now - away_since > presence.gone_after()


def _silence(channel_class: str) -> timedelta:
    return timedelta(minutes=catalog.read("routing")["silent_minutes"][channel_class])


HANDLERS: Mapping[str, Handler] = {ROUTE: route}
