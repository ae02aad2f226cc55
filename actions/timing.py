"""The time a message names, kept with its words: for a delivery or a pickup, still to come, when couriers are about."""

from __future__ import annotations

import re
from abc import ABC
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from rasa_sdk import Tracker

from actions.forms import Ask
from bot import catalog
from bot.db import now
from bot.settings import settings
from bot.wording import say

Time = dict[str, str]
"""{"words", "value"}: as the customer said it, and as ISO 8601 (day, moment, or interval "from/to")."""

TIME_PROBLEMS = ("past_time", "closed_time")
"""What may be wrong with a time: it is over, or no courier is about then."""

_EARLY = re.compile(r"凌晨|清晨|早|夜|morning|(?<![a-z])a\.?m|(?<!\d)0\d:", re.IGNORECASE)
_HALF_A_DAY = timedelta(hours=12)


class AskTime(Ask, ABC):
    """Asks for a time, and says what was wrong with the one given."""

    problems: ClassVar[tuple[str, ...]] = TIME_PROBLEMS

    async def values(self, tracker: Tracker) -> dict[str, Any]:
        return catalog.figures()


def time_in(tracker: Tracker, kept: Time | None = None) -> tuple[Time | None, str | None]:
    """The first time the message names that can be kept; else what is wrong with those it names.

    An hour without a day is one of the day of `kept`, the time there was before.
    """
    message = tracker.latest_message
    text = message.get("text") or ""
    dates = [entity for entity in message.get("entities", []) if entity["entity"] == "date"]
    told = [_by_day(_said(date, text, kept)) for date in dates]
    coming = [time for time in told if not _is_past(time["value"])]
    usable = [time for time in coming if _couriers_come(time["value"])]
    if usable:
        return usable[0], None
    return None, "closed_time" if coming else "past_time" if told else None


def time_words(time: Time, language: str) -> str:
    """后天（11月29日）; the words alone where they tell no day."""
    day = _end(time["value"])
    if day is None:
        return time["words"]
    shown = say(language, "day", month=day.month, day=day.day, month_name=f"{day:%b}")
    return say(language, "time_with_day", words=time["words"], day=shown)


def _said(date: dict[str, Any], text: str, kept: Time | None) -> Time:
    """The entity as a time; an hour without a day on the day kept."""
    value, day = str(date["value"]), _end(kept["value"]) if kept else None
    if date.get("role") == "hour" and day is not None:
        value = _moved(value, day.date() - _today())
    return {"words": text[date["start"] : date["end"]], "value": value}


def _by_day(time: Time) -> Time:
    """4点 without more is in the afternoon: nobody comes at four in the morning."""
    hours = [moment for moment in _ends(time["value"]) if moment]
    if "T" not in time["value"] or _EARLY.search(time["words"]):
        return time
    opens, closes = _hours()
    before_opening = min(hours).time() < opens
    closed_by_then = max(hours) + _HALF_A_DAY > datetime.combine(min(hours), closes)
    return {**time, "value": _moved(time["value"], _HALF_A_DAY)} if before_opening and not closed_by_then else time


def _moved(value: str, by: timedelta) -> str:
    parts = (part if part == ".." else _plus(part, by) for part in value.split("/"))
    return "/".join(parts)


def _plus(part: str, by: timedelta) -> str:
    try:
        return (datetime.fromisoformat(part) + by).isoformat(timespec="minutes")
    except ValueError:  # words that tell no day: 春节
        return part


def _is_past(value: str) -> bool:
    end = _end(value)
    if end is None:
        return False
    ends_open = value.endswith("..")
    if "T" in value and not ends_open:
        return end < _present()
    return end.date() < _today()


def _couriers_come(value: str) -> bool:
    """Whether some of it lies within the hours; a day without an hour always does."""
    begins, ends = _ends(value)
    if "T" not in value or (begins and ends and begins.date() != ends.date()):
        return True
    opens, closes = _hours()
    if begins == ends:
        return begins is not None and opens <= begins.time() < closes
    return (begins is None or begins.time() < closes) and (ends is None or ends.time() > opens)


def _hours() -> tuple[time, time]:
    opens, closes = str(catalog.figure("delivery_hours")).split("-")
    return time.fromisoformat(opens.zfill(5)), time.fromisoformat(closes.zfill(5))


def _ends(value: str) -> tuple[datetime | None, datetime | None]:
    """When it begins and when it is over; none where it is open or no time."""
    parts = value.split("/")
    return _moment(parts[0]), _moment(parts[-1])


def _end(value: str) -> datetime | None:
    begins, ends = _ends(value)
    return ends or begins


def _moment(part: str) -> datetime | None:
    try:
        return datetime.fromisoformat(part).replace(tzinfo=None)
    except ValueError:
        return None


def _present() -> datetime:
    return now().astimezone(ZoneInfo(settings().timezone)).replace(tzinfo=None)


def _today() -> date:
    return _present().date()
