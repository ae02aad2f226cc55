"""Tables of the shipments room, and the keyed hashes in them."""

from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String
from sqlalchemy.types import TypeDecorator

from bot.db import Base, UTCDateTime, now
from bot.privacy import EncryptedJSON, EncryptedText, phone_digits, phone_hash, vault

STATUSES = (
    "created", "awaiting_pickup", "picked_up", "in_transit", "customs", "out_for_delivery", "at_pickup_point",
    "delivered", "exception", "returning", "returned", "cancelled", "unknown",
)  # fmt: skip
OVER = frozenset({"delivered", "returned", "cancelled"})
"""Statuses after which a parcel is no longer under way."""


class Yuan(TypeDecorator):
    """Money to the fen: a Decimal in Python, whole fen in the database (SQLite has no decimals)."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | int | None, dialect: Any) -> int | None:
        return None if value is None else int(value * 100)

    def process_result_value(self, value: int | None, dialect: Any) -> Decimal | None:
        return None if value is None else Decimal(value) / 100


def hash_of_phone(phone: str | None) -> str | None:
    """For look-up by a whole number; files may carry only the last digits, or stars in the middle."""
    whole = phone is not None and "*" not in phone and len(phone_digits(phone)) >= 7
    return phone_hash(phone) if phone and whole else None


def hash_of_tail(waybill: str, phone: str | None) -> str | None:
    """Of the waybill and the last four digits of a phone; none where there are not four."""
    tail = phone_digits(phone or "")[-4:]
    return vault().hash(f"{waybill}:{tail}") if len(tail) == 4 else None


def fingerprint(at: datetime, code: str | None, text: str) -> str:
    """What makes a scan the same scan. Keyed, because the text names people."""
    return vault().hash(f"{at.astimezone(timezone.utc).isoformat()}|{code or ''}|{text}")[:32]


def _fingerprint_anew(row: Any) -> str:
    """An erased text leaves the old one, under which the scan will not be taken in again."""
    return fingerprint(row["at"], row["code"], row["text"]) if row["text"] else str(row["fingerprint"])


class Shipment(Base):
    """One parcel. Status is normalised (domain-facts §2.7); the reason is a separate field."""

    __tablename__ = "shipments"
    __table_args__ = (
        Index("ix_shipments_lane", "sender_city", "receiver_city", "status", "last_event_at"),
        Index("ix_shipments_erased", "erased_at", "last_event_at"),
    )

    waybill = Column(String(40), primary_key=True)
    carrier = Column(String(20))
    status = Column(String(20), nullable=False, default="unknown")
    reason = Column(String(40))
    service = Column(String(40))
    sender_city = Column(String(60))
    receiver_city = Column(String(60))
    declared_value = Column(Yuan)
    freight = Column(Yuan)
    cod_amount = Column(Yuan)
    courier_relay = Column(String(40), doc="a number that reaches the courier and hides both sides' own")
    created_at = Column(UTCDateTime)
    promised_at = Column(UTCDateTime)
    last_event_at = Column(UTCDateTime)
    updated_at = Column(UTCDateTime, nullable=False, default=now)
    erased_at = Column(UTCDateTime, doc="when people's names and couriers' words were taken out by age")


class Party(Base):
    """Sender or receiver of a shipment. `phone_hash` finds shipments of a phone, `tail_hash` checks four digits."""

    __tablename__ = "parties"
    __table_args__ = (Index("ix_parties_phone", "phone_hash"),)

    waybill = Column(ForeignKey("shipments.waybill", ondelete="CASCADE"), primary_key=True)
    role = Column(String(10), primary_key=True, doc="sender or receiver")
    name = Column(EncryptedText)
    phone = Column(EncryptedText)
    phone_hash = Column(String(64), info={"rehash": lambda row: hash_of_phone(row["phone"])})
    tail_hash = Column(String(64), info={"rehash": lambda row: hash_of_tail(row["waybill"], row["phone"])})
    address = Column(EncryptedText)


class ShipmentEvent(Base):
    """A courier's scan. Append-only; the same event imported twice is one row (`fingerprint`)."""

    __tablename__ = "shipment_events"
    __table_args__ = (Index("ix_shipment_events_unique", "waybill", "fingerprint", unique=True),)

    id = Column(Integer, primary_key=True)
    waybill = Column(ForeignKey("shipments.waybill", ondelete="CASCADE"), nullable=False)
    at = Column(UTCDateTime, nullable=False)
    city = Column(String(60))
    status = Column(String(20), nullable=False)
    reason = Column(String(40))
    code = Column(String(60), doc="as the file or provider gave it")
    text = Column(EncryptedText, nullable=False, doc="carries couriers' names and phones")
    fingerprint = Column(
        String(32), nullable=False, info={"rehash": lambda row: _fingerprint_anew(row)}
    )


class ProviderQuery(Base):
    """When a parcel was last asked of a provider: a number asked too often is locked there (see refreshing.py)."""

    __tablename__ = "provider_queries"

    waybill = Column(String(40), primary_key=True)
    outcome = Column(String(20), nullable=False, doc="asked, answered, or that of a ProviderError")
    asked_at = Column(UTCDateTime, nullable=False)
    answered_at = Column(UTCDateTime, doc="the last good answer")
    again_at = Column(UTCDateTime, nullable=False, doc="not asked before")
    watched = Column(Boolean, nullable=False, default=False, doc="the provider pushes changes")


class ServiceRequest(Base):
    """Something a customer asked to be done: a change to a parcel under way, or a pickup (see requests.py)."""

    __tablename__ = "service_requests"
    __table_args__ = (
        Index("ix_requests_conversation", "conversation_id", "id"),
        Index("ix_requests_waybill", "waybill", "id"),
        Index("ix_requests_list", "state", "id"),
    )

    id = Column(Integer, primary_key=True)
    number = Column(String(20), nullable=False, unique=True)
    type = Column(String(20), nullable=False, doc="a kind of catalog/changes.yml, or pickup")
    state = Column(String(12), nullable=False)
    reason = Column(String(200), doc="why it was refused, as told to the customer")
    waybill = Column(String(40), doc="none for a pickup until the outlet gives one")
    phone = Column(EncryptedText)
    details = Column(EncryptedJSON, nullable=False, doc="address, person, time, place, item … by type")
    conversation_id = Column(String(32), nullable=False)
    language = Column(String(2), nullable=False)
    role = Column(String(10), doc="sender or receiver, once shown; until then nothing is done")
    due_at = Column(UTCDateTime, doc="by when the outlet's answer is promised")
    created_at = Column(UTCDateTime, nullable=False, default=now)
    updated_at = Column(UTCDateTime, nullable=False, default=now)


class ServiceRequestEvent(Base):
    """The audit line of a step: who, when, from, to, note."""

    __tablename__ = "service_request_events"

    id = Column(Integer, primary_key=True)
    request_id = Column(ForeignKey("service_requests.id", ondelete="CASCADE"), nullable=False, index=True)
    at = Column(UTCDateTime, nullable=False, default=now)
    actor = Column(String(60), nullable=False, doc="customer, system or an agent's name")
    step = Column(String(20), nullable=False)
    from_state = Column(String(12))
    to_state = Column(String(12), nullable=False)
    note = Column(EncryptedText)
