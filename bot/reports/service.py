"""How customers were answered: first replies, people who were asked for, waiting and handling (issue 6 §4)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, case, func, literal, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from bot import catalog
from bot.conversations import ownership
from bot.conversations.models import Conversation, Handoff, HandoffMove, InboxMessage, Message
from bot.conversations.public import ONLINE, SOCIAL, social_channels
from bot.reports.model import Seconds, Table, Target, Word
from bot.reports.period import Period, local
from bot.reports.sql import Spread, at_quarter, moment, quarter, seconds, spreads

GAP = timedelta(minutes=30)
"""After such a silence a customer's message begins a new contact, whose first reply counts (our design)."""
REPLIES_LOOKED_FOR = timedelta(days=1)
"""A first reply later than this after the period is none."""
PERSON = "person"
NOTHING: Spread = {"count": 0, "median": None, "most": None, "longest": None, "counted": 0, "kept": 0}


def limit_seconds(channel_class: str) -> int:
    if channel_class == SOCIAL:
        return int(catalog.figure("social_reply_hours")) * 3600
    return int(catalog.figure("first_reply_seconds"))


def first_replies(session: Session, period: Period, now: datetime) -> dict[str, Spread]:
    """By channel class: the spread of seconds to the first reply of a contact; `counted` contacts had one or ran out
    of time, `kept` had it within the limit. And by PERSON, of those who asked for a person.
    """
    contacts = _contacts(period)
    limit = case((contacts.c.by == SOCIAL, limit_seconds(SOCIAL)), else_=limit_seconds(ONLINE))
    late = seconds(moment(now)) - seconds(contacts.c.at) > limit
    query = select(
        contacts.c.by,
        contacts.c.value,
        case((or_(contacts.c.value.is_not(None), late), 1), else_=0).label("counted"),
        case((contacts.c.value <= limit, 1), else_=0).label("kept"),
    )
    found = spreads(session, query, "counted", "kept")
    return {ONLINE: NOTHING, SOCIAL: NOTHING, **found, PERSON: _person_replies(session, period, now)}


