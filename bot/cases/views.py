"""Cases as others see them: the desk's page and list, and the customer's own progress."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from bot.cases.identifiers import compact, waybill_hash
from bot.cases.models import Case, CaseEvent
from bot.cases.states import UNFINISHED, allowed
from bot.db import now
from bot.privacy import phone_digits, phone_hash

CaseView = dict[str, Any]
"""JSON-ready: times as ISO text."""

LISTED = (
    "number", "kind", "category", "state", "escalation", "reopened", "language", "summary", "assignee",
    "created_at", "first_check_due_at", "result_due_at", "updated_at",
)  # fmt: skip
PRIVATE = ("conversation_id", "waybill", "phone", "contact_name", "description", "remedy", "details", "files")

WRONG_TAIL = "wrong_tail"
MAX_WRONG_TAILS = 5
WRONG_TAILS_COUNT_FOR = timedelta(hours=1)


def full_view(session: Session, case: Case) -> CaseView:
    """Everything an agent may see, with the history and the transitions that are allowed now."""
    query = select(CaseEvent).where(CaseEvent.case_id == case.id).order_by(CaseEvent.id)
    events = session.execute(query).scalars().all()
    return {
        **{field: _plain(getattr(case, field)) for field in (*LISTED, *PRIVATE)},
        "allowed": allowed(case.state, case.kind),
        "events": [_event(event) for event in events],
    }


def _event(event: CaseEvent) -> dict[str, Any]:
    fields = ("at", "actor", "transition", "from_state", "to_state", "note")
    return {field: _plain(getattr(event, field)) for field in fields}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def list_cases(
    session: Session,
    *,
    kind: str | None = None,
    state: str | None = None,
    q: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> list[CaseView]:
    """A page of cases, newest first, in one query; `after` is the number the last page ended with.

    `q` is a case number, a whole waybill, a whole phone number, or words of the masked summary.
    """
    query = select(*(getattr(Case, field) for field in LISTED)).order_by(Case.id.desc()).limit(limit)
    if kind:
        query = query.where(Case.kind == kind)
    if state:
        query = query.where(Case.state == state)
    if q and q.strip():
        query = query.where(_matches(q.strip()))
    if after:
        query = query.where(Case.id < select(Case.id).where(Case.number == after).scalar_subquery())
    return [{field: _plain(row[field]) for field in LISTED} for row in session.execute(query).mappings()]


def _matches(q: str) -> Any:
    return or_(
        Case.number == compact(q),
        Case.waybill_hash == waybill_hash(q),
        Case.phone_hash == phone_hash(q),
        func.lower(Case.summary).contains(q.lower(), autoescape=True),
    )


def cases_of_conversation(session: Session, conversation_id: str, *, unfinished: bool = False) -> list[CaseView]:
    """What the customer told in this conversation, newest first, as list entries."""
    query = select(*(getattr(Case, field) for field in LISTED)).where(Case.conversation_id == conversation_id)
    if unfinished:
        query = query.where(Case.state.in_(UNFINISHED))
    rows = session.execute(query.order_by(Case.id.desc())).mappings()
    return [{field: _plain(row[field]) for field in LISTED} for row in rows]


def is_own(session: Session, number: str, conversation_id: str) -> bool:
    """Whether the case was told in this conversation."""
    query = select(Case.id).where(Case.number == number, Case.conversation_id == conversation_id)
    return session.execute(query).first() is not None


def progress(
    session: Session, number: str, conversation_id: str, phone_tail: str | None = None
) -> CaseView | None:
    """The list entry of a case for the customer who told it here or knows the last four digits of its phone.

    None alike for an unknown number, wrong digits, and too many wrong tries within WRONG_TAILS_COUNT_FOR.
    """
    case = session.execute(select(Case).where(Case.number == number)).scalar_one_or_none()
    if case is None or not (case.conversation_id == conversation_id or _knows_phone(session, case, phone_tail)):
        return None
    return {field: _plain(getattr(case, field)) for field in LISTED}


def _knows_phone(session: Session, case: Case, tail: str | None) -> bool:
    if not tail or not case.phone or _wrong_tails(session, case) >= MAX_WRONG_TAILS:
        return False
    if hmac.compare_digest(phone_digits(case.phone)[-4:].encode(), tail.encode()):
        return True
    session.add(
        CaseEvent(
            case_id=case.id, actor="customer", transition=WRONG_TAIL, from_state=case.state, to_state=case.state
        )
    )
    return False


def _wrong_tails(session: Session, case: Case) -> int:
    query = select(func.count()).where(
        CaseEvent.case_id == case.id,
        CaseEvent.transition == WRONG_TAIL,
        CaseEvent.at > now() - WRONG_TAILS_COUNT_FOR,
    )
    return session.execute(query).scalar_one()
