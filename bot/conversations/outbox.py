"""What is said to customers: written once; read by cursor, or sent to their platform (deliveries.py)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.conversations.errors import UnknownConversation
from bot.conversations.models import QUEUED, Conversation, Delivery, Message, StoredFile
from bot.conversations.wakeups import DELIVERIES, DESK, announce, conversation_topic
from bot.db import now

PAGE = 200
"""Messages read at once."""


def add_message(
    session: Session,
    conversation: Conversation,
    sender: str,
    text: str,
    *,
    choices: Sequence[tuple[str, str]] = (),
    card: dict[str, Any] | None = None,
    file_id: str | None = None,
    agent: str | None = None,
    answers: int | None = None,
    undelivered: bool = False,
) -> Message:
    """Appends a message of `bot`, `agent` or `system`; the caller holds the conversation's lock (`inbox.lock`).

    `choices` are (title, payload): the customer sees the title and an opaque id.
    """
    conversation.last_seq += 1
    message = Message(
        conversation_id=conversation.id,
        seq=conversation.last_seq,
        sender=sender,
        text=text,
        choices=[_choice(conversation.last_seq, title, payload) for title, payload in choices] or None,
        card=card,
        file_id=file_id,
        agent=agent,
        epoch=conversation.epoch,
        answers=answers,
        undelivered=undelivered,
    )
    session.add(message)
    announce(session, conversation_topic(conversation.id), DESK)
    wake_delivery(session, conversation)
    return message


def push_from_now_on(session: Session, conversation: Conversation) -> None:
    """This conversation's messages are sent to its platform."""
    conversation.is_pushed = True
    session.add(Delivery(conversation_id=conversation.id, channel=conversation.channel, sent_seq=conversation.last_seq))
    session.flush()


def wake_delivery(session: Session, conversation: Conversation, *, heard: bool = False) -> None:
    """There is something to send; `heard`: the customer has written, and what was held may go."""
    delivery = session.get(Delivery, conversation.id) if conversation.is_pushed else None
    if delivery is None or (delivery.is_held and not heard):
        return
    delivery.is_held = False
    delivery.due_at = delivery.due_at or now()
    announce(session, DELIVERIES)


def _choice(seq: int, title: str, payload: str) -> dict[str, str]:
    return {"id": f"{seq}-{secrets.token_urlsafe(12)}", "title": title, "payload": payload}


def messages_after(
    session: Session, conversation_id: str, after: int, *, answers: int | None = None
) -> list[dict[str, Any]]:
    """The customer's view of the transcript after message `after`, oldest first, PAGE at most (DESIGN §4); no payloads.

    With `answers`, only the replies to that inbox message.
    """
    query = (
        select(Message, StoredFile.name, StoredFile.media_type)
        .outerjoin(StoredFile, Message.file_id == StoredFile.id)
        .where(Message.conversation_id == conversation_id, Message.seq > after, Message.undelivered.is_(False))
        .order_by(Message.seq)
        .limit(PAGE)
    )
    if answers is not None:
        query = query.where(Message.answers == answers)
    return [_public(*row) for row in session.execute(query)]


def _public(message: Message, file_name: str | None, media_type: str | None) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": message.seq,
        "from": message.sender,
        "text": message.text,
        "choices": [{"id": choice["id"], "title": choice["title"]} for choice in message.choices or ()],
        "card": message.card,
        "at": message.at.isoformat(),
    }
    if message.file_id:
        shown["file"] = {"id": message.file_id, "name": file_name, "media_type": media_type}
    if message.agent:
        shown["agent"] = message.agent
    return shown


def status(session: Session, conversation_id: str) -> dict[str, Any]:
    """{"owner", "position", "wait_s"}: the place in the queue from 1 and the seconds waited, while queued."""
    query = select(Conversation.owner, Conversation.queued_at).where(Conversation.id == conversation_id)
    row = session.execute(query).first()
    if row is None:
        raise UnknownConversation(conversation_id)
    if row.owner != QUEUED:
        return {"owner": row.owner, "position": None, "wait_s": None}
    waited = (now() - row.queued_at).total_seconds()
    return {"owner": row.owner, "position": position(session, row.queued_at), "wait_s": round(waited)}


def position(session: Session, queued_at: Any) -> int:
    """The place in the queue (from 1) of a chat that has waited since `queued_at`."""
    ahead = select(func.count()).where(Conversation.owner == QUEUED, Conversation.queued_at < queued_at)
    return session.execute(ahead).scalar_one() + 1
