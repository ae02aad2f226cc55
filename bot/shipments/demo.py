"""Made-up parcels in every interesting state, dated from now, so that a newcomer has something to look at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import delete

from bot.db import Database, now
from bot.shipments.models import Shipment, ShipmentEvent, fingerprint
from bot.shipments.statuses import read_code
from bot.shipments.store import party, write_events, write_parties, write_shipments

SHOWN = 5


@dataclass(frozen=True)
class DemoParcel:
    """A parcel to try: its number, the last four digits that open it, and what it shows."""

    waybill: str
    tail: str
    story: str


def load_demo(database: Database) -> list[DemoParcel]:
    """Writes the demo parcels as of now, in place of those written before; gives the first five."""
    parcels = yaml.safe_load(Path(__file__).with_name("demo.yml").read_text(encoding="utf-8"))["parcels"]
    moment = now()
    with database.write() as session:
        numbers = [parcel["waybill"] for parcel in parcels]
        session.execute(delete(ShipmentEvent).where(ShipmentEvent.waybill.in_(numbers)))
        session.execute(delete(Shipment).where(Shipment.waybill.in_(numbers)))
        write_shipments(session, [_shipment(parcel, moment) for parcel in parcels])
        write_parties(session, [_party(parcel, role) for parcel in parcels for role in ("sender", "receiver")])
        write_events(session, [_event(p["waybill"], event, moment) for p in parcels for event in p["events"]])
        session.commit()
    return [DemoParcel(p["waybill"], p["receiver"]["phone"][-4:], p["story"]) for p in parcels[:SHOWN]]


def _shipment(parcel: dict[str, Any], moment: datetime) -> dict[str, Any]:
    columns = dict.fromkeys(column.name for column in Shipment.__table__.c if column.name != "updated_at")
    return {
        **columns,
        "waybill": parcel["waybill"],
        "carrier": parcel["carrier"],
        "status": "unknown",
        "service": parcel.get("service"),
        "sender_city": parcel["sender"]["city"],
        "receiver_city": parcel["receiver"]["city"],
        "cod_amount": parcel.get("cod_amount"),
        "declared_value": parcel.get("declared_value"),
        "courier_relay": parcel.get("courier_relay"),
        "created_at": moment - timedelta(hours=parcel["created_h_ago"]),
        "promised_at": moment + timedelta(hours=parcel["promised_in_h"]) if "promised_in_h" in parcel else None,
    }


def _party(parcel: dict[str, Any], role: str) -> dict[str, Any]:
    who = parcel[role]
    return party(parcel["waybill"], role, who["name"], who["phone"], who.get("address"))


def _event(waybill: str, event: dict[str, Any], moment: datetime) -> dict[str, Any]:
    at, text = moment - timedelta(hours=event["h_ago"]), event["text"]
    status, reason = read_code(event["code"])
    return {
        "waybill": waybill, "at": at, "city": event.get("city"), "status": status, "reason": reason,
        "code": event["code"], "text": text, "fingerprint": fingerprint(at, event["code"], text),
    }  # fmt: skip
