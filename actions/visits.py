"""A visit after the sale (repair, installation, return): what, where, whom, when; read back, then a case."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.forms import Ask, Intake, ReadBack, Taken, decided, free_words
from actions.hearing import Heard, told
from actions.parcels import phone_in
from actions.support import Events, cleared, confirm_buttons, language, message_key, read_back, service
from actions.timing import AskTime, time_in, time_words
from bot.cases import service as cases
from bot.privacy import mask_name, mask_phone
from bot.wording import moment

PARTS = ("visit_topic", "visit_address", "visit_person", "visit_phone", "visit_time")
SLOTS = (*PARTS, "visit_confirmed")
LEAST = {"visit_topic": 2, "visit_address": 5, "visit_person": 2}
"""Characters of an answer in free words."""
_BARE = re.compile(
    r"[\W_]|我|想|要|请|帮|一下|预约|约个?|安排|上门|服务|售后|人员|师傅|来|book|arrange|schedule|an?\b|home|visit"
    r"|service|please|i\b|want|would like|to\b",
    re.IGNORECASE,
)
"""What is left without these says what the visit is for."""
LEAVING = frozenset({"cancel", "request_human", "goodbye", "leave_callback"})


class ValidateVisitForm(Intake):
    form = "visit_form"
    own = frozenset({"book_visit", "provide_info", "book_pickup"})
    read_backs = frozenset({"visit_confirmed"})

    async def take(self, heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
        begins = slots["requested_slot"] is None
        if not begins and heard.intent in LEAVING and not heard.has_facts:
            return Taken()
        fresh = dict.fromkeys(SLOTS) if begins else {}
        taken = _answer(heard, slots | fresh, tracker)
        taken.slots = fresh | taken.slots
        return taken

    def next_question(self, slots: dict[str, Any]) -> str | None:
        if slots["visit_confirmed"] == "yes":
            return None
        return next((slot for slot in PARTS if not slots[slot]), "visit_confirmed")


def _answer(heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
    question = slots["requested_slot"]
    phone, bad_phone = phone_in(heard)
    time, bad_time = time_in(tracker, slots["visit_time"])
    found: dict[str, Any] = {
        "visit_address": told(tracker, "address"),
        "visit_person": told(tracker, "person"),
        "visit_phone": phone,
        "visit_time": time,
        "problem": bad_phone if question == "visit_phone" else bad_time,
    }
    if question is None and len(_BARE.sub("", heard.words)) >= LEAST["visit_topic"]:
        found["visit_topic"] = heard.words
    if question in LEAST and not found.get(question) and not (phone or time):
        found[question] = free_words(heard, LEAST[question])
    kept = {slot: value for slot, value in found.items() if value}
    kept |= decided(heard, slots, "visit_confirmed", PARTS, bool(kept))
    return Taken(kept, whole=bool(kept) and not heard.asks)


class ActionAskVisitTopic(Ask):
    question = "visit_form_visit_topic"


class ActionAskVisitAddress(Ask):
    question = "visit_form_visit_address"


class ActionAskVisitPerson(Ask):
    question = "visit_form_visit_person"


class ActionAskVisitPhone(Ask):
    question = "visit_form_visit_phone"
    problems = ("phone_format",)


class ActionAskVisitTime(AskTime):
    question = "visit_form_visit_time"


class ActionAskVisitConfirmed(ReadBack):
    question = "visit_form_visit_confirmed"
    confirmed = "visit_confirmed"

    def parts(self, slots: dict[str, Any]) -> Sequence[str]:
        return PARTS

    async def shown(self, tracker: Tracker) -> dict[str, Any]:
        speech, slots = language(tracker), tracker.slots
        lines = {
            "topic": slots["visit_topic"],
            "address": slots["visit_address"],
            "person": mask_name(slots["visit_person"]),
            "phone": mask_phone(slots["visit_phone"]),
            "time": time_words(slots["visit_time"], speech),
        }
        buttons = confirm_buttons(speech)
        return {"summary": read_back(speech, lines), "buttons": buttons}


class ActionSubmitVisit(Action):
    def name(self) -> str:
        return "action_submit_visit"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        slots, speech = tracker.slots, language(tracker)
        when = time_words(slots["visit_time"], "zh")
        case = await service(
            lambda session: cases.open_case(
                session, key=message_key(tracker), kind="after_sales", category=None,
                description=slots["visit_topic"], language=speech, conversation_id=tracker.sender_id,
                phone=slots["visit_phone"], contact_name=slots["visit_person"],
                details={"time": when, "address": slots["visit_address"], "person": slots["visit_person"]},
            )
        )  # fmt: skip
        dispatcher.utter_message(
            response="utter_visit_booked",
            number=case["number"],
            time=time_words(slots["visit_time"], speech),
            first_check=moment(str(case["first_check_due_at"]), speech),
        )
        return cleared(*SLOTS)
