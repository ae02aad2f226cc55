"""What an agent has not read or not answered yet, and how long an answer may take."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session

from bot.catalog import figure
from bot.conversations.models import Conversation, Message, in_hand
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


def mark(session: Session, person: Person, conversation_id: str, seq: int) -> None:
    """This person has seen the chat up to message `seq`; never less than before."""
    row = insert(session, ChatRead).values(agent_id=person.id, conversation_id=conversation_id, seq=seq)
    seen = case((row.excluded.seq > ChatRead.seq, row.excluded.seq), else_=ChatRead.seq)
    session.execute(row.on_conflict_do_update(index_elements=["agent_id", "conversation_id"], set_={"seq": seen}))


def standing(session: Session, person: Person) -> dict[str, dict[str, Any]]:
    """{"unread": messages, "unanswered_s": seconds since the first one that nobody replied to, or None} by chat.

    Of the chats in this person's hands that have either.
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
        .outerjoin(ChatRead, and_(ChatRead.conversation_id == Conversation.id, ChatRead.agent_id == person.id))
        .outerjoin(replied, replied.c.conversation_id == Conversation.id)
        .where(in_hand(person.name), Message.sender == "customer")
        .group_by(Conversation.id)
    )
    return {row.id: {"unread": row.unread, "unanswered_s": _seconds_since(row.since)} for row in session.execute(query)}


def _seconds_since(moment: datetime | None) -> int | None:
    return round((now() - moment).total_seconds()) if moment else None
