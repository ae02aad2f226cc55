"""What a conversation has shown it may see, and how often it guessed wrong. Kept here, never in a slot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.customers.models import Attempt, Verification
from bot.db import insert
from bot.privacy import vault


@dataclass(frozen=True)
class Limit:
    """`tries` wrong ones within `window` lock for `window` after the last of them."""

    tries: int
    window: timedelta


AT_PARCEL_IN_CONVERSATION = Limit(5, timedelta(minutes=15))
IN_CONVERSATION = Limit(15, timedelta(minutes=15))
"""Over all parcels: somebody who guesses numbers as well as digits."""
AT_PARCEL = Limit(20, timedelta(hours=24))
"""Over all conversations: a new chat for every guess still has one chance in 250 a day at a parcel's two phones."""
OVERALL = Limit(1000, timedelta(hours=1))
"""Over everything: many chats and many numbers at once. Far above what customers mistype."""


def is_locked(session: Session, conversation_id: str, waybill: str, now: datetime) -> bool:
    """Whether there was too much guessing: here at this parcel, here at all, at this parcel by all, or by all."""
    at_parcel, own = Attempt.waybill_hash == _hash(waybill), Attempt.conversation_id == conversation_id
    # A list, not a chain of `or`: locked or not, the same queries take the same time.
    exceeded = [
        _exceeded(session, AT_PARCEL_IN_CONVERSATION, now, at_parcel, own),
        _exceeded(session, IN_CONVERSATION, now, own),
        _exceeded(session, AT_PARCEL, now, at_parcel),
        _exceeded(session, OVERALL, now),
    ]
    return any(exceeded)


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


def _exceeded(session: Session, limit: Limit, now: datetime, *conditions: Any) -> bool:
    query = select(Attempt.at).where(Attempt.at > now - 2 * limit.window, *conditions)
    newest_first = session.execute(query.order_by(Attempt.at.desc()).limit(limit.tries)).scalars().all()
    if len(newest_first) < limit.tries:
        return False
    latest, first = newest_first[0], newest_first[-1]
    return bool(now - latest < limit.window and latest - first < limit.window)


def _hash(waybill: str) -> str:
    return vault().hash(f"attempt:{waybill}")
