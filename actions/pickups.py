"""Booking a courier to collect something: where, who, when, what; read back, then booked, moved or cancelled."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy.orm import Session

from actions.forms import Ask, Intake, ReadBack, Taken, decided, free_words
from actions.hearing import Heard, told
from actions.parcels import phone_in
from actions.support import Events, button, cleared, confirm_buttons, language, message_key, read_back, reading, service
from actions.timing import Time, time_in, time_words
from bot import catalog
from bot.db import now
from bot.privacy import mask_phone
from bot.shipments import requests

PARTS = ("pickup_address", "pickup_phone", "pickup_time", "pickup_item")
SLOTS = (*PARTS, "pickup_weight", "pickup_confirmed", "pickup_forbidden")
LEAVING = frozenset({"cancel", "request_human", "goodbye", "leave_callback"})
LEAST_ADDRESS = 5
_CANCELS = re.compile(r"取消|不寄了|不用来|别来了|不要来|\bcancel\b|don'?t come|no longer", re.IGNORECASE)


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
        return taken

    def next_question(self, slots: dict[str, Any]) -> str | None:
        if slots["pickup_forbidden"] or slots["pickup_confirmed"] == "yes":
            return None
        return next((slot for slot in PARTS if not slots[slot]), "pickup_confirmed")


def _answer(heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
    question = slots["requested_slot"]
    phone, bad_phone = phone_in(heard)
    time, bad_time = time_in(tracker)
    found: dict[str, Any] = {
        "pickup_address": told(tracker, "address"),
        "pickup_phone": phone,
        "pickup_time": time,
        "pickup_item": told(tracker, "item"),
        "pickup_weight": told(tracker, "weight"),
        "problem": bad_phone if question == "pickup_phone" else bad_time,
    }
    # Rules read the end of a Chinese address, not of an English one.
    cut_off = question == "pickup_address" and heard.words.isascii()
    if question in ("pickup_address", "pickup_item") and not heard.waybills and (cut_off or not found[question]):
        least = LEAST_ADDRESS if question == "pickup_address" else 1
        found[question] = free_words(heard, least) or found[question]
    kept = {slot: value for slot, value in found.items() if value}
    kept |= _forbidden(heard, kept)
    kept |= decided(heard, slots, "pickup_confirmed", PARTS, bool(kept))
    return Taken(kept, whole=bool(kept) and not heard.asks)


def _forbidden(heard: Heard, kept: dict[str, Any]) -> dict[str, Any]:
    """What may not be sent is said before anybody comes for it."""
    item = catalog.item_named_in(kept.get("pickup_item") or heard.text)
    return {"pickup_forbidden": item.zh} if item and item.verdict == "forbidden" else {}


class ActionAskPickupAddress(Ask):
    question = "pickup_form_pickup_address"


class ActionAskPickupPhone(Ask):
    question = "pickup_form_pickup_phone"
    problems = ("phone_format",)


class ActionAskPickupTime(Ask):
    question = "pickup_form_pickup_time"
    problems = ("past_time",)


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
    """Another time for the pickup booked here, or none at all. `pickup_change`: a time, `cancel` or `none`."""

    form = "pickup_change_form"
    own = frozenset({"change_pickup", "reschedule_delivery", "provide_info"})

    async def take(self, heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
        if slots["requested_slot"] is None:
            booked = await reading(lambda session: requests.open_pickup(session, tracker.sender_id))
            fresh = {"pickup_change": None, "pickup_number": booked and booked["number"]}
            return Taken(fresh | (_change(heard, tracker) if booked else {"pickup_change": "none"}))
        if heard.intent in ("goodbye", "request_human"):
            return Taken()
        return Taken(_change(heard, tracker), whole=True)

    def next_question(self, slots: dict[str, Any]) -> str | None:
        return None if slots["pickup_change"] else "pickup_change"


def _change(heard: Heard, tracker: Tracker) -> dict[str, Any]:
    time, problem = time_in(tracker)
    if time:
        return {"pickup_change": time}
    if heard.tapped.get("part") == "cancel" or _CANCELS.search(heard.text):
        return {"pickup_change": "cancel"}
    return {"problem": problem} if problem else {}


class ActionAskPickupChange(Ask):
    question = "pickup_change_form_pickup_change"
    problems = ("past_time",)

    async def values(self, tracker: Tracker) -> dict[str, Any]:
        payload = '/change_pickup{"part": "cancel"}'
        number = tracker.get_slot("pickup_number")
        return {"number": number, "buttons": [button(language(tracker), "choice_cancel_pickup", payload)]}


class ActionChangePickup(Action):
    def name(self) -> str:
        return "action_change_pickup"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        change, number = tracker.get_slot("pickup_change"), tracker.get_slot("pickup_number")
        key = message_key(tracker)
        if change == "none":
            dispatcher.utter_message(response="utter_change_pickup")
        elif change == "cancel":
            await service(lambda session: requests.cancel(session, number, key=key, now=now()))
            dispatcher.utter_message(response="utter_pickup_cancelled", number=number)
        else:
            await move_pickup(dispatcher, tracker, change)
        return cleared("pickup_change", "pickup_number")


async def move_pickup(dispatcher: CollectingDispatcher, tracker: Tracker, time: Time) -> None:
    """The pickup booked in this conversation moves to another time."""
    key, talk = message_key(tracker), tracker.sender_id

    def move(session: Session) -> str | None:
        booked = requests.open_pickup(session, talk)
        if booked is None:
            return None
        return str(requests.reschedule_pickup(session, booked["number"], time, key=key, now=now())["number"])

    number = await service(move)
    if number is None:
        dispatcher.utter_message(response="utter_change_pickup")
        return
    dispatcher.utter_message(response="utter_pickup_moved", number=number, time=time_words(time, language(tracker)))
