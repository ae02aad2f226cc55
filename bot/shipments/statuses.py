"""From codes in files and providers' answers to our status and reason; the table is statuses.yml."""

from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml

from bot.shipments.errors import UnknownCode
from bot.shipments.models import STATUSES

# Of two scans at the same instant, the one further along says where the parcel is.
RANK = {status: place for place, status in enumerate(("unknown", *(s for s in STATUSES if s != "unknown")))}


def place_in_time(event: dict[str, Any]) -> tuple[Any, ...]:
    """Orders scans: by time, at one instant by how far along the parcel is."""
    return event["at"], RANK[event["status"]], event["reason"] or ""


@lru_cache(maxsize=1024)
def read_code(code: str, provider: str = "kuaidi100") -> tuple[str, str | None]:
    """Status and reason of a provider's code, its Chinese name, or our own name with or without /reason."""
    if code not in _table(provider):
        raise UnknownCode(code)
    status, _, reason = _table(provider)[code].partition("/")
    return status, reason or None


@cache
def _table(provider: str) -> dict[str, str]:
    listed = yaml.safe_load(Path(__file__).with_name("statuses.yml").read_text(encoding="utf-8"))
    own = [*STATUSES, *(f"{status}/{reason}" for status, reasons in listed["reasons"].items() for reason in reasons)]
    return {name: name for name in own} | listed[provider] | listed["names"]


def codes() -> list[str]:
    """Every code that `read_code` understands."""
    return list(_table("kuaidi100"))
