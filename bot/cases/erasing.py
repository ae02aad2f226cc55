"""What this room forgets of a person: a finished case stays as a figure. The caller commits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from bot.cases.models import Case, CaseEvent, Finding, Survey
from bot.cases.moving import ASSIGN, CLOCK, NEWS
from bot.duework import call_off

EMPTY: dict[str, Any] = {
    "conversation_id": None, "waybill": None, "waybill_hash": None, "phone": None, "phone_hash": None,
    "contact_name": None, "description": "", "remedy": None, "files": [], "details": {},
}  # fmt: skip


def erase_cases(session: Session, ids: list[int]) -> list[str]:
    """Everything that names or quotes somebody, of finished cases; gives the numbers of open ones, left as they are."""
    still_open = []
    for case in session.execute(select(Case).where(Case.id.in_(ids)).with_for_update()).scalars():
        if case.is_open:
            still_open.append(case.number)
        else:
            _erase(session, case)
    return still_open


def erase_old(session: Session, finished_before: datetime, most: int) -> int:
    """Of cases finished so long ago; gives how many."""
    query = select(Case).where(Case.updated_at < finished_before, Case.is_open.is_(False), Case.description != "")
    named = or_(Case.phone.isnot(None), Case.conversation_id.isnot(None), Case.contact_name.isnot(None))
    old = session.execute(query.where(named).limit(most).with_for_update(skip_locked=True)).scalars().all()
    for case in old:
        _erase(session, case)
    return len(old)


def _erase(session: Session, case: Case) -> None:
    for name, value in EMPTY.items():
        setattr(case, name, value)
    case.summary = case.category or case.kind
    for table, empty in (
        (CaseEvent, {"note": None, "message": None, "to_tell": False}),
        (Finding, {"remedy": "", "prevention": ""}),
        (Survey, {"comment": None, "conversation_id": None}),
    ):
        own = update(table.__table__).where(table.case_id == case.id).values(**empty)
        session.execute(own)
    for kind in (CLOCK, NEWS, ASSIGN):
        call_off(session, kind, case.number)
