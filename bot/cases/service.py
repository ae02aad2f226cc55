"""Opening cases, moving them on, and adding to them. Functions take the caller's session and do not commit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.cases.errors import TooLate, UnknownCase
from bot.cases.identifiers import waybill_hash
from bot.cases.models import Case, CaseEvent
from bot.cases.states import NEW, UNFINISHED, after
from bot.cases.views import CaseView, cases_of_conversation, full_view, is_own, list_cases, progress
from bot.catalog import figure
from bot.db import now as present
from bot.db import once
from bot.privacy import mask_text, phone_hash
from bot.settings import settings

__all__ = [
    "accept", "add_detail", "cases_of_conversation", "get", "is_own", "list_cases", "open_case", "progress", "proposal",
    "reject", "reopen", "transition", "unfinished_on", "withdraw",
]  # fmt: skip

CLOCKED = ("complaint", "claim", "after_sales", "callback")
"""Kinds with someone waiting for a result; suggestions and praise run against no clock."""

SUMMARY_LENGTH = 120


def open_case(
    session: Session,
    *,
    key: str,
    kind: str,
    category: str | None,
    description: str,
    language: str,
    conversation_id: str | None = None,
    waybill: str | None = None,
    phone: str | None = None,
    contact_name: str | None = None,
    remedy: str | None = None,
    files: Sequence[str] = (),
    details: dict[str, Any] | None = None,
    area: str | None = None,
    now: datetime | None = None,
) -> dict[str, object]:
    """Opens a case once per `key`, or joins the unfinished one on the same parcel and category.

    `details` are facts of its kind in words for the desk. Claim: claim, declared, value, estimate, rule; after-sales:
    time, address, person.

    Gives {"number", "state", "first_check_due_at", "result_due_at", "joined"}; times as ISO text or None.
    """

    def do() -> dict[str, object]:
        twin = _twin(session, kind, category, waybill, conversation_id, phone)
        if twin is not None:
            _add(session, twin, description, files, "customer")
            return _receipt(twin, joined=True)
        case = Case(
            number=uuid4().hex[:20],  # until the row has its id
            kind=kind,
            category=category,
            state=NEW,
            language=language,
            conversation_id=conversation_id,
            waybill=waybill,
            waybill_hash=waybill_hash(waybill) if waybill else None,
            phone=phone,
            phone_hash=phone_hash(phone) if phone else None,
            contact_name=contact_name,
            description=description,
            remedy=remedy,
            files=list(files),
            details=details or {},
            area=area,
            summary=_summary(category or kind, description),
        )
        _start(session, case, now or present())
        return _receipt(case, joined=False)

    return once(session, key, "open_case", do)


def _start(session: Session, case: Case, moment: datetime) -> None:
    """Numbers the case, sets its clocks, and acknowledges it: the customer is told the number in this very turn."""
    case.created_at = case.updated_at = moment
    if case.kind in CLOCKED:
        case.first_check_due_at = moment + timedelta(hours=figure("first_check_hours"))
        case.result_due_at = moment + timedelta(days=figure("result_days"))
    session.add(case)
    session.flush()
    day = moment.astimezone(ZoneInfo(settings().timezone))
    # From the row's id, so that two processes never draw the same one.
    case.number = f"YD{day:%y%m%d}{case.id % 100_000:05d}"
    _record(session, case, "submit", None, NEW, "customer")
    _move(session, case, "acknowledge", "system")
    session.flush()


def _twin(
    session: Session,
    kind: str,
    category: str | None,
    waybill: str | None,
    conversation_id: str | None,
    phone: str | None,
) -> Case | None:
    """The unfinished case on the same matter, told in the same conversation or with the same phone."""
    if not waybill:
        return None
    same_customer = (Case.conversation_id == conversation_id) & Case.conversation_id.is_not(None)
    if phone:
        same_customer |= Case.phone_hash == phone_hash(phone)
    query = (
        select(Case)
        .where(
            Case.kind == kind,
            Case.category == category,
            Case.waybill_hash == waybill_hash(waybill),
            Case.state.in_(UNFINISHED),
            same_customer,
        )
        .order_by(Case.id.desc())
        .limit(1)
    )
    return session.execute(query).scalar_one_or_none()


def unfinished_on(session: Session, conversation_id: str, category: str, waybill: str) -> str | None:
    """The number of this conversation's unfinished complaint on the same parcel and category."""
    twin = _twin(session, "complaint", category, waybill, conversation_id, None)
    return twin.number if twin else None


