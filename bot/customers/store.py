"""Customers: one for each phone that was shown by a one-time code, with every conversation that showed it.

The caller commits.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import catalog
from bot.customers import subscriptions
from bot.customers.models import Consent, Customer, CustomerEvent, Identity
from bot.db import insert
from bot.privacy import phone_hash

CLASSES = ("A", "B", "C")
NOTICES, MARKETING = "notices", "marketing"
CONSENTS = (NOTICES, MARKETING)
CUSTOMER = "customer"
EVENTS_SHOWN = 20


class UnknownCustomer(Exception):
    """No such customer."""


def identify(session: Session, conversation_id: str, phone: str, now: datetime) -> Customer:
    """The customer of a phone that this conversation has just shown to be theirs; from now on it is linked to them.

    Where another phone was shown before, two people use it: what was said here is neither one's history elsewhere.
    """
    customer = _of_phone(session, phone) or _made(session, phone, now)
    known = session.get(Identity, conversation_id)
    is_new = known is None or known.customer_id != customer.id
    shared = known is not None and (known.is_shared or is_new)
    identity = {"conversation_id": conversation_id, "customer_id": customer.id, "linked_at": now, "is_shared": shared}
    session.merge(Identity(**identity))
    if is_new:
        note(session, customer.id, CUSTOMER, "linked", "", now)
        if consents(session, customer.id).get(NOTICES) is False:
            subscriptions.unsubscribe(session, conversation_id)
    return customer


def _made(session: Session, phone: str, now: datetime) -> Customer:
    row = insert(session, Customer).values(phone=phone, phone_hash=phone_hash(phone), created_at=now)
    made = session.execute(row.on_conflict_do_nothing(index_elements=["phone_hash"]))
    customer = _of_phone(session, phone)
    assert customer is not None
    if made.rowcount:
        note(session, customer.id, CUSTOMER, "made", "", now)
    return customer


def _of_phone(session: Session, phone: str) -> Customer | None:
    return session.execute(select(Customer).where(Customer.phone_hash == phone_hash(phone))).scalar_one_or_none()


def customer_of(session: Session, conversation_id: str) -> Customer | None:
    """Whose conversation this is, where that was shown."""
    query = select(Customer).join(Identity, Identity.customer_id == Customer.id)
    return session.execute(query.where(Identity.conversation_id == conversation_id)).scalar_one_or_none()


def just_shown(session: Session, conversation_id: str, now: datetime) -> Customer | None:
    """The customer, while the code is so fresh that their whole data may be shown here (catalog/guessing.yml)."""
    identity = session.get(Identity, conversation_id)
    if identity is None or now - identity.linked_at > timedelta(minutes=catalog.read("guessing")["shown_minutes"]):
        return None
    return session.get(Customer, identity.customer_id)


def conversations_of(session: Session, conversation_id: str) -> list[str]:
    """This conversation and all others of the same customer: one history, one set of cases."""
    unshared = Identity.is_shared.is_(False)
    own = select(Identity.customer_id).where(Identity.conversation_id == conversation_id, unshared).scalar_subquery()
    query = select(Identity.conversation_id).where(Identity.customer_id == own, unshared)
    linked = session.execute(query).scalars().all()
    return [conversation_id, *(other for other in linked if other != conversation_id)]


def class_of(session: Session, conversation_id: str | None, phone: str | None = None) -> str | None:
    """A, B or C of the customer of this conversation, else of this phone; None for nobody we know.

    A phone that is only claimed decides how soon we act and is never answered with what we know.
    """
    customer = customer_of(session, conversation_id) if conversation_id else None
    customer = customer or (_of_phone(session, phone) if phone else None)
    return str(customer.customer_class) if customer else None


def set_class(session: Session, customer_id: str, customer_class: str, *, actor: str, now: datetime) -> None:
    """Raises UnknownCustomer; ValueError for what is no class."""
    if customer_class not in CLASSES:
        raise ValueError(customer_class)
    customer = session.get(Customer, customer_id)
    if customer is None:
        raise UnknownCustomer(customer_id)
    if customer.customer_class != customer_class:
        note(session, customer_id, actor, "class", f"{customer.customer_class} {customer_class}", now)
        customer.customer_class = customer_class


def set_name(session: Session, customer_id: str, name: str, now: datetime) -> None:
    """How the customer wishes to be called. Raises UnknownCustomer."""
    customer = session.get(Customer, customer_id)
    if customer is None:
        raise UnknownCustomer(customer_id)
    customer.name = name
    note(session, customer_id, CUSTOMER, "corrected", "name", now)


def set_consent(session: Session, customer_id: str, kind: str, given: bool, now: datetime) -> None:
    session.merge(Consent(customer_id=customer_id, kind=kind, given=given, at=now))
    note(session, customer_id, CUSTOMER, "consent", f"{kind} {'given' if given else 'withdrawn'}", now)


def consents(session: Session, customer_id: str) -> dict[str, bool]:
    """By kind what the customer said; what was never asked is missing."""
    query = select(Consent.kind, Consent.given).where(Consent.customer_id == customer_id)
    return {row.kind: row.given for row in session.execute(query)}


def agree(session: Session, conversation_id: str, kind: str, now: datetime) -> None:
    """The customer of this conversation, where known, asks for what they had taken back."""
    customer = customer_of(session, conversation_id)
    if customer is not None and not consents(session, customer.id).get(kind):
        set_consent(session, customer.id, kind, True, now)


def history(session: Session, customer_id: str) -> list[dict[str, Any]]:
    """[{"at", "actor", "what", "detail"}], newest first."""
    query = select(CustomerEvent).where(CustomerEvent.customer_id == customer_id)
    events = session.execute(query.order_by(CustomerEvent.id.desc()).limit(EVENTS_SHOWN)).scalars()
    return [{"at": event.at, "actor": event.actor, "what": event.what, "detail": event.detail} for event in events]


def note(session: Session, customer_id: str, actor: str, what: str, detail: str, now: datetime) -> None:
    session.add(CustomerEvent(customer_id=customer_id, at=now, actor=actor, what=what, detail=detail))
