"""Changes to a parcel under way, and pickups: asked for, proven, moved on, shown. The caller commits.

What is possible when, and who may ask, is data (catalog/changes.yml). Before its customer has shown who they are
(`role`), a request is only noted: the desk can refuse it but not accept it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import catalog
from bot.customers.guessing import knows_phone
from bot.customers.verification import role_for
from bot.db import now as present
from bot.db import once
from bot.duework import call_off, plan
from bot.privacy import mask_phone, mask_waybill
from bot.settings import settings
from bot.shipments.access import VERIFIED, verify_tail
from bot.shipments.errors import UnknownRequest
from bot.shipments.models import Party, ServiceRequest, ServiceRequestEvent, Shipment
from bot.shipments.request_states import OPEN, REQUESTED, after, allowed

PICKUP = "pickup"
NEWS, DUE = "request_news", "request_due"
"""Kinds of due work about a request, whose number is the subject: a step to tell, an answer that is due."""
RequestView = dict[str, Any]


def kinds() -> dict[str, dict[str, Any]]:
    """The kinds of change, as in catalog/changes.yml."""
    return dict(catalog.read("changes")["kinds"])


def obstacle(session: Session, waybill: str, kind: str) -> str | None:
    """Why this change cannot be asked for: `unknown`, or the status that stands in its way; none if it can."""
    status = session.execute(select(Shipment.status).where(Shipment.waybill == waybill)).scalar_one_or_none()
    if status is None:
        return "unknown"
    return None if status in kinds()[kind]["statuses"] else str(status)


def ask_for(
    session: Session,
    *,
    key: str,
    kind: str,
    conversation_id: str,
    language: str,
    details: dict[str, Any],
    now: datetime,
    waybill: str | None = None,
    phone: str | None = None,
    actor: str = "customer",
) -> RequestView:
    """Notes a request once per `key`. An open one of the same kind on the same parcel here takes the new details."""

    def do() -> dict[str, str]:
        request = _twin(session, conversation_id, kind, waybill)
        if request is None:
            request = ServiceRequest(
                number=uuid4().hex[:20],  # until the row has its id
                type=kind, state=REQUESTED, waybill=waybill, conversation_id=conversation_id,
                language=language, created_at=now, details={},
            )  # fmt: skip
            session.add(request)
            session.flush()
            day = now.astimezone(ZoneInfo(settings().timezone))
            request.number = f"FW{day:%y%m%d}{request.id % 100_000:05d}"
        request.details, request.phone = details, phone or request.phone
        request.updated_at = now
        _record(session, request, "ask", None, actor, now)
        _prove_as_known(session, request, now)
        session.flush()
        return {"number": request.number}

    return get(session, once(session, key, f"request:{kind}", do)["number"])


def _twin(session: Session, conversation_id: str, kind: str, waybill: str | None) -> ServiceRequest | None:
    if waybill is None:
        return None
    query = select(ServiceRequest).where(
        ServiceRequest.conversation_id == conversation_id, ServiceRequest.waybill == waybill,
        ServiceRequest.type == kind, ServiceRequest.state == REQUESTED,
    )  # fmt: skip
    newest = session.execute(query.order_by(ServiceRequest.id.desc()).limit(1)).scalar_one_or_none()
    return newest if newest is not None and not _lapsed(newest, present()) else None


def _prove_as_known(session: Session, request: ServiceRequest, now: datetime) -> None:
    """A pickup needs no proof: the courier meets the sender. Digits given earlier here count for low-risk changes."""
    if request.type == PICKUP:
        _proven(session, request, "sender", now)
    elif kinds()[request.type]["proof"] == "tail":
        role = role_for(session, request.conversation_id, request.waybill)
        if role and role in kinds()[request.type]["roles"]:
            _proven(session, request, role, now)


def prove(session: Session, number: str, role: str, now: datetime) -> str:
    """The customer has shown to be `role` of the parcel: `verified`, `wrong_role` (it may not ask) or `lapsed`."""
    request = _locked(session, number)
    if _lapsed(request, now):
        return "lapsed"
    if role not in kinds()[request.type]["roles"]:
        return "wrong_role"
    if request.role is None:
        _proven(session, request, role, now)
    return "verified"


def proof_hours() -> int:
    """How long a request waits for its proof."""
    return int(catalog.read("changes")["proof_within_hours"])


def _lapsed(request: ServiceRequest, now: datetime) -> bool:
    waits = request.role is None and request.state == REQUESTED
    return waits and bool(now - request.created_at > timedelta(hours=proof_hours()))


def _proven(session: Session, request: ServiceRequest, role: str, now: datetime) -> None:
    request.role = role
    hours = catalog.read("changes")["kinds"].get(request.type, {}).get("answer_hours")
    request.due_at = catalog.outlets_open_for(hours, now) if hours else None
    if request.due_at:
        plan(session, DUE, request.number, request.due_at)
    _record(session, request, "prove", request.state, "customer", now)


def phone_on_record(session: Session, number: str) -> tuple[str, str] | None:
    """(role, phone) that a one-time code for this request goes to: the first allowed role whose whole phone we hold."""
    request = _found(session, number)
    query = select(Party.role, Party.phone).where(Party.waybill == request.waybill, Party.phone_hash.is_not(None))
    phones = {role: phone for role, phone in session.execute(query)}
    return next(((role, phones[role]) for role in kinds()[request.type]["roles"] if role in phones), None)


def reschedule_pickup(session: Session, number: str, time: dict[str, str], *, key: str, now: datetime) -> RequestView:
    """Another time for a pickup that has not happened, once per `key`."""

    def do() -> dict[str, str]:
        request = _locked(session, number)
        after(request.state, "cancel", proven=True)  # still open
        request.details = {**request.details, "time": time}
        request.updated_at = now
        _record(session, request, "change", request.state, "customer", now)
        return {"number": number}

    return get(session, once(session, key, "reschedule_pickup", do)["number"])


def cancel(session: Session, number: str, *, key: str, now: datetime) -> RequestView:
    """The customer takes a request back, once per `key`. Raises StepNotAllowed when it is over."""

    def do() -> dict[str, str]:
        step(session, number, "cancel", actor="customer", now=now)
        return {"number": number}

    return get(session, once(session, key, "cancel_request", do)["number"])


def step(
    session: Session,
    number: str,
    name: str,
    *,
    actor: str,
    now: datetime,
    note: str | None = None,
    waybill: str | None = None,
) -> RequestView:
    """Moves a request on and records who did it; `waybill` is the number that a pickup was given.

    Raises UnknownRequest, StepNotAllowed.
    """
    request = _locked(session, number)
    before = request.state
    request.state = after(before, name, proven=request.role is not None)
    request.reason = note if name == "refuse" else request.reason
    request.waybill = waybill if waybill and request.type == PICKUP else request.waybill
    request.updated_at = now
    _record(session, request, name, before, actor, now, note)
    if request.state not in OPEN:
        call_off(session, DUE, number)
    if actor != "customer":
        plan(session, NEWS, number, now)
    session.flush()
    return _view(request)


def get(session: Session, number: str) -> RequestView:
    """A request as its own customer may see it. Raises UnknownRequest."""
    return _view(_found(session, number))


def of_conversation(session: Session, conversation_id: str, *, unfinished: bool = False) -> list[RequestView]:
    """Requests of a conversation, newest first."""
    query = select(ServiceRequest).where(ServiceRequest.conversation_id == conversation_id)
    if unfinished:
        query = query.where(ServiceRequest.state.in_(OPEN))
    return [_view(request) for request in session.execute(query.order_by(ServiceRequest.id.desc()).limit(20)).scalars()]


def open_here(session: Session, conversation_id: str) -> list[RequestView]:
    """Requests of a conversation that can still be taken back, newest first."""
    return [view for view in of_conversation(session, conversation_id, unfinished=True) if is_open(view)]


def is_open(view: RequestView) -> bool:
    """Neither finished nor lapsed: it can still be taken back."""
    return view["state"] in OPEN and not view["lapsed"]


def is_request(number: str) -> bool:
    """Whether a number is one of ours for requests, and not a case's."""
    return number.startswith("FW")


