"""What this room forgets of a person. The caller commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from bot.customers import subscriptions
from bot.customers.codes import hash_of_phone
from bot.customers.models import Attempt, Customer, Identity, OneTimeCode, Origin, Subscription, Told, Verification

_OF_CONVERSATIONS = (Verification, Attempt, Origin, OneTimeCode, Subscription, Told, Identity)


def erase_conversations(session: Session, conversations: Sequence[str]) -> None:
    """Rights, tries, codes, wishes to be told, and whose it was."""
    for conversation_id in conversations:
        subscriptions.unsubscribe(session, conversation_id)
    for table in _OF_CONVERSATIONS:
        session.execute(delete(table.__table__).where(table.conversation_id.in_(conversations)))


def erase_customer(session: Session, customer_id: str | None, phone: str) -> None:
    """The customer with consents and history, and every code sent to the phone."""
    session.execute(delete(OneTimeCode.__table__).where(OneTimeCode.phone_hash == hash_of_phone(phone)))
    if customer_id:
        session.execute(delete(Customer.__table__).where(Customer.id == customer_id))


def erase_forgotten(session: Session, made_before: datetime, most: int) -> int:
    """Customers made so long ago of whom no chat is left; gives how many. Who shows the phone again is known again."""
    chats = exists().where(Identity.customer_id == Customer.id)
    query = select(Customer.id).where(Customer.created_at < made_before, ~chats).limit(most)
    gone = session.execute(query).scalars().all()
    session.execute(delete(Customer.__table__).where(Customer.id.in_(gone)))
    return len(gone)
