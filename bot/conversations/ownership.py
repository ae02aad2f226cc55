"""Who answers a conversation: bot → queued → agent → bot | closed. Each change adds one to `epoch`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.conversations.errors import Conflict, UnknownConversation
from bot.conversations.inbox import lock
from bot.conversations.models import AGENT, BOT, CLOSED, QUEUED, Conversation, Handoff, Message
from bot.conversations.outbox import add_message, position
from bot.conversations.text import clean
from bot.conversations.wakeups import DESK, announce, conversation_topic
from bot.db import now, once
from bot.privacy import mask_text
from bot.wording import say

CANCEL_WAIT, LEAVE_CALLBACK = "/cancel_wait", "/leave_callback"
"""Payloads of the only two choices that act while a chat is queued."""
RATE = "/rate_case"

PREVIEW_LENGTH, SUMMARY_LENGTH = 60, 200


def request_handoff(session: Session, conversation: Conversation, reason: str, packet: dict[str, Any]) -> Handoff:
    """Puts a chat of the bot into the queue with the packet for the agent."""
    _change_owner(session, conversation, QUEUED)
    conversation.queued_at = now()
    handoff = Handoff(
        conversation_id=conversation.id, epoch=conversation.epoch, reason=reason, packet=packet,
        summary=_masked_summary(packet),
    )  # fmt: skip
    session.add(handoff)
    session.flush()
    return handoff


def _masked_summary(packet: dict[str, Any]) -> str:
    words = " · ".join(str(packet[name]) for name in ("summary", "last_text") if packet.get(name))
    return mask_text(" ".join(words.split()))[:SUMMARY_LENGTH]


def say_place(session: Session, conversation: Conversation, answers: int) -> None:
    """Tells the customer the place in the queue, with the two choices that act there."""
    language = conversation.language
    add_message(
        session,
        conversation,
        "system",
        say(language, "queued", position=position(session, conversation.queued_at)),
        choices=[
            (say(language, "choice_cancel_wait"), CANCEL_WAIT),
            (say(language, "choice_leave_callback"), LEAVE_CALLBACK),
        ],
        answers=answers,
    )


def cancel_wait(session: Session, conversation: Conversation, outcome: str = "cancelled") -> None:
    """The customer no longer waits: the bot goes on."""
    if conversation.owner != QUEUED:
        raise Conflict("the chat is not waiting")
    _end_handoff(session, conversation, outcome)
    _change_owner(session, conversation, BOT)


def claim(session: Session, conversation_id: str, agent: str) -> Conversation:
    """The agent takes a queued chat; claiming one's own again changes nothing. Raises Conflict when it is another's."""
    conversation = lock(session, conversation_id)
    if conversation.owner == AGENT and conversation.agent == agent:
        return conversation
    if conversation.owner != QUEUED:
        raise Conflict(f"the chat is with {conversation.agent or 'the bot'}")
    _change_owner(session, conversation, AGENT, agent)
    handoff = _open_handoff(session, conversation_id)
    if handoff is not None:
        handoff.claimed_at, handoff.agent = now(), agent
    add_message(session, conversation, "system", say(conversation.language, "agent_joined", agent=agent))
    return conversation


def reply(session: Session, conversation_id: str, agent: str, text: str) -> Message:
    """The agent's words to the customer. Raises Conflict unless this agent owns the chat, ValueError when empty."""
    conversation = _owned(session, conversation_id, agent)
    text = clean(text)
    if not text:
        raise ValueError("a reply needs words")
    return add_message(session, conversation, "agent", text, agent=agent)


def note_once(session: Session, conversation_id: str, agent: str, text: str, *, key: str) -> None:
    """What the agent did for the customer, said by the system once per `key`. Raises Conflict as `reply` does."""
    conversation = _owned(session, conversation_id, agent)
    once(session, key, "agent_note", lambda: {"id": add_message(session, conversation, "system", text).seq})


def transfer(session: Session, conversation_id: str, agent: str, to: str) -> None:
    """Passes the chat to another agent."""
    conversation = _owned(session, conversation_id, agent)
    _change_owner(session, conversation, AGENT, to)
    handoff = _open_handoff(session, conversation_id)
    if handoff is not None:
        handoff.agent = to
    add_message(session, conversation, "system", say(conversation.language, "agent_joined", agent=to))


