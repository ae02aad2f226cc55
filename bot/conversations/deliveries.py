"""What platforms are sent, in order, and what became of it: claimed, sent outside any transaction, settled.

A piece is marked before it is sent and unmarked with its outcome. One that is found marked was cut off in between: it
is sent once more, and its message says `uncertain`. Every outcome is counted.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from prometheus_client import Counter
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from bot.conversations.errors import UnknownConversation
from bot.conversations.inbox import lock
from bot.conversations.models import (
    FAILED,
    HELD,
    SENT,
    UNCERTAIN,
    Conversation,
    Delivery,
    Message,
    StoredFile,
)
from bot.conversations.wakeups import DELIVERIES, DESK, announce, conversation_topic
from bot.db import now

AT_MOST = 20
"""Messages looked at in one claim: more than a turn says."""
GIVE_UP_AFTER = timedelta(hours=24)
"""A platform that takes nothing for so long: the desk sees that the message did not arrive."""
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=2), timedelta(minutes=10)

COUNTED = Counter("yida_deliveries", "Messages to platforms by outcome", ["channel", "outcome"])


@dataclass(frozen=True)
class Outgoing:
    """A message as it is sent: choices are (id, title), `file` is (media type, content)."""

    seq: int
    sender: str
    text: str
    choices: tuple[tuple[str, str], ...] = ()
    card: dict[str, Any] | None = None
    agent: str | None = None
    file: tuple[str, bytes] | None = None


@dataclass(frozen=True)
class Batch:
    """Messages in hand, and which piece of them is next (from 0)."""

    token: str
    conversation_id: str
    channel: str
    to: str
    language: str
    heard_at: datetime
    """When the customer wrote last; on first contact, when that was."""
    messages: tuple[Outgoing, ...]
    piece: int

    @property
    def key(self) -> str:
        """The same for the same piece however often it is sent: some platforms take each key once."""
        return f"{self.conversation_id}-{self.messages[-1].seq}-{self.piece}"


def claim_next(session: Session, channel: str, *, merged: bool, lease_s: float) -> Batch | None:
    """Takes what has been due longest on a channel; none when nothing is. `merged`: all that waits is one message."""
    while True:
        found = _due(session, channel)
        if found is None:
            return None
        delivery, conversation = found
        _note_cut_off(session, delivery)
        messages = _in_hand(session, conversation, delivery, merged)
        if messages:
            return _taken(session, delivery, conversation, messages, lease_s)
        _start_over(delivery)
        delivery.due_at = None
        session.flush()


def _due(session: Session, channel: str) -> tuple[Delivery, Conversation] | None:
    moment = now()
    query = (
        select(Delivery, Conversation)
        .join(Conversation, Conversation.id == Delivery.conversation_id)
        .where(
            Delivery.channel == channel,
            Delivery.due_at <= moment,
            or_(Delivery.lease_until.is_(None), Delivery.lease_until < moment),
        )
        .order_by(Delivery.due_at)
        .limit(1)
        # The delivery too: of a row that is only read along, PostgreSQL gives what it was before another's claim.
        .with_for_update(of=(Conversation, Delivery), skip_locked=True)
    )
    row = session.execute(query.execution_options(populate_existing=True)).first()
    return (row[0], row[1]) if row else None


def _note_cut_off(session: Session, delivery: Delivery) -> None:
    """Whoever was sending this died before it was recorded."""
    if delivery.is_sending:
        delivery.is_sending, delivery.is_repeated = False, True
        _mark(session, delivery, UNCERTAIN)


def _in_hand(session: Session, conversation: Conversation, delivery: Delivery, merged: bool) -> list[Message]:
    """A begun batch goes on to its end: half a message is worse than one that came a moment too late."""
    waiting = _waiting(session, delivery)
    if delivery.sent_parts:
        return [message for message in waiting if message.seq <= delivery.batch_seq]
    fresh = [message for message in waiting if not _dropped(message, conversation)]
    return fresh if merged else fresh[:1]


def _waiting(session: Session, delivery: Delivery) -> list[Message]:
    query = select(Message).where(
        Message.conversation_id == delivery.conversation_id,
        Message.seq > delivery.sent_seq,
        Message.sender != "customer",
        Message.undelivered.is_(False),
    )
    return list(session.execute(query.order_by(Message.seq).limit(AT_MOST)).scalars())


def _dropped(message: Message, conversation: Conversation) -> bool:
    """The bot's words are stale once the chat has changed hands (DESIGN §1)."""
    message.undelivered = message.sender == "bot" and message.epoch != conversation.epoch
    return message.undelivered


