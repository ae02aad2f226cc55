"""Answers with figures and lists from the catalog. The sentences are in domain.yml, the facts in catalog/."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.loads import load_of, load_slots
from actions.quoting import requote
from actions.support import Events, language
from bot import catalog, freight


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


class ActionFaqOversize(Action):
    """The limits and, where a size is told, what it counts for; after a quote, the quote with it."""

    def name(self) -> str:
        return "action_faq_oversize"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        changed = requote(dispatcher, tracker)
        if changed is not None:
            return changed
        load = load_of(load_slots(tracker))
        if freight.is_too_large(load.kg, load.size):
            dispatcher.utter_message(response="utter_quote_too_large", **catalog.figures())
        elif load.size:
            volumetric = f"{freight.volumetric_kg(load.size):g}"
            dispatcher.utter_message(response="utter_faq_oversize_size", **catalog.figures(), volumetric=volumetric)
        else:
            dispatcher.utter_message(response="utter_faq_oversize", **catalog.figures())
        return []


def _item_words(item: catalog.Item, language: str) -> dict[str, str]:
    if language == "en":
        return {"item": item.en, "item_class": item.class_en, "advice": item.advice_en}
    return {"item": item.zh, "item_class": item.class_zh, "advice": item.advice}
