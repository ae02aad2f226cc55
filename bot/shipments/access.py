"""Who may see a shipment in detail: somebody who knows the last four digits of a phone on it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.customers.guessing import guess_in_turn, is_locked, note_wrong_try
from bot.customers.verification import grant
from bot.db import once
from bot.shipments.models import Party, hash_of_tail

VERIFIED, WRONG, LOCKED = "verified", "wrong", "locked"


def verify_tail(session: Session, conversation_id: str, waybill: str, digits: str, *, key: str, now: datetime) -> str:
    """VERIFIED, WRONG or LOCKED. An unknown waybill and wrong digits get one answer, by the same queries.

    `key` is the message's: a turn that is run again counts as one try.
    """
    first = once(session, key, "verify_tail", lambda: {"outcome": _try(session, conversation_id, waybill, digits, now)})
    return str(first["outcome"])


def _try(session: Session, conversation_id: str, waybill: str, digits: str, now: datetime) -> str:
    guess_in_turn(session)
    if is_locked(session, conversation_id, waybill, now):
        return LOCKED
    # What is not four digits still asks the store, for something that no row can hold: NULL would match rows.
    tail = hash_of_tail(waybill, digits) or "none"
    query = select(Party.role).where(Party.waybill == waybill, Party.tail_hash == tail)
    role = session.execute(query.order_by(Party.role)).scalars().first()
    if role is not None:
        grant(session, conversation_id, waybill, role, now)
        return VERIFIED
    note_wrong_try(session, conversation_id, waybill, now)
    return LOCKED if is_locked(session, conversation_id, waybill, now) else WRONG
