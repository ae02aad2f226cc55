"""Which key node a parcel is at, and when to look at it again. Pure: a shipment in, names and times out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot import catalog
from bot.shipments.explain import threshold
from bot.shipments.models import OVER, Shipment

_WAITS = {"out_for_delivery": "delivery_overdue", "at_pickup_point": "lain_long"}
_MOVES = frozenset({"created", "awaiting_pickup", "picked_up", "in_transit", "customs", "exception"})


@dataclass(frozen=True)
class Node:
    """`name` is one of catalog/notices.yml; `mark` tells it from other times the parcel was at such a node."""

    name: str
    mark: str

    @property
    def urgent(self) -> bool:
        return bool(catalog.read("notices")["nodes"][self.name]["urgent"])


def node_of(shipment: Shipment, known_promise: datetime | None, now: datetime) -> Node | None:
    """The most telling node, None while there is nothing worth a message."""
    since = f"{shipment.last_event_at:%y%m%d%H%M%S}" if shipment.last_event_at else "-"
    if shipment.status in OVER:
        return Node("over", f"{shipment.status}:{since}")
    waited = _waited(shipment, now)
    if waited:
        return Node(waited, f"{waited}:{since}")
    if shipment.status == "exception":
        return Node("problem", f"problem:{shipment.reason or '-'}:{since}")
    if shipment.status in ("returning", "customs", "out_for_delivery", "at_pickup_point"):
        return Node(shipment.status, f"{shipment.status}:{since}")
    return _promise(shipment, known_promise, now)


def next_look(shipment: Shipment, now: datetime) -> datetime | None:
    """When time alone brings the parcel to another node."""
    limits = [shipment.promised_at] if shipment.status in _MOVES else []
    name = "over" if shipment.status in OVER else _wait(shipment)
    if name and shipment.last_event_at:
        limits.append(shipment.last_event_at + _after(name))
    return min((limit for limit in limits if limit and limit > now), default=None)


def watched_no_longer(shipment: Shipment, now: datetime) -> bool:
    """Over, and told of, long enough for a scan that corrects it."""
    last = shipment.last_event_at or shipment.updated_at
    return shipment.status in OVER and last + _after("over") <= now


def _wait(shipment: Shipment) -> str | None:
    return _WAITS.get(shipment.status) or ("silent" if shipment.status in _MOVES else None)


def _waited(shipment: Shipment, now: datetime) -> str | None:
    name = _wait(shipment)
    return name if name and shipment.last_event_at and shipment.last_event_at + _after(name) <= now else None


def _promise(shipment: Shipment, known: datetime | None, now: datetime) -> Node | None:
    if shipment.promised_at and shipment.promised_at != known:
        return Node("promise_changed", f"promise:{shipment.promised_at:%y%m%d%H%M}")
    if shipment.promised_at and shipment.promised_at <= now:
        return Node("late", f"late:{shipment.promised_at:%y%m%d%H%M}")
    return None


def _after(name: str) -> timedelta:
    """From the last scan; what an answer calls stuck or lain long, a notice does too."""
    limits = {
        "delivery_overdue": lambda: timedelta(hours=threshold("delivery_overdue_hours")),
        "lain_long": lambda: timedelta(hours=threshold("pickup_point_hours")),
        "silent": lambda: timedelta(days=threshold("silent_days")),
        "over": lambda: timedelta(hours=catalog.read("notices")["watched_hours_after_end"]),
    }
    return limits[name]()
