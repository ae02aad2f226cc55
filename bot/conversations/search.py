"""Finding chats by number, waybill, phone, or words of the masked summary of what was handed over."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, or_, select, union
from sqlalchemy.orm import Session

from bot.cases.identifiers import compact
from bot.cases.models import Case
from bot.cases.search import holds, is_identifier, matches
from bot.conversations.models import Conversation, Handoff
from bot.customers.models import Customer, Identity, Verification
from bot.privacy import phone_hash
from bot.shipments.models import ServiceRequest
from bot.shipments.waybill import normalise

PACKETS_READ = 500
"""The newest packets are looked through for a waybill: they are ciphertext, which no index finds."""
FIELDS = ("id", "channel", "language", "owner", "agent")


def find(session: Session, q: str, limit: int) -> list[dict[str, Any]]:
    """Chats, the last spoken in first: {"id", "channel", "language", "owner", "agent", "reason", "summary", "outcome",
    "at"}; `summary` is masked, and of the latest handoff as are `reason` and `outcome`.

    `q` is the number of a case or request, a whole waybill, a whole phone number, or words of a summary.
    """
    found = _by_number(session, q) if is_identifier(q) else _by_words(session, q, limit)
    latest = (
        select(func.max(Handoff.id)).where(Handoff.conversation_id == Conversation.id).correlate(Conversation)
    ).scalar_subquery()
    query = (
        select(Conversation, Handoff.reason, Handoff.summary, Handoff.outcome)
        .outerjoin(Handoff, Handoff.id == latest)
        .where(Conversation.id.in_(found))
        .order_by(Conversation.last_message_at.desc())
        .limit(limit)
    )
    return [
        {
            **{name: getattr(chat, name) for name in FIELDS},
            "reason": reason, "summary": summary or "", "outcome": outcome, "at": chat.last_message_at.isoformat(),
        }
        for chat, reason, summary, outcome in session.execute(query)
    ]  # fmt: skip


def _by_number(session: Session, q: str) -> Any:
    """Where the parcel was shown or passed on, a case told, a change asked for, and all chats of a phone's customer."""
    waybill = normalise(q)
    of_phone = select(Customer.id).where(Customer.phone_hash == phone_hash(q)).scalar_subquery()
    asked = or_(ServiceRequest.number == compact(q), ServiceRequest.waybill == waybill)
    return union(
        select(Verification.conversation_id).where(Verification.waybill == waybill),
        select(Conversation.id).where(Conversation.id.in_(_passed_on(session, waybill))),
        select(Case.conversation_id).where(matches(session, q), Case.conversation_id.is_not(None)),
        select(ServiceRequest.conversation_id).where(asked),
        select(Identity.conversation_id).where(Identity.customer_id == of_phone),
    )


def _passed_on(session: Session, waybill: str) -> set[str]:
    """Chats that were passed on lately with this parcel."""
    newest = select(Handoff.conversation_id, Handoff.packet).order_by(Handoff.id.desc()).limit(PACKETS_READ)
    rows = session.execute(newest).all()
    return {chat for chat, packet in rows if waybill in (one.get("waybill") for one in packet.get("shipments", ()))}


def _by_words(session: Session, q: str, limit: int) -> Any:
    newest = select(Handoff.conversation_id, Handoff.id).where(holds(session, Handoff, q))
    return select(newest.order_by(Handoff.id.desc()).limit(limit).subquery().c.conversation_id)
