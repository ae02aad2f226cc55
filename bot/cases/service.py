"""Opening cases, moving them on, and adding to them. Functions take the caller's session and do not commit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.cases import moving, priority
from bot.cases.errors import BadMerge
from bot.cases.models import Case, CaseEvent
from bot.cases.moving import CUSTOMER, found, move
from bot.cases.opening import CLOCKED, add, open_case, unfinished_on
from bot.cases.views import CaseView, cases_of_conversation, full_view, is_own, list_cases, progress
from bot.db import now as present
from bot.db import once

__all__ = [
    "CLOCKED", "accept", "add_detail", "assign", "cases_of_conversation", "get", "is_own", "list_cases", "mark",
    "merge", "open_case", "progress", "proposal", "reject", "reopen", "transition", "unfinished_on", "withdraw",
]  # fmt: skip

ABSORB, ASSIGNED = "absorb", "assign"
"""Names of audit lines, beside those of transitions."""


def transition(
    session: Session, number: str, name: str, *, actor: str, note: str | None = None, message: str | None = None,
    now: datetime | None = None,
) -> CaseView:  # fmt: skip
    """Moves a case on and records who did it; `note` is for the desk, `message` is told to the customer.

    Raises UnknownCase, NotAllowed, TooLate.
    """
    case = found(session, number, locked=True)
    move(session, case, name, actor, now or present(), note, message)
    session.flush()
    return full_view(session, case)


def get(session: Session, number: str) -> CaseView:
    """A case with everything an agent may see. Raises UnknownCase."""
    return full_view(session, found(session, number))


def add_detail(
    session: Session, number: str, text: str, files: Sequence[str] = (), actor: str = CUSTOMER, *, key: str,
    now: datetime | None = None,
) -> CaseView:  # fmt: skip
    """Adds words and photos to a case, once per `key`. Raises UnknownCase."""

    def do() -> dict[str, str]:
        add(session, found(session, number, locked=True), text, files, actor, now or present())
        return {"number": number}

    return get(session, once(session, key, "add_detail", do)["number"])


def withdraw(session: Session, number: str, *, key: str, now: datetime | None = None) -> CaseView:
    """The customer takes a case back, once per `key`. Raises UnknownCase, NotAllowed when it is finished."""
    return _decide(session, number, "withdraw", None, key, now)


def accept(session: Session, number: str, *, key: str, now: datetime | None = None) -> CaseView:
    """The customer takes the proposed solution, once per `key`. Raises UnknownCase, NotAllowed."""
    return _decide(session, number, "accept", None, key, now)


def reject(session: Session, number: str, reason: str | None, *, key: str, now: datetime | None = None) -> CaseView:
    """The customer does not take it: it is looked into again, once per `key`. Raises UnknownCase, NotAllowed."""
    return _decide(session, number, "refuse", reason, key, now)


def reopen(session: Session, number: str, reason: str | None, *, key: str, now: datetime) -> CaseView:
    """The customer is not done with a finished case, once per `key`. Raises UnknownCase, NotAllowed, TooLate."""
    return _decide(session, number, "reopen", reason, key, now)


def _decide(
    session: Session, number: str, name: str, reason: str | None, key: str, now: datetime | None
) -> CaseView:
    def do() -> dict[str, str]:
        move(session, found(session, number, locked=True), name, CUSTOMER, now or present(), reason)
        return {"number": number}

    return get(session, once(session, key, name, do)["number"])


def merge(
    session: Session, number: str, into: str, *, actor: str, note: str | None = None, now: datetime | None = None
) -> CaseView:
    """Ends a case in favour of another one of the same customer. Raises UnknownCase, NotAllowed, BadMerge."""
    at = now or present()
    # In one order for everybody, so that two merges cannot lock each other.
    cases = {name: found(session, name, locked=True) for name in sorted({number, into})}
    case, other = cases[number], cases[into]
    if case is other or not other.is_open:
        raise BadMerge(f"{number} cannot be merged into {into}: it is the same or is finished")
    if not _share_customer(case, other):
        raise BadMerge(f"{number} and {into} share neither phone nor waybill nor conversation")
    move(session, case, "merge", actor, at, note)
    case.merged_into = into
    other.files = [*other.files, *(file for file in case.files if file not in other.files)]
    moving.record(session, other, ABSORB, actor, at, other.state, note=number)
    session.flush()
    return full_view(session, case)


def _share_customer(case: Case, other: Case) -> bool:
    """The customer is told the other's number, so it must be a case of theirs."""
    columns = ("phone_hash", "waybill_hash", "conversation_id")
    return any(getattr(case, name) and getattr(case, name) == getattr(other, name) for name in columns)


def assign(session: Session, number: str, to: str | None, *, actor: str, now: datetime | None = None) -> CaseView:
    """Gives the case to an agent of the desk, or to nobody. Raises UnknownCase."""
    case = found(session, number, locked=True)
    if case.assignee != to:
        case.assignee = to
        moving.record(session, case, ASSIGNED, actor, now or present(), case.state, note=to)
    session.flush()
    return full_view(session, case)


def mark(session: Session, number: str, sign: str, *, actor: str, now: datetime | None = None) -> CaseView:
    """Adds a sign of catalog/sla.yml that somebody saw. Raises UnknownCase; KeyError for an unknown sign."""
    case = found(session, number, locked=True)
    priority.known_signs()[sign]
    moving.weigh(session, case, [sign], actor, now or present())
    moving.replan(session, case)
    session.flush()
    return full_view(session, case)


def proposal(session: Session, number: str) -> str | None:
    """What was proposed to the customer last, while it waits for an answer."""
    query = (
        select(func.coalesce(CaseEvent.message, CaseEvent.note, type_=CaseEvent.note.type))
        .join(Case, Case.id == CaseEvent.case_id)
        .where(Case.number == number, Case.state == "proposed", CaseEvent.transition == "propose")
        .order_by(CaseEvent.id.desc())
        .limit(1)
    )
    return session.execute(query).scalar_one_or_none()
