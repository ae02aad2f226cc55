"""Channels where others read along, and whether what a customer says there is negative (issue 6 §4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot import catalog

ONLINE, SOCIAL = "online", "social"
NEGATIVE = ("complain_", "abuse")
"""Intents that begin so: the classifier that tells complaints apart is the one that is measured (docs/nlu.md)."""


def social_channels() -> list[str]:
    return list(catalog.read("quality")["social_channels"]["channels"])


def class_of(channel: str) -> str:
    return SOCIAL if channel in social_channels() else ONLINE


def is_negative(events: Sequence[dict[str, Any]]) -> bool:
    """Whether a turn's events (rows of DialogueEvent) say that the customer complained or swore."""
    heard = (event.get("intent_name") or "" for event in events if event["type_name"] == "user")
    return any(intent.startswith(NEGATIVE) for intent in heard)
