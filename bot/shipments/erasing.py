"""What this room forgets of a person. The caller commits."""

from __future__ import annotations

from collections.abc import Sequence
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


def erase_parties(session: Session, parties: Sequence[tuple[str, str]], ended_before: datetime) -> None:
    """Name, phone and address of (waybill, role) on waybills that need not be kept any longer."""
    waybills = {waybill for waybill, _ in parties}
    ended = select(Shipment.waybill).where(
        Shipment.waybill.in_(waybills), Shipment.status.in_(OVER), Shipment.last_event_at < ended_before
    )
    free = set(session.execute(ended).scalars())
    own = [and_(Party.waybill == waybill, Party.role == role) for waybill, role in parties if waybill in free]
    if own:
        session.execute(update(Party.__table__).where(or_(*own)).values(**EMPTY))


def erase_requests(session: Session, conversations: Sequence[str]) -> list[str]:
    """Address, phone and words of finished requests; gives the numbers of those still under way."""
    query = select(ServiceRequest).where(ServiceRequest.conversation_id.in_(conversations))
    unfinished = []
    for request in session.execute(query.with_for_update()).scalars():
        if request.state in OPEN:
            unfinished.append(request.number)
            continue
        _erase_request(session, request)
    return unfinished


def _erase_request(session: Session, request: ServiceRequest) -> None:
    request.phone, request.details, request.conversation_id, request.reason = None, {}, "", None
    steps = update(ServiceRequestEvent.__table__).where(ServiceRequestEvent.request_id == request.id)
    session.execute(steps.values(note=None))


def erase_old(session: Session, silent_since: datetime, most: int, at: datetime) -> int:
    """People and couriers' words of parcels without a scan since then, delivered or not; gives how many parcels."""
    silent = or_(
        Shipment.last_event_at < silent_since,
        and_(Shipment.last_event_at.is_(None), Shipment.updated_at < silent_since),
    )
    query = select(Shipment.waybill).where(Shipment.erased_at.is_(None), silent).order_by(Shipment.last_event_at)
    waybills = session.execute(query.limit(most).with_for_update(skip_locked=True)).scalars().all()
    session.execute(update(Party.__table__).where(Party.waybill.in_(waybills)).values(**EMPTY))
    session.execute(_without_text(ShipmentEvent.waybill.in_(waybills)))
    session.execute(update(Shipment.__table__).where(Shipment.waybill.in_(waybills)).values(erased_at=at))
    return len(waybills)


def erase_old_requests(session: Session, finished_before: datetime, most: int) -> int:
    """Address, phone and words of requests finished so long ago; gives how many."""
    query = select(ServiceRequest).where(
        ServiceRequest.updated_at < finished_before,
        ServiceRequest.state.not_in(OPEN),
        ServiceRequest.conversation_id != "",
    )
    old = session.execute(query.limit(most).with_for_update(skip_locked=True)).scalars().all()
    for request in old:
        _erase_request(session, request)
    return len(old)
