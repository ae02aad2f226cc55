"""What is a person's: found from a phone that was shown to be theirs."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from bot.cases.models import Case
from bot.customers.models import Customer, Identity
from bot.privacy import phone_hash
from bot.shipments.models import Party, ServiceRequest, hash_of_phone


@dataclass(frozen=True)
class Scope:
    """`conversations` are those linked to the customer, and those nobody's in which a case with the phone was told."""

    phone: str
    customer_id: str | None
    conversations: list[str]
    roles: dict[str, str]
    """Of each waybill with the phone: sender or receiver."""
    cases: list[int]
    requests: list[int]


def scope(session: Session, phone: str) -> Scope:
    customer_id = session.execute(
        select(Customer.id).where(Customer.phone_hash == phone_hash(phone))
    ).scalar_one_or_none()
    linked = select(Identity.conversation_id).where(Identity.customer_id == (customer_id or ""))
    conversations = set(session.execute(linked).scalars())
    conversations |= _told_in(session, phone)
    own = or_(Case.phone_hash == phone_hash(phone), Case.conversation_id.in_(conversations))
    parties = select(Party.waybill, Party.role).where(Party.phone_hash == (hash_of_phone(phone) or "none"))
    requests = select(ServiceRequest.id).where(ServiceRequest.conversation_id.in_(conversations))
    return Scope(
        phone=phone,
        customer_id=customer_id,
        conversations=sorted(conversations),
        roles={row.waybill: row.role for row in session.execute(parties)},
        cases=list(session.execute(select(Case.id).where(own).order_by(Case.id)).scalars()),
        requests=list(session.execute(requests.order_by(ServiceRequest.id)).scalars()),
    )


def is_known(session: Session, phone: str) -> bool:
    """Whether we hold anything of this phone. Never said to whoever has not shown that it is theirs."""
    queries = (
        select(Party.waybill).where(Party.phone_hash == (hash_of_phone(phone) or "none")),
        select(Customer.id).where(Customer.phone_hash == phone_hash(phone)),
        select(Case.id).where(Case.phone_hash == phone_hash(phone)),
    )
    return any(session.execute(query.limit(1)).first() for query in queries)


def _told_in(session: Session, phone: str) -> set[str]:
    query = (
        select(Case.conversation_id)
        .outerjoin(Identity, Identity.conversation_id == Case.conversation_id)
        .where(Case.phone_hash == phone_hash(phone), Case.conversation_id.isnot(None))
        .where(Identity.conversation_id.is_(None))
    )
    return set(session.execute(query).scalars())
