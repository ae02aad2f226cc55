"""How our forms listen and ask: a base for their validators and one for their questions.

A message inside a form either gives it something, or is left to the rules (a question, cancel, a person), after
which Rasa comes back to the form by itself. Each question is asked three times at most; then a person is offered.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, ClassVar

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActionExecutionRejected, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.hearing import REFUSAL, Heard, hear
from actions.support import Events, button, language, left_form

MOST_ASKED = 3
PATIENT = frozenset({"affirm", "deny", "correct", "try_again", REFUSAL})
"""Said to the form itself: asked again without another answer first."""
CHAT = frozenset({"greet", "thank", "help", "ask_bot", "affirm", "deny", "correct", "abuse", "out_of_scope", REFUSAL})
"""Never an answer in free words."""
MOST_WORDS = 200
CHANGES = "no"
"""In place of the yes to a read-back: something is to be changed, and is asked for."""
WAYS_OUT = {"cancel": "action_leave", "goodbye": "action_leave", "request_human": "action_handoff"}


@dataclass
class Taken:
    """What a form takes from a message: new slot values, and responses to say before its next question, with `values`.

    `whole` says that the message was meant for the form alone, however like a question it looks. `form` names another
    form that this one leaves the message to.
    """

    slots: dict[str, Any] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    whole: bool = False
    form: str | None = None


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
        heard, begins = hear(tracker), begins_now(tracker, self.form)
        if heard.refused and begins:
            return [*left_form(), FollowupAction("action_leave")]
        if heard.refused in self.own:
            return [ActionExecutionRejected(self.form), FollowupAction("action_leave")]
        slots = {**tracker.slots, **({"requested_slot": None, "asked": None} if begins else {})}
        taken = await self.take(heard, slots, tracker)
        if taken.form:
            return [*left_form(), FollowupAction(taken.form)]
        for remark in taken.remarks:
            dispatcher.utter_message(response=remark, **taken.values)
        slots |= {"asked": self._asked(slots, heard, taken), **taken.slots}
        events = [SlotSet(slot, slots[slot]) for slot in ("asked", *taken.slots)]
        way_out = None if begins or taken.slots or taken.remarks else self.way_out(slots, heard)
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

    def way_out(self, slots: dict[str, Any], heard: Heard) -> str | None:
        """Cancel, goodbye and a person work in every form; a plain yes takes the offer that ends the asking."""
        if offers_person(slots, self.form) and heard.says_yes and not heard.has_facts:
            return "action_handoff"
        return WAYS_OUT.get(heard.intent)

    def _asked(self, slots: dict[str, Any], heard: Heard, taken: Taken) -> dict[str, int]:
        """How often each question was asked; going on after something new was given is not asking in vain."""
        if heard.intent == "try_again":
            return {}
        anew = {f"{self.form}_{slot}" for slot, value in taken.slots.items() if value is None and slots.get(slot)}
        asked = {question: times for question, times in (slots["asked"] or {}).items() if question not in anew}
        question = f"{self.form}_{slots['requested_slot']}"
        if taken.slots and slots["requested_slot"] in self.read_backs:
            asked.pop(question, None)
        elif question in asked and any(value for name, value in taken.slots.items() if name != "problem"):
            asked[question] = 1
        return asked


def offers_person(slots: dict[str, Any], form: str) -> bool:
    """Whether the question was asked so often that a person was offered instead."""
    return bool((slots["asked"] or {}).get(f"{form}_{slots['requested_slot']}", 0) > MOST_ASKED)


def free_words(heard: Heard, least: int) -> str | None:
    """The message as an answer in the customer's own words: no chat, no question, at least so many characters."""
    fits = heard.intent not in CHAT and not heard.asks and len(heard.words) >= least
    return heard.words[:MOST_WORDS] if fits else None


def decided(
    heard: Heard, slots: dict[str, Any], confirmed: str, parts: Sequence[str], corrected: bool
) -> dict[str, Any]:
    """What a read-back is answered with: yes, the part to change, or a no that asks which part that is."""
    if slots["requested_slot"] != confirmed:
        return {}
    asked_which = slots[confirmed] == CHANGES
    if corrected:
        return {confirmed: None} if asked_which else {}
    refuses = heard.says_no or heard.wants_change
    if refuses or asked_which:
        named = heard.part_of([part_name(part) for part in parts])
        changed = [part for part in parts if part_name(part) == named or len(parts) == 1]
        if changed:
            return {changed[0]: None, confirmed: None}
    if heard.says_yes:
        return {confirmed: None if asked_which else "yes"}
    return {confirmed: CHANGES} if refuses else {}


def part_name(slot: str) -> str:
    """pickup_address → address"""
    return slot.partition("_")[2]


def _since_message(tracker: Tracker) -> list[dict[str, Any]]:
    before = takewhile(lambda event: event["event"] != "user", reversed(tracker.events))
    return list(before)[::-1]


def begins_now(tracker: Tracker, form: str) -> bool:
    """Whether this message opened the form."""
    return any(event["event"] == "active_loop" and event["name"] == form for event in _since_message(tracker))


def _comes_back(tracker: Tracker, form: str) -> bool:
    """The message has been dealt with by another action; the form only goes on with its question."""
    since = _since_message(tracker)
    others = any(event["event"] == "action" and event["name"] != form for event in since)
    return not begins_now(tracker, form) and (others or any(_is_rejection(event) for event in since))


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
        response = self._response(self.wording(tracker), asked[self.question], problem, domain)
        dispatcher.utter_message(response=response, **values)
        return [SlotSet("asked", asked), SlotSet("problem", None)]

    def wording(self, tracker: Tracker) -> str:
        """The response that asks."""
        return f"utter_ask_{self.question}"

    def _response(self, wording: str, times: int, problem: str | None, domain: dict[str, Any]) -> str:
        if times > MOST_ASKED:
            return "utter_stuck"
        if problem in self.problems:
            return f"utter_problem_{problem}"
        again = f"{wording}_again"
        return again if times > 1 and again in domain["responses"] else wording


class ReadBack(Ask):
    """Shows what was collected; once something is to be changed, asks which part that is and keeps them all."""

    @property
    @abstractmethod
    def confirmed(self) -> str:
        """The slot of the answer."""

    @abstractmethod
    async def shown(self, tracker: Tracker) -> dict[str, Any]:
        """Values and buttons of what is read back."""

    @abstractmethod
    def parts(self, slots: dict[str, Any]) -> Sequence[str]:
        """The slots that may be changed."""

    async def values(self, tracker: Tracker) -> dict[str, Any]:
        return {"buttons": self._part_buttons(tracker)} if self._changes(tracker) else await self.shown(tracker)

    def wording(self, tracker: Tracker) -> str:
        return "utter_ask_complaint_form_complaint_part" if self._changes(tracker) else super().wording(tracker)

    def _changes(self, tracker: Tracker) -> bool:
        return bool(tracker.get_slot(self.confirmed) == CHANGES)

    def _part_buttons(self, tracker: Tracker) -> list[dict[str, str]]:
        names = [part_name(slot) for slot in self.parts(tracker.slots)]
        speech = language(tracker)
        return [button(speech, f"part_{name}", f'/change_part{{"part": "{name}"}}') for name in names]
