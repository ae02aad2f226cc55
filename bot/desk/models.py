"""Tables of the desk room."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Text

from bot.db import Base, UTCDateTime, now

ROLES = ("agent", "quality", "supervisor", "admin")
ANSWERING = ("agent", "supervisor", "admin")
"""Roles that claim chats and change cases; quality only reads (control and execution are apart, seed 002)."""
ON, BREAK, OFF = "on", "break", "off"
STATES = (ON, BREAK, OFF)
"""Only who is on is offered chats; pulling from the queue is open to all."""
LEADING = ("supervisor", "admin")
"""Roles that assign cases and chats, see the team, decide that a case is none, and declare incidents."""
REPORTING = ("quality", "supervisor", "admin")
"""Roles that see reports."""


class Agent(Base):
    """Someone who answers customers. Passwords are argon2 hashes."""

    __tablename__ = "agents"

    id = Column(Integer, primary_key=True)
    name = Column(String(60), nullable=False, unique=True)
    password_hash = Column(String(200), nullable=False)
    must_change_password = Column(Boolean, nullable=False, default=False, doc="the password was given for one use")
    role = Column(String(12), nullable=False, default="agent")
    skills = Column(String(200), nullable=False, default="", doc="comma separated: phone, online, complaints, vip")
    capacity = Column(Integer, doc="chats at once; none: catalog/routing.yml")
    state = Column(String(5), nullable=False, default="off")
    seen_at = Column(UTCDateTime, doc="when a desk of theirs was last open")
    created_at = Column(UTCDateTime, nullable=False, default=now)


class DeskSession(Base):
    """A login. Only the hash of the cookie is kept; the CSRF token is derived from the cookie."""

    __tablename__ = "desk_sessions"

    token_hash = Column(String(64), primary_key=True)
    agent_id = Column(ForeignKey("agents.id", ondelete="CASCADE"), nullable=False)
    expires_at = Column(UTCDateTime, nullable=False)


class CannedReply(Base):
    """Words that are said often, in both languages, with variables in braces (see canned.py)."""

    __tablename__ = "canned_replies"

    id = Column(Integer, primary_key=True)
    shortcut = Column(String(20), nullable=False, unique=True, doc="what is typed after the slash")
    text_zh = Column(Text, nullable=False)
    text_en = Column(Text, nullable=False)
    updated_by = Column(String(60), nullable=False)
    updated_at = Column(UTCDateTime, nullable=False, default=now)


class ChatRead(Base):
    """Up to which message, and which note of colleagues, an agent has seen a chat."""

    __tablename__ = "chat_reads"

    agent_id = Column(ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True)
    conversation_id = Column(ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True, index=True)
    seq = Column(Integer, nullable=False)
    note_id = Column(Integer, nullable=False, default=0, server_default="0")


class Unmasking(Base):
    """Who was shown what in full, when and why. Append-only; the newest row is also what permits it for a while."""

    __tablename__ = "unmaskings"
    __table_args__ = (Index("ix_unmaskings_subject", "kind", "subject", "agent", "at"),)

    id = Column(Integer, primary_key=True)
    at = Column(UTCDateTime, nullable=False, default=now)
    agent = Column(String(60), nullable=False)
    kind = Column(String(10), nullable=False, doc="chat or case")
    subject = Column(String(32), nullable=False, doc="id of the conversation or number of the case")
    why = Column(String(20), nullable=False, doc="a code (unmasking.py): free words would carry personal data")
