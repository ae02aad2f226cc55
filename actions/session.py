"""A new dialogue session: nothing of the last one is carried over but the language."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActionExecuted, SessionStarted, SlotSet
from rasa_sdk.executor import CollectingDispatcher


class ActionSessionStart(Action):
    """Begins in the language the conversation has had so far, so that a bare number is answered in it."""

    def name(self) -> str:
        return "action_session_start"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        language = (tracker.get_slot("session_started_metadata") or {}).get("language", "zh")
        return [SessionStarted(), SlotSet("language", language), ActionExecuted("action_listen")]
