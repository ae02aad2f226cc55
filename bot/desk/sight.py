"""What someone at the desk may see: full personal data in one's own chat and on the case page, masked elsewhere."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.conversations import ownership
from bot.conversations.inbox import read_file
from bot.conversations.models import AGENT, QUEUED, Conversation, StoredFile
from bot.desk.access import Refused
from bot.desk.accounts import Person
from bot.privacy import mask_text

HIDDEN = "•••"
COARSE = ("waybill", "carrier_name", "status", "status_name", "headline", "city")
"""What of a shipment card is shown to those whose chat it is not."""
PACKET: dict[str, Any] = {
    "reason": None, "summary": None, "fault": None, "last_text": None,
    "verified": [], "shipments": [], "slots": {}, "tried": [],
}  # fmt: skip
"""Every packet has these, whatever the bot knew."""


def queue(session: Session) -> dict[str, Any]:
    """{"waiting": how many wait, "conversations": those that wait or are with an agent, longest waiting first}."""
    chats = ownership.queue(session)
    return {"waiting": sum(chat["owner"] == QUEUED for chat in chats), "conversations": chats}


def conversation(session: Session, person: Person, conversation_id: str) -> dict[str, Any]:
    """Packet and transcript; `masked` unless the chat is this person's. Raises UnknownConversation."""
    chat = ownership.packet_and_transcript(session, conversation_id)
    chat["packet"] = {**PACKET, **chat["packet"]}
    mine = chat["owner"] == AGENT and chat["agent"] == person.name
    if not mine:
        return {**_masked(chat), "masked": True}
    files = file_names(session, conversation_id)
    for message in chat["messages"]:
        message["file"] = files.get(message["file_id"])
    return {**chat, "masked": False}


def file(session: Session, person: Person, conversation_id: str, file_id: str) -> StoredFile:
    """A file of this person's own chat. Raises Refused."""
    chat = session.get(Conversation, conversation_id)
    if chat is None or chat.owner != AGENT or chat.agent != person.name:
        raise Refused(403, "desk_not_yours")
    return stored(session, conversation_id, file_id)


def stored(session: Session, conversation_id: str | None, file_id: str) -> StoredFile:
    found = read_file(session, conversation_id, file_id) if conversation_id else None
    if found is None:
        raise Refused(404, "desk_unknown")
    return found


def file_names(session: Session, conversation_id: str | None) -> dict[str, dict[str, str]]:
    """{"id", "name", "media_type"} of every file of a conversation, by id."""
    query = select(StoredFile.id, StoredFile.name, StoredFile.media_type)
    rows = session.execute(query.where(StoredFile.conversation_id == conversation_id))
    return {row.id: dict(row._mapping) for row in rows}


def _masked(chat: dict[str, Any]) -> dict[str, Any]:
    """Numbers starred in all texts; what was collected is named, not told; files are not reachable."""
    packet = starred(chat["packet"])
    packet["slots"] = dict.fromkeys(packet["slots"], HIDDEN)
    return {**chat, "packet": packet, "messages": [_masked_message(message) for message in chat["messages"]]}


def _masked_message(message: dict[str, Any]) -> dict[str, Any]:
    card = message["card"] and {name: message["card"].get(name) for name in COARSE}
    words = starred({"text": message["text"], "choices": message["choices"], "card": card})
    return {**message, **words, "file": None}


def starred(value: Any) -> Any:
    """The same JSON with every long number in it starred."""
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, dict):
        return {name: starred(inner) for name, inner in value.items()}
    return [starred(inner) for inner in value] if isinstance(value, (list, tuple)) else value