def is_own(session: Session, number: str, conversation_id: str) -> bool:
    """Whether the request was made in this conversation."""
    query = select(ServiceRequest.conversation_id).where(ServiceRequest.number == number)
    return bool(session.execute(query).scalar_one_or_none() == conversation_id)


def progress(
    session: Session, number: str, conversation_id: str, digits: str, *, key: str, now: datetime
) -> RequestView | None:
    """A request for whoever knows the last four digits of a phone on its parcel, or of the one a pickup was given.

    None alike for an unknown number, wrong digits, and too much guessing (catalog/guessing.yml).
    """
    request = session.execute(select(ServiceRequest).where(ServiceRequest.number == number)).scalar_one_or_none()
    if request is not None and request.waybill is None:
        known = knows_phone(session, request.phone, f"request:{number}", conversation_id, digits, now)
    else:
        parcel = request.waybill if request is not None else number
        known = verify_tail(session, conversation_id, parcel, digits, key=key, now=now) == VERIFIED
    return _view(request) if request is not None and known else None


def open_pickup(session: Session, conversation_id: str) -> RequestView | None:
    """The newest pickup of this conversation that has not happened yet."""
    made = of_conversation(session, conversation_id, unfinished=True)
    return next((view for view in made if view["type"] == PICKUP), None)


