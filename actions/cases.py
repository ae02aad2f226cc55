"""Cases after they were told: progress and a further detail; and suggestions and praise."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy.orm import Session

from actions.forms import Ask, Intake, Taken
from actions.hearing import Heard
from actions.outcomes import outcome_buttons
from actions.own_requests import tell_request
from actions.support import Events, cleared, language, message_key, quoted, reading, service
from bot.cases import service as cases
from bot.db import now
from bot.shipments import requests
from bot.wording import moment, say

LEAVING = frozenset({"cancel", "request_human", "goodbye", "leave_callback"})
CLOCK_STATES = ("acknowledged", "triaged", "investigating", "waiting_third_party")
SHOWN = 5


def _free_words(heard: Heard) -> str | None:
    """The message as a text someone wants kept; questions, cancel, a person and corrections are none."""
    refused = heard.intent in LEAVING or heard.intent in ("correct", "thank", "greet", "help", "ask_bot", "deny")
    return None if refused or (heard.is_question and heard.asks) or len(heard.words) < 2 else heard.text


class ValidateCaseForm(Intake):
    """Which case, and, unless it was told in this conversation, the last four digits of its phone."""

    form = "case_form"
    own = frozenset({"ask_case_status", "ask_eta", "provide_info"})

    async def take(self, heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
        begins = slots["requested_slot"] is None
        number = heard.case_number or heard.tapped.get("case_id")
        if number:
            own = await reading(lambda session: _is_own(session, number, tracker.sender_id))
            return Taken({"case_number": number, "case_tail": "own" if own else None, "case_choices": None})
        if begins:
            return await self._told_here(tracker)
        if slots["requested_slot"] == "case_tail" and heard.four_digits:
            return Taken({"case_tail": heard.four_digits})
        return Taken({"problem": "case_number"}) if heard.odd_number or heard.waybills else Taken()

    async def _told_here(self, tracker: Tracker) -> Taken:
        told = await reading(lambda session: cases.cases_of_conversation(session, tracker.sender_id))
        made = [] if told else await reading(lambda session: requests.of_conversation(session, tracker.sender_id))
        if len(told) == 1 or made:
            return Taken({"case_number": [*told, *made][0]["number"], "case_tail": "own"})
        choices = [case["number"] for case in told[:SHOWN]]
        return Taken({"case_number": None, "case_tail": None, "case_choices": choices or None})

    def next_question(self, slots: dict[str, Any]) -> str | None:
        if not slots["case_number"]:
            return "case_number"
        return None if slots["case_tail"] else "case_tail"


def _is_own(session: Session, number: str, conversation_id: str) -> bool:
    whose = requests if requests.is_request(number) else cases
    return whose.is_own(session, number, conversation_id)


class ActionAskCaseNumber(Ask):
    question = "case_form_case_number"
    problems = ("case_number",)

    async def values(self, tracker: Tracker) -> dict[str, Any]:
        choices = tracker.get_slot("case_choices") or ()
        return {"buttons": [{"title": number, "payload": _ask_about(number)} for number in choices]}


def _ask_about(number: str) -> str:
    return f'/ask_case_status{{"case_id": "{number}"}}'


class ActionAskCaseTail(Ask):
    question = "case_form_case_tail"

    async def values(self, tracker: Tracker) -> dict[str, Any]:
        number = tracker.get_slot("case_number")
        whose = "case_tail_request" if requests.is_request(number) else "case_tail_case"
        return {"number": number, "whose": say(language(tracker), whose)}


class ActionCaseProgress(Action):
    """Where a case or request stands and what comes next; one answer for an unknown number and for wrong digits."""

    def name(self) -> str:
        return "action_case_progress"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        number, tail = tracker.get_slot("case_number"), tracker.get_slot("case_tail")
        if requests.is_request(number):
            asked_for = cleared("case_number", "case_tail", "case_choices")
            return [*asked_for, *await tell_request(dispatcher, tracker, number, tail)]
        case = await service(lambda session: cases.progress(session, number, tracker.sender_id, tail))
        if case is None:
            dispatcher.utter_message(response="utter_case_not_found", number=number)
        else:
            words = _words(case, language(tracker))
            words["following"] += await _proposal(case, language(tracker))
            own = await reading(lambda session: cases.is_own(session, number, tracker.sender_id))
            buttons = outcome_buttons(case, language(tracker)) if own else []
            dispatcher.utter_message(response="utter_case_progress", **words, buttons=buttons)
        return cleared("case_number", "case_tail", "case_choices")


async def _proposal(case: dict[str, Any], speech: str) -> str:
    """What is proposed, on a line of its own, while it waits for the customer's word."""
    words = await reading(lambda session: cases.proposal(session, case["number"]))
    return "\n" + say(speech, "case_proposal", words=quoted(words)) if words else ""


