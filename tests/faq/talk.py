"""A customer's lines said to actions directly: entities as our readers find them, the intent as the test names it."""

import asyncio
from typing import Any

import yaml
from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.quoting import (
    ActionAskQuoteFormQuoteFrom,
    ActionAskQuoteFormQuoteRoute,
    ActionAskQuoteFormQuoteTo,
    ActionAskQuoteFormQuoteWeight,
    ActionQuoteFreight,
    ValidateQuoteForm,
)
from bot.nlu.facts import find_facts
from bot.settings import ROOT

DOMAIN = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))
QUESTIONS = {
    "quote_route": ActionAskQuoteFormQuoteRoute,
    "quote_from": ActionAskQuoteFormQuoteFrom,
    "quote_to": ActionAskQuoteFormQuoteTo,
    "quote_weight": ActionAskQuoteFormQuoteWeight,
}


class Line:
    """Slots that live on from line to line, as a tracker keeps them."""

    def __init__(self, language: str | None = "zh", **slots: Any) -> None:
        self.slots: dict[str, Any] = {**dict.fromkeys(DOMAIN["slots"]), "language": language, **slots}
        self.form: str | None = None
        self.rejected = False
        self.followed_by: list[str] = []

    def run(self, action: Action, intent: str, text: str, events: list[dict[str, Any]] | None = None) -> list[Any]:
        """The messages that the action sends on this line; its slots are kept."""
        entities = [
            {"entity": fact.kind, "value": fact.value, "role": fact.role, "start": fact.start, "end": fact.end}
            for fact in find_facts(text)
        ]
        read = {"name": intent, "confidence": 1.0}
        message = {"text": text, "intent": read, "intent_ranking": [read], "entities": entities}
        loop = {"name": self.form} if self.form else {}
        tracker = Tracker("c1", self.slots, message, events or [], False, None, loop, "action_listen")
        dispatcher = CollectingDispatcher()
        for event in asyncio.run(action.run(dispatcher, tracker, DOMAIN)):
            if event["event"] == "slot":
                self.slots[event["name"]] = event["value"]
            self.rejected |= event["event"] == "action_execution_rejected"
            if event["event"] == "followup":
                self.followed_by.append(event["name"])
        return dispatcher.messages

    def quote(self, text: str, intent: str = "quote_freight") -> dict[str, Any]:
        """What the quote form says to the line: its next question, or the quote; nothing of a line it rejects."""
        begins = [] if self.form else [{"event": "active_loop", "name": "quote_form"}]
        self.form, self.rejected = "quote_form", False
        self.run(ValidateQuoteForm(), intent, text, [{"event": "user"}, *begins])
        if self.rejected:
            return {}
        asked = self.slots["requested_slot"]
        self.form = self.form if asked else None
        [sent] = self.run(QUESTIONS[asked]() if asked else ActionQuoteFreight(), intent, text)
        return dict(sent)


def answer(action: Action, intent: str, text: str, language: str | None = "zh", **slots: Any) -> dict[str, Any]:
    """The one message that `action` sends on `text`: its response and the values for it."""
    [sent] = Line(language, **slots).run(action, intent, text)
    return dict(sent)
