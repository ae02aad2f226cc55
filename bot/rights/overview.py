"""What we hold on a person: a few figures for the chat, everything in plain for the export."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.cases.models import Case, CaseEvent
from bot.conversations.models import Message, StoredFile
from bot.customers import store, subscriptions
from bot.customers.models import Customer
from bot.privacy import mask_name, mask_phone
from bot.rights.scope import Scope, scope
from bot.shipments.models import Party, ServiceRequest, Shipment, ShipmentEvent


def overview(session: Session, phone: str) -> dict[str, Any]:
    """{"phone", "name" (masked), "parcels", "cases", "open_cases", "requests", "chats", "files", "notices"}."""
    own = scope(session, phone)
    customer = session.get(Customer, own.customer_id) if own.customer_id else None
    still_open = select(func.count()).where(Case.id.in_(own.cases), Case.is_open)
    files = select(func.count()).where(StoredFile.conversation_id.in_(own.conversations))
    watched = [waybill for chat in own.conversations for waybill in subscriptions.subscribed(session, chat)]
    return {
        "phone": mask_phone(phone),
        "name": mask_name(customer.name or "") if customer else "",
        "parcels": len(own.waybills),
        "cases": len(own.cases),
        "open_cases": session.execute(still_open).scalar_one(),
        "requests": len(own.requests),
        "chats": len(own.conversations),
        "files": session.execute(files).scalar_one(),
        "notices": len(watched),
    }


def everything(session: Session, phone: str, now: datetime) -> dict[str, Any]:
    """All of it, JSON-ready, times as ISO text: what Art. 45 of 个人信息保护法 calls a copy."""
    own = scope(session, phone)
    return {
        "made_at": now.isoformat(),
        "customer": _customer(session, own),
        "parcels": [_parcel(session, waybill, role) for waybill, role in own.parties],
        "cases": [_case(session, case_id) for case_id in own.cases],
        "requests": [_request(session.get(ServiceRequest, request_id)) for request_id in own.requests],
        "chats": [_chat(session, conversation_id) for conversation_id in own.conversations],
    }


def _customer(session: Session, own: Scope) -> dict[str, Any]:
    customer = session.get(Customer, own.customer_id) if own.customer_id else None
    if customer is None:
        return {"phone": own.phone}
    return {
        "phone": customer.phone,
        "name": customer.name,
        "class": customer.customer_class,
        "since": customer.created_at.isoformat(),
        "consents": store.consents(session, customer.id),
    }


def _parcel(session: Session, waybill: str, role: str) -> dict[str, Any]:
    shipment, party = session.get(Shipment, waybill), session.get(Party, (waybill, role))
    scans = select(ShipmentEvent).where(ShipmentEvent.waybill == waybill).order_by(ShipmentEvent.at)
    return {
        "waybill": waybill,
        "role": role,
        "name": party.name,
        "phone": party.phone,
        "address": party.address,
        "status": shipment.status,
        "scans": [_said(scan.at, scan.city, scan.text) for scan in session.execute(scans).scalars()],
    }


_CASE = (
    "number", "kind", "category", "state", "waybill", "phone", "contact_name", "description", "remedy", "details",
)  # fmt: skip


def _case(session: Session, case_id: int) -> dict[str, Any]:
    case = session.get(Case, case_id)
    told = select(CaseEvent).where(CaseEvent.case_id == case_id, CaseEvent.message.isnot(None)).order_by(CaseEvent.id)
    answers = [_said(event.at, event.transition, event.message) for event in session.execute(told).scalars()]
    given = {field: getattr(case, field) for field in _CASE}
    return {**given, "created_at": case.created_at.isoformat(), "answers": answers}


def _request(request: ServiceRequest) -> dict[str, Any]:
    fields = ("number", "type", "state", "waybill", "phone", "details")
    return {**{field: getattr(request, field) for field in fields}, "created_at": request.created_at.isoformat()}


def _chat(session: Session, conversation_id: str) -> dict[str, Any]:
    said = select(Message).where(Message.conversation_id == conversation_id).order_by(Message.seq)
    files = select(StoredFile.name).where(StoredFile.conversation_id == conversation_id)
    return {
        "messages": [_said(line.at, line.sender, line.text) for line in session.execute(said).scalars()],
        "files": list(session.execute(files).scalars()),
    }


def _said(at: datetime, by: str | None, text: str) -> dict[str, Any]:
    return {"at": at.isoformat(), "by": by, "text": text}
