"""Opening a case, once, or joining the unfinished one on the same matter. The caller commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.cases import moving, priority
from bot.cases.identifiers import waybill_hash
from bot.cases.models import Case
from bot.cases.moving import CUSTOMER, SYSTEM
from bot.cases.states import NEW
from bot.catalog import figure
from bot.customers.store import class_of, conversations_of
from bot.db import now as present
from bot.db import once
from bot.duework import plan
from bot.privacy import mask_text, phone_hash
from bot.settings import settings

CLOCKED = ("complaint", "claim", "after_sales", "callback")
"""Kinds with someone waiting for a result; suggestions and praise run against no clock."""

COMPLAINING = ("complaint", "claim")
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
    by: str = CUSTOMER,
    now: datetime | None = None,
) -> dict[str, object]:
    """Opens a case once per `key`, or joins the unfinished one on the same parcel and category; `by` is who wrote it.

    An A-class customer's case goes to the supervisor at once.

    `details` are facts of its kind in words for the desk. Claim: claim, declared, value, estimate, rule; after-sales:
    time, address, person.

    Gives {"number", "state", "first_check_due_at", "result_due_at", "joined"}; times as ISO text or None.
    """

    moment = now or present()

    def do() -> dict[str, object]:
        twin = _twin(session, kind, category, waybill, conversation_id, phone)
        twin = twin and moving.found(session, twin.number, locked=True)
        if twin is not None and twin.is_open:
            add(session, twin, description, files, by, moment)
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
        _start(session, case, by, moment)
        return _receipt(case, joined=False)

    return once(session, key, "open_case", do)


def _start(session: Session, case: Case, by: str, moment: datetime) -> None:
    """Numbers the case, sets its clocks, and acknowledges it: the customer is told the number in this very turn."""
    case.created_at = case.updated_at = case.clocks_from = case.state_since = moment
    case.is_open, case.signs, case.passed, case.escalation, case.reopened, case.refused = True, "", "", 0, 0, 0
    if case.kind in CLOCKED:
        case.first_check_due_at = moment + timedelta(hours=figure("first_check_hours"))
        case.result_due_at = moment + timedelta(days=figure("result_days"))
    session.add(case)
    session.flush()
    day = moment.astimezone(ZoneInfo(settings().timezone))
    # From the row's id, so that two processes never draw the same one.
    case.number = f"YD{day:%y%m%d}{case.id % 100_000:05d}"
    moving.record(session, case, "submit", by, moment, None)
    moving.weigh(session, case, _signs(session, case), SYSTEM, moment)
    moving.move(session, case, "acknowledge", SYSTEM, moment)
    plan(session, moving.ASSIGN, case.number, moment)
    session.flush()


def _signs(session: Session, case: Case) -> list[str]:
    if case.kind not in CLOCKED:
        return []
    customer_class = class_of(session, case.conversation_id, case.phone)
    signs = priority.signs_of(case.category, case.description, customer_class=customer_class)
    return [*signs, priority.REPEATED] if _is_repeated(session, case) else signs


def _is_repeated(session: Session, case: Case) -> bool:
    """Whether this customer, by phone, or parcel has complained too often lately, this case included."""
    if case.kind not in COMPLAINING:
        return False
    since = case.created_at - timedelta(days=figure("repeated_days"))
    return any(
        sum(row.kind in COMPLAINING and row.created_at > since for row in _same(session, column, case))
        >= figure("repeated_cases")
        for column in (Case.phone_hash, Case.waybill_hash)
    )


def _same(session: Session, column: Any, case: Case) -> Sequence[Any]:
    """By nothing but the hash: with more to choose from, a database without statistics reads through every case."""
    value = getattr(case, column.name)
    return session.execute(select(Case.kind, Case.created_at).where(column == value)).all() if value else []


def add(session: Session, case: Case, text: str, files: Sequence[str], actor: str, at: datetime) -> None:
    """More words and files; what was asked of the customer is answered by them."""
    case.files = [*case.files, *(file for file in files if file not in case.files)]
    moving.record(session, case, "add_detail", actor, at, case.state, note=text)
    if actor == CUSTOMER and case.state == "waiting_customer":
        moving.move(session, case, "customer_answered", CUSTOMER, at)
    if case.kind in CLOCKED:
        moving.weigh(session, case, priority.signs_of(None, text), SYSTEM, at)
        moving.replan(session, case)


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
    phone = phone and phone_hash(phone)
    chats = conversations_of(session, conversation_id) if conversation_id else []
    same = select(Case).where(Case.waybill_hash == waybill_hash(waybill)).order_by(Case.id)
    twins = [
        case
        for case in session.execute(same).scalars()
        if (case.kind, case.category) == (kind, category) and case.is_open
        and (case.conversation_id in chats or (phone and case.phone_hash == phone))
    ]  # fmt: skip
    return twins[-1] if twins else None


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
