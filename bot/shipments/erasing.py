"""What this room forgets of a person. The caller commits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from bot.shipments.models import OVER, Party, ServiceRequest, ServiceRequestEvent, Shipment, ShipmentEvent
from bot.shipments.request_states import OPEN

EMPTY = {"name": None, "phone": None, "phone_hash": None, "tail_hash": None, "address": None}


def erase_texts(session: Session, waybills: Sequence[str]) -> list[str]:
    """The couriers' words on parcels that are over; gives the others, which are still under way."""
    over = select(Shipment.waybill).where(Shipment.waybill.in_(waybills), Shipment.status.in_(OVER))
    done = set(session.execute(over).scalars())
    session.execute(_without_text(ShipmentEvent.waybill.in_(done)))
    return [waybill for waybill in waybills if waybill not in done]


def _without_text(where: object) -> object:
    return update(ShipmentEvent.__table__).where(where).values(text="")


def erase_parties(session: Session, roles: Mapping[str, str], ended_before: datetime) -> list[str]:
    """Name, phone and address on waybills that need not be kept any longer; gives those that must."""
    ended = select(Shipment.waybill).where(
        Shipment.waybill.in_(list(roles)), Shipment.status.in_(OVER), Shipment.last_event_at < ended_before
    )
    free = set(session.execute(ended).scalars())
    own = [and_(Party.waybill == waybill, Party.role == role) for waybill, role in roles.items() if waybill in free]
    if own:
        session.execute(update(Party.__table__).where(or_(*own)).values(**EMPTY))
    return [waybill for waybill in roles if waybill not in free]


def erase_requests(session: Session, conversations: Sequence[str]) -> list[str]:
    """Address, phone and words of finished requests; gives the numbers of those still under way."""
    query = select(ServiceRequest).where(ServiceRequest.conversation_id.in_(conversations))
    unfinished = []
    for request in session.execute(query.with_for_update()).scalars():
        if request.state in OPEN:
            unfinished.append(request.number)
            continue
        request.phone, request.details, request.conversation_id, request.reason = None, {}, "", None
        steps = update(ServiceRequestEvent.__table__).where(ServiceRequestEvent.request_id == request.id)
        session.execute(steps.values(note=None))
    return unfinished


def erase_old(session: Session, ended_before: datetime, most: int) -> int:
    """Parties and couriers' words of parcels that ended so long ago; gives how many parcels."""
    query = (
        select(Party.waybill)
        .join(Shipment, Shipment.waybill == Party.waybill)
        .where(Shipment.last_event_at < ended_before, Shipment.status.in_(OVER))
        .where(or_(Party.name.isnot(None), Party.phone.isnot(None), Party.address.isnot(None)))
        .distinct()
        .limit(most)
    )
    waybills = session.execute(query).scalars().all()
    session.execute(
        update(Party.__table__).where(Party.waybill.in_(waybills)).values(**EMPTY)
    )
    session.execute(_without_text(ShipmentEvent.waybill.in_(waybills)))
    return len(waybills)
