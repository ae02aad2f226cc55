"""A person: passing the chat on while the desk is open, else an appointment for a call."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy.orm import Session

from actions.clarify import times_unclear
from actions.complaint_intake import DRAFT
from actions.forms import MOST_ASKED, Ask, Intake, Taken
from actions.hearing import Heard, hear
from actions.own_requests import listed
from actions.parcels import NOT_GIVEN, phone_in, view_for
from actions.support import Events, button, cleared, language, left_form, message_key, quoted, reading, service
from bot.cases import service as cases
from bot.catalog import figure, next_opening, service_open
from bot.conversations.text import only_asks_for_person
from bot.customers.verification import verified_shipments
from bot.db import now
from bot.privacy import mask_phone
from bot.shipments import requests
from bot.wording import moment, say, texts

UNCOLLECTED = frozenset({
    "language", "requested_slot", "asked", "problem", "session_started_metadata", "photos", "waybills_sent",
    "sending_asked",
})  # fmt: skip
TRIED = 6
LEAVING = frozenset({"cancel", "request_human", "goodbye"})
ASKS_WHEN = frozenset({"ask_case_status", "track_request", "ask_eta"})
"""How the question when the call will come is read; nothing is noted yet that could be looked up."""
TIMES = ("any", "morning", "afternoon", "evening")
_ANY_TIME = re.compile(r"随时|隨時|都(?:行|可以|方便)|什么时候都|any ?time|whenever|always", re.IGNORECASE)


class ActionHandoff(Action):
    """Records the wish; the turn passes the chat on and says the place in the queue."""

    def name(self) -> str:
        return "action_handoff"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        if hear(tracker).refused:
            dispatcher.utter_message(response="utter_deny")
            return []
        if not service_open(now()):
            opens = moment(next_opening(now()), language(tracker))
            dispatcher.utter_message(response="utter_desk_closed", hours=figure("desk_hours"), opens=opens)
            return [*left_form(), FollowupAction("callback_form")]
        reason = _reason(tracker)
        packet = await reading(lambda session: _packet(session, tracker, reason))
        dispatcher.utter_message(json_message={"handoff": {"reason": reason, "packet": packet}})
        return [*left_form(), FollowupAction("action_listen")]


def _reason(tracker: Tracker) -> str:
    asked = tracker.get_slot("asked") or {}
    if any(times > MOST_ASKED for times in asked.values()):
        return "stuck"
    return "not_understood" if times_unclear(tracker) else "customer_asked"


def _packet(session: Session, tracker: Tracker, reason: str) -> dict[str, Any]:
    """What the agent must not have to ask again."""
    slots = {name: value for name, value in tracker.slots.items() if value and name not in UNCOLLECTED}
    last_text = next(iter(_texts(tracker)[-1:]), "")
    return {
        "reason": reason,
        "summary": slots.get("complaint_description") or last_text,
        "language": language(tracker),
        "verified": [dict(shipment) for shipment in verified_shipments(session, tracker.sender_id)],
        "slots": slots,
        "shipments": _shipments(session, tracker, slots),
        "tried": _tried(tracker),
        "last_text": last_text,
    }


def _shipments(session: Session, tracker: Tracker, slots: dict[str, Any]) -> list[dict[str, Any]]:
    numbers = dict.fromkeys(slots[name] for name in ("complaint_waybill", "waybill") if name in slots)  # in order
    views = [view_for(session, tracker.sender_id, number, "zh") for number in numbers]
    return [{key: view[key] for key in ("waybill", "status", "headline")} for view in views if view]


def _texts(tracker: Tracker) -> list[str]:
    """What was typed, without the wish for a person: an agent wants to know what about."""
    said = (event["text"] or "" for event in tracker.events if event["event"] == "user")
    return [text for text in said if text and not (text.startswith("/") or only_asks_for_person(text))]


def _tried(tracker: Tracker) -> list[str]:
    """What the customer came for in this session: intents that have a title for the desk."""
    heard = (event["parse_data"]["intent"]["name"] for event in tracker.events if event["event"] == "user")
    return [intent for intent in dict.fromkeys(heard) if f"intent_{intent}" in texts("zh")][-TRIED:]


class ValidateCallbackForm(Intake):
    """Phone, time and subject of a call; what an earlier form collected is not asked again."""

    form = "callback_form"
    own = frozenset({"leave_callback", "provide_info"})
    read_backs = frozenset({"callback_confirmed"})

    async def take(self, heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
        question = slots["requested_slot"]
        if question is None:
            return Taken(self._begin(heard, slots))
        if heard.intent in LEAVING and not heard.phones and not (question == "callback_confirmed" and heard.says_no):
            return Taken()
        phone, problem = phone_in(heard)
        if phone:
            return Taken({"callback_phone": phone, "callback_confirmed": None})
        if question == "callback_phone":
            return Taken({"problem": problem} if problem else {})
        if question == "callback_confirmed":
            return Taken(_decision(heard))
        if heard.intent in ASKS_WHEN and heard.names_time and heard.asks:
            return Taken(remarks=["utter_callback_when"], whole=True)
        words = heard.text if _answers(heard) else None
        if question == "callback_topic":
            return Taken({question: words} if words else {})
        time = _time(heard)
        if time and not (heard.is_question and heard.asks):
            return Taken({question: time})
        return _more_to_say(words, slots) if words else Taken()

    def _begin(self, heard: Heard, slots: dict[str, Any]) -> dict[str, Any]:
        known = slots["complaint_phone"] if (slots["complaint_phone"] or "")[:1].isdigit() else None
        return {
            "callback_phone": next(iter(heard.phones[-1:]), known),
            "callback_time": None,
            "callback_topic": slots["complaint_description"],
            "callback_confirmed": None,
        }

    def next_question(self, slots: dict[str, Any]) -> str | None:
        if slots["callback_confirmed"] == "yes":
            return None
        parts = ("callback_phone", "callback_time", "callback_topic")
        return next((slot for slot in parts if not slots[slot]), "callback_confirmed")


def _time(heard: Heard) -> str | None:
    """When to call: a choice, or a time in the customer's own words."""
    if "time" in heard.tapped or heard.when:
        return heard.tapped.get("time") or heard.text
    return "any" if _ANY_TIME.search(heard.words) else None


