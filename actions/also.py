"""The second thing a customer asked in one message, offered when the first is served."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.changes import KINDS, tell_obstacle
from actions.support import Events, button, cleared, language, reading
from bot.shipments import requests
from bot.wording import say, texts

QUOTED = frozenset({"action_quote_freight", "action_quote_aside"})


class ActionOfferAlso(Action):
    """Says nothing where the customer has asked for it meanwhile, was told it already, or where it has no title."""

    def name(self) -> str:
        return "action_offer_also"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        also, speech = tracker.get_slot("also"), language(tracker)
        title = f"intent_{also}"
        if title not in texts(speech) or _asked(tracker, also) or _told(tracker, also):
            return cleared("also")
        waybill, status = tracker.get_slot("waybill"), await _obstacle(tracker, also)
        if status:
            await tell_obstacle(dispatcher, tracker, waybill, KINDS[also], status)
        else:
            buttons = [button(speech, title, f"/{also}"), button(speech, "choice_not_now", "/deny")]
            dispatcher.utter_message(response="utter_offer_also", what=say(speech, title), buttons=buttons)
        return cleared("also")


async def _obstacle(tracker: Tracker, intent: str) -> str | None:
    """The status of the parcel at hand that forbids this change: it is refused at once and not first offered."""
    waybill, kind = tracker.get_slot("waybill"), KINDS.get(intent)
    if not waybill or kind is None:
        return None
    status = await reading(lambda session: requests.obstacle(session, waybill, kind))
    return None if status == "unknown" else status


def _asked(tracker: Tracker, intent: str) -> bool:
    """Whether one of the last messages asked for just this by itself."""
    said = [event for event in tracker.events if event["event"] == "user"][-6:]
    return any(((event.get("parse_data") or {}).get("intent") or {}).get("name") == intent for event in said)


def _told(tracker: Tracker, intent: str) -> bool:
    """Whether the quote just given names what was asked about: the fee for a declared value."""
    acted = next((event["name"] for event in reversed(tracker.events) if event["event"] == "action"), None)
    return intent == "faq_insurance" and acted in QUOTED and bool(tracker.get_slot("quote_value"))
