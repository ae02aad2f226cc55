"""Outlets near a place that a customer names: a street or quarter, a district, a city. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bot import catalog, divisions
from bot.catalog import Outlet
from bot.divisions import Division

_NO_DISTRICTS_EN = frozenset({"Industrial", "Hi-Tech"})


@dataclass(frozen=True)
class Nearby:
    """`within` is where the outlets lie: quarter, district, city, province; none where there are no outlets."""

    outlets: tuple[Outlet, ...]
    within: str


def outlets_near(words: str, place: Division | None) -> Nearby:
    """The narrowest ring around the place that has outlets. `words` are the customer's, for quarters and streets."""
    around = [outlet for outlet in catalog.outlets() if place is None or outlet.city == place.city]
    rings = {
        "quarter": [outlet for outlet in around if _names_quarter(words, outlet)],
        "district": [outlet for outlet in around if _names_district(words, place, outlet)],
        "city": around if place else [],
        "province": [outlet for outlet in catalog.outlets() if place and _province(outlet) == place.province],
    }
    return next((Nearby(tuple(found), within) for within, found in rings.items() if found), Nearby((), "none"))


def _names_quarter(words: str, outlet: Outlet) -> bool:
    """张江路 is near the outlet of 张江; where it is not, the address in the answer shows it."""
    return outlet.name.removesuffix("网点") in words


def _names_district(words: str, place: Division | None, outlet: Outlet) -> bool:
    if place and place.district:
        return outlet.district == place.district
    english = outlet.name_en.split()[0]
    named = english not in _NO_DISTRICTS_EN and english.lower() in words.lower().split()
    return named or (bool(outlet.district) and outlet.district in words)


def _province(outlet: Outlet) -> str:
    [city] = divisions.locate(outlet.city)
    return city.province
