"""The desk's templates and what they may call."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.db import now
from bot.reports.words import noted
from bot.settings import settings
from bot.wording import named, say

TEMPLATES = Path(__file__).with_name("templates")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(template: str, language: str, context: dict[str, Any]) -> str:
    """`t` says a text of the desk by its key, `word` a code (state, reason, …) in words, `wish` an intent."""
    helpers = {
        "language": language,
        "t": lambda key, **values: say(language, f"desk_{key}", **values),
        "word": partial(word, language),
        "wish": partial(named, language, "intent"),
        "clock": clock,
        "day": partial(day, language),
        "short": clock,
        "noted": partial(noted, language),
        "duration": duration,
        "overdue": overdue,
    }
    return _environment().get_template(template).render(**helpers, **context)


def word(language: str, group: str, code: str | None) -> str:
    """A code of the desk in words."""
    return named(language, f"desk_{group}", code)


def _local(moment: str) -> datetime:
    return datetime.fromisoformat(moment).astimezone(ZoneInfo(settings().timezone))


def clock(moment: str) -> str:
    """Hours and minutes; with the day when it is not today."""
    local = _local(moment)
    today = local.date() == _local(now().isoformat()).date()
    return local.strftime("%H:%M" if today else "%m-%d %H:%M")


def day(language: str, moment: str | None) -> str:
    return _local(moment).strftime("%Y-%m-%d %H:%M") if moment else say(language, "desk_no_clock")


def duration(seconds: int) -> str:
    """75 → 1:15, 3700 → 1:01:40."""
    minutes, rest = divmod(max(seconds, 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def overdue(moment: str | None) -> bool:
    return moment is not None and datetime.fromisoformat(moment) < now()
