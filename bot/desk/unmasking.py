"""Seeing a chat in full that is not one's own: for a stated reason, for a while, and written down."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.routing import BaseRoute, Route

from bot.conversations.errors import UnknownConversation
from bot.conversations.models import Conversation, in_hand
from bot.customers.store import conversations_of
from bot.desk import sight
from bot.desk.access import Asked, Refused
from bot.desk.accounts import Person
from bot.desk.api import A_PAGE, changes, chat_id, reads
from bot.desk.models import Unmasking
from bot.desk.serving import Page, shown
from bot.desk.sight import CHAT

REASONS = ("customer_asks", "complaint", "quality_check", "handover")


def may_unmask(session: Session, person: Person, conversation_id: str) -> bool:
    """Quality and those who lead may look into any chat; an agent into the other chats of a customer in hand."""
    if person.reports:
        return True
    own = select(Conversation.id).where(
        Conversation.id.in_(conversations_of(session, conversation_id)),
        in_hand(person.name),
    )
    return session.execute(own.limit(1)).first() is not None


def unmask(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    """{"why"} → {"id", "until"}: the chat is shown in full to this person until then."""
    conversation_id, why = chat_id(asked), asked.text("why")
    if session.get(Conversation, conversation_id) is None:
        raise UnknownConversation(conversation_id)
    if not may_unmask(session, person, conversation_id):
        raise Refused(403, "desk_unmask_not_yours")
    if why not in REASONS:
        raise Refused(400, "desk_unmask_why")
    at = sight.note(session, person, CHAT, conversation_id, why)
    return {"id": conversation_id, "until": (at + sight.unmasked_for()).isoformat()}


def audit(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    """{"unmaskings": [{"id", "at", "agent", "kind", "subject", "why"}], "next"}, newest first."""
    if not person.reports:
        raise Refused(403, "desk_role")
    query = select(Unmasking).order_by(Unmasking.id.desc()).limit(A_PAGE + 1)
    after = asked.number("after")
    rows = session.execute(query.where(Unmasking.id < after) if after else query).scalars().all()
    names = ("id", "agent", "kind", "subject", "why")
    page = [{**{name: getattr(row, name) for name in names}, "at": row.at.isoformat()} for row in rows[:A_PAGE]]
    return {"unmaskings": page, "next": page[-1]["id"] if len(rows) > A_PAGE else None}


def audit_page(session: Session, person: Person, asked: Asked) -> Page:
    return Page("unmaskings.html", audit(session, person, asked))


def routes() -> list[BaseRoute]:
    return [
        Route("/conversations/{id:uuid}/unmask", changes(unmask, answering=False), methods=["POST"]),
        Route("/unmaskings", reads(audit)),
    ]


def page_routes() -> list[BaseRoute]:
    return [Route("/unmaskings", shown(audit_page))]
