"""The days a report is about, in the company's time zone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.settings import settings

LONGEST = timedelta(days=366)


class BadPeriod(Exception):
    """Dates that cannot be read or make no period; the text is one sentence."""

    def __init__(self, key: str, sentence: str) -> None:
        super().__init__(sentence)
        self.key = key


@dataclass(frozen=True)
class Period:
    """Whole days, both included."""

    first: date
    last: date

    @property
    def start(self) -> datetime:
        return _midnight(self.first)

    @property
    def end(self) -> datetime:
        """Exclusive: a day of a change of clocks has 23 or 25 hours."""
        return _midnight(self.last + timedelta(days=1))

    def days(self) -> Iterator[date]:
        for number in range((self.last - self.first).days + 1):
            yield self.first + timedelta(days=number)


def local(moment: datetime) -> datetime:
    return moment.astimezone(_zone())


def today(now: datetime) -> Period:
    day = local(now).date()
    return Period(day, day)


def day_before(now: datetime) -> Period:
    day = local(now).date() - timedelta(days=1)
    return Period(day, day)


def month_before(now: datetime) -> Period:
    last = local(now).date().replace(day=1) - timedelta(days=1)
    return Period(last.replace(day=1), last)


def between(first: str | None, last: str | None, usual: Period) -> Period:
    """From ISO dates; without both the usual period, without `last` that one day or whole month. Raises BadPeriod.

    A month (2026-10) stands for its first day as `first`, and for its last one as `last`.
    """
    if not first and not last:
        return usual
    if not first:
        raise BadPeriod("report_bad_from", "the first day is missing (--from)")
    begin, end = _dates(first)[0], _dates(last or first)[1]
    if end < begin:
        raise BadPeriod("report_bad_order", f"the period ends ({end}) before it begins ({begin})")
    if end - begin >= LONGEST:
        raise BadPeriod("report_too_long", f"a period has at most {LONGEST.days} days")
    return Period(begin, end)


def _dates(text: str) -> tuple[date, date]:
    """First and last day of 2026-10-05 or 2026-10."""
    try:
        if len(text) == len("2026-10"):
            first = date.fromisoformat(f"{text}-01")
            return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        day = date.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise BadPeriod("report_bad_date", f"{text!r} is no date like 2026-10-05, nor a month like 2026-10") from error
    if not 1970 < day.year < 9000:
        raise BadPeriod("report_bad_date", f"{text!r} is no date like 2026-10-05, nor a month like 2026-10")
    return day, day


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), _zone())


def _zone() -> ZoneInfo:
    return ZoneInfo(settings().timezone)
