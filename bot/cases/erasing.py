"""What this room forgets of a person: a finished case stays as a figure. The caller commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.cases.models import Case, CaseEvent, Finding, Survey
from bot.cases.moving import ASSIGN, CLOCK, NEWS
from bot.duework import call_off
from bot.privacy import phone_hash

EMPTY: dict[str, Any] = {
    "conversation_id": None, "waybill": None, "waybill_hash": None, "phone": None, "phone_hash": None,
    "contact_name": None, "description": "", "remedy": None, "files": [], "details": {},
}  # fmt: skip


def erase_cases(session: Session, ids: list[int], at: datetime) -> list[str]:
    """Everything that names or quotes somebody, of finished cases; gives the numbers of open ones, left as they are."""
    still_open = []
    for case in session.execute(select(Case).where(Case.id.in_(ids)).with_for_update()).scalars():
        if case.is_open:
            still_open.append(case.number)
        elif case.erased_at is None:
            _erase(session, case, at)
    return still_open


def erase_phone(session: Session, phone: str) -> list[str]:
    """The phone alone, in finished cases of whoever named it; gives the numbers of open ones that still need it."""
    query = select(Case).where(Case.phone_hash == phone_hash(phone)).with_for_update()
    still_open = []
    for case in session.execute(query).scalars():
        if case.is_open:
            still_open.append(case.number)
        else:
            case.phone, case.phone_hash = None, None
    return still_open


def erase_surveys(session: Session, conversations: Sequence[str]) -> None:
    """What was said of a service, and where; the scores stay as figures."""
    own = update(Survey.__table__).where(Survey.conversation_id.in_(conversations))
    session.execute(own.values(comment=None, conversation_id=None))


def erase_old(session: Session, finished_before: datetime, most: int, at: datetime) -> int:
    """Of cases finished so long ago; gives how many."""
    due = (Case.erased_at.is_(None), Case.updated_at < finished_before, Case.is_open.is_(False))
    query = select(Case).where(*due).order_by(Case.updated_at).limit(most).with_for_update(skip_locked=True)
    old = session.execute(query).scalars().all()
    for case in old:
        _erase(session, case, at)
    return len(old)


def _erase(session: Session, case: Case, at: datetime) -> None:
    case.erased_at = at
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
