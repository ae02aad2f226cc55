"""What this room forgets of a person: whole conversations, with files and dialogue. The caller commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from bot.cases.models import Case
from bot.conversations.models import BOT, CLOSED, Conversation, DialogueEvent
from bot.db import Operation


def ripe(session: Session, conversations: Sequence[str], silent_since: datetime) -> list[str]:
    """Those in which nobody has written since, nothing waits, and no person is at work; they are locked."""
    query = select(Conversation.id).where(
        Conversation.id.in_(conversations),
        Conversation.last_message_at < silent_since,
        Conversation.owner.in_((BOT, CLOSED)),
        Conversation.waiting_since.is_(None),
    )
    return list(session.execute(query.with_for_update(skip_locked=True)).scalars())


def present(session: Session, conversations: Sequence[str]) -> list[str]:
    """Those that are still there."""
    return list(session.execute(select(Conversation.id).where(Conversation.id.in_(conversations))).scalars())


def silent(session: Session, silent_since: datetime, most: int) -> list[str]:
    """The conversations nobody has written in for longest, since before then; none with an open case."""
    query = select(Conversation.id).where(
        Conversation.last_message_at < silent_since,
        Conversation.owner.in_((BOT, CLOSED)),
        Conversation.waiting_since.is_(None),
        ~exists().where(Case.conversation_id == Conversation.id, Case.is_open),
    )
    return list(session.execute(query.order_by(Conversation.last_message_at).limit(most)).scalars())


def erase(session: Session, conversations: Sequence[str]) -> None:
    """Messages, inbox, files, handoffs and deliveries go with their conversation; the rest by its id."""
    session.execute(delete(Conversation.__table__).where(Conversation.id.in_(conversations)))
    session.execute(delete(DialogueEvent.__table__).where(DialogueEvent.sender_id.in_(conversations)))
    for conversation_id in conversations:
        own = Operation.key.between(f"{conversation_id}:", f"{conversation_id};")  # the sign after the colon
        session.execute(delete(Operation.__table__).where(own))


def erase_results(session: Session, stored_before: datetime) -> None:
    """First results that no turn will be run again for."""
    session.execute(delete(Operation.__table__).where(Operation.at < stored_before))
