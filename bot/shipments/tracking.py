"""A shipment as its customer sees it: coarse for whoever knows the number, whole for those who showed they may."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import catalog
from bot.shipments.explain import NO_PROMISE, Explanation, Facts, explain, usual_by
from bot.shipments.lanes import lane_times
from bot.shipments.masking import masked
from bot.shipments.models import Party, Shipment, ShipmentEvent
from bot.shipments.refreshing import staleness
from bot.shipments.waybill import normalise, recognise
from bot.wording import moment, say

SHOWN_EVENTS = 20
_ON_THE_ROAD = frozenset({"picked_up", "in_transit", "customs", "out_for_delivery", "at_pickup_point", "exception"})

_WITH_COURIER = frozenset({"out_for_delivery", "at_pickup_point", "exception"})

ShipmentView = dict[str, Any]


def look_up(session: Session, waybill: str) -> Shipment | None:
    return session.get(Shipment, normalise(waybill))


def area(session: Session, waybill: str | None) -> str | None:
    """The city a parcel goes to, without 市, for statistics; none where it or its city is unknown."""
    shipment = look_up(session, waybill) if waybill else None
    city = shipment.receiver_city if shipment else None
    return city.removesuffix("市") if city else None


def view(session: Session, waybill: str, *, detailed: bool, language: str, now: datetime) -> ShipmentView | None:
    """The chat card as JSON; none for an unknown number. Not detailed: status, city and what it means, no timeline.

    {"waybill", "carrier", "carrier_name", "status", "status_name", "headline", "why", "next",
    "action": {"title", "payload"} or None, "verdict": on_time|late|stuck|waiting|problem|done|unknown, "city",
    "promised_at", "timeline": [{"at", "city", "text"}] newest first, "detailed", "updated_at", "courier", "stale"};
    times are ISO UTC; `courier` is the number that reaches the courier while he has the parcel; `stale` says, where a
    provider gave no update, how old the record is, else it is empty.
    """
    shipment = look_up(session, waybill)
    if shipment is None:
        return None
    explained = _explained(session, shipment, now)
    city, carrier = last_city(session, shipment.waybill), shipment.carrier or _likely_carrier(shipment.waybill)
    return {
        "waybill": shipment.waybill,
        "carrier": carrier,
        "carrier_name": _carrier_name(carrier, language),
        "status": shipment.status,
        "status_name": say(language, f"track_status_{shipment.status}"),
        **_words(explained, shipment, city, language),
        "verdict": explained.verdict,
        "city": _city_name(city, language),
        "promised_at": shipment.promised_at.isoformat() if shipment.promised_at else None,
        "timeline": _timeline(session, shipment.waybill, language) if detailed else [],
        "detailed": detailed,
        "updated_at": (shipment.last_event_at or shipment.updated_at).isoformat(),
        "courier": shipment.courier_relay if detailed and shipment.status in _WITH_COURIER else None,
        "stale": _stale(session, shipment, language),
    }


def _stale(session: Session, shipment: Shipment, language: str) -> str:
    failed = staleness(session, shipment.waybill)
    if failed is None:
        return ""
    outcome, answered_at = failed
    at = answered_at or shipment.last_event_at or shipment.updated_at
    return say(language, f"track_stale_{outcome}", at=moment(at, language))


def last_city(session: Session, waybill: str) -> str | None:
    """The city of the newest scan that names one; scans without a city are as common as those with."""
    query = select(ShipmentEvent.city).where(ShipmentEvent.waybill == waybill, ShipmentEvent.city.isnot(None))
    return session.execute(query.order_by(ShipmentEvent.at.desc()).limit(1)).scalars().first()


def _timeline(session: Session, waybill: str, language: str) -> list[dict[str, Any]]:
    query = select(ShipmentEvent).where(ShipmentEvent.waybill == waybill)
    newest_first = query.order_by(ShipmentEvent.at.desc(), ShipmentEvent.id.desc()).limit(SHOWN_EVENTS)
    names = session.execute(select(Party.name).where(Party.waybill == waybill, Party.name.isnot(None))).scalars().all()
    return [
        {
            "at": event.at.isoformat(),
            "city": _city_name(event.city, language),
            "text": masked(event.text, names) or say(language, f"track_status_{event.status}"),
        }
        for event in session.execute(newest_first).scalars()
    ]


def _explained(session: Session, shipment: Shipment, now: datetime) -> Explanation:
    """The lane's usual time costs a query: it is looked up where nothing else tells."""
    facts = Facts(
        status=shipment.status,
        reason=shipment.reason,
        since=shipment.last_event_at,
        promised_at=shipment.promised_at,
    )
    explained = explain(facts, now)
    if explained.why != NO_PROMISE:
        return explained
    return explain(replace(facts, usual_by=_usual_by(session, shipment, now)), now)


def _usual_by(session: Session, shipment: Shipment, now: datetime) -> datetime | None:
    """What the lane's parcels took lately, else what the catalog says of such a lane."""
    origin, destination, sent_at = shipment.sender_city, shipment.receiver_city, shipment.created_at
    if not (origin and destination and sent_at):
        return None
    lately = lane_times(session, origin.removesuffix("市"), destination.removesuffix("市"), now)
    return sent_at + timedelta(days=lately.most) if lately else usual_by(origin, destination, sent_at)


def _words(explained: Explanation, shipment: Shipment, city: str | None, language: str) -> dict[str, Any]:
    values = {
        name: moment(value, language) if isinstance(value, datetime) else value
        for name, value in explained.values.items()
    }
    title = "track_headline_at" if city and shipment.status in _ON_THE_ROAD else "track_headline"
    status = say(language, f"track_status_{shipment.status}")
    action = explained.action and {"title": say(language, explained.action[0]), "payload": explained.action[1]}
    return {
        "headline": say(language, title, status=status, city=_city_name(city, language)),
        "why": say(language, explained.why, **values),
        "next": say(language, explained.next, **values),
        "action": action,
    }


def _likely_carrier(waybill: str) -> str | None:
    """The carrier that the number itself names; digits alone fit several."""
    found = recognise(waybill)
    return found.carriers[0] if found and len(found.carriers) == 1 else None


def _carrier_name(carrier: str | None, language: str) -> str:
    known = catalog.carriers().get(carrier or "")
    return known[language] if known else (carrier or "")


def _city_name(city: str | None, language: str) -> str:
    """The city in the customer's language where the catalog knows it, else as written."""
    if not city:
        return ""
    return catalog.cities().english.get(city.removesuffix("市"), city) if language == "en" else city
