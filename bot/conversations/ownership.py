"""Who answers a conversation: bot → queued → agent → bot | closed. Each change adds one to `epoch`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.conversations.errors import Conflict
from bot.conversations.inbox import lock
from bot.conversations.models import (
    AGENT,
    BOT,
    CLOSED,
    QUEUED,
    Conversation,
    DialogueEvent,
    Handoff,
    HandoffMove,
    Message,
    in_hand,
)
from bot.conversations.outbox import add_message, position
from bot.conversations.teams import team_for
from bot.conversations.text import clean
from bot.conversations.wakeups import DESK, announce, conversation_topic
from bot.db import now, once
from bot.learning import collecting
from bot.privacy import mask_text
from bot.wording import say

CANCEL_WAIT, LEAVE_CALLBACK = "/cancel_wait", "/leave_callback"
"""Payloads of the only two choices that act while a chat is queued."""
RATE = "/rate_case"

SUMMARY_LENGTH = 200
EVENTS_LOOKED_AT = 40
"""Of the dialogue before a handoff: some ten messages with what was done about them."""

CLAIMED, ASSIGNED, TAKEN, TRANSFERRED, TO_TEAM = "claimed", "assigned", "taken", "transferred", "to_team"
LOST, RETURNED, ENDED = "lost", "returned", "ended"
MISSED = "missed"
"""How a chat moves among people (HandoffMove.kind). A missed one stays where it is: an offer was not taken up."""
CAME = (CLAIMED, ASSIGNED, TAKEN, TRANSFERRED)
"""Moves after which a chat is `to`'s."""
QUEUED_AGAIN = (TO_TEAM, LOST)
SUFFERED = (LOST, MISSED)
"""What nobody does, but happens to them."""


def request_handoff(session: Session, conversation: Conversation, reason: str, packet: dict[str, Any]) -> Handoff:
    """Puts a chat of the bot into the queue with the packet for the agent."""
    _change_owner(session, conversation, QUEUED)
    conversation.queued_at = now()
    handoff = Handoff(
        conversation_id=conversation.id, epoch=conversation.epoch, reason=reason, packet=packet,
        summary=_masked_summary(packet), team=team_for(session, conversation, packet),
    )  # fmt: skip
    session.add(handoff)
    session.flush()
    said = last_events(session, conversation.id)
    collecting.note_handoff(session, conversation.id, conversation.language, handoff.id, reason, said)
    return handoff


def last_events(session: Session, conversation_id: str) -> list[Any]:
    """The newest of the dialogue, oldest first: enough for a few messages."""
    columns = (DialogueEvent.type_name, DialogueEvent.action_name, DialogueEvent.data)
    own = (DialogueEvent.sender_id == conversation_id, DialogueEvent.type_name.in_(collecting.READ))
    query = select(*columns).where(*own)
    newest = session.execute(query.order_by(DialogueEvent.id.desc()).limit(EVENTS_LOOKED_AT)).mappings().all()
    return newest[::-1]


def _masked_summary(packet: dict[str, Any]) -> str:
    said = dict.fromkeys(str(packet[name]) for name in ("summary", "last_text") if packet.get(name))  # once each
    words = " · ".join(said)
    return mask_text(" ".join(words.split()))[:SUMMARY_LENGTH]


