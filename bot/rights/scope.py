"""What is a person's: found from a phone that was shown to be theirs, and never from one that somebody only named."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.cases.models import Case
from bot.customers.models import Customer, Identity
from bot.privacy import phone_hash
from bot.shipments.models import Party, ServiceRequest, hash_of_phone


@dataclass(frozen=True)
class Scope:
    """`conversations` were linked by a code and are nobody else's; cases and requests are those told in them."""

    phone: str
    customer_id: str | None
    conversations: list[str]
    parties: list[tuple[str, str]]
    """(waybill, role) wherever the phone stands: somebody may send to themselves."""
    cases: list[int]
    requests: list[int]

    @property
    def waybills(self) -> list[str]:
        return list(dict.fromkeys(waybill for waybill, _ in self.parties))


def scope(session: Session, phone: str) -> Scope:
    customer_id = session.execute(
        select(Customer.id).where(Customer.phone_hash == phone_hash(phone))
    ).scalar_one_or_none()
    linked = select(Identity.conversation_id).where(
        Identity.customer_id == (customer_id or ""), Identity.is_shared.is_(False)
    )
    conversations = sorted(session.execute(linked).scalars())
    parties = select(Party.waybill, Party.role).where(Party.phone_hash == (hash_of_phone(phone) or "none"))
    cases = select(Case.id).where(Case.conversation_id.in_(conversations)).order_by(Case.id)
    requests = select(ServiceRequest.id).where(ServiceRequest.conversation_id.in_(conversations))
    return Scope(
        phone=phone,
        customer_id=customer_id,
        conversations=conversations,
        parties=[(row.waybill, row.role) for row in session.execute(parties.order_by(Party.waybill, Party.role))],
        cases=list(session.execute(cases).scalars()),
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
