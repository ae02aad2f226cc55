"""What someone at the desk may see: full personal data in one's own chat and on the case page, masked elsewhere.

What is masked is unmasked for a reason and a while, which is written down (unmasking.py).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import catalog
from bot.conversations import views
from bot.conversations.errors import UnknownConversation
from bot.conversations.inbox import read_file
from bot.conversations.models import AGENT, QUEUED, Conversation, StoredFile
from bot.db import now
from bot.desk import notes, presence, reading
from bot.desk.access import Refused
from bot.desk.accounts import Person
from bot.desk.models import Unmasking
from bot.privacy import mask_text

HIDDEN = "•••"
COARSE = ("waybill", "carrier_name", "status", "status_name", "headline", "city")
"""What of a shipment card is shown to those whose chat it is not."""
PACKET: dict[str, Any] = {
    "reason": None, "summary": None, "fault": None, "last_text": None,
    "verified": [], "shipments": [], "slots": {}, "tried": [],
}  # fmt: skip
"""Every packet has these, whatever the bot knew."""
CHAT, CASE = "chat", "case"
"""What is unmasked."""
CASE_PAGE = "case_page"
"""The reason of whoever opens a case to work on it."""


def queue(session: Session, person: Person) -> dict[str, Any]:
    """{"waiting": how many wait, "state": this person's, "put_on_break": whether they did not choose that state,
    "conversations": that wait or are with an agent, in order}.

    Each with what it may take by the documents (`limit_s`) and, in one's own, what is unread and unanswered.
    """
    own = reading.standing(session, person)
    chats = [
        {**chat, **reading.limits(chat["channel"]), **own.get(chat["id"], reading.NOTHING)}
        for chat in views.queue(session)
    ]
    waiting = sum(chat["owner"] == QUEUED for chat in chats)
    return {
        "waiting": waiting, "state": person.state,
        "put_on_break": presence.was_put_on_a_break(session, person.name), "conversations": chats,
    }  # fmt: skip


def counts(queue: dict[str, Any], person: Person) -> dict[str, Any]:
    """{"waiting", "offered" to this person, "unread" in their chats, "state"} of a queue."""
    chats = queue["conversations"]
    return {
        "waiting": queue["waiting"],
        "offered": sum(chat["owner"] == QUEUED and chat["offered_to"] == person.name for chat in chats),
        "unread": sum(chat["unread"] or 0 for chat in chats),
        "state": queue["state"],
    }


def conversation(session: Session, person: Person, conversation_id: str) -> dict[str, Any]:
    """Packet and transcript; `masked` unless the chat is this person's or unmasked for them (`own`: the former).

    Raises UnknownConversation.
    """
    chat = views.packet_and_transcript(session, conversation_id)
    chat["packet"] = {**PACKET, **chat["packet"]}
    chat["notes"] = notes.of(session, conversation_id)
    mine = chat["owner"] == AGENT and chat["agent"] == person.name
    if not (mine or is_unmasked(session, person, CHAT, conversation_id)):
        return {**_masked(chat), "masked": True, "own": False}
    files = file_names(session, conversation_id)
    for message in chat["messages"]:
        message["file"] = files.get(message["file_id"])
    return {**chat, "masked": False, "own": mine}


def own(session: Session, person: Person, conversation_id: str) -> Conversation:
    """The chat, if this person has it. Raises UnknownConversation, Refused."""
    chat = session.get(Conversation, conversation_id)
    if chat is None:
        raise UnknownConversation(conversation_id)
    if not _is_own(chat, person):
        raise Refused(409, "desk_not_yours")
    return chat


def _is_own(chat: Conversation | None, person: Person) -> bool:
    return chat is not None and (chat.owner, chat.agent, chat.desk) == (AGENT, person.name, None)


def unmasked_for() -> timedelta:
    return timedelta(minutes=catalog.read("workspace")["unmasked_minutes"])


def is_unmasked(session: Session, person: Person, kind: str, subject: str) -> bool:
    """Whether this person gave a reason to see it in full not long ago."""
    query = select(Unmasking.id).where(
        Unmasking.kind == kind, Unmasking.subject == subject, Unmasking.agent == person.name,
        Unmasking.at > now() - unmasked_for(),
    )  # fmt: skip
    return session.execute(query.limit(1)).first() is not None


def note(session: Session, person: Person, kind: str, subject: str, why: str) -> datetime:
    """Writes down who is shown what and why; gives when."""
    at = now()
    session.add(Unmasking(at=at, agent=person.name, kind=kind, subject=subject, why=why))
    return at


def note_case(session: Session, person: Person, number: str) -> None:
    """A case page shows everything: who opens it is written down, once for as long as an unmasking holds."""
    if not is_unmasked(session, person, CASE, number):
        note(session, person, CASE, number, CASE_PAGE)


def file(session: Session, person: Person, conversation_id: str, file_id: str) -> StoredFile:
    """A file of this person's own chat, or of one unmasked for them. Raises Refused."""
    chat = session.get(Conversation, conversation_id)
    if not (_is_own(chat, person) or is_unmasked(session, person, CHAT, conversation_id)):
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
    said = [_masked_message(message) for message in chat["messages"]]
    written = [{**note, "text": mask_text(note["text"])} for note in chat["notes"]]
    return {**chat, "packet": packet, "messages": said, "notes": written}


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
