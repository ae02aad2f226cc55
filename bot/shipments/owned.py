"""Parcels of a phone: listed only for somebody who has shown, by a one-time code, that the phone is theirs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.customers.verification import grant
from bot.shipments.models import OVER, Party, Shipment, hash_of_phone

SHOWN = 10


def has_any(session: Session, phone: str) -> bool:
    """Whether the phone stands on a parcel. Never said to whoever has not shown that it is theirs."""
    query = select(Party.waybill).where(Party.phone_hash == _hash(phone)).limit(1)
    return session.execute(query).first() is not None


def open_to(session: Session, conversation_id: str, phone: str, now: datetime) -> list[str]:
    """Waybills of the phone, those still under way first, the newest first; the conversation may now see them."""
    query = (
        select(Party.waybill, Party.role)
        .join(Shipment, Shipment.waybill == Party.waybill)
        .where(Party.phone_hash == _hash(phone))
        .order_by(Shipment.status.in_(OVER), Shipment.updated_at.desc(), Party.role)
        .limit(2 * SHOWN)
    )
    roles: dict[str, str] = {}
    for waybill, role in session.execute(query):
        roles.setdefault(waybill, role)
    shown = list(roles)[:SHOWN]
    for waybill in shown:
        grant(session, conversation_id, waybill, roles[waybill], now)
    return shown


def _hash(phone: str) -> str:
    return hash_of_phone(phone) or "none"  # NULL would match parties without a whole number
