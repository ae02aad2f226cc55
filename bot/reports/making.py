"""From the name of a report to the report."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from bot.reports.exceptions import exceptions
from bot.reports.live import answering
from bot.reports.model import Report
from bot.reports.monthly import monthly
from bot.reports.period import Period, day_before, month_before, today
from bot.reports.shift import shift

OF_A_PERIOD: dict[str, Callable[[Session, Period, datetime], Report]] = {
    "exceptions": exceptions,
    "monthly": monthly,
    "answering": answering,
    "shift": shift,
}
KINDS = (*OF_A_PERIOD, "statement", "investigation")


def usual_period(kind: str, now: datetime) -> Period:
    """Today for what is going on, yesterday for the daily report, else the last whole month."""
    if kind in ("answering", "shift"):
        return today(now)
    return day_before(now) if kind == "exceptions" else month_before(now)
