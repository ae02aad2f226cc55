"""What a conversation has shown it may see, and how often it guessed wrong. Kept here, never in a slot."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.customers.models import Attempt, Verification
from bot.db import insert
from bot.privacy import vault

LOCK = timedelta(minutes=15)
MOST_WRONG = 5
"""Wrong tries at one parcel in one conversation within LOCK; then that parcel is locked for it."""
MOST_WRONG_IN_CONVERSATION = 15
"""Over all parcels: somebody who guesses numbers as well as digits."""
MOST_WRONG_AT_PARCEL = 20
"""Over all conversations: somebody who opens a new chat for every guess."""


def is_locked(session: Session, conversation_id: str, waybill: str, now: datetime) -> bool:
    """Whether this conversation has guessed too often, or all of them together at this parcel."""
    at_parcel, own = Attempt.waybill_hash == _hash(waybill), Attempt.conversation_id == conversation_id
    return (
        _wrong(session, now, at_parcel, own) >= MOST_WRONG
        or _wrong(session, now, own) >= MOST_WRONG_IN_CONVERSATION
        or _wrong(session, now, at_parcel) >= MOST_WRONG_AT_PARCEL
    )


def note_wrong_try(session: Session, conversation_id: str, waybill: str, now: datetime) -> None:
    session.add(Attempt(conversation_id=conversation_id, waybill_hash=_hash(waybill), at=now))
    session.flush()


def grant(session: Session, conversation_id: str, waybill: str, role: str, now: datetime) -> None:
    """From now on this conversation sees the parcel as its sender or receiver."""
    values = {"conversation_id": conversation_id, "waybill": waybill, "role": role, "at": now}
    session.execute(insert(session, Verification).values(**values).on_conflict_do_nothing())


def role_for(session: Session, conversation_id: str, waybill: str) -> str | None:
    """`sender` or `receiver` where this conversation has shown it; else none."""
    verification = session.get(Verification, (conversation_id, waybill))
    return verification.role if verification else None


def verified_shipments(session: Session, conversation_id: str) -> list[dict[str, Any]]:
    """[{"waybill", "role"}] of what this conversation may see in detail, newest first."""
    query = select(Verification.waybill, Verification.role).where(Verification.conversation_id == conversation_id)
    rows = session.execute(query.order_by(Verification.at.desc()))
    return [{"waybill": row.waybill, "role": row.role} for row in rows]


def _wrong(session: Session, now: datetime, *conditions: Any) -> int:
    query = select(func.count()).select_from(Attempt).where(Attempt.at > now - LOCK, *conditions)
    return int(session.execute(query).scalar_one())


def _hash(waybill: str) -> str:
    return vault().hash(f"attempt:{waybill}")
