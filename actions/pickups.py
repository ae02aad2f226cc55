"""Booking a courier to collect something: where, who, when, what; read back, then booked, moved or cancelled."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction
from rasa_sdk.executor import CollectingDispatcher

from actions.forms import Ask, Intake, ReadBack, Taken, decided, free_words
from actions.hearing import Heard, told
from actions.own_requests import withdrawal, withdrawal_of
from actions.parcels import phone_in
from actions.support import Events, button, cleared, confirm_buttons, language, message_key, read_back, reading, service
from actions.timing import AskTime, Time, time_in, time_words
from bot import catalog
from bot.db import now
from bot.privacy import mask_phone
from bot.shipments import requests
from bot.shipments.errors import StepNotAllowed

PARTS = ("pickup_address", "pickup_phone", "pickup_time", "pickup_item")
SLOTS = (*PARTS, "pickup_weight", "pickup_confirmed", "pickup_forbidden")
MOVED_PARTS = ("moved_time",)
MOVED_SLOTS = (*MOVED_PARTS, "moved_number", "moved_instead", "moved_confirmed")
LEAVING = frozenset({"cancel", "request_human", "goodbye", "leave_callback"})
LEAST_ADDRESS = 5
_AROUND = re.compile(
    r"[\W_]|大概|大约|大約|差不多|左右|[约吧呀啊的]|\b(?:about|around|roughly|at|on|please)\b", re.IGNORECASE
)
"""What may stand around a time or weight."""
_JUST_MOVES = re.compile(
    r"(?:[\W_]|那|就|还是|還是|请|請|能不能|可以|帮我|改|换|換|调|調|到|成|为|吧|吗|嗎"
    r"|\b(?:please|make|it|let'?s|say|change|move|push|to|at|on|how about|instead|can you|come|could you)\b)*",
    re.IGNORECASE,
)
"""What is left of "make it 4pm" without the time."""
_MOVES = re.compile(
    r"改[到成在约期]|改(?:个|一下)?(?:时间|時間)|[换換][到成个個]|推迟|推遲|推后|延到|挪到"
    r"|\b(?:move|reschedule|change|make|switch|push)\b.{0,20}\b(?:to|it)\b|\binstead\b",
    re.IGNORECASE,
)
_NAMES_PICKUP = re.compile(
    r"取件|上门|上門|揽收|攬收|预约|預約|寄件|来取|pick ?up|collection|courier|booking", re.IGNORECASE
)


class ValidatePickupForm(Intake):
    form = "pickup_form"
    own = frozenset({"book_pickup", "provide_info", "change_pickup"})
    read_backs = frozenset({"pickup_confirmed"})

    async def take(self, heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
        begins = slots["requested_slot"] is None
        if not begins and heard.intent in LEAVING and not heard.has_facts:
            return Taken()
        if not begins and heard.waybills and heard.intent not in self.own:
            return Taken()  # about a parcel that is under way
        fresh = dict.fromkeys(SLOTS) if begins else {}
        taken = _answer(heard, slots | fresh, tracker)
        taken.slots = fresh | taken.slots
        closed = taken.slots.get("problem") == "closed_time"
        if closed and self.next_question(slots | taken.slots) != "pickup_time":  # whose question says it by itself
            taken.remarks, taken.values = ["utter_problem_closed_time"], catalog.figures()
        return taken

    def next_question(self, slots: dict[str, Any]) -> str | None:
        if slots["pickup_forbidden"] or slots["pickup_confirmed"] == "yes":
            return None
        return next((slot for slot in PARTS if not slots[slot]), "pickup_confirmed")


def _answer(heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
    question = slots["requested_slot"]
    phone, bad_phone = phone_in(heard)
    time, bad_time = time_in(tracker, slots["pickup_time"])
    found: dict[str, Any] = {
        "pickup_address": told(tracker, "address"),
        "pickup_phone": phone,
        "pickup_time": time,
        "pickup_item": told(tracker, "item"),
        "pickup_weight": told(tracker, "weight"),
        "problem": (question == "pickup_phone" and bad_phone) or bad_time,
    }
    # Rules read the end of a Chinese address, not of an English one.
    cut_off = question == "pickup_address" and heard.words.isascii()
    if question in ("pickup_address", "pickup_item") and not heard.waybills and (cut_off or not found[question]):
        found[question] = _own_words(heard, question, tracker) or found[question]
    kept = {slot: value for slot, value in found.items() if value}
    if bad_time and not time and question == "pickup_confirmed":
        kept["pickup_time"] = None  # asked anew, and why
    kept |= _forbidden(heard, kept)
    remarks = _remarks(question, kept)
    kept |= decided(heard, slots, "pickup_confirmed", PARTS, bool(kept))
    return Taken(kept, remarks, whole=bool(kept) and not heard.asks)


def _remarks(question: str | None, kept: dict[str, Any]) -> list[str]:
    """Where the same question comes again, that something else was taken."""
    if question not in PARTS or question in kept or "pickup_forbidden" in kept:
        return []
    return ["utter_noted"] if kept.keys() & {*PARTS, "pickup_weight"} else []


def _own_words(heard: Heard, question: str, tracker: Tracker) -> str | None:
    """An address or goods that no rule knows; a time, a phone or a weight alone is neither."""
    besides = _besides_time_and_weight(heard.words, tracker)
    letters = len(_AROUND.sub("", besides))
    if question == "pickup_address":
        return free_words(heard, LEAST_ADDRESS) if letters >= LEAST_ADDRESS else None
    return free_words(replace(heard, words=besides), 1) if letters and not heard.phones else None


def _besides_time_and_weight(words: str, tracker: Tracker) -> str:
    message = tracker.latest_message
    for entity in message.get("entities", []):
        if entity["entity"] in ("date", "weight"):
            words = words.replace(message["text"][entity["start"] : entity["end"]], " ")
    return " ".join(words.split())


def _forbidden(heard: Heard, kept: dict[str, Any]) -> dict[str, Any]:
    """What may not be sent is said before anybody comes for it."""
    item = catalog.item_named_in(kept.get("pickup_item") or heard.text)
    return {"pickup_forbidden": item.zh} if item and item.verdict == "forbidden" else {}


class ActionAskPickupAddress(Ask):
    question = "pickup_form_pickup_address"


class ActionAskPickupPhone(Ask):
    question = "pickup_form_pickup_phone"
    problems = ("phone_format",)


class ActionAskPickupTime(AskTime):
    question = "pickup_form_pickup_time"


class ActionAskPickupItem(Ask):
    question = "pickup_form_pickup_item"


class ActionAskPickupConfirmed(ReadBack):
    question = "pickup_form_pickup_confirmed"
    confirmed = "pickup_confirmed"

    def parts(self, slots: dict[str, Any]) -> Sequence[str]:
        return PARTS

    async def shown(self, tracker: Tracker) -> dict[str, Any]:
        speech = language(tracker)
        buttons = confirm_buttons(speech)
        return {"summary": _summary(tracker), "advice": _advice(tracker), "buttons": buttons}


def _summary(tracker: Tracker) -> str:
    speech, slots = language(tracker), tracker.slots
    weight = slots["pickup_weight"]
    lines = {
        "time": time_words(slots["pickup_time"], speech),
        "address": slots["pickup_address"],
        "phone": mask_phone(slots["pickup_phone"]),
        "item": slots["pickup_item"],
        "weight": f"{weight} kg" if weight else "",
    }
    return read_back(speech, lines)


def _advice(tracker: Tracker) -> str:
    """How an item with conditions is to be sent; nothing where there are none."""
    speech, item = language(tracker), catalog.item_named_in(tracker.get_slot("pickup_item"))
    if item is None or item.verdict != "conditional":
        return ""
    return "\n" + (item.advice_en if speech == "en" else item.advice)


class ActionSubmitPickup(Action):
    def name(self) -> str:
        return "action_submit_pickup"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        slots, speech = tracker.slots, language(tracker)
        if slots["pickup_forbidden"]:
            item = catalog.item_named_in(slots["pickup_forbidden"])
            name = item and (item.en if speech == "en" else item.zh)
            dispatcher.utter_message(response="utter_pickup_forbidden", item=name or slots["pickup_forbidden"])
            return cleared(*SLOTS)
        details = {part.removeprefix("pickup_"): slots[part] for part in (*PARTS, "pickup_weight") if slots[part]}
        phone = details.pop("phone")
        made = await service(
            lambda session: requests.ask_for(
                session, key=message_key(tracker), kind=requests.PICKUP, conversation_id=tracker.sender_id,
                language=speech, phone=phone, details=details, now=now(),
            )
        )  # fmt: skip
        when = time_words(made["details"]["time"], speech)
        dispatcher.utter_message(response="utter_pickup_booked", number=made["number"], time=when)
        return cleared(*SLOTS)


class ValidatePickupChangeForm(Intake):
    """Another time for the pickup booked here, read back. `moved_instead`: `cancel`, or `none` if nothing is booked."""

    form = "pickup_change_form"
    own = frozenset({"change_pickup", "reschedule_delivery", "provide_info"})
    read_backs = frozenset({"moved_confirmed"})

    async def take(self, heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
        if slots["requested_slot"] is None:
            return await self._begin(heard, tracker)
        if heard.intent in ("goodbye", "request_human"):
            return Taken()
        change = _change(heard, tracker, slots["moved_time"] or await booked_time(tracker))
        change |= decided(heard, slots, "moved_confirmed", MOVED_PARTS, bool(change))
        return Taken(change, whole=bool(change))

    async def _begin(self, heard: Heard, tracker: Tracker) -> Taken:
        """取消改派 is heard like 取消取件: where words do not name the pickup, a change may be meant."""
        booked = await reading(lambda session: requests.open_pickup(session, tracker.sender_id))
        elsewhere = None if booked and _NAMES_PICKUP.search(heard.words) else await withdrawal(heard, tracker)
        if elsewhere:
            return elsewhere
        fresh = {**dict.fromkeys(MOVED_SLOTS), "moved_number": booked and booked["number"]}
        if booked is None:
            return Taken(fresh | {"moved_instead": "none"})
        return Taken(fresh | _change(heard, tracker, booked["details"]["time"]))

    def next_question(self, slots: dict[str, Any]) -> str | None:
        if slots["moved_instead"] or slots["moved_confirmed"] == "yes":
            return None
        return "moved_confirmed" if slots["moved_time"] else "moved_time"


async def booked_time(tracker: Tracker) -> Time | None:
    """The time of the pickup booked in this conversation."""
    booked = await reading(lambda session: requests.open_pickup(session, tracker.sender_id))
    return booked and booked["details"]["time"]


def moves_only(heard: Heard, tracker: Tracker) -> bool:
    """Nothing but another time: 改到4点, make it 4pm."""
    return bool(told(tracker, "date")) and bool(_JUST_MOVES.fullmatch(_besides_time_and_weight(heard.words, tracker)))


def _change(heard: Heard, tracker: Tracker, booked: Time | None) -> dict[str, Any]:
    """A day named beside "nobody need come" is the day of the pickup, unless the words move it."""
    time, problem = time_in(tracker, booked)
    if heard.calls_off and not (time and _MOVES.search(heard.words)):
        return {"moved_instead": "cancel"}
    if time:
        return {"moved_time": time}
    return {"moved_time": None, "problem": problem} if problem else {}  # asked anew, and why


class ActionAskMovedTime(AskTime):
    question = "pickup_change_form_moved_time"

    async def values(self, tracker: Tracker) -> dict[str, Any]:
        number = tracker.get_slot("moved_number")
        buttons = [button(language(tracker), "choice_cancel_pickup", withdrawal_of(number))]
        return {**await super().values(tracker), "number": number, "buttons": buttons}


class ActionAskMovedConfirmed(ReadBack):
    question = "pickup_change_form_moved_confirmed"
    confirmed = "moved_confirmed"

    def parts(self, slots: dict[str, Any]) -> Sequence[str]:
        return MOVED_PARTS

    async def shown(self, tracker: Tracker) -> dict[str, Any]:
        speech, booked = language(tracker), await booked_time(tracker)
        return {
            "number": tracker.get_slot("moved_number"),
            "before": time_words(booked, speech) if booked else "",
            "time": time_words(tracker.get_slot("moved_time"), speech),
            "buttons": confirm_buttons(speech),
        }


class ActionChangePickup(Action):
    def name(self) -> str:
        return "action_change_pickup"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        instead = tracker.get_slot("moved_instead")
        if instead == "cancel":
            return [FollowupAction("withdraw_form")]  # which takes up the number, and clears the slots
        moved = None if instead == "none" else await _move(tracker)
        if moved:
            time = time_words(moved["details"]["time"], language(tracker))
            dispatcher.utter_message(response="utter_pickup_moved", number=moved["number"], time=time)
        else:
            dispatcher.utter_message(response="utter_change_pickup")
        return cleared(*MOVED_SLOTS)


async def _move(tracker: Tracker) -> requests.RequestView | None:
    """The pickup at its new time; none if it is over by now."""
    key, number, time = message_key(tracker), tracker.get_slot("moved_number"), tracker.get_slot("moved_time")
    try:
        return await service(lambda session: requests.reschedule_pickup(session, number, time, key=key, now=now()))
    except StepNotAllowed:
        return None
