"""Whom an incident touches: those who watch a parcel on its way through, and complaints on such parcels."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import catalog
from bot.cases import incidents
from bot.cases.models import Case, Incident
from bot.customers import subscriptions
from bot.customers.models import Subscription
from bot.duework import Piece
from bot.notices.telling import Notice, tell
from bot.shipments import tracking
from bot.shipments.models import OVER, Shipment
from bot.wording import moment, say

BATCH = 500
AGAIN = timedelta(minutes=15)
"""How often an incident looks for parcels that came into its area meanwhile."""
_WAITS = ("unknown", "created", "awaiting_pickup")


def places_of(session: Session, shipment: Shipment) -> list[str]:
    """Where a parcel is and where it goes; before its pickup also where it is sent from. Nothing once it is over."""
    if shipment.status in OVER:
        return []
    last = tracking.last_city(session, shipment.waybill)
    start = shipment.sender_city if last is None or shipment.status in _WAITS else None
    return [place for place in (last, start, shipment.receiver_city) if place]


def mention(session: Session, waybill: str, language: str, now: datetime) -> str | None:
    """What an answer about this parcel says of an incident on its way; None where there is none."""
    shipment = tracking.look_up(session, waybill)
    incident = shipment and incidents.incident_for(session, places_of(session, shipment), now)
    if not incident:
        return None
    end = incident["ends_at"]
    until = say(language, "incident_until", end=moment(end, language)) if end else ""
    return f"{incident['text'][language]} {until}".strip()


def tell_affected(session: Session, piece: Piece, now: datetime) -> datetime | None:
    """Due work of the kind `incidents.TELL`: every watcher once, in the day; complaints since it began are linked."""
    incident = session.get(Incident, int(piece.subject))
    if incident is None or incident.closed_at or (incident.ends_at and incident.ends_at <= now):
        return None
    _link_complaints(session, incident, now)
    quiet = catalog.quiet_until(now)
    if quiet:
        return quiet
    for subscription, shipment in _watched(session):
        if incidents.touches(incident, places_of(session, shipment)):
            _tell_once(session, incident, subscription, now)
    return now + AGAIN


def _tell_once(session: Session, incident: Incident, subscription: Subscription, now: datetime) -> None:
    conversation_id, waybill = subscription.conversation_id, subscription.waybill
    if subscriptions.first_time(session, conversation_id, waybill, f"incident:{incident.id}", now):
        tell(session, conversation_id, lambda language: _notice(incident, waybill, language))


def _notice(incident: Incident, waybill: str, language: str) -> Notice:
    until = say(language, "incident_until", end=moment(incident.ends_at, language)) if incident.ends_at else ""
    text = incident.text_en if language == "en" else incident.text_zh
    track = (say(language, "choice_track_this"), f'/track_shipment{{"waybill": "{waybill}"}}')
    return say(language, "notice_incident", waybill=waybill, text=text, until=until), [track]


def _watched(session: Session) -> Iterator[tuple[Subscription, Shipment]]:
    """Subscriptions with their parcels, in one order, a batch at a time."""
    after = ("", "")
    key = (Subscription.waybill, Subscription.conversation_id)
    while True:
        query = select(Subscription, Shipment).join(Shipment, Shipment.waybill == Subscription.waybill)
        query = query.where((key[0] > after[0]) | ((key[0] == after[0]) & (key[1] > after[1])))
        rows = session.execute(query.order_by(*key).limit(BATCH)).all()
        yield from rows
        if len(rows) < BATCH:
            return
        after = (rows[-1][0].waybill, rows[-1][0].conversation_id)


def _link_complaints(session: Session, incident: Incident, now: datetime) -> None:
    """Open cases told since it began, whose first look came before it was declared."""
    since = min(incident.begins_at, incident.declared_at)
    query = select(Case).where(Case.created_at >= since, Case.is_open, Case.incident_id.is_(None))
    for case in session.execute(query.with_for_update(skip_locked=True)).scalars():
        shipment = tracking.look_up(session, case.waybill) if case.waybill else None
        if shipment is not None and incidents.touches(incident, places_of(session, shipment)):
            incidents.link(session, case, incident.id, now)
