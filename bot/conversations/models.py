"""Tables of the conversations room."""

from typing import Any
from uuid import uuid4

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, String, Text, UniqueConstraint, and_
from sqlalchemy.orm import validates

from bot.cases.terms import terms_of
from bot.db import Base, UTCDateTime, now
from bot.privacy import EncryptedBytes, EncryptedJSON, EncryptedText, vault

BOT, QUEUED, AGENT, CLOSED = "bot", "queued", "agent", "closed"
OWNERS = (BOT, QUEUED, AGENT, CLOSED)

WAITING, ANSWERED, FOR_DESK, FAULTED = "waiting", "answered", "for_desk", "faulted"

SENT, UNCERTAIN, HELD, FAILED = "sent", "uncertain", "held", "failed"


def sender_hash(channel: str, sender: str) -> str:
    """The keyed hash under which a channel's user is found."""
    return vault().hash(f"{channel}:{sender}")


class Conversation(Base):
    """One customer on one channel. `epoch` grows with each change of owner."""

    __tablename__ = "conversations"
    __table_args__ = (
        UniqueConstraint("channel", "sender_hash"),
        Index("ix_conversations_waiting", "waiting_since"),
        Index("ix_conversations_owner", "owner", "queued_at"),
        Index("ix_conversations_silent", "last_message_at"),
    )

    id = Column(String(32), primary_key=True, default=lambda: uuid4().hex)
    channel = Column(String(20), nullable=False)
    sender_hash = Column(
        String(64), nullable=False, info={"rehash": lambda row: sender_hash(row["channel"], row["sender"])}
    )
    sender = Column(EncryptedText, nullable=False)
    language = Column(String(2), nullable=False, default="zh")
    owner = Column(String(10), nullable=False, default=BOT)
    epoch = Column(Integer, nullable=False, default=0)
    agent = Column(String(60))
    desk = Column(String(20), doc="the other maker's desk whose agent has it; none: our own")
    last_seq = Column(Integer, nullable=False, default=0)
    waiting_since = Column(UTCDateTime, doc="when the next turn is due; none when nothing waits")
    lease_token = Column(String(32))
    lease_until = Column(UTCDateTime)
    queued_at = Column(UTCDateTime)
    created_at = Column(UTCDateTime, nullable=False, default=now)
    last_message_at = Column(UTCDateTime, nullable=False, default=now)
    is_pushed = Column(Boolean, nullable=False, default=False, doc="a messaging platform: replies are sent to it")


class Message(Base):
    """One line of the transcript; `seq` is given under the conversation's row lock and is the id clients see.

    Messages of bot, agent and system are the outbox: web and REST read them by cursor, platforms are sent them.
    """

    __tablename__ = "messages"
    # Reports read who spoke when from the index alone: rows carry long ciphertext.
    __table_args__ = (Index("ix_messages_said", "at", "conversation_id", "seq", "sender", "undelivered"),)

    conversation_id = Column(ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True)
    seq = Column(Integer, primary_key=True, autoincrement=False)
    sender = Column(String(10), nullable=False, doc="customer, bot, agent or system")
    text = Column(EncryptedText, nullable=False, default="")
    choices = Column(EncryptedJSON, doc="[{id, title, payload}]; the payload never leaves the server")
    card = Column(EncryptedJSON)
    file_id = Column(ForeignKey("files.id"), index=True)
    agent = Column(String(60))
    epoch = Column(Integer, nullable=False)
    answers = Column(ForeignKey("inbox.id"), index=True, doc="the inbox message this replies to")
    undelivered = Column(Boolean, nullable=False, default=False, doc="dropped as stale, or refused by its platform")
    delivery = Column(String(10), doc="sent, uncertain, held or failed; none: not sent yet, or read by cursor")
    at = Column(UTCDateTime, nullable=False, default=now)


class Delivery(Base):
    """How far a platform has been sent a conversation's messages. Whoever touches it holds the conversation's lock.

    Messages up to `sent_seq` are settled. Those in hand end at `batch_seq`; `sent_parts` pieces of them are through.
    """

    __tablename__ = "deliveries"
    __table_args__ = (Index("ix_deliveries_due", "channel", "due_at"),)

    conversation_id = Column(ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True)
    channel = Column(String(20), nullable=False)
    due_at = Column(UTCDateTime, doc="when there is something to send; none while there is not")
    sent_seq = Column(Integer, nullable=False, default=0)
    batch_seq = Column(Integer)
    sent_parts = Column(Integer, nullable=False, default=0)
    is_sending = Column(Boolean, nullable=False, default=False, doc="found so by the next claim: nobody knows")
    is_held = Column(Boolean, nullable=False, default=False, doc="until the customer writes: we may say no more")
    is_repeated = Column(Boolean, nullable=False, default=False, doc="this piece was sent before, perhaps in vain")
    attempts = Column(Integer, nullable=False, default=0)
    first_tried_at = Column(UTCDateTime)
    lease_token = Column(String(32))
    lease_until = Column(UTCDateTime)
    offered = Column(EncryptedJSON, doc="ids of the choices that were numbered in the last message, in their order")