def _receipt(case: Case, *, joined: bool) -> dict[str, object]:
    return {
        "number": case.number,
        "state": case.state,
        "first_check_due_at": case.first_check_due_at and case.first_check_due_at.isoformat(),
        "result_due_at": case.result_due_at and case.result_due_at.isoformat(),
        "joined": joined,
    }


def _summary(subject: str, description: str) -> str:
    return f"{subject}: {mask_text(' '.join(description.split()))}"[:SUMMARY_LENGTH]


def transition(session: Session, number: str, name: str, *, actor: str, note: str | None = None) -> CaseView:
    """Moves a case on and records who did it. Raises UnknownCase, NotAllowed."""
    case = _locked(session, number)
    _move(session, case, name, actor, note)
    session.flush()
    return full_view(session, case)


def get(session: Session, number: str) -> CaseView:
    """A case with everything an agent may see. Raises UnknownCase."""
    return full_view(session, _found(session, number))


def add_detail(
    session: Session, number: str, text: str, files: Sequence[str] = (), actor: str = "customer", *, key: str
) -> CaseView:
    """Adds words and photos to a case, once per `key`. Raises UnknownCase."""

    def do() -> dict[str, str]:
        _add(session, _locked(session, number), text, files, actor)
        return {"number": number}

    return get(session, once(session, key, "add_detail", do)["number"])


def withdraw(session: Session, number: str, *, key: str) -> CaseView:
    """The customer takes a case back, once per `key`. Raises UnknownCase, NotAllowed when it is finished."""

    def do() -> dict[str, str]:
        _move(session, _locked(session, number), "withdraw", "customer")
        return {"number": number}

    return get(session, once(session, key, "withdraw", do)["number"])


def accept(session: Session, number: str, *, key: str) -> CaseView:
    """The customer takes the proposed solution, once per `key`. Raises UnknownCase, NotAllowed."""
    return _decide(session, number, "accept", None, key)


def reject(session: Session, number: str, reason: str | None, *, key: str) -> CaseView:
    """The customer does not take it: it is looked into again, once per `key`. Raises UnknownCase, NotAllowed."""
    return _decide(session, number, "refuse", reason, key)


def reopen(session: Session, number: str, reason: str | None, *, key: str, now: datetime) -> CaseView:
    """The customer is not done with a finished case, once per `key`. Raises UnknownCase, NotAllowed, TooLate."""
    case = _found(session, number)
    days = figure("reopen_days")
    if now - case.updated_at > timedelta(days=days):
        raise TooLate(days)
    return _decide(session, number, "reopen", reason, key)


def _decide(session: Session, number: str, name: str, reason: str | None, key: str) -> CaseView:
    def do() -> dict[str, str]:
        _move(session, _locked(session, number), name, "customer", reason)
        return {"number": number}

    return get(session, once(session, key, name, do)["number"])


def proposal(session: Session, number: str) -> str | None:
    """What was proposed to the customer last, while it waits for an answer."""
    query = (
        select(CaseEvent.note)
        .join(Case, Case.id == CaseEvent.case_id)
        .where(Case.number == number, Case.state == "proposed", CaseEvent.transition == "propose")
        .order_by(CaseEvent.id.desc())
        .limit(1)
    )
    return session.execute(query).scalar_one_or_none()


def _found(session: Session, number: str) -> Case:
    case = session.execute(select(Case).where(Case.number == number)).scalar_one_or_none()
    if case is None:
        raise UnknownCase(number)
    return case


def _locked(session: Session, number: str) -> Case:
    query = select(Case).where(Case.number == number).with_for_update()
    case = session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    if case is None:
        raise UnknownCase(number)
    return case


def _move(session: Session, case: Case, name: str, actor: str, note: str | None = None) -> None:
    before = case.state
    case.state = after(before, case.kind, name)
    case.reopened += name == "reopen"
    _record(session, case, name, before, case.state, actor, note)


def _add(session: Session, case: Case, text: str, files: Sequence[str], actor: str) -> None:
    case.files = [*case.files, *(file for file in files if file not in case.files)]
    _record(session, case, "add_detail", case.state, case.state, actor, text)


def _record(
    session: Session, case: Case, name: str, before: str | None, state: str, actor: str, note: str | None = None
) -> None:
    case.updated_at = present()
    session.add(
        CaseEvent(case_id=case.id, actor=actor, transition=name, from_state=before, to_state=state, note=note)
    )
