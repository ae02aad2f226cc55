"""Parcels that customers asked to be told of: at most one notice a node, none in quiet hours but urgent ones."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import catalog
from bot.customers import store, subscriptions
from bot.customers.models import Subscription
from bot.duework import Piece
from bot.notices.nodes import Node, next_look, node_of, watched_no_longer
from bot.notices.telling import Notice, tell
from bot.shipments import tracking
from bot.shipments.models import Shipment
from bot.wording import say


def start(session: Session, conversation_id: str, waybill: str, now: datetime) -> str:
    """`started`, `unknown` or `too_many`. What the customer can see now is not told again."""
    shipment = tracking.look_up(session, waybill)
    if shipment is None:
        return "unknown"
    if not subscriptions.subscribe(session, conversation_id, shipment.waybill, shipment.promised_at, now):
        return "too_many"
    store.agree(session, conversation_id, store.NOTICES, now)
    node = node_of(shipment, shipment.promised_at, now)
    if node:
        subscriptions.first_time(session, conversation_id, shipment.waybill, node.mark, now)
    return "started"


def look(session: Session, piece: Piece, now: datetime) -> datetime | None:
    """Due work of the kind `subscriptions.PARCEL`: tells everyone who waits for this parcel what is new."""
    waiting, shipment = _watched(session, piece.subject)
    if shipment is None:
        return None
    quiet = catalog.quiet_until(now)
    held = [not _tell_news(session, subscription, shipment, now, quiet is not None) for subscription in waiting]
    if watched_no_longer(shipment, now) and not any(held):
        for subscription in waiting:
            session.delete(subscription)
        return None
    return quiet if any(held) else next_look(shipment, now)


def _watched(session: Session, waybill: str) -> tuple[list[Subscription], Shipment | None]:
    """Who waits for a parcel, and the parcel; none where nobody waits or it is no more."""
    query = select(Subscription, Shipment).join(Shipment, Shipment.waybill == Subscription.waybill)
    rows = session.execute(query.where(Subscription.waybill == waybill)).all()
    return [row.Subscription for row in rows], rows[0].Shipment if rows else None


def _tell_news(session: Session, subscription: Subscription, shipment: Shipment, now: datetime, quiet: bool) -> bool:
    """False where there is news that the quiet hours hold back."""
    node = node_of(shipment, subscription.promised_at, now)
    if node is None:
        return True
    if quiet and not node.urgent:
        return False
    subscription.promised_at = shipment.promised_at
    waybill = shipment.waybill
    if not subscriptions.first_time(session, subscription.conversation_id, waybill, node.mark, now):
        return True
    told = tell(session, subscription.conversation_id, lambda language: _notice(session, waybill, node, language, now))
    if not told:
        subscriptions.unsubscribe(session, subscription.conversation_id)
    return True


def _notice(session: Session, waybill: str, node: Node, language: str, now: datetime) -> Notice:
    """The card's sentences: what happened, why, what comes next; and the choices that help."""
    view = tracking.view(session, waybill, detailed=False, language=language, now=now)
    assert view is not None  # `look` holds the shipment
    told = "\n".join(part for part in (view["headline"], view["why"], view["next"]) if part)
    offered = [(view["action"]["title"], _about(view["action"]["payload"], waybill))] if view["action"] else []
    choices = [
        *offered,
        (say(language, "choice_track_this"), _about("/track_shipment", waybill)),
        (say(language, "choice_no_more_notices"), _about("/unsubscribe", waybill)),
    ]
    return say(language, f"notice_{node.name}", waybill=waybill, told=told), choices


def _about(payload: str, waybill: str) -> str:
    return f'{payload}{{"waybill": "{waybill}"}}'


