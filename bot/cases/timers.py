"""What time does to a case: warnings, breaches, the silence after a proposal, closing. Each moment once.

Functions take a row that the caller has locked, and do not commit.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot.cases import clocks
from bot.cases.clocks import Moment
from bot.cases.models import Case
from bot.cases.moving import REMIND, SYSTEM, escalate, move, record, replan


def is_new(case: Case) -> bool:
    """Nobody has looked yet at what is known of its parcel."""
    return clocks.LOOK not in case.passed.split() and case.result_due_at is not None


def pass_time(session: Session, case: Case, now: datetime) -> None:
    """Does every moment up to `now`, however long ago it was, and plans the next one."""
    while True:
        due = [moment for moment in clocks.moments(case) if moment.at <= now]
        if not due:
            break
        _act(session, case, due[0], due, now)
    replan(session, case)


def _act(session: Session, case: Case, moment: Moment, due: list[Moment], now: datetime) -> None:
    if moment.what == clocks.CLOSE:
        move(session, case, "close", SYSTEM, now)
    elif moment.what == clocks.LAPSE:
        move(session, case, "lapse", SYSTEM, now)
    elif moment.what == clocks.REMIND:
        case.reminded_at = now  # not when it was due: the customer has the promised days in full
        record(session, case, REMIND, SYSTEM, now, case.state, to_tell=True)
    else:
        case.passed = f"{case.passed} {moment.code}".strip()
        _strike(session, case, moment, due, now)


def _strike(session: Session, case: Case, moment: Moment, due: list[Moment], now: datetime) -> None:
    """After a downtime a clock may be warned and late at once: then only the breach counts."""
    is_late = Moment(moment.at, clocks.LATE, moment.clock).code in [other.code for other in due]
    if moment.what == clocks.LATE:
        escalate(session, case, clocks.SUPERVISOR, moment.code, now, to_tell=moment.clock != clocks.TARGET)
    elif moment.what == clocks.WARNED and not is_late:
        escalate(session, case, clocks.OWNER, moment.code, now)
