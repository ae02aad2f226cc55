"""The possible outcomes of a turn, each written inside the turn's one transaction."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from bot.catalog import figure, service_open
from bot.conversations import ownership
from bot.conversations.answers import Answer, Reply
from bot.conversations.models import (
    AGENT,
    ANSWERED,
    BOT,
    CLOSED,
    FAULTED,
    FOR_DESK,
    QUEUED,
    Conversation,
    DialogueEvent,
    InboxMessage,
)
from bot.conversations.outbox import add_message
from bot.conversations.public import SOCIAL, class_of, is_negative
from bot.conversations.text import MAX_UNDERSTOOD
from bot.db import now
from bot.learning import collecting
from bot.wording import say

log = logging.getLogger(__name__)

Settlement = Callable[[Session, Conversation, InboxMessage], None]
"""Writes the outcome of a message."""


@dataclass(frozen=True)
class Claim:
    """A message taken for its turn. `token` and `epoch` must still hold when the turn commits."""

    token: str
    epoch: int
    owner: str
    conversation_id: str
    channel: str
    language: str
    inbox_id: int
    text: str
    payload: str | None
    attempts: int


def leave_to_desk(session: Session, conversation: Conversation, message: InboxMessage) -> None:
    if conversation.owner in (BOT, CLOSED):  # handed back between claim and commit: the bot answers after all
        message.finished_at = None
        return
    message.state = FOR_DESK


def stop_waiting(session: Session, conversation: Conversation, message: InboxMessage) -> None:
    message.state = ANSWERED
    if conversation.owner == QUEUED:
        ownership.cancel_wait(session, conversation)
        _say_next(session, conversation, message, "wait_cancelled")
    elif conversation.owner != AGENT:  # who has just come says so
        if conversation.owner == CLOSED:
            ownership.reopen(session, conversation)
        _say_next(session, conversation, message, "not_waiting")


def _say_next(session: Session, conversation: Conversation, message: InboxMessage, key: str) -> None:
    """A short text of ours with the usual next steps."""
    language = conversation.language
    choices = ownership.next_steps(language)
    add_message(session, conversation, "bot", say(language, key), choices=choices, answers=message.id)


def ask_for_words(session: Session, conversation: Conversation, message: InboxMessage) -> None:
    message.state = ANSWERED
    if conversation.owner == CLOSED:
        ownership.reopen(session, conversation)
    _say_next(session, conversation, message, "no_words")


def answer(
    session: Session, conversation: Conversation, message: InboxMessage, claim: Claim, given: Answer
) -> None:
    stale = conversation.epoch != claim.epoch
    replies = given.replies
    if len(claim.text) > MAX_UNDERSTOOD:
        replies = [Reply(say(claim.language, "too_long", limit=MAX_UNDERSTOOD)), *replies]
    if stale:  # a person took over meanwhile: nothing of this turn may count, but the desk sees what was dropped
        message.state = FOR_DESK
        _say(session, conversation, message, replies, undelivered=True)
        return
    message.state = ANSWERED
    if conversation.language == claim.language:  # else the customer has switched the page meanwhile
        conversation.language = given.language or conversation.language
    if given.handoff is None and _is_public_anger(conversation, given):
        _to_supervisor(session, conversation, message, claim)
        return
    if given.events:
        rows = [{"sender_id": conversation.id, **event} for event in given.events]
        session.execute(insert(DialogueEvent.__table__), rows)  # in one statement: nobody needs their ids
    _learn(session, conversation, message, claim, given)
    _take_back(session, conversation)
    if given.handoff:
        ownership.request_handoff(session, conversation, **given.handoff)
    _say(session, conversation, message, replies)
    if given.handoff:
        ownership.say_place(session, conversation, message.id)


def _is_public_anger(conversation: Conversation, given: Answer) -> bool:
    return conversation.owner != QUEUED and class_of(conversation.channel) == SOCIAL and is_negative(given.events)


def _to_supervisor(session: Session, conversation: Conversation, message: InboxMessage, claim: Claim) -> None:
    """What others read along is for a person to answer: the bot's own reply and dialogue count for nothing."""
    if conversation.owner == CLOSED:
        ownership.reopen(session, conversation)
    words = claim.text[:MAX_UNDERSTOOD]
    packet = {"summary": words, "last_text": words, "public_anger": True}
    ownership.request_handoff(session, conversation, "public_anger", packet)
    text = say(conversation.language, "public_anger", hours=figure("desk_hours"))
    add_message(session, conversation, "bot", text, answers=message.id)


def _learn(
    session: Session, conversation: Conversation, message: InboxMessage, claim: Claim, given: Answer
) -> None:
    """What was not understood, and what a tap says was meant, in this very transaction."""
    if claim.payload:
        collecting.note_tap(session, _message_before(session, message), claim.payload)
    else:
        collecting.note_turn(session, conversation.id, conversation.language, given.events)
    if given.handoff is None and collecting.asks_for_person(given.events):  # the desk is closed
        said = ownership.last_events(session, conversation.id)
        collecting.note_wish(session, conversation.id, conversation.language, said)


def _message_before(session: Session, message: InboxMessage) -> int | None:
    """The id of what the customer sent last before this."""
    query = select(InboxMessage.id).where(
        InboxMessage.conversation_id == message.conversation_id, InboxMessage.seq < message.seq
    )
    return session.execute(query.order_by(InboxMessage.seq.desc()).limit(1)).scalar()


def _take_back(session: Session, conversation: Conversation) -> None:
    """A closed chat opens again; a queued one whose customer leaves a callback no longer waits."""
    if conversation.owner == CLOSED:
        ownership.reopen(session, conversation)
    elif conversation.owner == QUEUED:
        ownership.cancel_wait(session, conversation, outcome="callback")


def _say(
    session: Session,
    conversation: Conversation,
    message: InboxMessage,
    replies: list[Reply],
    *,
    undelivered: bool = False,
) -> None:
    for reply in replies:
        add_message(
            session,
            conversation,
            "bot",
            reply.text,
            choices=reply.choices,
            card=reply.card,
            file_id=reply.file_id,
            answers=message.id,
            undelivered=undelivered,
        )


def fault(claim: Claim, error: BaseException) -> Settlement:
    """Logs what went wrong under an id and passes the customer, who is told the id, to a person."""
    fault_id = secrets.token_hex(4).upper()
    log.error("fault %s in conversation %s, inbox %s", fault_id, claim.conversation_id, claim.inbox_id, exc_info=error)

    def settle(session: Session, conversation: Conversation, message: InboxMessage) -> None:
        message.state = FAULTED
        if conversation.epoch != claim.epoch:
            return
        if conversation.owner == CLOSED:
            ownership.reopen(session, conversation)
        _apologise(session, conversation, message, fault_id, claim.text)

    return settle


def _apologise(
    session: Session, conversation: Conversation, message: InboxMessage, fault_id: str, last_text: str
) -> None:
    """A person at once while the desk is open, else a call back."""
    language = conversation.language
    if conversation.owner == BOT and not service_open(now()):
        choices = [(say(language, "choice_leave_callback"), ownership.LEAVE_CALLBACK)]
        text = say(language, "fault_desk_closed", id=fault_id)
        add_message(session, conversation, "bot", text, choices=choices, answers=message.id)
        return
    if conversation.owner == BOT:
        packet = {"fault": fault_id, "last_text": last_text[:MAX_UNDERSTOOD]}
        ownership.request_handoff(session, conversation, "fault", packet)
    add_message(session, conversation, "bot", say(language, "fault", id=fault_id), answers=message.id)
    if conversation.owner == QUEUED:
        ownership.say_place(session, conversation, message.id)
