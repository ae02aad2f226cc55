"""What the desk sees of conversations: the queue, a packet, a transcript."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.conversations.errors import UnknownConversation
from bot.conversations.models import AGENT, HAS_OPEN_HANDOFF, QUEUED, Conversation, Handoff, Message
from bot.conversations.text import only_asks_for_person
from bot.db import now
from bot.privacy import mask_text

PREVIEW_LENGTH = 60


def queue(session: Session) -> list[dict[str, Any]]:
    """Chats that wait and chats with agents, longest waiting first; the last customer line masked."""
    last_seq = (
        select(func.max(Message.seq))
        .where(Message.conversation_id == Conversation.id, Message.sender == "customer")
        .correlate(Conversation)
        .scalar_subquery()
    )
    query = (
        select(Conversation, Handoff, Message)
        .join(Handoff, HAS_OPEN_HANDOFF)
        .outerjoin(Message, (Message.conversation_id == Conversation.id) & (Message.seq == last_seq))
        .where(Conversation.owner.in_((QUEUED, AGENT)))
        .order_by(Conversation.queued_at, Handoff.requested_at)
    )
    rows = session.execute(query).all()
    places = {chat.id: place for place, chat in enumerate((c for c, _, _ in rows if c.owner == QUEUED), start=1)}
    return [_entry(chat, handoff, last, places.get(chat.id)) for chat, handoff, last in rows]


def _entry(chat: Conversation, handoff: Handoff, last: Message | None, place: int | None) -> dict[str, Any]:
    until = handoff.claimed_at if chat.owner == AGENT and handoff.claimed_at else now()
    return {
        "id": chat.id,
        "channel": chat.channel,
        "language": chat.language,
        "owner": chat.owner,
        "agent": _with_desk(chat),
        "reason": handoff.reason,
        "team": handoff.team,
        "offered_to": handoff.offered_to,
        "offered_until": handoff.offered_until.isoformat() if handoff.offered_until else None,
        "offer_left_s": round((handoff.offered_until - now()).total_seconds()) if handoff.offered_until else None,
        "waiting_s": round((until - handoff.requested_at).total_seconds()),
        "position": place,
        "last_text": _preview(last, handoff)[:PREVIEW_LENGTH],
        "last_at": chat.last_message_at.isoformat(),
    }


def _preview(last: Message | None, handoff: Handoff) -> str:
    """The last line, masked; where that only asks for a person, what the chat was handed over with."""
    line = mask_text(last.text) if last else ""
    return handoff.summary or line if only_asks_for_person(line) else line


def _with_desk(chat: Conversation) -> str | None:
    """Who has the chat; with the name of the other maker's desk, for an agent of ours may be called the same."""
    return f"{chat.agent} ({chat.desk})" if chat.desk else chat.agent


def packet_waybills(session: Session, conversation_id: str) -> list[str]:
    """Parcels that the bot had looked at when it passed the chat on last."""
    packets = select(Handoff.packet).where(Handoff.conversation_id == conversation_id).order_by(Handoff.id.desc())
    packet = session.execute(packets.limit(1)).scalar_one_or_none() or {}
    return [str(shipment["waybill"]) for shipment in packet.get("shipments", ()) if shipment.get("waybill")]


def packet_and_transcript(session: Session, conversation_id: str) -> dict[str, Any]:
    """What an agent sees of a chat: owner, the latest packet, and every message with dropped ones marked."""
    conversation = session.get(Conversation, conversation_id)
    if conversation is None:
        raise UnknownConversation(conversation_id)
    handoffs = select(Handoff).where(Handoff.conversation_id == conversation_id).order_by(Handoff.id.desc()).limit(1)
    handoff = session.execute(handoffs).scalar_one_or_none()
    messages = select(Message).where(Message.conversation_id == conversation_id).order_by(Message.seq)
    return {
        "id": conversation.id,
        "channel": conversation.channel,
        "language": conversation.language,
        "owner": conversation.owner,
        "epoch": conversation.epoch,
        "agent": _with_desk(conversation),
        "packet": {"reason": handoff.reason, **handoff.packet} if handoff else {},
        "messages": [_transcribed(message) for message in session.execute(messages).scalars()],
    }


def _transcribed(message: Message) -> dict[str, Any]:
    return {
        "id": message.seq,
        "from": message.sender,
        "agent": message.agent,
        "text": message.text,
        "choices": [choice["title"] for choice in message.choices or ()],
        "card": message.card,
        "file_id": message.file_id,
        "undelivered": message.undelivered,
        "delivery": message.delivery,
        "at": message.at.isoformat(),
    }
