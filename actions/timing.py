"""The time a message names, kept with its words: for a delivery or a pickup, never in the past."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from rasa_sdk import Tracker

from bot.db import now
from bot.settings import settings
from bot.wording import say

Time = dict[str, str]
"""{"words", "value"}: as the customer said it, and as ISO 8601 (day, moment, or interval "from/to")."""


def time_in(tracker: Tracker) -> tuple[Time | None, str | None]:
    """The first time the message names that is still to come; or `past_time` where all are over."""
    message = tracker.latest_message
    text = message.get("text") or ""
    dates = [entity for entity in message.get("entities", []) if entity["entity"] == "date"]
    told = [{"words": text[date["start"] : date["end"]], "value": str(date["value"])} for date in dates]
    coming = [time for time in told if not _is_past(time["value"])]
    if coming:
        return coming[0], None
    return None, "past_time" if told else None


def time_words(time: Time, language: str) -> str:
    """后天（11月29日）; the words alone where they tell no day."""
    day = _day(time["value"])
    if day is None:
        return time["words"]
    shown = say(language, "day", month=day.month, day=day.day, month_name=f"{day:%b}")
    return say(language, "time_with_day", words=time["words"], day=shown)


def _is_past(value: str) -> bool:
    day = _day(value)
    today = now().astimezone(ZoneInfo(settings().timezone)).replace(tzinfo=None)
    return day is not None and day.date() < today.date()


def _day(value: str) -> datetime | None:
    parts = [part for part in value.split("/") if part != ".."]
    try:
        return datetime.fromisoformat(parts[-1]).replace(tzinfo=None)
    except (ValueError, IndexError):
        return None
