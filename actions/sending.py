"""Before a parcel is sent: how long it takes, where the next outlet is, whether we deliver there."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.loads import Load, Named, load_of, load_slots, named_places
from actions.naming import city_name, ends, listed, place_name, place_problem, place_words, slots_set, span
from actions.quoting import ActionQuoteAside
from actions.support import Events, language, reading
from bot import catalog, divisions, freight
from bot.db import now
from bot.divisions import Division
from bot.outlets import Nearby, outlets_near
from bot.shipments.lanes import lane_times

OUTLETS_SHOWN = 3
_DOORSTEP = re.compile(
    r"上楼|上樓|上门|上門|送到(?:家)?门口|到门口|进小区|入户|几楼|电梯|搬|doorstep|door\b|upstairs|stairs|\blift\b|\bfloor\b",
    re.IGNORECASE,
)

_ANY_PLACE = re.compile(
    r"(?:农|乡|城中|山|渔|偏远)村|村[里子]|乡[下镇]|小区|社区|学校|大学|校园|街道|开发区|(?:my |the )?village"
)
"""A kind of place rather than a place."""
_WHERE = re.compile(r"(?:送得?|寄得?)到(?P<place>[\u4e00-\u9fff]{2,8}?)(?:吗|嘛|么|不|啊|可以|行不|$)")
_NO_NAME = re.compile(
    r"[我你您家这那哪里楼门组屯村乡镇校货手柜站人点]|小区|偏远|国外|外国|地方|地址|所有|全国|单位|公司"
)


class ActionAskTransitTime(Action):
    """Days of the lane: the catalog's, and what parcels took lately where enough were delivered."""

    def name(self) -> str:
        return "action_ask_transit_time"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        before = load_of(tracker.slots)
        told = load_slots(tracker, "quote_from" if before.destination and not before.origin else None)
        load = load_of({**tracker.slots, **told})
        if load.origin and load.destination:
            await _tell_days(dispatcher, tracker, load.origin, load.destination)
        else:
            dispatcher.utter_message(response=_days_question(load, tracker), **_question_values(load, tracker))
        return [*slots_set(told), SlotSet("sending_asked", "transit")]


class ActionFindOutlet(Action):
    """The three outlets next to the place named, or honestly the nearest further away."""

    def name(self) -> str:
        return "action_find_outlet"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        words, speech = tracker.latest_message.get("text") or "", language(tracker)
        place, nearby = _nearby(words, tracker)
        values = {"cities": _outlet_cities(speech), **place_words(tracker)}
        if nearby.outlets:
            values |= _outlet_words(nearby, place, speech)
        dispatcher.utter_message(response=_outlet_response(place, nearby, tracker), **values)
        return [SlotSet("sending_asked", "outlet")]


class ActionAskServiceArea(Action):
    """Whether we deliver to the place named; to the door and upstairs by the rule; unknown places are said to be so."""

    def name(self) -> str:
        return "action_ask_service_area"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        places = [named for named in named_places(tracker) if named.meant or not _ANY_PLACE.fullmatch(named.words)]
        place = next((named for named in places if named.role == "to"), places[-1] if places else _guessed(tracker))
        dispatcher.utter_message(response=_area_response(place, tracker), **_area_words(place, tracker))
        return [SlotSet("sending_asked", "area")]


RESUMED: dict[str, type[Action]] = {
    "transit": ActionAskTransitTime,
    "outlet": ActionFindOutlet,
    "area": ActionAskServiceArea,
    "quote": ActionQuoteAside,
}


