"""The two clocks of a case, judged from what was done and when: kept, missed, open, or ended before they ran out.

Both are judged from the day the case was told, whatever a reopening does to its present due times: statistics know no
pause (domain-facts §4).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, func, select

from bot.cases.models import Case, CaseEvent
from bot.cases.states import UNFINISHED
from bot.catalog import figure
from bot.reports.sql import moment, seconds

TOLD = ("proposed", "resolved", "rejected")
"""The customer has the result: a proposed solution, or that the case is settled or not accepted."""
CHECKED = ("investigating", "waiting_customer", "waiting_third_party", *TOLD)
"""The first check is done and told (domain-facts §4: `verify → investigating`, customer told)."""
WORKED_ON = tuple(state for state in UNFINISHED if state not in TOLD)
"""Somebody owes the customer a result, for the first time, after a refusal or after a reopening."""
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


def limits() -> dict[str, timedelta]:
    """The documented limits of the clocks."""
    return {
        "first_check": timedelta(hours=figure("first_check_hours")), "result": timedelta(days=figure("result_days")),
    }  # fmt: skip


def first_check(done: Any, now: datetime) -> Any:
    return _verdict("first_check", Case.first_check_due_at, done.c.checked_at, done.c.left_at, now)


def result(done: Any, now: datetime) -> Any:
    return _verdict("result", Case.result_due_at, done.c.told_at, done.c.left_at, now)


def _verdict(clock: str, due: Any, done: Any, left: Any, now: datetime) -> Any:
    """One of VERDICTS; NULL where the case has no such clock."""
    limit, begun = limits()[clock].total_seconds(), seconds(Case.created_at)
    return case(
        (due.is_(None), None),
        (seconds(done) - begun <= limit, KEPT),
        (seconds(func.coalesce(done, left, moment(now))) - begun > limit, MISSED),
        (left.is_not(None), ENDED),
        else_=OPEN,
    )
