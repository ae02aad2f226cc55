"""What only a verified conversation hears of a parcel: who signed, the money to collect, the declared value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import catalog
from bot.customers.verification import role_for
from bot.settings import settings
from bot.shipments.masking import masked
from bot.shipments.models import Party, Shipment, ShipmentEvent
from bot.shipments.tracking import look_up

SENDER, RECEIVER = "sender", "receiver"
SIGNED_BY = frozenset({"by_proxy", "locker_or_station", "after_exception"})


@dataclass(frozen=True)
class Particulars:
    """`proof`, `cod` and `value` name the state in words of the wording; the rest are its figures, None unless known.

    proof: signed | by_proxy | locker_or_station | after_exception | returned | not_yet
    cod: none | off; to its receiver to_pay | paid, to its sender waiting | payout_due | payout_past
    value: declared | undeclared
    `record` is the courier's own text of the sign-off, people masked; empty where there is none.
    """

    role: str
    proof: str
    signed_at: datetime | None
    record: str
    cod: str
    cod_amount: Decimal | None
    payout_by: date | None
    value: str
    declared_value: Decimal | None


def particulars(session: Session, conversation_id: str, waybill: str, now: datetime) -> Particulars | None:
    """None for a conversation that has not shown its right to this parcel, whether there is one or not."""
    shipment = look_up(session, waybill)
    role = role_for(session, conversation_id, shipment.waybill) if shipment else None
    if shipment is None or role is None:
        return None
    payout_by = _payout_by(shipment)
    return Particulars(
        role=role,
        proof=_proof(shipment),
        signed_at=shipment.last_event_at if shipment.status == "delivered" else None,
        record=_record(session, shipment),
        cod=_cod(shipment, role, payout_by, now),
        cod_amount=shipment.cod_amount,
        payout_by=payout_by,
        value="declared" if shipment.declared_value else "undeclared",
        declared_value=shipment.declared_value,
    )


def _proof(shipment: Shipment) -> str:
    if shipment.status != "delivered":
        return "returned" if shipment.status == "returned" else "not_yet"
    return shipment.reason if shipment.reason in SIGNED_BY else "signed"


def _record(session: Session, shipment: Shipment) -> str:
    if shipment.status != "delivered":
        return ""
    of_parcel = ShipmentEvent.waybill == shipment.waybill
    query = select(ShipmentEvent.text).where(of_parcel, ShipmentEvent.status == "delivered")
    text = session.execute(query.order_by(ShipmentEvent.at.desc()).limit(1)).scalars().first()
    named = select(Party.name).where(Party.waybill == shipment.waybill, Party.name.isnot(None))
    return masked(text, session.execute(named).scalars().all()) if text else ""


def _cod(shipment: Shipment, role: str, payout_by: date | None, now: datetime) -> str:
    """As far as the parcel's state tells: no record of payouts is kept here, so none is ever said to have been made."""
    if not shipment.cod_amount:
        return "none"
    if shipment.status in ("returning", "returned", "cancelled"):
        return "off"
    if payout_by is None:
        return "to_pay" if role == RECEIVER else "waiting"
    if role == RECEIVER:
        return "paid"
    return "payout_due" if now.astimezone(_zone()).date() <= payout_by else "payout_past"


def _payout_by(shipment: Shipment) -> date | None:
    """The last of the working days after collection within which the sender is usually paid (catalog: cod_payout)."""
    if not shipment.cod_amount or shipment.status != "delivered" or shipment.last_event_at is None:
        return None
    day, left = shipment.last_event_at.astimezone(_zone()).date(), catalog.figure("cod_payout")
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < 5  # Monday to Friday; public holidays are the company's to add
    return day


def _zone() -> ZoneInfo:
    return ZoneInfo(settings().timezone)
