"""Answers with figures and lists from the catalog. The sentences are in domain.yml, the facts in catalog/."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.support import Events, language
from bot import catalog

OUTLETS_SHOWN = 3


class ActionAnswer(Action):
    """utter_<intent>, with every figure of the catalog at hand."""

    def name(self) -> str:
        return "action_answer"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        intent = tracker.latest_message["intent"]["name"]
        dispatcher.utter_message(response=f"utter_{intent}", **catalog.figures())
        return []


class ActionFaqProhibited(Action):
    """Whether the item that the customer names may be sent, or the general rule."""

    def name(self) -> str:
        return "action_faq_prohibited"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        item = catalog.item_named_in(tracker.latest_message.get("text") or "")
        if item is None:
            dispatcher.utter_message(response="utter_faq_prohibited")
        else:
            response = f"utter_faq_prohibited_{item.verdict}"
            dispatcher.utter_message(response=response, **_item_words(item, language(tracker)))
        return []


class ActionQuoteFreight(Action):
    """An estimate where the message names two cities; without a weight, for the first kilogramme."""

    def name(self) -> str:
        return "action_quote_freight"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        route = _route(tracker)
        if route is None:
            dispatcher.utter_message(response="utter_quote_freight", **catalog.figures())
            return []
        weight = next(tracker.get_latest_entity_values("weight"), "1")
        quote = catalog.quote(*route, float(weight))
        dispatcher.utter_message(
            response="utter_quote_freight_estimate",
            **_route_words(tracker, route), weight=weight, yuan=f"{quote.yuan:g}", days=quote.days,
        )
        return []


class ActionAskTransitTime(Action):
    """Days between the two cities that the message names, or the general table."""

    def name(self) -> str:
        return "action_ask_transit_time"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        route = _route(tracker)
        if route is None:
            dispatcher.utter_message(response="utter_ask_transit_time", **catalog.figures())
            return []
        words = {**_route_words(tracker, route), "days": catalog.quote(*route, 1).days}
        dispatcher.utter_message(response="utter_transit_time_estimate", **words)
        return []


class ActionFindOutlet(Action):
    """Outlets of the city that the message names."""

    def name(self) -> str:
        return "action_find_outlet"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        speech = language(tracker)
        city = next(tracker.get_latest_entity_values("city"), None)
        if city is None:
            dispatcher.utter_message(response="utter_find_outlet", cities=_outlet_cities(speech))
            return []
        outlets = catalog.outlets_in(city)
        dispatcher.utter_message(
            response="utter_outlets" if outlets else "utter_no_outlet_listed",
            city=catalog.cities().name(city, speech),
            cities=_outlet_cities(speech),
            count=len(outlets),
            shown=min(len(outlets), OUTLETS_SHOWN),
            outlets="\n".join(_outlet_line(outlet, speech) for outlet in outlets[:OUTLETS_SHOWN]),
        )
        return []


def _item_words(item: catalog.Item, language: str) -> dict[str, str]:
    if language == "en":
        return {"item": item.en, "item_class": item.class_en, "advice": item.advice_en}
    return {"item": item.zh, "item_class": item.class_zh, "advice": item.advice}


def _route(tracker: Tracker) -> tuple[str, str] | None:
    """Origin and destination by role, else in the order named; None unless the rates know both."""
    cities = [entity for entity in tracker.latest_message.get("entities", []) if entity["entity"] == "city"]
    if len(cities) != 2 or not all(entity["value"] in catalog.cities().region for entity in cities):
        return None
    first, second = cities
    turned = first.get("role") == "to" and second.get("role") != "to" or second.get("role") == "from"
    return (second["value"], first["value"]) if turned else (first["value"], second["value"])


def _route_words(tracker: Tracker, route: tuple[str, str]) -> dict[str, str]:
    origin, destination = (catalog.cities().name(city, language(tracker)) for city in route)
    return {"from_city": origin, "to_city": destination}


def _outlet_cities(language: str) -> str:
    cities = dict.fromkeys(catalog.cities().name(outlet.city, language) for outlet in catalog.outlets())
    return (", " if language == "en" else "、").join(cities)


def _outlet_line(outlet: catalog.Outlet, language: str) -> str:
    if language == "en":
        return f"{outlet.name_en}: {outlet.address_en}, {outlet.phone}, {outlet.hours}"
    return f"{outlet.name}：{outlet.address}，{outlet.phone}，{outlet.hours}"
