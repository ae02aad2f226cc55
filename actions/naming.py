"""How places, routes and spans of days are said, and what may be wrong with a place. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet

from actions.loads import Load, unclear_place
from actions.support import Events, language
from bot import catalog, divisions
from bot.divisions import Division

PLACE_PROBLEMS = ("which_city", "place_elsewhere")
"""A district that several cities have; a place our rates do not know, or one beyond customs."""


def place_problem(tracker: Tracker) -> str | None:
    place = unclear_place(tracker)
    if place is None:
        return None
    return "which_city" if len(place.meant) > 1 else "place_elsewhere"


def place_words(tracker: Tracker) -> dict[str, str]:
    """For the two problems with a place: what was named, and the cities that have a district of that name."""
    place, speech = unclear_place(tracker), language(tracker)
    if place is None:
        return {}
    return {"place": place.words, "candidates": listed([city_name(one, speech) for one in place.meant], speech)}


def place_name(place: Division, speech: str) -> str:
    """As customers of this language call it: a district with its city (北京朝阳); in English, one without a name of its
    own by its city's.
    """
    if speech == "en":
        latin = {**divisions.english(), **catalog.cities().english}
        return next((latin[name] for name in (place.name, place.rated_as) if name in latin), place.name)
    return f"{place.city}{place.name}" if place.district.endswith("区") else place.name


def city_name(place: Division, speech: str) -> str:
    return place_name(Division(place.province, place.city), speech)


def ends(load: Load, tracker: Tracker) -> dict[str, str]:
    both = {"from_city": load.origin, "to_city": load.destination}
    return {name: place_name(place, language(tracker)) for name, place in both.items() if place}


def listed(words: Iterable[str], speech: str) -> str:
    return (", " if speech == "en" else "、").join(dict.fromkeys(words))


def span(days: tuple[int, int]) -> str:
    least, most = days
    return str(least) if least == most else f"{least}-{most}"


def slots_set(slots: dict[str, Any]) -> Events:
    return [SlotSet(slot, value) for slot, value in slots.items()]
