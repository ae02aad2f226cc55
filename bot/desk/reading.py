"""What an agent has not read or not answered yet, and how long an answer may take."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session

from bot.catalog import figure
from bot.conversations.models import ChatNote, Conversation, Message, in_hand
from bot.conversations.public import class_of
from bot.db import insert, now
from bot.desk.accounts import Person
from bot.desk.models import ChatRead
from bot.reports.service import limit_seconds

NOTHING: dict[str, Any] = {"unread": 0, "unanswered_s": None}


def limits(channel: str) -> dict[str, int]:
    """{"limit_s", "warn_s"}: seconds until a reply is late, and until it is soon (seed 001 §3.2.2, §3.4.2)."""
    limit = limit_seconds(class_of(channel))
    return {"limit_s": limit, "warn_s": limit * figure("warn_at_percent") // 100}


def mark(session: Session, person: Person, conversation_id: str, seq: int, note_id: int) -> None:
    """This person has seen the chat up to message `seq` and note `note_id`; never less than before."""
    row = insert(session, ChatRead).values(
        agent_id=person.id, conversation_id=conversation_id, seq=seq, note_id=note_id
    )
    seen = {
        name: case((row.excluded[name] > getattr(ChatRead, name), row.excluded[name]), else_=getattr(ChatRead, name))
        for name in ("seq", "note_id")
    }
    session.execute(row.on_conflict_do_update(index_elements=["agent_id", "conversation_id"], set_=seen))


def standing(session: Session, person: Person) -> dict[str, dict[str, Any]]:
    """{"unread": messages and notes, "unanswered_s": seconds since the first message that nobody replied to, or None}
    by chat, of those in this person's hands.
    """
    replied = (
        select(Message.conversation_id, func.max(Message.seq).label("seq"))
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(in_hand(person.name), Message.sender.in_(("agent", "bot")))
        .group_by(Message.conversation_id)
        .subquery()
    )
    unread = Message.seq > func.coalesce(ChatRead.seq, 0)
    unanswered = Message.seq > func.coalesce(replied.c.seq, 0)
    query = (
        select(
            Conversation.id,
            func.sum(case((unread, 1), else_=0)).label("unread"),
            func.min(case((unanswered, Message.at))).label("since"),
        )
        .join(Message, Message.conversation_id == Conversation.id)
        .outerjoin(ChatRead, _read_by(person))
        .outerjoin(replied, replied.c.conversation_id == Conversation.id)
        .where(in_hand(person.name), Message.sender == "customer")
        .group_by(Conversation.id)
    )
    notes = _unread_notes(session, person)
    return {
        row.id: {"unread": row.unread + notes.get(row.id, 0), "unanswered_s": _seconds_since(row.since)}
        for row in session.execute(query)
    }


def _unread_notes(session: Session, person: Person) -> dict[str, int]:
    """How many words of colleagues this person has not seen yet, by chat in their hands."""
    query = (
        select(ChatNote.conversation_id, func.count())
        .join(Conversation, Conversation.id == ChatNote.conversation_id)
        .outerjoin(ChatRead, _read_by(person))
        .where(in_hand(person.name), ChatNote.agent != person.name, ChatNote.id > func.coalesce(ChatRead.note_id, 0))
        .group_by(ChatNote.conversation_id)
    )
    return dict(session.execute(query).all())


def _read_by(person: Person) -> Any:
    return and_(ChatRead.conversation_id == Conversation.id, ChatRead.agent_id == person.id)


def _seconds_since(moment: datetime | None) -> int | None:
    return round((now() - moment).total_seconds()) if moment else None
