"""Words of people of ours about a chat, for each other: at a transfer, or a supervisor's to the agent."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.conversations.inbox import lock
from bot.conversations.models import ChatNote
from bot.conversations.text import clean
from bot.conversations.wakeups import DESK, announce, conversation_topic
from bot.desk.accounts import Person

MOST_WORDS = 1000


def add(session: Session, person: Person, conversation_id: str, text: str) -> None:
    """Nothing without words. Raises UnknownConversation."""
    text = clean(text)[:MOST_WORDS]
    if not text:
        return
    chat = lock(session, conversation_id)
    session.add(ChatNote(conversation_id=chat.id, agent=person.name, text=text, after_seq=chat.last_seq))
    session.flush()
    announce(session, DESK, conversation_topic(chat.id))  # whoever has the chat may look at another


def last(session: Session, conversation_id: str) -> int:
    """The id of the newest note; 0 without any."""
    query = select(func.max(ChatNote.id)).where(ChatNote.conversation_id == conversation_id)
    return session.execute(query).scalar_one() or 0


def of(session: Session, conversation_id: str) -> list[dict[str, Any]]:
    """[{"id", "agent", "text", "after" (the message before it), "at"}], oldest first."""
    query = select(ChatNote).where(ChatNote.conversation_id == conversation_id).order_by(ChatNote.id)
    return [
        {"id": note.id, "agent": note.agent, "text": note.text, "after": note.after_seq, "at": note.at.isoformat()}
        for note in session.execute(query).scalars()
    ]