def _taken(
    session: Session, delivery: Delivery, conversation: Conversation, messages: list[Message], lease_s: float
) -> Batch:
    moment = now()
    delivery.batch_seq = messages[-1].seq
    delivery.is_sending = True
    delivery.attempts += 1
    delivery.first_tried_at = delivery.first_tried_at or moment
    delivery.lease_token = secrets.token_hex(16)
    delivery.lease_until = moment + timedelta(seconds=lease_s)
    return Batch(
        token=delivery.lease_token,
        conversation_id=conversation.id,
        channel=conversation.channel,
        to=conversation.sender,
        language=conversation.language,
        heard_at=conversation.last_message_at,
        messages=tuple(_outgoing(session, message) for message in messages),
        piece=delivery.sent_parts,
    )


def _outgoing(session: Session, message: Message) -> Outgoing:
    file = session.get(StoredFile, message.file_id) if message.file_id else None
    return Outgoing(
        seq=message.seq,
        sender=message.sender,
        text=message.text,
        choices=tuple((choice["id"], choice["title"]) for choice in message.choices or ()),
        card=message.card,
        agent=message.agent,
        file=(file.media_type, file.content) if file else None,
    )


def sent(session: Session, batch: Batch, *, last: bool, numbered: list[str]) -> None:
    """The platform took the piece; with the last one the messages are settled. `numbered`: ids of numbered choices."""

    def settle(delivery: Delivery) -> None:
        delivery.sent_parts += 1
        delivery.is_repeated = False
        delivery.attempts, delivery.first_tried_at = 0, None
        if last:
            _settle(session, delivery, SENT)
            delivery.offered = numbered
        announce(session, DELIVERIES)

    _with(session, batch, settle)


def unsure(session: Session, batch: Batch, *, last: bool, numbered: list[str]) -> None:
    """The platform may have taken it: it is sent once more, and not a third time."""
    found = _with(session, batch, lambda delivery: _once_more(session, delivery))
    if found is False:
        sent(session, batch, last=last, numbered=numbered)


def _once_more(session: Session, delivery: Delivery) -> bool:
    _mark(session, delivery, UNCERTAIN)
    if delivery.is_repeated:
        return False
    delivery.is_repeated = True
    delivery.due_at = now() + FIRST_WAIT
    return True


def later(session: Session, batch: Batch, after_s: float | None) -> None:
    """The platform did not take it: again after `after_s` seconds, or longer each time; given up after a day."""

    def settle(delivery: Delivery) -> None:
        longer = min(FIRST_WAIT * 2 ** min(delivery.attempts, 12), LONGEST_WAIT)
        if now() - (delivery.first_tried_at or now()) > GIVE_UP_AFTER:
            _settle(session, delivery, FAILED)
        else:
            delivery.due_at = now() + (timedelta(seconds=after_s) if after_s else longer)

    _with(session, batch, settle)


def hold(session: Session, batch: Batch) -> None:
    """The platform lets us say no more until the customer writes: everything waits for that."""

    def settle(delivery: Delivery) -> None:
        _mark(session, delivery, HELD)
        delivery.attempts, delivery.first_tried_at, delivery.due_at, delivery.is_held = 0, None, None, True

    _with(session, batch, settle)


def give_up(session: Session, batch: Batch) -> None:
    """The platform will never take it; the desk sees that."""
    _with(session, batch, lambda delivery: _settle(session, delivery, FAILED))


def _with(session: Session, batch: Batch, settle: Callable[[Delivery], Any]) -> Any:
    """Under the conversation's lock, unless the lease was lost or the conversation erased meanwhile."""
    try:
        lock(session, batch.conversation_id)
    except UnknownConversation:
        return None
    delivery = session.get(Delivery, batch.conversation_id, populate_existing=True)
    if delivery is None or delivery.lease_token != batch.token:
        return None
    outcome = settle(delivery)
    delivery.is_sending = False
    if outcome is not False:
        delivery.lease_token = delivery.lease_until = None
    return outcome


def _settle(session: Session, delivery: Delivery, outcome: str) -> None:
    _mark(session, delivery, outcome)
    delivery.sent_seq = delivery.batch_seq
    _start_over(delivery)
    delivery.due_at = now()
    announce(session, DELIVERIES)  # others may wait behind it


def _start_over(delivery: Delivery) -> None:
    delivery.batch_seq, delivery.sent_parts, delivery.is_repeated = None, 0, False
    delivery.attempts, delivery.first_tried_at = 0, None


def _mark(session: Session, delivery: Delivery, outcome: str) -> None:
    """Uncertain stays uncertain: that it was sent again says nothing of the first time."""
    for message in _waiting(session, delivery):
        if message.seq > delivery.batch_seq or (message.delivery == UNCERTAIN and outcome == SENT):
            continue
        if message.delivery != outcome:
            COUNTED.labels(delivery.channel, outcome).inc()
        message.delivery = outcome
        message.undelivered = outcome == FAILED
    announce(session, DESK, conversation_topic(delivery.conversation_id))
