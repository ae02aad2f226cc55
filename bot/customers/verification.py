"""What a conversation has shown it may see, and how often it guessed wrong. Kept here, never in a slot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bot.customers.models import Attempt, OneTimeCode, Origin, Verification
from bot.db import insert
from bot.duework import Piece
from bot.privacy import vault
from bot.settings import settings


@dataclass(frozen=True)
class Limit:
    """`tries` wrong ones within `window` lock for `window` after the last of them."""

    tries: int
    window: timedelta


AT_PARCEL_IN_CONVERSATION = Limit(5, timedelta(minutes=15))
IN_CONVERSATION = Limit(15, timedelta(minutes=15))
"""Over all parcels: somebody who guesses numbers as well as digits."""
AT_PARCEL_FROM_ORIGIN = Limit(5, timedelta(minutes=15))
"""Over all conversations of one network address: a new chat for every guess gains nothing."""
FROM_ORIGIN = Limit(60, timedelta(minutes=15))
"""Over all parcels: a shop or an office behind one address mistypes less than that."""
AT_PARCEL = Limit(20, timedelta(hours=24))
"""Over all conversations: a new chat for every guess still has one chance in 250 a day at a parcel's two phones."""
OVERALL = Limit(1000, timedelta(hours=1))
"""Over everything: many chats and many numbers at once. Far above what customers mistype."""


PURGE, PURGE_EVERY = "purge_tries", timedelta(hours=1)
"""The kind of due work, and how often it comes."""


def is_locked(session: Session, conversation_id: str, waybill: str, now: datetime) -> bool:
    """Whether there was too much guessing: by this conversation or address, here or at all; at this parcel; by all."""
    at_parcel, own = Attempt.waybill_hash == _hash(waybill), Attempt.conversation_id == conversation_id
    from_here = Attempt.origin_hash == (origin_of(session, conversation_id) or "none")
    # A list, not a chain of `or`: locked or not, the same queries take the same time.
    exceeded = [
        _exceeded(session, AT_PARCEL_IN_CONVERSATION, now, at_parcel, own),
        _exceeded(session, IN_CONVERSATION, now, own),
        _exceeded(session, AT_PARCEL_FROM_ORIGIN, now, at_parcel, from_here),
        _exceeded(session, FROM_ORIGIN, now, from_here),
        _exceeded(session, AT_PARCEL, now, at_parcel),
        _exceeded(session, OVERALL, now),
    ]
    return any(exceeded)


def note_wrong_try(session: Session, conversation_id: str, waybill: str, now: datetime) -> None:
    origin = origin_of(session, conversation_id)
    session.add(Attempt(conversation_id=conversation_id, waybill_hash=_hash(waybill), origin_hash=origin, at=now))
    session.flush()


def note_origin(session: Session, conversation_id: str, address: str, now: datetime) -> None:
    """The network address that a conversation comes from now; written only where it changed."""
    origin = vault().hash(f"origin:{address}")
    if origin_of(session, conversation_id) == origin:
        return
    row = {"origin_hash": origin, "at": now}
    noted = insert(session, Origin.__table__).values(conversation_id=conversation_id, **row)
    session.execute(noted.on_conflict_do_update(index_elements=["conversation_id"], set_=row))


def origin_of(session: Session, conversation_id: str) -> str | None:
    """The keyed hash of the network address; none for channels where one server speaks for all."""
    query = select(Origin.origin_hash).where(Origin.conversation_id == conversation_id)
    return session.execute(query).scalar_one_or_none()


def purge(session: Session, piece: Piece, now: datetime) -> datetime:
    """Due work: forgets tries, codes and addresses that no limit looks at any more."""
    session.execute(delete(Attempt).where(Attempt.at < now - 2 * AT_PARCEL.window))
    session.execute(delete(OneTimeCode).where(OneTimeCode.sent_at < now - AT_PARCEL.window))
    session.execute(delete(Origin).where(Origin.at < now - timedelta(hours=settings().session_hours)))
    return now + PURGE_EVERY


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
