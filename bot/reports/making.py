"""From the name of a report to the report."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from bot.reports.exceptions import exceptions
from bot.reports.model import Report
from bot.reports.monthly import monthly
from bot.reports.period import Period, day_before, month_before

OF_A_PERIOD: dict[str, Callable[[Session, Period, datetime], Report]] = {
    "exceptions": exceptions,
    "monthly": monthly,
}
KINDS = (*OF_A_PERIOD, "statement", "investigation")


def usual_period(kind: str, now: datetime) -> Period:
    """Yesterday for the daily report, else the last whole month."""
    return day_before(now) if kind == "exceptions" else month_before(now)
