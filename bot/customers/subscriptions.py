"""Who wants to be told of a parcel before asking, and what they have been told. The caller commits."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bot.customers.models import Subscription, Told
from bot.db import insert
from bot.duework import call_off, plan

PARCEL = "parcel_notice"
"""The kind of due work that looks at a subscribed parcel; its subject is the waybill."""
MOST_PER_CONVERSATION = 50


def subscribe(
    session: Session, conversation_id: str, waybill: str, promised_at: datetime | None, now: datetime
) -> bool:
    """From now on this conversation is told of the parcel. False where it has too many already."""
    own = select(Subscription.waybill).where(Subscription.conversation_id == conversation_id)
    known = session.execute(own.limit(MOST_PER_CONVERSATION)).scalars().all()
    if waybill in known:
        return True
    if len(known) >= MOST_PER_CONVERSATION:
        return False
    row = {"conversation_id": conversation_id, "waybill": waybill, "promised_at": promised_at, "at": now}
    session.execute(insert(session, Subscription.__table__).values(**row).on_conflict_do_nothing())
    plan(session, PARCEL, waybill, now)
    return True


def unsubscribe(session: Session, conversation_id: str, waybill: str | None = None) -> int:
    """No more of this parcel, or of any; gives how many were wanted before."""
    wanted = Subscription.conversation_id == conversation_id
    if waybill:
        wanted = wanted & (Subscription.waybill == waybill)
    waybills = session.execute(select(Subscription.waybill).where(wanted)).scalars().all()
    session.execute(delete(Subscription).where(wanted))
    still = set(_wanted(session, waybills))
    for gone in set(waybills) - still:
        call_off(session, PARCEL, gone)
    return len(waybills)


def subscribed(session: Session, conversation_id: str) -> list[str]:
    """Waybills this conversation is told of, oldest first."""
    query = select(Subscription.waybill).where(Subscription.conversation_id == conversation_id)
    return list(session.execute(query.order_by(Subscription.at)).scalars())


def moved(session: Session, waybills: Collection[str], now: datetime) -> None:
    """There is news of these parcels: those somebody waits for are looked at."""
    for waybill in _wanted(session, waybills):
        plan(session, PARCEL, waybill, now)


def first_time(session: Session, conversation_id: str, waybill: str, node: str, now: datetime) -> bool:
    """Notes that the conversation is told of a node; False where it was told before."""
    row = {"conversation_id": conversation_id, "waybill": waybill, "node": node, "at": now}
    made = session.execute(insert(session, Told.__table__).values(**row).on_conflict_do_nothing())
    return bool(made.rowcount)


def _wanted(session: Session, waybills: Collection[str]) -> list[str]:
    """Of these waybills the subscribed ones, in one order for everybody, so that two writers cannot lock each other."""
    found: set[str] = set()
    asked = sorted(waybills)
    for start in range(0, len(asked), 500):  # SQLite takes 999 values at most
        query = select(Subscription.waybill).where(Subscription.waybill.in_(asked[start : start + 500]))
        found.update(session.execute(query.distinct()).scalars())
    return sorted(found)