def say_place(
    session: Session, conversation: Conversation, answers: int | None = None, key: str = "queued"
) -> None:
    """Tells the customer the place in the queue, with the two choices that act there."""
    language = conversation.language
    add_message(
        session,
        conversation,
        "system",
        say(language, key, position=position(session, conversation.queued_at)),
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


def claim(session: Session, conversation_id: str, agent: str, desk: str | None = None) -> Conversation:
    """The agent takes a queued chat; claiming one's own again changes nothing. Raises Conflict when it is another's.

    `desk` is the other maker's desk that the agent works at; none is our own, here and below.
    """
    conversation = lock(session, conversation_id)
    if _has_it(conversation, agent, desk):
        return conversation
    if conversation.owner != QUEUED:
        raise Conflict(f"the chat is with {conversation.agent or 'the bot'}")
    _give(session, conversation, agent, CLAIMED, by=agent, desk=desk)
    return conversation


def _give(
    session: Session, conversation: Conversation, to: str, move: str, *, by: str, desk: str | None = None
) -> None:
    """The chat is `to`'s from now on, and the customer is told who has come."""
    _change_owner(session, conversation, AGENT, to, desk)
    handoff = open_handoff(session, conversation.id)
    if handoff is not None:
        handoff.claimed_at = handoff.claimed_at or now()
        handoff.agent, handoff.held_since = to, now()
        _forget_offer(handoff)
    _note_move(session, conversation, handoff, move, by, to)
    add_message(session, conversation, "system", say(conversation.language, "agent_joined", agent=to))


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


def transfer(session: Session, conversation_id: str, agent: str, to: str, desk: str | None = None) -> None:
    """Passes the chat to another agent of the same desk."""
    _give(session, _owned(session, conversation_id, agent, desk), to, TRANSFERRED, by=agent, desk=desk)


def transfer_to_team(session: Session, conversation_id: str, agent: str, team: str) -> None:
    """Back to the queue, for whoever has that skill; the customer keeps the place of who has waited since then."""
    conversation = _owned(session, conversation_id, agent)
    _queue_again(session, conversation, TO_TEAM, "passed_to_team", team)


def take_over(session: Session, conversation_id: str, supervisor: str) -> None:
    """A supervisor takes a waiting chat or an agent's. Raises Conflict when no person has to do with it."""
    conversation = lock(session, conversation_id)
    if conversation.owner not in (QUEUED, AGENT):
        raise Conflict("the chat is with the bot")
    if not _has_it(conversation, supervisor):
        _give(session, conversation, supervisor, TAKEN, by=supervisor)


def taken_by(session: Session, conversation_id: str, agent: str) -> str | None:
    """Who took this chat, that is with an agent, from this one."""
    handoff = open_handoff(session, conversation_id)
    if handoff is None:
        return None
    came = select(HandoffMove.kind, HandoffMove.to).where(
        HandoffMove.handoff_id == handoff.id, HandoffMove.kind.in_(CAME)
    )
    moves = session.execute(came.order_by(HandoffMove.id.desc()).limit(2)).all()
    is_from_them = len(moves) == 2 and moves[0].kind == TAKEN and moves[1].to == agent
    return str(moves[0].to) if is_from_them and moves[0].to != agent else None


def assign(session: Session, conversation_id: str, supervisor: str, to: str) -> None:
    """A supervisor gives a waiting chat to an agent. Raises Conflict when it does not wait."""
    conversation = lock(session, conversation_id)
    if conversation.owner != QUEUED:
        raise Conflict("the chat is not waiting")
    _give(session, conversation, to, ASSIGNED, by=supervisor)


def queue_lost(session: Session, conversation: Conversation) -> None:
    """The agent of this chat, locked by the caller, is gone or silent: others take it, and the customer is told."""
    _queue_again(session, conversation, LOST, "agent_lost")


def note_missed(session: Session, handoff: Handoff, agent: str, at: datetime) -> None:
    """The agent did not take up the offer of this chat."""
    session.add(
        HandoffMove(
            conversation_id=handoff.conversation_id, handoff_id=handoff.id, kind=MISSED, agent=agent, at=at
        )
    )


def queue_left(session: Session, agent: str) -> None:
    """The agent goes: whoever is with them need not wait until that is noticed."""
    query = select(Conversation).where(in_hand(agent)).order_by(Conversation.id).with_for_update()
    for conversation in session.execute(query).scalars().all():
        queue_lost(session, conversation)


def _queue_again(
    session: Session, conversation: Conversation, move: str, key: str, team: str | None = None
) -> None:
    """The place is that of the first asking: who has waited once does not begin anew."""
    handoff, agent = open_handoff(session, conversation.id), conversation.agent
    is_ours = conversation.desk is None
    _note_move(session, conversation, handoff, move, agent or "", team)
    _change_owner(session, conversation, QUEUED)
    conversation.queued_at = handoff.requested_at if handoff else now()
    if handoff is not None:
        handoff.agent, handoff.held_since = None, None
        handoff.team = team or handoff.team
        _forget_offer(handoff)
        handoff.passed_over = agent if move == LOST and is_ours else ""
    session.flush()
    say_place(session, conversation, key=key)


def _forget_offer(handoff: Handoff) -> None:
    handoff.offered_to = handoff.offered_until = None
    handoff.passed_over = ""


def _note_move(
    session: Session, conversation: Conversation, handoff: Handoff | None, kind: str, agent: str, to: str | None = None
) -> None:
    session.add(
        HandoffMove(
            conversation_id=conversation.id, handoff_id=handoff.id if handoff else None, kind=kind, agent=agent, to=to
        )
    )


def return_to_bot(
    session: Session, conversation_id: str, agent: str, outcome: str = "returned", desk: str | None = None
) -> None:
    """Hands the chat back; the bot says that it is here again."""
    conversation = _owned(session, conversation_id, agent, desk)
    _note_move(session, conversation, open_handoff(session, conversation_id), RETURNED, agent)
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
    _note_move(session, conversation, open_handoff(session, conversation_id), ENDED, agent)
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


def _owned(session: Session, conversation_id: str, agent: str, desk: str | None = None) -> Conversation:
    conversation = lock(session, conversation_id)
    if not _has_it(conversation, agent, desk):
        raise Conflict("the chat is not yours")
    return conversation


def _has_it(conversation: Conversation, agent: str, desk: str | None = None) -> bool:
    return (conversation.owner, conversation.agent, conversation.desk) == (AGENT, agent, desk)


def _change_owner(
    session: Session, conversation: Conversation, owner: str, agent: str | None = None, desk: str | None = None
) -> None:
    conversation.owner = owner
    conversation.agent, conversation.desk = agent, desk
    conversation.epoch += 1
    if owner != QUEUED:
        conversation.queued_at = None
    announce(session, DESK, conversation_topic(conversation.id))


def open_handoff(session: Session, conversation_id: str) -> Handoff | None:
    """The one that is not over yet."""
    query = select(Handoff).where(Handoff.conversation_id == conversation_id, Handoff.ended_at.is_(None))
    return session.execute(query.order_by(Handoff.id.desc()).limit(1)).scalar_one_or_none()


def _end_handoff(session: Session, conversation: Conversation, outcome: str) -> None:
    handoff = open_handoff(session, conversation.id)
    if handoff is not None:
        handoff.ended_at, handoff.outcome = now(), outcome
        collecting.note_outcome(session, handoff.id, outcome)
