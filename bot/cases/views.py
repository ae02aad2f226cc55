"""Cases as others see them: the desk's page and list, and the customer's own progress."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.cases import clocks
from bot.cases.models import Case, CaseEvent
from bot.cases.search import matches
from bot.cases.states import UNFINISHED, allowed
from bot.catalog import figure
from bot.customers.guessing import knows_phone
from bot.customers.store import conversations_of
from bot.db import now

CaseView = dict[str, Any]
"""JSON-ready: times as ISO text."""

LISTED = (
    "number", "kind", "category", "state", "priority", "signs", "escalation", "reopened", "refused", "language",
    "summary", "assignee", "created_at", "clocks_from", "first_check_due_at", "told_first_check_at", "target_due_at",
    "result_due_at", "told_result_at", "updated_at",
)  # fmt: skip
PRIVATE = (
    "merged_into", "incident_id", "conversation_id", "waybill", "phone", "contact_name", "description", "remedy",
    "details", "files",
)  # fmt: skip

VIEWS = ("mine", "unassigned", "overdue", "escalated")
"""Ways to look at the open cases: one's own, nobody's, past a clock, from level 2 on."""


def full_view(session: Session, case: Case) -> CaseView:
    """Everything an agent may see, with the history, the clocks and the transitions that are allowed now."""
    query = select(CaseEvent).where(CaseEvent.case_id == case.id).order_by(CaseEvent.id)
    events = session.execute(query).scalars().all()
    return {
        **_line(case, now()),
        **{field: getattr(case, field) for field in PRIVATE},
        "allowed": _allowed(case, now()),
        "events": [_event(event) for event in events],
    }


def _allowed(case: Case, at: datetime) -> list[str]:
    names = allowed(case.state, case.kind)
    too_late = at - case.state_since > timedelta(days=figure("reopen_days"))
    return [name for name in names if not (name == "reopen" and too_late)]


def _event(event: CaseEvent) -> dict[str, Any]:
    fields = ("at", "actor", "transition", "from_state", "to_state", "note", "message", "to_tell")
    return {field: _plain(getattr(event, field)) for field in fields}


def _line(case: Any, at: datetime) -> CaseView:
    """An entry of the list; `clocks` as clocks.colours, times as ISO text."""
    seen = [{**clock, "due_at": _plain(clock["due_at"])} for clock in clocks.colours(case, at)]
    return {**{field: _plain(getattr(case, field)) for field in LISTED}, "clocks": seen}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def list_cases(
    session: Session,
    *,
    kind: str | None = None,
    state: str | None = None,
    priority: str | None = None,
    view: str | None = None,
    agent: str | None = None,
    q: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> list[CaseView]:
    """A page of cases, newest first, in one query; `after` is the number the last page ended with.

    `view` is one of VIEWS, `agent` who looks. `q` is a case number, a whole waybill, a whole phone number, or words of
    the masked summary.
    """
    query = select(*_COLUMNS).order_by(Case.id.desc()).limit(limit)
    equal = {Case.kind: kind, Case.state: state, Case.priority: priority}
    query = query.where(*(column == value for column, value in equal.items() if value))
    query = query.where(*_seen_as(view, agent)) if view else query
    if q and q.strip():
        query = query.where(matches(session, q.strip()))
    if after:
        query = query.where(Case.id < select(Case.id).where(Case.number == after).scalar_subquery())
    return [_line(row, now()) for row in session.execute(query)]


_COLUMNS = tuple(getattr(Case, field) for field in LISTED)


def _seen_as(view: str, agent: str | None) -> list[Any]:
    if view == "overdue":
        # In a query of its own: where few are late, the newest first would be looked for through the whole table.
        return [Case.id.in_(select(Case.id).where(Case.overdue_at <= now()))]
    seen = {"mine": Case.assignee == agent, "unassigned": Case.assignee.is_(None), "escalated": Case.escalation >= 2}
    return [Case.is_open, seen[view]]


def cases_of_conversation(session: Session, conversation_id: str, *, unfinished: bool = False) -> list[CaseView]:
    """What the customer told in this conversation or, once known, in any of theirs, newest first, as list entries."""
    query = select(*_COLUMNS).where(Case.conversation_id.in_(conversations_of(session, conversation_id)))
    if unfinished:
        query = query.where(Case.state.in_(UNFINISHED))
    return [_line(row, now()) for row in session.execute(query.order_by(Case.id.desc()))]


def is_own(session: Session, number: str, conversation_id: str) -> bool:
    """Whether the case was told in this conversation, or in another one of the same customer."""
    told_in = session.execute(select(Case.conversation_id).where(Case.number == number)).scalar_one_or_none()
    return told_in is not None and told_in in conversations_of(session, conversation_id)


def progress(
    session: Session, number: str, conversation_id: str, phone_tail: str | None = None
) -> CaseView | None:
    """The list entry of a case for the customer who told it here or knows the last four digits of its phone.

    None alike for an unknown number, wrong digits, and too much guessing (catalog/guessing.yml), by the same queries.
    """
    case = session.execute(select(Case).where(Case.number == number)).scalar_one_or_none()
    own = case is not None and is_own(session, number, conversation_id)
    if own or (phone_tail and _knows_phone(session, case, number, conversation_id, phone_tail)):
        return _line(case, now())
    return None


def _knows_phone(session: Session, case: Case | None, number: str, conversation_id: str, tail: str) -> bool:
    """Guesses count as those at waybills do: by chat, address, case, and over all."""
    phone = case.phone if case is not None else None
    return knows_phone(session, phone, f"case:{number}", conversation_id, tail, now())
