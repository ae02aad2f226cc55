"""A turn: claim a conversation, answer its oldest waiting message, commit everything at once.

The brain is given as a function and is asked outside any transaction. Its events, replies and wishes are committed
together, on condition that the lease and the ownership epoch still hold; a turn that died left nothing behind and is
run again.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from datetime import timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from bot.conversations import ownership, settle
from bot.conversations.answers import Brain, BrainFault, Question
from bot.conversations.crew import keep_working
from bot.conversations.inbox import lock
from bot.conversations.models import AGENT, BOT, CLOSED, QUEUED, WAITING, Conversation, InboxMessage, Message
from bot.conversations.settle import Claim, Settlement
from bot.conversations.text import for_dialogue, has_words
from bot.conversations.wakeups import WORK, announce, typing_topic
from bot.db import UNAVAILABLE, Database, now

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 4
"""After so many turns that died (crash, database down) the message goes to a person instead."""

QUEUE_CHOICES = (ownership.CANCEL_WAIT, ownership.LEAVE_CALLBACK)

RETRY_AFTER = timedelta(seconds=2)


def claim_next(session: Session, lease_s: float) -> Claim | None:
    """Takes the conversation that has waited longest and its oldest message; none when nothing waits."""
    moment = now()
    query = (
        select(Conversation)
        .where(
            Conversation.waiting_since <= moment,
            or_(Conversation.lease_until.is_(None), Conversation.lease_until < moment),
        )
        .order_by(Conversation.waiting_since)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    conversation = session.execute(query).scalar_one_or_none()
    if conversation is None:
        return None
    message = _oldest_waiting(session, conversation.id)
    if message is None:
        conversation.waiting_since = None
        return None
    message.attempts += 1
    conversation.lease_token = secrets.token_hex(16)
    conversation.lease_until = moment + timedelta(seconds=lease_s)
    said = session.get(Message, (conversation.id, message.seq))
    return Claim(
        token=conversation.lease_token,
        epoch=conversation.epoch,
        owner=conversation.owner,
        conversation_id=conversation.id,
        channel=conversation.channel,
        language=conversation.language,
        inbox_id=message.id,
        text=said.text,
        payload=message.payload,
        attempts=message.attempts,
    )


def _oldest_waiting(session: Session, conversation_id: str) -> InboxMessage | None:
    query = (
        select(InboxMessage)
        .where(InboxMessage.conversation_id == conversation_id, InboxMessage.state == WAITING)
        .order_by(InboxMessage.seq)
        .limit(1)
    )
    return session.execute(query).scalar_one_or_none()


def forget_leases(session: Session) -> None:
    """At the start of the only process on a database: turns that were running died with the one before."""
    query = select(Conversation).where(Conversation.lease_token.is_not(None))
    for conversation in session.execute(query).scalars():
        conversation.lease_token = conversation.lease_until = None


class Turns:
    """Runs turns until stopped: one after another within a conversation, several conversations at once."""

    def __init__(self, database: Database, brain: Brain, *, lease_s: float, timeout_s: float, at_once: int) -> None:
        self._database = database
        self._brain = brain
        self._lease_s = lease_s
        self._timeout_s = timeout_s
        self._at_once = at_once

    async def run(self, stopped: asyncio.Event) -> None:
        """Takes messages as they come; when `stopped` is set, finishes the running turns and returns."""

        async def finish(claim: Claim) -> None:
            following: Claim | None = claim
            while following is not None:
                following = await self._finish(following, and_claim=not stopped.is_set())

        await keep_working(WORK, self._claimed, finish, stopped, at_once=self._at_once)

    async def turn(self) -> bool:
        """Answers one message; False when none waited."""
        claim = await self._claimed()
        if claim is not None:
            await self._finish(claim)
        return claim is not None

    async def _claimed(self) -> Claim | None:
        return await asyncio.to_thread(self._claim)

    def _claim(self) -> Claim | None:
        with self._database.write() as session:
            claim = self._next(session)
            session.commit()
        return claim

    def _next(self, session: Session) -> Claim | None:
        claim = claim_next(session, self._lease_s)
        if claim is not None and claim.owner in (BOT, CLOSED):
            announce(session, typing_topic(claim.conversation_id))
        return claim

    async def _finish(self, claim: Claim, *, and_claim: bool = False) -> Claim | None:
        """Answers the message; gives the next one where `and_claim` asks for it: one transaction less for each."""
        outcome = await self._decide(claim)
        if outcome is not None:
            try:
                return await asyncio.to_thread(self._commit, claim, outcome, and_claim)
            except Exception as error:  # for whatever reason: the customer should not wait for the lease to end
                log.warning("a turn could not be committed (%s); its message is tried again", type(error).__name__)
                log.debug("details", exc_info=error)
        await asyncio.to_thread(self._put_back, claim)
        return None

    async def _decide(self, claim: Claim) -> Settlement | None:
        """What to commit for this message, or none to try it again later."""
        if claim.owner == AGENT or (claim.owner == QUEUED and claim.payload not in QUEUE_CHOICES):
            return settle.leave_to_desk
        if claim.payload == ownership.CANCEL_WAIT:
            return settle.stop_waiting
        if claim.payload is None and not has_words(claim.text):
            return settle.ask_for_words
        if claim.attempts > MAX_ATTEMPTS:
            return settle.fault(claim, BrainFault(f"gave up after {MAX_ATTEMPTS} attempts"))
        return await self._ask_brain(claim)

    async def _ask_brain(self, claim: Claim) -> Settlement | None:
        question = Question(
            conversation_id=claim.conversation_id,
            inbox_id=claim.inbox_id,
            text=claim.payload or for_dialogue(claim.text),
            language=claim.language,
            channel=claim.channel,
        )
        try:
            answer = await asyncio.wait_for(self._brain(question), self._timeout_s)
        except UNAVAILABLE as error:
            log.warning("the database failed while answering (%s)", type(error).__name__)
            return None
        except Exception as error:
            return settle.fault(claim, error)
        if not answer.replies and answer.handoff is None:
            return settle.fault(claim, BrainFault("the dialogue had nothing to say"))
        return lambda session, chat, message: settle.answer(session, chat, message, claim, answer)

    def _commit(self, claim: Claim, write: Settlement, and_claim: bool) -> Claim | None:
        with self._database.write() as session:
            conversation = lock(session, claim.conversation_id)
            if conversation.lease_token != claim.token:
                log.info("a turn lost its lease; another one answers")
                return None
            message = session.get(InboxMessage, claim.inbox_id)
            message.finished_at = now()
            write(session, conversation, message)
            _release(session, conversation)
            following = self._next(session) if and_claim else None
            session.commit()
        return following

    def _put_back(self, claim: Claim) -> None:
        """The message stays; the conversation waits a moment before its next try."""
        with self._database.write() as session:
            conversation = lock(session, claim.conversation_id)
            if conversation.lease_token == claim.token:
                conversation.lease_token = None
                conversation.lease_until = now() + RETRY_AFTER
                session.commit()


def _release(session: Session, conversation: Conversation) -> None:
    conversation.lease_token = conversation.lease_until = None
    session.flush()
    following = _oldest_waiting(session, conversation.id)
    conversation.waiting_since = following.received_at if following else None
    if following:
        announce(session, WORK)
