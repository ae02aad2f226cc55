"""Tables of the desk room."""

from sqlalchemy import Column, ForeignKey, Integer, String

from bot.db import Base, UTCDateTime, now

ROLES = ("agent", "quality", "supervisor", "admin")


class Agent(Base):
    """Someone who answers customers. Passwords are argon2 hashes."""

    __tablename__ = "agents"

    id = Column(Integer, primary_key=True)
    name = Column(String(60), nullable=False, unique=True)
    password_hash = Column(String(200), nullable=False)
    role = Column(String(12), nullable=False, default="agent")
    skills = Column(String(200), nullable=False, default="", doc="comma separated: phone, online, complaints, vip")
    created_at = Column(UTCDateTime, nullable=False, default=now)


class DeskSession(Base):
    """A login. Only hashes of the cookie and the CSRF token are kept."""

    __tablename__ = "desk_sessions"

    token_hash = Column(String(64), primary_key=True)
    agent_id = Column(ForeignKey("agents.id", ondelete="CASCADE"), nullable=False)
    csrf_hash = Column(String(64), nullable=False)
    expires_at = Column(UTCDateTime, nullable=False)