def targets(session: Session, period: Period, replies: dict[str, Spread], now: datetime) -> list[Target]:
    """Of `first_replies`, and of those who asked for a person at peak hours."""
    kept, counted = answered_at_peak(session, period, now)
    rate = int(catalog.read("quality")["figures"]["answer_rate_percent"]["value"])
    online, social, person = replies[ONLINE], replies[SOCIAL], replies[PERSON]
    return [
        Target("online_reply", limit_seconds(ONLINE), online["kept"], online["counted"]),
        Target("social_reply", limit_seconds(SOCIAL) // 3600, social["kept"], social["counted"]),
        Target("person_reply", limit_seconds(ONLINE), person["kept"], person["counted"]),
        Target("answer_rate", rate, kept, counted, least=rate),
    ]


def _contacts(period: Period) -> Any:
    """Each contact begun in the period: `by` channel class, `at`, `value` seconds until bot or agent replied, or NULL.

    Places in the queue and other notices of the system are no reply.
    """
    ours = case((Message.sender == "customer", 0), else_=1)
    own = {"partition_by": Message.conversation_id, "order_by": Message.seq}
    said = (
        select(
            Message.conversation_id,
            Message.at,
            ours.label("ours"),
            func.lag(Message.at).over(**own).label("before"),
            func.min(case((ours == 1, Message.at))).over(**own, rows=(1, None)).label("replied_at"),
        )
        .where(
            Message.sender.in_(("customer", "bot", "agent")),
            Message.undelivered.is_(False),
            Message.at >= period.start - GAP,
            Message.at < period.end + REPLIES_LOOKED_FOR,
        )
        .subquery()
    )
    silence = seconds(said.c.at) - seconds(said.c.before)
    return (
        select(
            case((Conversation.channel.in_(social_channels()), SOCIAL), else_=ONLINE).label("by"),
            said.c.at,
            (seconds(said.c.replied_at) - seconds(said.c.at)).label("value"),
        )
        .join(Conversation, Conversation.id == said.c.conversation_id)
        .where(
            said.c.ours == 0,
            said.c.at >= period.start,
            said.c.at < period.end,
            or_(said.c.before.is_(None), silence >= GAP.total_seconds()),
        )
        .subquery()
    )


def _in(period: Period) -> Any:
    return and_(Handoff.requested_at >= period.start, Handoff.requested_at < period.end)


def unanswered(now: datetime) -> Any:
    """Nobody came: the customer gave up or left a callback, or waits longer than a first reply may take."""
    patience = moment(now - timedelta(seconds=limit_seconds(ONLINE)))
    return and_(Handoff.claimed_at.is_(None), or_(Handoff.ended_at.is_not(None), Handoff.requested_at < patience))


def answered_at_peak(session: Session, period: Period, now: datetime) -> tuple[int, int]:
    """Of those who asked for a person in peak hours: how many got one, and of how many; not who has just come."""
    bucket = quarter(Handoff.requested_at)
    query = select(
        bucket, func.count(Handoff.claimed_at), func.count().filter(unanswered(now))
    ).where(_in(period)).group_by(bucket)
    peaks = catalog.read("quality")["peak_hours"]["spans"]
    kept = counted = 0
    for number, claimed, missed in session.execute(query):
        hour = local(at_quarter(number)).hour
        if any(begins <= hour < ends for begins, ends in peaks):
            kept, counted = kept + claimed, counted + claimed + missed
    return kept, counted


def bot_or_person(session: Session, period: Period) -> Table:
    """Conversations with a customer's message in the period: those passed on in it, and the bot's own."""
    passed = select(Handoff.conversation_id).where(_in(period)).distinct().subquery()
    spoke = (
        select(InboxMessage.conversation_id)
        .where(InboxMessage.received_at >= period.start, InboxMessage.received_at < period.end)
        .distinct()
        .subquery()
    )
    query = select(func.count(), func.count(passed.c.conversation_id)).select_from(
        spoke.outerjoin(passed, passed.c.conversation_id == spoke.c.conversation_id)
    )
    every, to_people = session.execute(query).one()
    rows: list[Any] = [(Word("solved", "bot"), every - to_people), (Word("solved", "person"), to_people)]
    return Table("bot_or_person", ("solved_by", "chats"), rows, bars="chats" if every else None)


def reasons(session: Session, period: Period) -> Table:
    """Why chats were passed on, and how many of those an agent took."""
    many = func.count()
    query = select(Handoff.reason, many, func.count(Handoff.claimed_at)).where(_in(period)).group_by(Handoff.reason)
    rows: list[Any] = [
        (Word("reason", reason), count, claimed)
        for reason, count, claimed in session.execute(query.order_by(many.desc(), Handoff.reason))
    ]
    return Table("reasons", ("reason", "chats", "taken"), rows, bars="chats")


def _person_replies(session: Session, period: Period, now: datetime) -> Spread:
    """Of online chats passed on in the period: seconds from the asking for a person to the first words of one.

    `counted` and `kept` as of `first_replies`; the bot's words, and its saying that a person has come, are no reply.
    """
    until = func.coalesce(Handoff.ended_at, moment(now))
    said = (
        select(func.min(Message.at))
        .where(
            Message.conversation_id == Handoff.conversation_id, Message.sender == "agent",
            Message.at >= Handoff.requested_at, Message.at <= until,
        )
        .correlate(Handoff)
        .scalar_subquery()
    )  # fmt: skip
    online = Conversation.channel.not_in(social_channels())
    asked = (
        select(
            (seconds(said) - seconds(Handoff.requested_at)).label("value"),
            (seconds(until) - seconds(Handoff.requested_at)).label("waited"),
        )
        .join(Conversation, Conversation.id == Handoff.conversation_id)
        .where(_in(period), online)
        .subquery()
    )
    limit = limit_seconds(ONLINE)
    query = select(
        literal(PERSON).label("by"),
        asked.c.value,
        case((or_(asked.c.value.is_not(None), asked.c.waited > limit), 1), else_=0).label("counted"),
        case((asked.c.value <= limit, 1), else_=0).label("kept"),
    )
    return spreads(session, query, "counted", "kept").get(PERSON, NOTHING)


def _waits(period: Period, now: datetime) -> Any:
    """Each wait for a person begun in the period, as a query for `spreads`; an open one lasts until now."""
    taken = aliased(HandoffMove)
    retaken = (
        select(func.min(taken.at))
        .where(
            taken.handoff_id == HandoffMove.handoff_id, taken.id > HandoffMove.id, taken.kind.in_(ownership.CAME)
        )
        .correlate(HandoffMove)
        .scalar_subquery()
    )  # fmt: skip
    first = select(_wait(Handoff.claimed_at, Handoff.requested_at, now)).where(_in(period))
    again = (
        select(_wait(retaken, HandoffMove.at, now))
        .join(Handoff, Handoff.id == HandoffMove.handoff_id)
        .where(
            HandoffMove.kind.in_(ownership.QUEUED_AGAIN),
            HandoffMove.at >= period.start, HandoffMove.at < period.end,
        )
    )  # fmt: skip
    waits = union_all(first, again).subquery()
    return select(literal("waiting").label("by"), waits.c.value)


def _wait(taken_at: Any, since: Any, now: datetime) -> Any:
    return (seconds(func.coalesce(taken_at, Handoff.ended_at, moment(now))) - seconds(since)).label("value")


def _handling(period: Period) -> Any:
    """What each chat passed on in the period took of people's time, as a query for `spreads`."""
    value = seconds(Handoff.ended_at) - seconds(Handoff.claimed_at)
    query = select(literal("handling").label("by"), value.label("value"))
    return query.where(_in(period), Handoff.claimed_at.is_not(None), Handoff.ended_at.is_not(None))


def times(session: Session, period: Period, replies: dict[str, Spread], now: datetime) -> Table:
    """How long a first reply, the waits for a person and a person's work took: the middle, nine of ten, the longest."""
    found = {f"reply_{name}": spread for name, spread in replies.items()}
    for query in (_waits(period, now), _handling(period)):
        found |= spreads(session, query)
    rows: list[Any] = []
    for name in ("reply_online", "reply_social", "reply_person", "waiting", "handling"):
        spread = found.get(name, NOTHING)
        rows.append((
            Word("span", name), spread["count"], *(Seconds(spread[part]) for part in ("median", "most", "longest")),
        ))  # fmt: skip
    return Table("times", ("span", "count", "median", "nine_of_ten", "longest"), rows)
