"""How our forms listen and ask: a base for their validators and one for their questions.

A message inside a form either gives it something, or is left to the rules (a question, cancel, a person), after
which Rasa comes back to the form by itself. Each question is asked three times at most; then a person is offered.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, ClassVar

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActionExecutionRejected, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.hearing import Heard, hear
from actions.support import Events

MOST_ASKED = 3
PATIENT = frozenset({"affirm", "deny", "correct", "try_again"})
"""Said to the form itself: asked again without another answer first."""
CHAT = frozenset({"greet", "thank", "help", "ask_bot", "affirm", "deny", "correct", "abuse", "out_of_scope"})
"""Never an answer in free words."""
MOST_WORDS = 200
WAYS_OUT = {"cancel": "action_leave", "goodbye": "action_leave", "request_human": "action_handoff"}


@dataclass
class Taken:
    """What a form takes from a message: new slot values, and responses to say before its next question, with `values`.

    `whole` says that the message was meant for the form alone, however like a question it looks.
    """

    slots: dict[str, Any] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    whole: bool = False


class Intake(Action, ABC):
    """The validator of a form. Subclasses say what a message gives and which question comes next."""

    form: ClassVar[str]
    own: ClassVar[frozenset[str]] = frozenset()
    """Intents that open this form: said again inside it, they are words to it."""
    read_backs: ClassVar[frozenset[str]] = frozenset()
    """Questions that show what was collected: asked again after each change, without being counted."""

    def name(self) -> str:
        return f"validate_{self.form}"

    @abstractmethod
    async def take(self, heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
        """What the message gives, in the light of slots["requested_slot"] (None when the form begins)."""

    @abstractmethod
    def next_question(self, slots: dict[str, Any]) -> str | None:
        """The slot to ask for; None ends the form."""

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        if _comes_back(tracker, self.form):
            return [SlotSet("requested_slot", self.next_question(tracker.slots))]
        heard, begins = hear(tracker), _begins(tracker, self.form)
        slots = {**tracker.slots, **({"requested_slot": None, "asked": None} if begins else {})}
        taken = await self.take(heard, slots, tracker)
        for remark in taken.remarks:
            dispatcher.utter_message(response=remark, **taken.values)
        slots |= {"asked": self._asked(slots, heard, taken), **taken.slots}
        events = [SlotSet(slot, slots[slot]) for slot in ("asked", *taken.slots)]
        way_out = None if begins or taken.slots or taken.remarks else self._way_out(slots, heard)
        if way_out:
            return [*events, ActionExecutionRejected(self.form), FollowupAction(way_out)]
        if not begins and self._is_for_others(heard, taken, slots["requested_slot"]):
            return [*events, ActionExecutionRejected(self.form)]
        following = self.next_question(slots)
        over = [] if following else [SlotSet("asked", None), SlotSet("problem", None)]
        return [*events, *over, SlotSet("requested_slot", following)]

    def _is_for_others(self, heard: Heard, taken: Taken, question: str) -> bool:
        if heard.intent in self.own or heard.intent in PATIENT or taken.whole:
            return False
        if heard.is_guess and taken.slots.get(question):
            return False  # what was asked for is given; what else the words may ask is no reason to leave
        return heard.is_question or not (taken.slots or taken.remarks)

    def _way_out(self, slots: dict[str, Any], heard: Heard) -> str | None:
        """Cancel, goodbye and a person work in every form; a plain yes takes the offer that ends the asking."""
        asked = slots["asked"].get(f"{self.form}_{slots['requested_slot']}", 0)
        if asked > MOST_ASKED and heard.says_yes and not heard.has_facts:
            return "action_handoff"
        return WAYS_OUT.get(heard.intent)

    def _asked(self, slots: dict[str, Any], heard: Heard, taken: Taken) -> dict[str, int]:
        """How often each question was asked; going on after something new was given is not asking in vain."""
        if heard.intent == "try_again":
            return {}
        asked = dict(slots["asked"] or {})
        question = f"{self.form}_{slots['requested_slot']}"
        if taken.slots and slots["requested_slot"] in self.read_backs:
            asked.pop(question, None)
        elif question in asked and any(value for name, value in taken.slots.items() if name != "problem"):
            asked[question] = 1
        return asked


def free_words(heard: Heard, least: int) -> str | None:
    """The message as an answer in the customer's own words: no chat, no question, at least so many characters."""
    fits = heard.intent not in CHAT and not heard.asks and len(heard.words) >= least
    return heard.words[:MOST_WORDS] if fits else None


def decided(
    heard: Heard, slots: dict[str, Any], confirmed: str, parts: Iterable[str], corrected: bool
) -> dict[str, Any]:
    """Yes and no at a read-back; a no without a better answer asks for the parts again."""
    if slots["requested_slot"] != confirmed or corrected:
        return {}
    if heard.says_yes:
        return {confirmed: "yes"}
    return dict.fromkeys(parts) if heard.says_no or heard.wants_change else {}


def _since_message(tracker: Tracker) -> list[dict[str, Any]]:
    before = takewhile(lambda event: event["event"] != "user", reversed(tracker.events))
    return list(before)[::-1]


def _begins(tracker: Tracker, form: str) -> bool:
    return any(event["event"] == "active_loop" and event["name"] == form for event in _since_message(tracker))


def _comes_back(tracker: Tracker, form: str) -> bool:
    """The message has been dealt with by another action; the form only goes on with its question."""
    since = _since_message(tracker)
    others = any(event["event"] == "action" and event["name"] != form for event in since)
    return not _begins(tracker, form) and (others or any(_is_rejection(event) for event in since))


def _is_rejection(event: dict[str, Any]) -> bool:
    return bool(event["event"] == "action_execution_rejected")


class Ask(Action, ABC):
    """Asks one question of a form: `utter_ask_…`, rephrased as `…_again`, and after the third time an offer."""

    problems: ClassVar[tuple[str, ...]] = ()
    """Names of what may be wrong with an answer: `utter_problem_<name>` is then said instead of the question."""

    @property
    @abstractmethod
    def question(self) -> str:
        """Form and slot: complaint_form_waybill."""

    def name(self) -> str:
        return f"action_ask_{self.question}"

    async def values(self, tracker: Tracker) -> dict[str, Any]:
        """Values and extra buttons for the response."""
        return {}

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        asked = dict(tracker.get_slot("asked") or {})
        asked[self.question] = asked.get(self.question, 0) + 1
        problem, values = tracker.get_slot("problem"), await self.values(tracker)
        if asked[self.question] > MOST_ASKED and problem in self.problems:
            dispatcher.utter_message(response=f"utter_problem_{problem}", **{**values, "buttons": []})
        dispatcher.utter_message(response=self._response(asked[self.question], problem, domain), **values)
        return [SlotSet("asked", asked), SlotSet("problem", None)]

    def _response(self, times: int, problem: str | None, domain: dict[str, Any]) -> str:
        if times > MOST_ASKED:
            return "utter_stuck"
        again = f"utter_ask_{self.question}_again"
        if problem in self.problems:
            return f"utter_problem_{problem}"
        return again if times > 1 and again in domain["responses"] else f"utter_ask_{self.question}"
