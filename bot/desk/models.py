"""Tables of the desk room."""

from sqlalchemy import Boolean, Column, ForeignKey, Integer, String

from bot.db import Base, UTCDateTime, now

ROLES = ("agent", "quality", "supervisor", "admin")
ANSWERING = ("agent", "supervisor", "admin")
"""Roles that claim chats and change cases; quality only reads (control and execution are apart, seed 002)."""
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
    created_at = Column(UTCDateTime, nullable=False, default=now)


class DeskSession(Base):
    """A login. Only the hash of the cookie is kept; the CSRF token is derived from the cookie."""

    __tablename__ = "desk_sessions"

    token_hash = Column(String(64), primary_key=True)
    agent_id = Column(ForeignKey("agents.id", ondelete="CASCADE"), nullable=False)
    expires_at = Column(UTCDateTime, nullable=False)
