"""Taking messages in: stored before they are acknowledged, each external id once."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import timedelta

import puremagic
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.conversations.errors import FileRefused, UnknownChoice, UnknownConversation, UnknownFile
from bot.conversations.models import AGENT, QUEUED, Conversation, InboxMessage, Message, StoredFile, sender_hash
from bot.conversations.outbox import wake_delivery
from bot.conversations.text import alike, clean
from bot.conversations.wakeups import DESK, WORK, announce, conversation_topic
from bot.customers.guessing import note_origin
from bot.db import insert, now

MAX_FILE_BYTES = 10 * 1024 * 1024
MEDIA_TYPES = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/heic": ".heic",
    "image/heif": ".heic",
    "application/pdf": ".pdf",
}
CHOICE_LIFETIME = timedelta(hours=24)
_FILE_ID = re.compile("[0-9a-f]{32}")  # PostgreSQL fails on other things clients may send, such as a NUL


@dataclass(frozen=True)
class Receipt:
    """The message's id in its conversation, its inbox id, and whether it had been received before."""

    seq: int
    inbox_id: int
    repeated: bool


def open_conversation(session: Session, channel: str, sender: str, language: str = "zh") -> Conversation:
    """The conversation of `sender` on `channel`, made on first contact. `sender` is the channel's own user id."""
    known = find_conversation(session, channel, sender)
    if known is not None:
        return known
    fresh = {"channel": channel, "sender_hash": sender_hash(channel, sender), "sender": sender, "language": language}
    session.execute(insert(session, Conversation).values(**fresh).on_conflict_do_nothing())
    found = find_conversation(session, channel, sender)
    assert found is not None
    return found


def find_conversation(session: Session, channel: str, sender: str) -> Conversation | None:
    query = select(Conversation).where(
        Conversation.channel == channel, Conversation.sender_hash == sender_hash(channel, sender)
    )
    return session.execute(query).scalar_one_or_none()


def lock(session: Session, conversation_id: str) -> Conversation:
    """The conversation under its row lock; whoever gives out sequence numbers or changes the owner holds it."""
    query = select(Conversation).where(Conversation.id == conversation_id).with_for_update()
    conversation = session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    if conversation is None:
        raise UnknownConversation(conversation_id)
    return conversation


def speak(session: Session, conversation_id: str, language: str) -> None:
    """The customer picked this language: it holds until they write in another. Raises UnknownConversation."""
    lock(session, conversation_id).language = language


def receive(
    session: Session,
    conversation_id: str,
    external_id: str,
    *,
    text: str | None = None,
    choice: str | None = None,
    file_id: str | None = None,
    address: str | None = None,
) -> Receipt:
    """Stores one message (a text, a tapped choice or a sent file) and wakes a turn; a repeated id changes nothing.

    The words of a choice still open are that choice.
    `address` is the customer's network address or, where one server speaks for all, the platform's user: guessing is
    limited by it too.
    Raises UnknownConversation, UnknownChoice, UnknownFile.
    """
    conversation = lock(session, conversation_id)
    known = _received_before(session, conversation, external_id)
    if known is not None:
        return known
    if address is not None:
        note_origin(session, conversation_id, address, now())
    payload = None
    if text is not None:
        payload = _typed(session, conversation_id, text)
    if choice is not None:
        text, payload = _tapped(session, conversation_id, choice)
    if file_id is not None:
        text, payload = "", _file_payload(session, conversation_id, file_id)
    conversation.last_seq += 1
    conversation.last_message_at = now()
    conversation.waiting_since = conversation.waiting_since or now()
    message = InboxMessage(
        conversation_id=conversation_id,
        channel=conversation.channel,
        external_id=external_id,
        seq=conversation.last_seq,
        payload=payload,
    )
    session.add(message)
    session.add(
        Message(
            conversation_id=conversation_id,
            seq=conversation.last_seq,
            sender="customer",
            text=clean(text or ""),
            file_id=file_id,
            epoch=conversation.epoch,
        )
    )
    session.flush()
    wake_delivery(session, conversation, heard=True)
    at_the_desk = (DESK,) if conversation.owner in (QUEUED, AGENT) else ()
    announce(session, WORK, conversation_topic(conversation_id), *at_the_desk)
    return Receipt(message.seq, message.id, repeated=False)


