"""Tables of the channels room."""

from sqlalchemy import Column, Index, Integer, String, UniqueConstraint

from bot.db import Base, UTCDateTime, now
from bot.privacy import EncryptedJSON, EncryptedText


class ChannelKey(Base):
    """A bearer key of the REST channel. The key itself is shown once; its hash is kept."""

    __tablename__ = "channel_keys"

    name = Column(String(40), primary_key=True)
    channel = Column(String(20), nullable=False, default="rest", doc="where its senders write: rest, or a social one")
    key_hash = Column(String(64), nullable=False, unique=True)
    created_at = Column(UTCDateTime, nullable=False, default=now)


class Wish(Base):
    """What a webhook put off, so that it could answer at once: a photo to fetch, messages to pull."""

    __tablename__ = "wishes"
    __table_args__ = (UniqueConstraint("channel", "external_id"), Index("ix_wishes_due", "channel", "due_at"))

    id = Column(Integer, primary_key=True)
    channel = Column(String(20), nullable=False)
    external_id = Column(String(120), nullable=False)
    sender = Column(EncryptedText, nullable=False, default="", doc="the platform's user; empty where it is nobody's")
    reference = Column(EncryptedJSON, nullable=False, doc="what the platform needs to find it")
    due_at = Column(UTCDateTime, nullable=False, default=now)
    asked = Column(Integer, nullable=False, default=1, doc="times; asked for again while at work, it is done again")
    attempts = Column(Integer, nullable=False, default=0)
    lease_until = Column(UTCDateTime)


class PullCursor(Base):
    """Up to where messages were pulled from a platform that does not push them."""

    __tablename__ = "pull_cursors"

    channel = Column(String(20), primary_key=True)
    account = Column(String(64), primary_key=True)
    cursor = Column(String(300), nullable=False)
