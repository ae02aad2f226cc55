"""What another desk's agents are given of a chat that is passed on: what our own desk's page shows, phones starred."""

from __future__ import annotations

from typing import Any

from bot.external.desks import LANGUAGE
from bot.privacy import mask_phone, mask_text
from bot.wording import named, say

LONGEST = 5000
"""Characters of a note."""


def as_note(packet: dict[str, Any], reason: str, channel: str, conversation_id: str) -> str:
    """The packet in lines. Waybills stay whole, for they are what the agent works with; nothing else collected does."""
    lines = [
        _line("reason", named(LANGUAGE, "desk_reason", reason)),
        _line("summary", mask_text(str(packet.get("summary") or ""))),
        _line("last_text", mask_text(str(packet.get("last_text") or ""))),
        *(_line("shipment", _shipment(each)) for each in packet.get("shipments") or () if isinstance(each, dict)),
        *(_line("verified", _verified(each)) for each in packet.get("verified") or () if isinstance(each, dict)),
        _line("tried", "、".join(named(LANGUAGE, "intent", step) for step in packet.get("tried") or ())),
        _line("phone", _phone(packet.get("slots") or {})),
        _line("fault", str(packet.get("fault") or "")),
        _line("from", f"{channel} {conversation_id}"),
    ]
    return "\n".join(line for line in lines if line)[:LONGEST]


def _line(name: str, value: str) -> str:
    return say(LANGUAGE, f"desk_other_{name}", value=value) if value else ""


def _shipment(shipment: dict[str, Any]) -> str:
    return " · ".join(str(shipment[key]) for key in ("waybill", "headline") if shipment.get(key))


def _verified(shipment: dict[str, Any]) -> str:
    return " · ".join(str(shipment[key]) for key in ("waybill", "role") if shipment.get(key))


def _phone(slots: dict[str, Any]) -> str:
    given = next((slots[name] for name in ("complaint_phone", "callback_phone") if slots.get(name)), "")
    return mask_phone(str(given)) if any(char.isdigit() for char in str(given)) else ""