class InboxMessage(Base):
    """A received message and what became of it. The unique external id makes a repeated webhook one message."""

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("channel", "external_id"),
        Index("ix_inbox_conversation", "conversation_id", "state", "seq"),
        Index("ix_inbox_received", "received_at"),
    )

    id = Column(Integer, primary_key=True)
    conversation_id = Column(ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False)
    channel = Column(String(20), nullable=False)
    external_id = Column(String(120), nullable=False)
    seq = Column(Integer, nullable=False)
    payload = Column(EncryptedText, doc="what stands behind a tapped choice")
    state = Column(String(10), nullable=False, default=WAITING)
    attempts = Column(Integer, nullable=False, default=0)
    received_at = Column(UTCDateTime, nullable=False, default=now)
    finished_at = Column(UTCDateTime)


class StoredFile(Base):
    """A photo or PDF that a customer, or an agent, sent; encrypted with its name."""

    __tablename__ = "files"

    id = Column(String(32), primary_key=True)
    conversation_id = Column(ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False, index=True)
    name = Column(EncryptedText, nullable=False)
    media_type = Column(String(60), nullable=False)
    size = Column(Integer, nullable=False, doc="bytes")
    content = Column(EncryptedBytes, nullable=False)
    at = Column(UTCDateTime, nullable=False, default=now)


class Handoff(Base):
    """One passing of a conversation to people, with the packet the bot hands over."""

    __tablename__ = "handoffs"
    __table_args__ = (
        Index("ix_handoffs_requested", "requested_at"),
        Index("ix_handoffs_outcome", "outcome", "id"),
        Index("ix_handoffs_summary", "summary"),  # as of cases: SQLite reads words of summaries from it
    )

    id = Column(Integer, primary_key=True)
    conversation_id = Column(ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False, index=True)
    epoch = Column(Integer, nullable=False)
    reason = Column(String(40), nullable=False)
    packet = Column(EncryptedJSON, nullable=False)
    requested_at = Column(UTCDateTime, nullable=False, default=now)
    claimed_at = Column(UTCDateTime, doc="when the first agent came")
    agent = Column(String(60))
    held_since = Column(UTCDateTime, doc="when the present agent came")
    team = Column(String(20), nullable=False, default="online", doc="the skill that is asked for")
    offered_to = Column(String(60), doc="the agent who may take it first, until `offered_until`")
    offered_until = Column(UTCDateTime)
    passed_over = Column(Text, nullable=False, default="", doc="names, a line each, who are not offered it again")
    ended_at = Column(UTCDateTime)
    outcome = Column(String(40), doc="returned, cancelled, callback, or the agent's closing outcome")
    summary = Column(String(200), nullable=False, default="", doc="plain and masked, for search")
    terms = Column(Text, nullable=False, default="", doc="what the summary is found by on PostgreSQL")

    @validates("summary")
    def _index(self, _name: str, summary: str) -> str:
        self.terms = terms_of(summary)
        return summary


def in_hand(agent: str) -> Any:
    """The condition on chats that this agent of our own desk has; a namesake at another desk is somebody else."""
    return and_(Conversation.owner == AGENT, Conversation.agent == agent, Conversation.desk.is_(None))


HAS_OPEN_HANDOFF = and_(Handoff.conversation_id == Conversation.id, Handoff.ended_at.is_(None))
"""Joins a conversation to its handoff that is not over yet."""


class HandoffMove(Base):
    """A chat changing hands among people (ownership.py): what shift reports count. Append-only."""

    __tablename__ = "handoff_moves"
    __table_args__ = (Index("ix_handoff_moves_at", "at", "agent"),)

    id = Column(Integer, primary_key=True)
    conversation_id = Column(ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False, index=True)
    handoff_id = Column(ForeignKey("handoffs.id", ondelete="CASCADE"), index=True)
    kind = Column(String(12), nullable=False)
    agent = Column(String(60), nullable=False, doc="who did it, or lost it")
    to = Column(String(60), doc="the agent or team that has it now")
    at = Column(UTCDateTime, nullable=False, default=now)


class AgentState(Base):
    """From when to when someone was on or on a break; who is in neither is off. Shift reports read it."""

    __tablename__ = "agent_states"
    __table_args__ = (
        Index("ix_agent_states_since", "since", "agent"),
        Index("ix_agent_states_agent", "agent", "until"),
    )

    id = Column(Integer, primary_key=True)
    agent = Column(String(60), nullable=False)
    state = Column(String(5), nullable=False)
    since = Column(UTCDateTime, nullable=False, default=now)
    until = Column(UTCDateTime)


class ChatNote(Base):
    """Words of people of ours about a chat, for each other: no customer is ever shown them."""

    __tablename__ = "chat_notes"

    id = Column(Integer, primary_key=True)
    conversation_id = Column(ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False, index=True)
    agent = Column(String(60), nullable=False)
    text = Column(EncryptedText, nullable=False)
    after_seq = Column(Integer, nullable=False, doc="the message it was written after")
    at = Column(UTCDateTime, nullable=False, default=now)


class DialogueEvent(Base):
    """Rasa's tracker events, in a table of our own name (`events` would collide) and encrypted."""

    __tablename__ = "rasa_events"
    __table_args__ = (Index("ix_rasa_events_sender", "sender_id", "id"),)

    id = Column(Integer, primary_key=True)
    sender_id = Column(String(255), nullable=False)
    type_name = Column(String(255), nullable=False)
    timestamp = Column(Float, nullable=False, doc="seconds since 1970")
    intent_name = Column(String(255))
    action_name = Column(String(255))
    data = Column(EncryptedText, nullable=False)