async def resume(dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events | None:
    """A place or weight alone continues the last question about sending; None where the message gives neither."""
    asked = tracker.get_slot("sending_asked")
    told = {slot for slot, value in load_slots(tracker).items() if value is not None}
    fits = told - {"quote_from", "quote_to"} if asked == "quote" else named_places(tracker)
    if asked not in RESUMED or not fits:
        return None
    events: Events = await RESUMED[asked]().run(dispatcher, tracker, domain)
    return events


async def _tell_days(
    dispatcher: CollectingDispatcher, tracker: Tracker, origin: Division, destination: Division
) -> None:
    lately = await reading(lambda session: lane_times(session, origin.rated_as, destination.rated_as, now()))
    seen = {"parcels": lately.parcels, "seen": span((lately.least, lately.most))} if lately else {}
    dispatcher.utter_message(
        response="utter_transit_time_seen" if lately else "utter_transit_time_estimate",
        **ends(Load(origin, destination), tracker),
        days=span(freight.usual_days(origin, destination)),
        **seen,
    )


def _days_question(load: Load, tracker: Tracker) -> str:
    problem = place_problem(tracker)
    if problem:
        return f"utter_problem_{problem}"
    if load.destination:
        return "utter_transit_time_from"
    return "utter_transit_time_to" if load.origin else "utter_ask_transit_time"


def _question_values(load: Load, tracker: Tracker) -> dict[str, Any]:
    return {**catalog.figures(), **ends(load, tracker), **place_words(tracker)}


def _nearby(words: str, tracker: Tracker) -> tuple[Division | None, Nearby]:
    """The place meant and the outlets near it. Of a district that several cities have, the one with an outlet there."""
    places = named_places(tracker)
    named = next((place for place in places if place.role == "from"), places[0] if places else None)
    meant = named.meant if named else ()
    found: list[tuple[Division | None, Nearby]] = [(place, outlets_near(words, place)) for place in meant or (None,)]
    close = [(place, nearby) for place, nearby in found if nearby.within in ("quarter", "district")]
    if len(found) == 1 or len(close) == 1:
        return (close or found)[0]
    return None, Nearby((), "none")


def _outlet_response(place: Division | None, nearby: Nearby, tracker: Tracker) -> str:
    if not nearby.outlets:
        problem = place_problem(tracker)
        if problem == "which_city":
            return "utter_problem_which_city"
        return "utter_no_outlet_listed" if named_places(tracker) else "utter_find_outlet"
    named = place and {"province": place.city, "city": place.district}.get(nearby.within)
    if named:
        return "utter_outlets_wider"
    return "utter_outlets" if len(nearby.outlets) > OUTLETS_SHOWN else "utter_outlets_all"


def _outlet_words(nearby: Nearby, place: Division | None, speech: str) -> dict[str, Any]:
    shown = nearby.outlets[:OUTLETS_SHOWN]
    [city] = divisions.locate(shown[0].city)
    cities = listed([catalog.cities().name(outlet.city, speech) for outlet in shown], speech)
    wider = Division(city.province) if nearby.within == "province" else city
    return {
        "place": place_name(place, speech) if place else cities,
        "wider": place_name(wider, speech),
        "count": len(nearby.outlets),
        "shown": len(shown),
        "outlets": "\n".join(_outlet_line(outlet, speech) for outlet in shown),
    }


def _outlet_cities(speech: str) -> str:
    return listed([catalog.cities().name(outlet.city, speech) for outlet in catalog.outlets()], speech)


def _outlet_line(outlet: catalog.Outlet, speech: str) -> str:
    if speech == "en":
        city = catalog.cities().name(outlet.city, speech)
        return f"{outlet.name_en}: {outlet.address_en}, {city}, {outlet.phone}, {outlet.hours}"
    return f"{outlet.name}：{outlet.city}{outlet.address}，{outlet.phone}，{outlet.hours}"


def _guessed(tracker: Tracker) -> Named | None:
    """A place that none of our lists knows, by the words around it: 能送到回龙观吗."""
    found = _WHERE.search(tracker.latest_message.get("text") or "")
    return Named(found["place"], ()) if found and not _NO_NAME.search(found["place"]) else None


def _area_response(place: Named | None, tracker: Tracker) -> str:
    if _DOORSTEP.search(tracker.latest_message.get("text") or ""):
        return "utter_service_doorstep"
    if place is None:
        return "utter_ask_service_area"
    if not place.meant:
        return "utter_service_area_unknown"
    if any(catalog.through_customs(one.province) for one in place.meant):
        return "utter_service_area_customs"
    remote = [freight.remote_at(one) for one in place.meant]
    if len(set(remote)) > 1:
        return "utter_problem_which_city"
    if remote[0].surcharge:
        return "utter_service_area_remote"
    return "utter_service_area_partly" if freight.remotest_in(place.meant[0]).surcharge else "utter_service_area_yes"


def _area_words(place: Named | None, tracker: Tracker) -> dict[str, Any]:
    if place is None or not place.meant:
        return {"place": place.words} if place else {}
    first, speech = place.meant[0], language(tracker)
    remote = max(freight.remote_at(first), freight.remotest_in(first), key=lambda remote: remote.surcharge)
    return {
        "place": place_name(first, speech),
        "surcharge": remote.surcharge,
        "extra_days": remote.extra_days,
        "candidates": listed([city_name(one, speech) for one in place.meant], speech),
    }
