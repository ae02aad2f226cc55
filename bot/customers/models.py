"""Tables of the customers room."""

from uuid import uuid4

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String

from bot.db import Base, UTCDateTime, now
from bot.privacy import EncryptedText, hash_of, phone_hash


class Verification(Base):
    """A conversation has shown that it may see a shipment. Never a slot: slots are filled by customers' words."""

    __tablename__ = "verifications"
    __table_args__ = (Index("ix_verifications_waybill", "waybill"),)

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


class Customer(Base):
    """Someone who has shown, by a one-time code, that a phone is theirs."""

    __tablename__ = "customers"

    id = Column(String(32), primary_key=True, default=lambda: uuid4().hex)
    phone = Column(EncryptedText, nullable=False)
    phone_hash = Column(String(64), nullable=False, unique=True, info=hash_of("phone", phone_hash))
    name = Column(EncryptedText, doc="as the customer wishes to be called")
    customer_class = Column(String(1), nullable=False, default="C", doc="A, B or C (catalog/customers.yml)")
    created_at = Column(UTCDateTime, nullable=False, default=now)


class Identity(Base):
    """A conversation, on whatever channel, that is this customer's: linked by a one-time code and nothing less."""

    __tablename__ = "customer_identities"

    conversation_id = Column(String(32), primary_key=True)
    customer_id = Column(ForeignKey("customers.id", ondelete="CASCADE"), nullable=False, index=True)
    linked_at = Column(UTCDateTime, nullable=False, default=now, doc="when a code showed it last")
    is_shared = Column(Boolean, nullable=False, default=False, doc="two phones were shown here: it is nobody's history")


class Consent(Base):
    """What a customer agreed to be written to about, or took back. No row: never asked, which is a no."""

    __tablename__ = "customer_consents"

    customer_id = Column(ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True)
    kind = Column(String(10), primary_key=True, doc="notices or marketing")
    given = Column(Boolean, nullable=False)
    at = Column(UTCDateTime, nullable=False, default=now)


class CustomerEvent(Base):
    """The audit line of a change to a customer: who, when, what; never personal data."""

    __tablename__ = "customer_events"

    id = Column(Integer, primary_key=True)
    customer_id = Column(ForeignKey("customers.id", ondelete="CASCADE"), nullable=False, index=True)
    at = Column(UTCDateTime, nullable=False, default=now)
    actor = Column(String(60), nullable=False, doc="customer, system or an agent's name")
    what = Column(String(20), nullable=False, doc="made, linked, class, consent, corrected, exported")
    detail = Column(String(40), nullable=False, default="")
