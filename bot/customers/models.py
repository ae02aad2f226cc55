"""Tables of the customers room."""

from sqlalchemy import Boolean, Column, Index, Integer, String

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
        Index("ix_attempts_origin", "origin_hash", "at"),
        Index("ix_attempts_time", "at"),
    )

    id = Column(Integer, primary_key=True)
    conversation_id = Column(String(32), nullable=False)
    waybill_hash = Column(String(64), nullable=False)
    origin_hash = Column(String(64), doc="where the try came from; forgotten when no limit looks at it")
    at = Column(UTCDateTime, nullable=False, default=now)


class Origin(Base):
    """Where a conversation came from last, as a keyed hash; forgotten soon after its last message (purge)."""

    __tablename__ = "origins"

    conversation_id = Column(String(32), primary_key=True)
    origin_hash = Column(String(64), nullable=False)
    at = Column(UTCDateTime, nullable=False, default=now, index=True)


class OneTimeCode(Base):
    """A code sent to a phone on record. The newest of a conversation and subject counts (see codes.py)."""

    __tablename__ = "one_time_codes"
    __table_args__ = (
        Index("ix_codes_subject", "subject_hash", "sent_at"),
        Index("ix_codes_phone", "phone_hash", "sent_at"),
        Index("ix_codes_conversation", "conversation_id", "sent_at"),
        Index("ix_codes_origin", "origin_hash", "sent_at"),
        Index("ix_codes_time", "sent_at"),
    )

    id = Column(Integer, primary_key=True)
    conversation_id = Column(String(32), nullable=False)
    subject_hash = Column(String(64), nullable=False, doc="keyed: what the code is for names a parcel or phone")
    phone_hash = Column(String(64), doc="keyed: where it is sent; several subjects may be of one phone")
    origin_hash = Column(String(64))
    code_hash = Column(String(64), nullable=False)
    sent_at = Column(UTCDateTime, nullable=False, default=now)
    wrong = Column(Integer, nullable=False, default=0)
    used = Column(Boolean, nullable=False, default=False)


class Subscription(Base):
    """A conversation that asked to be told of a parcel."""

    __tablename__ = "subscriptions"
    __table_args__ = (Index("ix_subscriptions_waybill", "waybill"),)

    conversation_id = Column(String(32), primary_key=True)
    waybill = Column(String(40), primary_key=True)
    promised_at = Column(UTCDateTime, doc="the promise the customer knows of")
    at = Column(UTCDateTime, nullable=False, default=now)


class Told(Base):
    """A node of a parcel that a conversation has been told of: never twice."""

    __tablename__ = "told"

    conversation_id = Column(String(32), primary_key=True)
    waybill = Column(String(40), primary_key=True)
    node = Column(String(60), primary_key=True, doc="kind of notice and what makes it this one")
    at = Column(UTCDateTime, nullable=False, default=now)
