"""The clocks of a case: which run, how far they are, what time does next. Pure: a case in, moments out.

Calendar time throughout; waiting for the customer or a third party stops nothing (seed 004 三(1), 快递暂行条例).
A case is anything with the clock columns of `models.Case`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.cases.states import BEFORE_RESULT, UNFINISHED
from bot.catalog import figure

FIRST_CHECK, TARGET, RESULT = "first_check", "target", "result"
LOOK, WARNED, LATE = "look", "warned", "late"
REMIND, LAPSE, CLOSE = "remind", "lapse", "close"
OWNER, SUPERVISOR = 1, 2
"""Escalation levels of a warning and of a breach (DESIGN §5)."""


@dataclass(frozen=True)
class Moment:
    """Something to be done at `at`: `what` to `clock`, or to the case where there is no clock."""

    at: datetime
    what: str
    clock: str = ""

    @property
    def code(self) -> str:
        return f"{self.clock}:{self.what}" if self.clock else self.what


def running(case: Any) -> dict[str, datetime]:
    """When each running clock ends."""
    if case.state not in BEFORE_RESULT:
        return {}
    ends = {TARGET: case.target_due_at, RESULT: case.result_due_at}
    if case.told_first_check_at is None:
        ends = {FIRST_CHECK: case.first_check_due_at, **ends}
    if case.target_due_at == case.result_due_at:
        del ends[TARGET]  # the same promise, told of once
    return {clock: end for clock, end in ends.items() if end is not None}


def moments(case: Any) -> list[Moment]:
    """What time does to a case in its present state and has not done yet, first things first."""
    passed = case.passed.split()
    coming = [moment for moment in [*_of_clocks(case), *_of_state(case)] if moment.code not in passed]
    return sorted(coming, key=lambda moment: moment.at)


def warns_at(start: datetime, end: datetime) -> datetime:
    return start + (end - start) * figure("warn_at_percent") / 100


def colours(case: Any, now: datetime) -> list[dict[str, Any]]:
    """[{"clock", "due_at", "colour"}]: ok, warned (from 75 %), late; kept or missed once its word has been given."""
    told = {FIRST_CHECK: case.told_first_check_at, TARGET: case.told_result_at, RESULT: case.told_result_at}
    ends = {FIRST_CHECK: case.first_check_due_at, TARGET: case.target_due_at, RESULT: case.result_due_at}
    going = running(case)
    seen = []
    for clock, end in ends.items():
        if end is None or (clock == TARGET and end == case.result_due_at):
            continue
        if clock in going:
            colour = LATE if now >= end else WARNED if now >= warns_at(case.clocks_from, end) else "ok"
        elif told[clock] is None:
            continue  # withdrawn, merged: nobody waits for it
        else:
            colour = "kept" if told[clock] <= end else "missed"
        seen.append({"clock": clock, "due_at": end, "colour": colour})
    return seen


def _of_clocks(case: Any) -> list[Moment]:
    found = []
    for clock, end in running(case).items():
        found.append(Moment(warns_at(case.clocks_from, end), WARNED, clock))
        found.append(Moment(end, LATE, clock))
    return found


def _of_state(case: Any) -> list[Moment]:
    found = [Moment(case.clocks_from, LOOK)] if case.state in UNFINISHED and case.result_due_at else []
    if case.state == "proposed" and case.reminded_at is None:
        found.append(Moment(case.state_since + _days("remind_proposal_days"), REMIND))
    elif case.state == "proposed":
        found.append(Moment(case.reminded_at + _days("lapse_proposal_days"), LAPSE))
    elif case.state == "resolved":
        found.append(Moment(case.state_since + _days("close_after_days"), CLOSE))
    return found


def _days(name: str) -> timedelta:
    return timedelta(days=figure(name))