def listed(session: Session, *, state: str | None, after_id: int | None, limit: int) -> list[dict[str, Any]]:
    """Requests for the desk, newest first, waybill and phone masked; `state` none means the open ones."""
    states = (state,) if state else OPEN
    query = select(ServiceRequest).where(ServiceRequest.state.in_(states)).order_by(ServiceRequest.id.desc())
    query = query.where(ServiceRequest.id < after_id) if after_id else query
    return [_row(request) for request in session.execute(query.limit(limit)).scalars()]


def for_desk(session: Session, number: str) -> dict[str, Any]:
    """A request with everything an agent needs to do it, its steps included. Raises UnknownRequest."""
    request = _found(session, number)
    query = select(ServiceRequestEvent).where(ServiceRequestEvent.request_id == request.id)
    events = session.execute(query.order_by(ServiceRequestEvent.id)).scalars()
    return {
        **_view(request),
        "conversation_id": request.conversation_id,
        "role": request.role,
        "allowed": allowed(request.state, proven=request.role is not None),
        "events": [
            {"at": event.at.isoformat(), "actor": event.actor, "step": event.step, "to": event.to_state,
             "note": event.note}
            for event in events
        ],
    }


def _row(request: ServiceRequest) -> dict[str, Any]:
    """As a line of the desk's list: no details, numbers masked."""
    shown = {name: value for name, value in _view(request).items() if name not in ("details", "reason")}
    masks = {
        "waybill": mask_waybill(request.waybill) if request.waybill else None,
        "phone": mask_phone(request.phone) if request.phone else None,
    }
    return {"id": request.id, **shown, **masks}


def _view(request: ServiceRequest) -> RequestView:
    """{"number", "type", "state", "proven", "lapsed", "reason", "waybill", "phone", "details", "due_at", "created_at"}

    Times are ISO UTC; `details` by type: address, person, time, place, consent, item, weight.
    """
    return {
        "number": request.number,
        "type": request.type,
        "state": request.state,
        "proven": request.role is not None,
        "lapsed": _lapsed(request, present()),
        "reason": request.reason,
        "waybill": request.waybill,
        "phone": request.phone,
        "details": request.details,
        "due_at": request.due_at.isoformat() if request.due_at else None,
        "created_at": request.created_at.isoformat(),
    }


def _found(session: Session, number: str) -> ServiceRequest:
    request = session.execute(select(ServiceRequest).where(ServiceRequest.number == number)).scalar_one_or_none()
    if request is None:
        raise UnknownRequest(number)
    return request


def _locked(session: Session, number: str) -> ServiceRequest:
    query = select(ServiceRequest).where(ServiceRequest.number == number).with_for_update()
    request = session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    if request is None:
        raise UnknownRequest(number)
    return request


def _record(
    session: Session, request: ServiceRequest, name: str, before: str | None, actor: str, at: datetime,
    note: str | None = None,
) -> None:  # fmt: skip
    session.add(
        ServiceRequestEvent(
            request_id=request.id, at=at, actor=actor, step=name, from_state=before, to_state=request.state, note=note
        )
    )
