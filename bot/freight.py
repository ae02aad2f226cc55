"""What a parcel costs, part by part, from the catalog's figures. Pure: sizes and places in, yuan out.

Every sum is an estimate of the standard service: the outlet weighs and measures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from bot import catalog, divisions
from bot.divisions import Division

Size = tuple[float, float, float]
"""Length, width and height in cm, in any order."""


@dataclass(frozen=True)
class Estimate:
    """Yuan by part, and what they are reckoned on. `kg` is billed: begun kilogrammes of the larger weight.

    `remote_most` is no part of the sum: where only a province was named, what its remotest place would add.
    """

    kg: int
    volumetric: float | None
    by_volume: bool
    freight: float
    remote: float
    remote_most: float
    oversize: float
    declared: Decimal
    days: tuple[int, int]

    @property
    def total(self) -> Decimal:
        """To the jiao, as an outlet says it."""
        parts = sum(Decimal(str(part)) for part in (self.freight, self.remote, self.oversize))
        return (parts + self.declared).quantize(Decimal("0.1"), ROUND_HALF_UP)


def volumetric_kg(size: Size) -> float:
    length, width, height = size
    return round(length * width * height / catalog.figure("volume_divisor"), 1)


def estimate(
    origin: Division, destination: Division, *, kg: float | None = None, size: Size | None = None, value: int = 0
) -> Estimate:
    """Without weight and size, for the first kilogramme. Raises KeyError for a place that the rates do not know."""
    volumetric = volumetric_kg(size) if size else None
    billed = max(1, math.ceil(max(kg or 0, volumetric or 0)))
    quote = catalog.quote(origin.rated_as, destination.rated_as, billed)
    return Estimate(
        kg=billed,
        volumetric=volumetric,
        by_volume=(volumetric or 0) > (kg or 0),
        freight=quote.yuan,
        remote=max(remote_at(origin).surcharge, remote_at(destination).surcharge),
        remote_most=max(remotest_in(origin).surcharge, remotest_in(destination).surcharge),
        oversize=catalog.figure("oversize_fee") if _is_oversize(billed, size) else 0,
        declared=declared_fee(value),
        days=usual_days(origin, destination),
    )


def usual_days(origin: Division, destination: Division) -> tuple[int, int]:
    """Days from pickup to the door, remote places with their extra ones. Raises KeyError like `estimate`."""
    least, most = catalog.days_between(origin.rated_as, destination.rated_as)
    extra = max(remote_at(origin).extra_days, remote_at(destination).extra_days)
    return least + extra, most + extra


def remote_at(place: Division) -> catalog.Remote:
    return catalog.remote(place.city, place.province)


def remotest_in(place: Division) -> catalog.Remote:
    """What the remotest place of a province takes on top; nothing where a city is named."""
    if place.city:
        return catalog.Remote(0, 0)
    inside = [
        remote for name, remote in catalog.remotes().items() if divisions.locate(name)[0].province == place.province
    ]
    return max(inside, key=lambda remote: remote.surcharge, default=catalog.Remote(0, 0))


def declared_fee(value: float) -> Decimal:
    """The fee for a declared value in yuan: the rate of its tier on the whole value, at least the least fee."""
    if value <= 0:
        return Decimal(0)
    tier = "low" if value <= catalog.figure("insured_low_value") else "high"
    rate = Decimal(catalog.figure(f"insured_{tier}_rate").rstrip("%")) / 100
    fee = max(Decimal(str(value)) * rate, Decimal(catalog.figure("declared_least_fee")))
    return fee.quantize(Decimal("0.1"), ROUND_HALF_UP)


def is_too_large(kg: float | None, size: Size | None) -> bool:
    """Beyond what goes as a parcel at all: that is freight, which a person arranges."""
    if (kg or 0) > catalog.figure("max_weight"):
        return True
    return size is not None and (max(size) > catalog.figure("max_side") or sum(size) > catalog.figure("max_girth"))


def _is_oversize(billed: int, size: Size | None) -> bool:
    longest = max(size) if size else 0
    return billed > catalog.figure("oversize_weight") or longest > catalog.figure("oversize_side")
