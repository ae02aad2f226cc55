"""A shipment as its customer sees it: coarse for whoever knows the number, whole for those who showed they may."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import catalog
from bot.privacy import mask_text
from bot.shipments.explain import Explanation, Facts, explain, usual_by
from bot.shipments.models import Shipment, ShipmentEvent
from bot.wording import moment, say

SHOWN_EVENTS = 20
# 派送员：王小明 → 派送员：王**; couriers' texts name couriers and signers this way.
_NAMED = re.compile(
    r"((?:员|小哥|签收人|收件人|寄件人|联系人)\s*[:：【\[]?\s*)([\u4e00-\u9fff])[\u4e00-\u9fff·]{1,3}(?![\u4e00-\u9fff])"
)

ShipmentView = dict[str, Any]


def look_up(session: Session, waybill: str) -> Shipment | None:
    return session.get(Shipment, waybill)


def view(session: Session, waybill: str, *, detailed: bool, language: str, now: datetime) -> ShipmentView | None:
    """The chat card as JSON; none for an unknown number. Not detailed: status, city and what it means, no timeline."""
    shipment = look_up(session, waybill)
    if shipment is None:
        return None
    events = _newest_events(session, waybill, SHOWN_EVENTS if detailed else 1)
    explained = explain(_facts(shipment), now)
    city = next((event.city for event in events if event.city), None) or shipment.sender_city
    return {
        "waybill": waybill,
        "carrier": shipment.carrier,
        "carrier_name": _carrier_name(shipment.carrier, language),
        "status": shipment.status,
        "status_name": say(language, f"track_status_{shipment.status}"),
        **_words(explained, shipment, city, language),
        "verdict": explained.verdict,
        "city": _city_name(city, language),
        "promised_at": shipment.promised_at.isoformat() if shipment.promised_at else None,
        "timeline": [_line(event, language) for event in events] if detailed else [],
        "detailed": detailed,
        "updated_at": (shipment.last_event_at or shipment.updated_at).isoformat(),
    }


def _newest_events(session: Session, waybill: str, most: int) -> list[ShipmentEvent]:
    query = select(ShipmentEvent).where(ShipmentEvent.waybill == waybill)
    newest_first = query.order_by(ShipmentEvent.at.desc(), ShipmentEvent.id.desc()).limit(most)
    return list(session.execute(newest_first).scalars())


def _facts(shipment: Shipment) -> Facts:
    return Facts(
        status=shipment.status,
        reason=shipment.reason,
        since=shipment.last_event_at,
        promised_at=shipment.promised_at,
        usual_by=usual_by(shipment.sender_city, shipment.receiver_city, shipment.created_at),
    )


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
        "next": say(language, explained.next),
        "action": action,
    }


_ON_THE_ROAD = frozenset({"picked_up", "in_transit", "customs", "out_for_delivery", "at_pickup_point", "exception"})


def _line(event: ShipmentEvent, language: str) -> dict[str, Any]:
    return {"at": event.at.isoformat(), "city": _city_name(event.city, language), "text": masked(event.text)}


def masked(text: str) -> str:
    """A courier's text without the names and numbers of people."""
    return mask_text(_NAMED.sub(r"\1\2**", text))


def _carrier_name(carrier: str | None, language: str) -> str:
    known = catalog.carriers().get(carrier or "")
    return known[language] if known else (carrier or "")


def _city_name(city: str | None, language: str) -> str:
    """The city in the customer's language where the catalog knows it, else as written."""
    if not city:
        return ""
    return catalog.cities().english.get(city.removesuffix("市"), city) if language == "en" else city
