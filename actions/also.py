"""The second thing a customer asked in one message, offered when the first is served."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.support import Events, button, cleared, language
from bot.wording import say, texts

QUOTED = frozenset({"action_quote_freight", "action_quote_aside"})


class ActionOfferAlso(Action):
    """Says nothing where the customer has asked for it meanwhile, was told it already, or where it has no title."""

    def name(self) -> str:
        return "action_offer_also"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        also, speech = tracker.get_slot("also"), language(tracker)
        title = f"intent_{also}"
        if title in texts(speech) and not _asked(tracker, also) and not _told(tracker, also):
            buttons = [button(speech, title, f"/{also}"), button(speech, "choice_not_now", "/deny")]
            dispatcher.utter_message(response="utter_offer_also", what=say(speech, title), buttons=buttons)
        return cleared("also")


def _asked(tracker: Tracker, intent: str) -> bool:
    """Whether one of the last messages asked for just this by itself."""
    said = [event for event in tracker.events if event["event"] == "user"][-6:]
    return any(((event.get("parse_data") or {}).get("intent") or {}).get("name") == intent for event in said)


def _told(tracker: Tracker, intent: str) -> bool:
    """Whether the quote just given names what was asked about: the fee for a declared value."""
    acted = next((event["name"] for event in reversed(tracker.events) if event["event"] == "action"), None)
    return intent == "faq_insurance" and acted in QUOTED and bool(tracker.get_slot("quote_value"))