def _received_before(session: Session, conversation: Conversation, external_id: str) -> Receipt | None:
    query = select(InboxMessage.seq, InboxMessage.id).where(
        InboxMessage.channel == conversation.channel, InboxMessage.external_id == external_id
    )
    row = session.execute(query).first()
    return Receipt(row.seq, row.id, repeated=True) if row else None


def _tapped(session: Session, conversation_id: str, choice_id: str) -> tuple[str, str]:
    """Title and payload of a button this conversation was shown within CHOICE_LIFETIME."""
    seq = choice_id.partition("-")[0]
    message = session.get(Message, (conversation_id, int(seq))) if seq.isdecimal() and len(seq) < 10 else None
    if message is None or now() - message.at > CHOICE_LIFETIME:
        raise UnknownChoice(choice_id)
    for choice in message.choices or ():
        if secrets.compare_digest(choice["id"].encode(), choice_id.encode("utf-8", "surrogatepass")):
            return choice["title"], choice["payload"]
    raise UnknownChoice(choice_id)


def _typed(session: Session, conversation_id: str, text: str) -> str | None:
    """Payload of the one open choice that has these words as its title. A bare number may mean anything."""
    words = alike(text)
    if not words or words.isdecimal():
        return None
    choices = _open_choices(session, conversation_id)
    meant = {choice["payload"] for choice in choices if alike(choice["title"]) == words}
    return meant.pop() if len(meant) == 1 else None


def _open_choices(session: Session, conversation_id: str) -> list[dict[str, str]]:
    """Those shown since the customer last said something, within CHOICE_LIFETIME."""
    own = select(func.max(Message.seq)).where(
        Message.conversation_id == conversation_id, Message.sender == "customer"
    )
    shown = select(Message).where(
        Message.conversation_id == conversation_id,
        Message.seq > func.coalesce(own.scalar_subquery(), 0),
        Message.at > now() - CHOICE_LIFETIME,
        Message.undelivered.is_(False),
    )
    return [choice for message in session.execute(shown).scalars() for choice in message.choices or ()]


def _file_payload(session: Session, conversation_id: str, file_id: str) -> str:
    own = select(StoredFile.id).where(StoredFile.id == file_id, StoredFile.conversation_id == conversation_id)
    if not _FILE_ID.fullmatch(file_id) or session.execute(own).first() is None:
        raise UnknownFile(file_id)
    return f'/provide_photo{{"file_id": "{file_id}"}}'


def store_file(session: Session, conversation_id: str, name: str, data: bytes) -> str:
    """Keeps a photo or PDF, its type judged by its content; gives its id. Raises FileRefused."""
    if not data:
        raise FileRefused("file_empty")
    if len(data) > MAX_FILE_BYTES:
        raise FileRefused("file_too_large")
    media_type = _media_type(data)
    if media_type not in MEDIA_TYPES:
        raise FileRefused("file_type")
    stored = StoredFile(
        id=secrets.token_hex(16),
        conversation_id=conversation_id,
        name=clean(name)[:120] or f"file{MEDIA_TYPES[media_type]}",
        media_type=media_type,
        size=len(data),
        content=data,
    )
    session.add(stored)
    session.flush()
    return stored.id


def _media_type(data: bytes) -> str:
    try:
        return puremagic.from_string(data, mime=True)
    except (puremagic.PureError, ValueError):
        return ""


def read_file(session: Session, conversation_id: str, file_id: str) -> StoredFile | None:
    """A file of this conversation, and of no other."""
    if not _FILE_ID.fullmatch(file_id):
        return None
    query = select(StoredFile).where(StoredFile.id == file_id, StoredFile.conversation_id == conversation_id)
    return session.execute(query).scalar_one_or_none()
