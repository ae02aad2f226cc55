"""Who a chat or case is with, as far as a one-time code has shown it; the class is a supervisor's to set."""

from __future__ import annotations

from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session
from starlette.routing import BaseRoute, Route

from bot.cases.models import Case
from bot.conversations.models import Conversation
from bot.customers import store
from bot.customers.models import Customer
from bot.db import now
from bot.desk.access import Asked, Refused
from bot.desk.accounts import Person
from bot.desk.api import changes
from bot.privacy import mask_name, mask_phone


def about(session: Session, conversation_id: str | None) -> dict[str, Any] | None:
    """{"id", "class", "classes", "name", "phone" (masked), "channels", "open", "closed", "consents", "history"}.

    None where nobody has shown whose conversation it is.
    """
    customer = store.customer_of(session, conversation_id) if conversation_id else None
    if customer is None or conversation_id is None:
        return None
    linked = store.conversations_of(session, conversation_id)
    return {
        "id": customer.id,
        "class": customer.customer_class,
        "classes": store.CLASSES,
        "name": mask_name(customer.name or ""),
        "phone": mask_phone(customer.phone),
        "channels": _channels(session, linked),
        **_counted(session, linked),
        "consents": store.consents(session, customer.id),
        "history": store.history(session, customer.id),
    }


def _channels(session: Session, linked: list[str]) -> list[dict[str, str]]:
    query = select(Conversation.id, Conversation.channel).where(Conversation.id.in_(linked))
    rows = session.execute(query.order_by(Conversation.last_message_at.desc()))
    return [{"id": row.id, "channel": row.channel} for row in rows]


def _counted(session: Session, linked: list[str]) -> dict[str, int]:
    still = func.sum(case((Case.is_open, 1), else_=0))
    query = select(func.count(), still).where(Case.conversation_id.in_(linked))
    every, still_open = session.execute(query).one()
    return {"open": int(still_open or 0), "closed": int(every - (still_open or 0))}


def set_class(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    """{"class": A, B or C} from a supervisor or admin; audited with the customer."""
    if not person.leads:
        raise Refused(403, "desk_supervisor_only")
    chosen, customer_id = asked.text("class"), asked.path["id"].hex
    if chosen not in store.CLASSES:
        raise Refused(400, "desk_unknown_class")
    if session.get(Customer, customer_id) is None:
        raise Refused(404, "not_found")
    store.set_class(session, customer_id, chosen, actor=person.name, now=now())
    return {"class": chosen}


def routes() -> list[BaseRoute]:
    return [Route("/customers/{id:uuid}/class", changes(set_class), methods=["POST"])]
