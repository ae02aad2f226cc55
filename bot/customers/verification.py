"""What a conversation has shown it may see. Kept here, never in a slot. How often it may guess: `guessing.py`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.customers.models import Verification
from bot.db import insert


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
