"""Tables of the customers room."""

from sqlalchemy import Column, Index, Integer, String

from bot.db import Base, UTCDateTime, now


class Verification(Base):
    """A conversation has shown that it may see a shipment. Never a slot: slots are filled by customers' words."""

    __tablename__ = "verifications"

    conversation_id = Column(String(32), primary_key=True)
    waybill = Column(String(40), primary_key=True)
    role = Column(String(10), nullable=False, doc="sender or receiver: whose digits were given")
    at = Column(UTCDateTime, nullable=False, default=now)


class Attempt(Base):
    """A wrong try at a waybill's last four digits; too many lock (see verification.py)."""

    __tablename__ = "verification_attempts"
    __table_args__ = (
        Index("ix_attempts_waybill", "waybill_hash", "at"),
        Index("ix_attempts_session", "conversation_id", "at"),
        Index("ix_attempts_time", "at"),
    )

    id = Column(Integer, primary_key=True)
    conversation_id = Column(String(32), nullable=False)
    waybill_hash = Column(String(64), nullable=False)
    at = Column(UTCDateTime, nullable=False, default=now)
