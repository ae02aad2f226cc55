"""How long parcels of a lane really took, from those delivered lately."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import catalog
from bot.shipments.models import Shipment

LATELY = timedelta(days=60)
MOST_READ = 100
"""Parcels of a lane that are looked at, the newest: enough to tell, and a bound for busy lanes."""
MOST_PARCELS = 0.9
"""Of the parcels, this share was there within `most` days."""


@dataclass(frozen=True)
class LaneTimes:
    """Days from posting to the door: the quickest parcel, and within how many days nine of ten were there."""

    parcels: int
    least: int
    most: int


def lane_times(session: Session, origin: str, destination: str, now: datetime) -> LaneTimes | None:
    """Times of the lane between two cities (names without suffix); none where too few parcels were delivered lately."""
    query = (
        select(Shipment.created_at, Shipment.last_event_at)
        .where(
            Shipment.sender_city.in_(_spellings(origin)),
            Shipment.receiver_city.in_(_spellings(destination)),
            Shipment.status == "delivered",
            Shipment.last_event_at > now - LATELY,
            Shipment.created_at.isnot(None),
        )
        .order_by(Shipment.last_event_at.desc())
        .limit(MOST_READ)
    )
    took = sorted(_days(sent, there) for sent, there in session.execute(query) if there >= sent)
    if len(took) < catalog.figure("lane_least_parcels"):
        return None
    return LaneTimes(len(took), took[0], took[math.ceil(len(took) * MOST_PARCELS) - 1])


def _spellings(city: str) -> tuple[str, str]:
    """As files write a city: with or without its suffix."""
    return city, f"{city}市"


def _days(sent: datetime, there: datetime) -> int:
    return max(1, math.ceil((there - sent) / timedelta(days=1)))
