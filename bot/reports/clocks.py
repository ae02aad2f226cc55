"""The two clocks of a case, judged from what was done and when: kept, missed, open, or ended before they ran out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select

from bot.cases.models import Case, CaseEvent
from bot.reports.sql import moment

TOLD = ("proposed", "resolved", "rejected")
"""The customer has the result: a proposed solution, or that the case is settled or not accepted."""
CHECKED = ("investigating", "waiting_customer", "waiting_third_party", *TOLD)
"""The first check is done and told (domain-facts §4: `verify → investigating`, customer told)."""
LEFT = ("withdrawn", "merged")
"""Nobody waits any more: a clock that had not run out is neither kept nor missed."""

KEPT, MISSED, OPEN, ENDED = "kept", "missed", "open", "ended"
VERDICTS = (KEPT, MISSED, OPEN, ENDED)


def moments(*which: Any) -> Any:
    """By case (of those that fit `which`): checked_at, told_at, left_at, read from an index alone."""
    return (
        select(
            CaseEvent.case_id,
            _first(CHECKED).label("checked_at"),
            _first(TOLD).label("told_at"),
            _first(LEFT).label("left_at"),
        )
        .join(Case, Case.id == CaseEvent.case_id)
        .where(*which, CaseEvent.to_state.in_((*CHECKED, *LEFT)))
        .group_by(CaseEvent.case_id)
        .subquery()
    )


def _first(states: tuple[str, ...]) -> Any:
    return func.min(case((CaseEvent.to_state.in_(states), CaseEvent.at)))


def verdict(due: Any, done: Any, left: Any, now: datetime) -> Any:
    """One of VERDICTS; NULL where the case has no such clock."""
    return case(
        (due.is_(None), None),
        (done <= due, KEPT),
        (func.coalesce(done, left, moment(now)) > due, MISSED),
        (left.is_not(None), ENDED),
        else_=OPEN,
    )


def first_check(done: Any, now: datetime) -> Any:
    return verdict(Case.first_check_due_at, done.c.checked_at, done.c.left_at, now)


def result(done: Any, now: datetime) -> Any:
    return verdict(Case.result_due_at, done.c.told_at, done.c.left_at, now)
