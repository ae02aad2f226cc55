"""Texts said outside Rasa (queue, faults, notices, desk), in Chinese and English: `zh.yml`, `en.yml`."""

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from bot.settings import settings

LANGUAGES = ("zh", "en")


@cache
def texts(language: str) -> dict[str, str]:
    """All texts of a language by key; an unknown language reads as Chinese."""
    name = language if language in LANGUAGES else "zh"
    return yaml.safe_load(Path(__file__).with_name(f"{name}.yml").read_text(encoding="utf-8"))


def say(language: str, key: str, **values: Any) -> str:
    """The text `key` in `language`, its placeholders filled. A missing key is a KeyError: a test finds it first."""
    return texts(language)[key].format(**values)


def named(language: str, group: str, code: str | None) -> str:
    """`<group>_<code>` in words; a code nobody has worded yet stands for itself."""
    return texts(language).get(f"{group}_{code}", code) or ""


def moment(at: datetime | str, language: str) -> str:
    """A time (or its ISO text) as customers of this language write it, in the company's time zone."""
    point = datetime.fromisoformat(at) if isinstance(at, str) else at
    return point.astimezone(ZoneInfo(settings().timezone)).strftime(say(language, "moment"))
