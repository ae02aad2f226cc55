"""How a case changes, whoever changes it: state, audit line, clocks, and what is planned about it.

Functions take a row that the caller has locked, and do not commit.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.cases import clocks, priority
from bot.cases.errors import TooLate, UnknownCase
from bot.cases.models import Case, CaseEvent
from bot.cases.states import TRANSITIONS, UNFINISHED, after
from bot.catalog import figure
from bot.duework import call_off, plan

CLOCK, NEWS, ASSIGN = "case_clock", "case_news", "case_assign"
"""Kinds of due work; their subject is the case number."""
BUSY = timedelta(seconds=2)
"""Until due work looks again at a case that somebody else is changing: waiting for the row could lock both out."""
EXTEND = "extend"
"""A later time tells nothing of what was found."""
CUSTOMER, SYSTEM = "customer", "system"
ESCALATE, SIGN, REMIND = "escalate", "sign", "remind"
"""Names of audit lines, beside those of transitions."""


def found(session: Session, number: str, *, locked: bool = False) -> Case:
    """The case of that number. Raises UnknownCase."""
    query = select(Case).where(Case.number == number)
    if locked:
        query = query.with_for_update().execution_options(populate_existing=True)
    case = session.execute(query).scalar_one_or_none()
    if case is None:
        raise UnknownCase(number)
    return case


def found_free(session: Session, number: str) -> Case | None:
    """The case, locked; None where somebody else has it locked. Raises UnknownCase."""
    query = select(Case).where(Case.number == number).with_for_update(skip_locked=True)
    case = session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    if case is None:
        found(session, number)
    return case


def move(
    session: Session, case: Case, name: str, actor: str, at: datetime, note: str | None = None,
    message: str | None = None,
) -> None:  # fmt: skip
    """Takes the case through a transition. Raises NotAllowed; TooLate for opening it again after so long."""
    before, step = case.state, TRANSITIONS.get(name)
    target = after(before, case.kind, name)
    if name == "reopen":
        _reopen(case, at)
    case.state, case.is_open = target, target in UNFINISHED
    if target != before:
        case.state_since, case.reminded_at = at, None
    assert step is not None  # `after` knows it
    told = step.told and actor != CUSTOMER
    record(session, case, name, actor, at, before, note=note, message=message, to_tell=told)
    _note_what_was_told(case, target, bool(told and message and name != EXTEND), at)
    if name == "refuse":
        _refuse(session, case, at)
    elif name == "reopen" and case.reopened >= figure("repeated_reopenings"):
        weigh(session, case, [priority.REPEATED], SYSTEM, at)
    replan(session, case)


def record(
    session: Session, case: Case, name: str, actor: str, at: datetime, before: str | None, *,
    note: str | None = None, message: str | None = None, to_tell: bool = False,
) -> None:  # fmt: skip
    """An audit line; `before` is the state it came from. What is to be told is planned."""
    case.updated_at = at
    to_tell = to_tell and case.conversation_id is not None
    session.add(
        CaseEvent(
            case_id=case.id, at=at, actor=actor, transition=name, note=note, message=message, to_tell=to_tell,
            from_state=before, to_state=case.state,
        )
    )  # fmt: skip
    if to_tell:
        plan(session, NEWS, case.number, at)


def escalate(
    session: Session, case: Case, level: int, reason: str, at: datetime, *, to_tell: bool = False
) -> None:
    """Raises the level, never lowers it; the audit line's note is "<level> <reason>"."""
    case.escalation = max(case.escalation, level)
    record(session, case, ESCALATE, SYSTEM, at, case.state, note=f"{level} {reason}", to_tell=to_tell)


def weigh(session: Session, case: Case, signs: Iterable[str], actor: str, at: datetime) -> None:
    """Adds signs: priority and target follow, and the escalation they ask for at once. Known signs change nothing."""
    had = case.signs.split()
    new = [sign for sign in priority.in_order(signs) if sign not in had]
    case.signs = " ".join(priority.in_order([*had, *new]))
    case.priority = priority.priority_of(case.kind, case.category, case.signs.split())
    if case.result_due_at:
        case.target_due_at = min(case.clocks_from + priority.resolution_time(case.priority), case.result_due_at)
    for sign in new:
        record(session, case, SIGN, actor, at, case.state, note=sign)
        if priority.level_of([sign]):
            escalate(session, case, priority.level_of([sign]), sign, at)


def replan(session: Session, case: Case) -> None:
    """What time does next to this case becomes due work; nothing where time does nothing to it."""
    case.overdue_at = min(clocks.running(case).values(), default=None)
    coming = clocks.moments(case)
    if coming:
        plan(session, CLOCK, case.number, coming[0].at)
    else:
        call_off(session, CLOCK, case.number)


def _reopen(case: Case, at: datetime) -> None:
    """The clocks of the result run anew; reports read from the audit when the first result was told."""
    days = figure("reopen_days")
    if at - case.state_since > timedelta(days=days):
        raise TooLate(days)
    case.reopened += 1
    if case.result_due_at:
        case.clocks_from, case.result_due_at = at, at + timedelta(days=figure("result_days"))
        case.target_due_at = min(at + priority.resolution_time(case.priority), case.result_due_at)
        kept = (clocks.LOOK, clocks.FIRST_CHECK)
        case.passed = " ".join(code for code in case.passed.split() if code.startswith(kept))


def _note_what_was_told(case: Case, target: str, words_given: bool, at: datetime) -> None:
    result = target in ("proposed", "resolved", "rejected")
    if (result or (words_given and target != "triaged")) and case.told_first_check_at is None:
        case.told_first_check_at = at
    if result and case.told_result_at is None:
        case.told_result_at = at


def _refuse(session: Session, case: Case, at: datetime) -> None:
    case.refused += 1
    if case.refused == figure("refusals_for_supervisor"):
        escalate(session, case, clocks.SUPERVISOR, "refused", at)