class ActionCaseAside(Action):
    """Asked inside another form: the newest case told here."""

    def name(self) -> str:
        return "action_case_aside"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        told = await reading(lambda session: cases.cases_of_conversation(session, tracker.sender_id))
        if told:
            dispatcher.utter_message(response="utter_case_progress", **_words(told[0], language(tracker)))
        else:
            dispatcher.utter_message(response="utter_no_case_here")
        return []


def _words(case: dict[str, Any], speech: str) -> dict[str, str]:
    subject = f"category_{case['category']}" if case["category"] else f"kind_{case['kind']}"
    return {
        "number": case["number"],
        "subject": say(speech, subject),
        "state": say(speech, f"case_state_{case['state']}"),
        "following": _following(case["state"], case["result_due_at"], speech),
    }


def _following(state: str, due: str | None, speech: str) -> str:
    """What comes next; kinds without a clock are told no date."""
    if due is None and state in CLOCK_STATES:
        return say(speech, "case_next_acknowledged_no_clock")
    if due is not None and state in CLOCK_STATES and datetime.fromisoformat(due) <= now():
        return say(speech, "case_next_late")
    return say(speech, f"case_next_{state}", due=moment(due, speech) if due else "")


class ValidateDetailForm(Intake):
    """More words or photos for the newest unfinished case of this conversation."""

    form = "detail_form"
    own = frozenset({"add_case_detail"})

    async def take(self, heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
        if "file_id" in heard.tapped:
            return Taken({"photos": [*(slots["photos"] or ()), heard.tapped["file_id"]]}, ["utter_photo_received"])
        words = _free_words(heard)
        if slots["requested_slot"] is None:
            told = await reading(lambda s: cases.cases_of_conversation(s, tracker.sender_id, unfinished=True))
            number = told[0]["number"] if told else None
            return Taken({"case_number": number, "case_detail": words if heard.tells_more else None})
        return Taken({"case_detail": words} if words else {})

    def next_question(self, slots: dict[str, Any]) -> str | None:
        return "case_detail" if slots["case_number"] and not slots["case_detail"] else None


class ActionAskCaseDetail(Ask):
    question = "detail_form_case_detail"

    async def values(self, tracker: Tracker) -> dict[str, Any]:
        return {"number": tracker.get_slot("case_number")}


class ActionAddDetail(Action):
    def name(self) -> str:
        return "action_add_detail"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        number, words = tracker.get_slot("case_number"), tracker.get_slot("case_detail")
        photos, key = tracker.get_slot("photos") or (), message_key(tracker)
        if number:
            await service(lambda session: cases.add_detail(session, number, words, photos, key=key))
        dispatcher.utter_message(response="utter_detail_added" if number else "utter_no_case_here", number=number)
        return cleared("case_number", "case_detail", "photos")


class ValidateFeedbackForm(Intake):
    """A suggestion or praise in the customer's own words, most often the first message itself."""

    form = "feedback_form"
    own = frozenset({"suggest", "praise"})

    async def take(self, heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
        words = _free_words(heard)
        if slots["requested_slot"] is None:
            kind = "praise" if heard.intent == "praise" else "suggestion"
            told = words if kind == "praise" or heard.tells_more else None
            return Taken({"feedback_kind": kind, "feedback": told})
        return Taken({"feedback": words} if words else {})

    def next_question(self, slots: dict[str, Any]) -> str | None:
        return None if slots["feedback"] else "feedback"


class ActionAskFeedback(Ask):
    question = "feedback_form_feedback"


class ActionSubmitFeedback(Action):
    def name(self) -> str:
        return "action_submit_feedback"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        kind = tracker.get_slot("feedback_kind")
        facts = {
            "key": message_key(tracker),
            "kind": kind,
            "category": None,
            "description": tracker.get_slot("feedback"),
            "language": language(tracker),
            "conversation_id": tracker.sender_id,
        }
        case = await service(lambda session: cases.open_case(session, **facts))
        dispatcher.utter_message(response=f"utter_{kind}_kept", number=case["number"])
        return cleared("feedback", "feedback_kind")
