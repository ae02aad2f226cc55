"""Which team a chat waits for: a skill that agents have (DESIGN §5), or `supervisor`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from bot.conversations.models import Conversation
from bot.customers.store import class_of

ONLINE, COMPLAINTS, VIP, SUPERVISOR = "online", "complaints", "vip", "supervisor"
CHOSEN = (ONLINE, "phone", COMPLAINTS, VIP, SUPERVISOR)
"""Where an agent may pass a chat on to."""


def team_for(session: Session, conversation: Conversation, packet: Mapping[str, Any]) -> str:
    """By who the customer is, then by what was begun with the bot."""
    if packet.get("public_anger"):
        return SUPERVISOR
    if class_of(session, conversation.id) == "A":
        return VIP
    return COMPLAINTS if "complaint_category" in packet.get("slots", {}) else ONLINE