def _more_to_say(words: str, slots: dict[str, Any]) -> Taken:
    """Words in place of the time are for whoever calls."""
    topic = slots["callback_topic"]
    return Taken({"callback_topic": f"{topic}\n{words}" if topic else words}, ["utter_noted"])


def _answers(heard: Heard) -> bool:
    """Whether free words are meant as the time or subject asked for."""
    chat = ("affirm", "deny", "correct", "thank", "greet", "help", "ask_bot")
    return heard.intent not in chat and not (heard.is_question and heard.asks)


def _decision(heard: Heard) -> dict[str, Any]:
    """Submitting takes a yes; a new time is taken, a named part asked for anew, and a plain no asks for all but why."""
    if heard.says_yes:
        return {"callback_confirmed": "yes"}
    if heard.when:
        return {"callback_time": heard.when}
    part = heard.part_of(("phone", "description"))
    if part:
        return {"callback_topic" if part == "description" else "callback_phone": None}
    if heard.names_time:
        return {"callback_time": None}
    return {"callback_phone": None, "callback_time": None} if heard.says_no else {}


class ActionAskCallbackPhone(Ask):
    question = "callback_form_callback_phone"
    problems = ("phone_format",)


class ActionAskCallbackTime(Ask):
    question = "callback_form_callback_time"

    async def values(self, tracker: Tracker) -> dict[str, Any]:
        speech = language(tracker)
        return {"buttons": [button(speech, f"time_{time}", f'/choose_time{{"time": "{time}"}}') for time in TIMES]}


class ActionAskCallbackTopic(Ask):
    question = "callback_form_callback_topic"


class ActionAskCallbackConfirmed(Ask):
    question = "callback_form_callback_confirmed"

    async def values(self, tracker: Tracker) -> dict[str, Any]:
        speech, slots = language(tracker), tracker.slots
        return {
            "phone": mask_phone(slots["callback_phone"]),
            "time": quoted(_time_words(speech, slots["callback_time"])),
            "topic": quoted(slots["callback_topic"]),
            "buttons": [
                button(speech, "choice_confirm", "/affirm"),
                button(speech, "choice_change", "/deny"),
            ],
        }


def _time_words(speech: str, time: str) -> str:
    return say(speech, f"time_{time}") if time in TIMES else time


class ActionSubmitCallback(Action):
    """Opens a case for the call."""

    def name(self) -> str:
        return "action_submit_callback"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        slots, speech = tracker.slots, language(tracker)
        parcel = slots["complaint_waybill"] or slots["waybill"]
        facts = {
            "key": message_key(tracker),
            "kind": "callback",
            "category": None,
            "description": f"{_time_words('zh', slots['callback_time'])}: {slots['callback_topic']}",
            "language": speech,
            "conversation_id": tracker.sender_id,
            "phone": slots["callback_phone"],
            "waybill": parcel if parcel != NOT_GIVEN else None,
        }
        case = await service(lambda session: cases.open_case(session, **facts))
        opens = moment(next_opening(now()), speech)
        response = "utter_callback_kept" if service_open(now()) else "utter_callback_kept_closed"
        dispatcher.utter_message(response=response, number=case["number"], opens=opens)
        if slots["complaint_category"] and slots["complaint_description"]:
            _offer_complaint(dispatcher, tracker)
        return cleared("callback_phone", "callback_time", "callback_topic", "callback_confirmed")


def _offer_complaint(dispatcher: CollectingDispatcher, tracker: Tracker) -> None:
    """A complaint left for the call is not sent yet, and nothing of it is lost."""
    speech, category = language(tracker), tracker.get_slot("complaint_category")
    go_on = button(speech, "choice_go_on", f'/complain_{category}{{"part": "{DRAFT}"}}')
    buttons = [go_on, button(speech, "choice_not_now", "/deny")]
    dispatcher.utter_message(text=say(speech, "complaint_draft"), buttons=buttons)


class ActionLeave(Action):
    """Cancel, or goodbye inside a form: the form ends, nothing is sent, and what it collected is forgotten."""

    def name(self) -> str:
        return "action_leave"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        goodbye = hear(tracker).intent == "goodbye"
        if not tracker.active_loop_name:
            await _say_outside(dispatcher, tracker, goodbye)
            return [FollowupAction("action_listen")]
        dispatcher.utter_message(response="utter_left_goodbye" if goodbye else "utter_left")
        return [*left_form(), *cleared(*_collected(domain)), FollowupAction("action_listen")]


async def _say_outside(dispatcher: CollectingDispatcher, tracker: Tracker, goodbye: bool) -> None:
    """With nothing half told, "not any more" may mean what was asked for earlier."""
    asked_for = [] if goodbye else await reading(lambda session: requests.open_here(session, tracker.sender_id))
    response = "utter_goodbye" if goodbye else "utter_cancel_open" if asked_for else "utter_cancel"
    dispatcher.utter_message(response=response, **listed(asked_for, language(tracker)))


def _collected(domain: dict[str, Any]) -> list[str]:
    """Every slot a form fills: the language stays, and so does the parcel last looked up."""
    return [slot for slot in domain["slots"] if slot not in (*UNCOLLECTED, "waybill")] + ["photos"]