def return_to_bot(session: Session, conversation_id: str, agent: str, outcome: str = "returned") -> None:
    """Hands the chat back; the bot says that it is here again."""
    conversation = _owned(session, conversation_id, agent)
    _end_handoff(session, conversation, outcome)
    _change_owner(session, conversation, BOT)
    _say_back(session, conversation)


def give_back_waiting(session: Session, conversation: Conversation, outcome: str) -> None:
    """Another desk is done with a chat that nobody took. Raises Conflict when it does not wait."""
    cancel_wait(session, conversation, outcome)
    _say_back(session, conversation)


def _say_back(session: Session, conversation: Conversation) -> None:
    language = conversation.language
    add_message(session, conversation, "bot", say(language, "bot_is_back"), choices=next_steps(language))


def close(session: Session, conversation_id: str, agent: str, outcome: str) -> None:
    """Ends the chat with an outcome. The customer's next message opens it again with the bot."""
    conversation = _owned(session, conversation_id, agent)
    _end_handoff(session, conversation, clean(outcome)[:40] or "closed")
    _change_owner(session, conversation, CLOSED)
    add_message(session, conversation, "system", say(conversation.language, "chat_closed", agent=agent))


def close_and_ask(session: Session, conversation_id: str, agent: str, outcome: str) -> None:
    """Ends the chat and asks how it went: a tap opens it again with the bot, whose survey it is."""
    close(session, conversation_id, agent, outcome)
    conversation = lock(session, conversation_id)
    rate = (say(conversation.language, "choice_rate"), RATE)
    add_message(session, conversation, "system", say(conversation.language, "please_rate"), choices=[rate])


def reopen(session: Session, conversation: Conversation) -> None:
    """A customer writes after the chat was closed: the bot answers."""
    _change_owner(session, conversation, BOT)


def next_steps(language: str) -> list[tuple[str, str]]:
    return [
        (say(language, "choice_track"), "/track_shipment"),
        (say(language, "choice_case_status"), "/ask_case_status"),
        (say(language, "choice_human"), "/request_human"),
    ]


def _owned(session: Session, conversation_id: str, agent: str) -> Conversation:
    conversation = lock(session, conversation_id)
    if conversation.owner != AGENT or conversation.agent != agent:
        raise Conflict("the chat is not yours")
    return conversation


def _change_owner(session: Session, conversation: Conversation, owner: str, agent: str | None = None) -> None:
    conversation.owner = owner
    conversation.agent = agent
    conversation.epoch += 1
    if owner != QUEUED:
        conversation.queued_at = None
    announce(session, DESK, conversation_topic(conversation.id))


def _open_handoff(session: Session, conversation_id: str) -> Handoff | None:
    query = select(Handoff).where(Handoff.conversation_id == conversation_id, Handoff.ended_at.is_(None))
    return session.execute(query.order_by(Handoff.id.desc()).limit(1)).scalar_one_or_none()


def _end_handoff(session: Session, conversation: Conversation, outcome: str) -> None:
    handoff = _open_handoff(session, conversation.id)
    if handoff is not None:
        handoff.ended_at, handoff.outcome = now(), outcome


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
        .join(Handoff, (Handoff.conversation_id == Conversation.id) & Handoff.ended_at.is_(None))
        .outerjoin(Message, (Message.conversation_id == Conversation.id) & (Message.seq == last_seq))
        .where(Conversation.owner.in_((QUEUED, AGENT)))
        .order_by(Conversation.queued_at, Handoff.requested_at)
    )
    rows = session.execute(query).all()
    places = {chat.id: place for place, chat in enumerate((c for c, _, _ in rows if c.owner == QUEUED), start=1)}
    return [_entry(chat, handoff, last, places.get(chat.id)) for chat, handoff, last in rows]


def _entry(chat: Conversation, handoff: Handoff, last: Message | None, place: int | None) -> dict[str, Any]:
    until = handoff.claimed_at or now()
    return {
        "id": chat.id,
        "channel": chat.channel,
        "language": chat.language,
        "owner": chat.owner,
        "agent": chat.agent,
        "reason": handoff.reason,
        "waiting_s": round((until - handoff.requested_at).total_seconds()),
        "position": place,
        "last_text": mask_text(last.text)[:PREVIEW_LENGTH] if last else "",
        "last_at": chat.last_message_at.isoformat(),
    }


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
        "agent": conversation.agent,
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
