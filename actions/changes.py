"""Changes to a parcel under way: address, time, place, intercept, expedite. Read back, sent, then proven."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.forms import MOST_WORDS, Ask, Intake, ReadBack, Taken, decided, free_words
from actions.hearing import Heard, told
from actions.own_requests import withdrawal
from actions.parcels import PROBLEMS, TAIL_REMARKS, check_tail, numbered, parcel_buttons, parcel_in, phone_in
from actions.pickups import booked_time, moves_only
from actions.support import (
    Events,
    button,
    cleared,
    confirm_buttons,
    language,
    message_key,
    read_back,
    reading,
    service,
)
from actions.timing import AskTime, time_in, time_words
from bot.customers.verification import role_for
from bot.db import now
from bot.privacy import mask_name, mask_phone
from bot.shipments import requests
from bot.wording import moment, say

KINDS = {
    "change_address": "change_address",
    "reschedule_delivery": "reschedule",
    "leave_instruction": "leave_instruction",
    "intercept_shipment": "intercept",
    "expedite_delivery": "expedite",
}
"""Kinds of request by the intent that asks for them."""

PARTS = {
    "change_address": ("change_waybill", "change_address", "change_phone"),
    "reschedule": ("change_waybill", "change_time"),
    "leave_instruction": ("change_waybill", "change_place"),
    "intercept": ("change_waybill",),
    "expedite": ("change_waybill",),
}
SLOTS = (
    "change_kind", "change_waybill", "change_address", "change_person", "change_phone", "change_time", "change_place",
    "change_confirmed", "change_obstacle",
)  # fmt: skip
UNCHANGED = "unchanged"
"""In place of a new phone: the one on the waybill stays."""
LEAVING = frozenset({"cancel", "request_human", "goodbye", "leave_callback"})
LEAST_WORDS = 3


class ValidateDeliveryForm(Intake):
    form = "delivery_form"
    own = frozenset({*KINDS, "provide_info", "change_part"})
    read_backs = frozenset({"change_confirmed"})

    async def take(self, heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
        begins = slots["requested_slot"] is None
        if begins:
            elsewhere = await withdrawal(heard, tracker) or await _pickup(heard, slots, tracker)
            if elsewhere:
                return elsewhere
            fresh = {**dict.fromkeys(SLOTS), "change_kind": KINDS[heard.intent]}
            fresh["change_waybill"] = None if heard.means_another else slots["waybill"]
            slots |= fresh
        elif slots["change_kind"] == "intercept" and heard.unwanted and not heard.has_facts:
            return Taken(remarks=["utter_noted"])  # why it is to come back, however like a cancel it sounds
        elif (heard.intent in LEAVING or _gives_up(heard, slots["change_kind"])) and not heard.has_facts:
            return Taken()
        taken = await _answer(heard, slots, tracker)
        if begins:
            taken.slots = fresh | taken.slots
        taken = await _judged(taken, slots)
        taken.remarks += await _early_proof(heard, slots | taken.slots, tracker)
        return taken

    def way_out(self, slots: dict[str, Any], heard: Heard) -> str | None:
        return "action_leave" if _gives_up(heard, slots["change_kind"]) else super().way_out(slots, heard)

    def next_question(self, slots: dict[str, Any]) -> str | None:
        if slots["change_obstacle"] or slots["change_confirmed"] == "yes":
            return None
        missing = (slot for slot in PARTS[slots["change_kind"]] if not slots[slot])
        return next(missing, "change_confirmed")


def _gives_up(heard: Heard, kind: str) -> bool:
    """The change being told is not wanted after all, and no other one instead."""
    return heard.takes_back and KINDS.get(heard.intent, kind) == kind


async def _pickup(heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken | None:
    """Another time, said without a parcel after a pickup was booked here: the pickup's time."""
    names_time = heard.intent == "reschedule_delivery" or moves_only(heard, tracker)
    if not names_time or heard.waybills or slots["waybill"] or not await booked_time(tracker):
        return None
    return Taken(form="pickup_change_form")


async def _answer(heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
    taken, question, kind = Taken(), slots["requested_slot"], slots["change_kind"]
    other = KINDS.get(heard.intent, kind)
    if question and other != kind and heard.tells_more and not _facts(kind, heard, question, tracker, slots):
        kind = other  # the customer would rather do another thing with the same parcel
        taken.slots["change_kind"] = slots["change_kind"] = kind
    phone, bad_phone = phone_in(heard)
    if not (question == "change_phone" and bad_phone):
        taken.slots |= await _parcel(heard, slots)
    if phone:
        taken.slots["change_phone"] = phone
    elif question == "change_phone":
        taken.slots |= _instead_of_phone(heard, bad_phone)
    taken.slots |= _facts(kind, heard, question, tracker, slots)
    taken.slots |= _decision(heard, slots, bool(taken.slots))
    taken.whole = bool(taken.slots) and not heard.asks
    return taken


async def _parcel(heard: Heard, slots: dict[str, Any]) -> dict[str, Any]:
    parcel = await parcel_in(heard, slots["waybill_choices"])
    if parcel.number:
        return {"change_waybill": parcel.number, "waybill_choices": None}
    if parcel.choices:
        return {"change_waybill": None, "waybill_choices": list(parcel.choices), "problem": "several"}
    asked_for = slots["requested_slot"] == "change_waybill" and parcel.problem
    return {"problem": parcel.problem} if asked_for else {}


def _instead_of_phone(heard: Heard, problem: str | None) -> dict[str, Any]:
    if problem:
        return {"problem": problem}
    unchanged = heard.has_none or heard.means_phone_on_waybill or "不变" in heard.text or "same" in heard.text.lower()
    return {"change_phone": UNCHANGED} if unchanged else {}


def _facts(
    kind: str, heard: Heard, question: str | None, tracker: Tracker, slots: dict[str, Any]
) -> dict[str, Any]:
    """New address, person, time or place, as far as this kind of change has them."""
    found: dict[str, Any] = {}
    if kind == "change_address":
        found = {"change_address": told(tracker, "address"), "change_person": told(tracker, "person")}
        # Rules read the end of a Chinese address, not of an English one.
        whole = not found["change_address"] or heard.words.isascii()
        if question == "change_address" and whole:
            found["change_address"] = free_words(heard, LEAST_WORDS) or found["change_address"]
    if kind == "reschedule":
        time, problem = time_in(tracker, slots["change_time"])
        if problem and question == "change_confirmed":
            return {"change_time": None, "problem": problem}  # asked anew, and why
        found = {"change_time": time, "problem": problem}
    if kind == "leave_instruction" and _is_instruction(heard, question):
        found = {"change_place": heard.words[:MOST_WORDS]}
    return {slot: value for slot, value in found.items() if value}


def _is_instruction(heard: Heard, question: str | None) -> bool:
    if heard.intent == "leave_instruction" and question != "change_confirmed":
        return len(heard.own_words) >= LEAST_WORDS
    return question == "change_place" and free_words(heard, LEAST_WORDS) is not None


def _decision(heard: Heard, slots: dict[str, Any], corrected: bool) -> dict[str, Any]:
    """Yes and no at the read-back; thanks for it are a yes."""
    if slots["requested_slot"] == "change_confirmed" and not corrected and heard.intent == "thank":
        return {"change_confirmed": "yes"}
    return decided(heard, slots, "change_confirmed", PARTS[slots["change_kind"]], corrected)


async def _judged(taken: Taken, slots: dict[str, Any]) -> Taken:
    """Whether the change is possible for this parcel; a parcel that we do not know is asked for again."""
    known = slots | taken.slots
    waybill, kind = known["change_waybill"], known["change_kind"]
    if not waybill or not {"change_waybill", "change_kind"} & set(taken.slots):
        return taken
    reason = await reading(lambda session: requests.obstacle(session, waybill, kind))
    if reason == "unknown":
        taken.slots |= {"change_waybill": None, "problem": "unknown_parcel"}
    else:
        taken.slots["change_obstacle"] = reason
    return taken


async def _early_proof(heard: Heard, slots: dict[str, Any], tracker: Tracker) -> list[str]:
    """Digits that come before they are asked for are checked at once, where they are the proof of this change."""
    waybill, digits, kind = slots["change_waybill"], heard.given_tail, requests.kinds().get(slots["change_kind"])
    if not (waybill and digits and kind) or slots["change_obstacle"]:
        return []
    if kind["proof"] == "code":
        return ["utter_code_needed"]
    outcome = await check_tail(tracker, waybill, digits)
    role = await reading(lambda session: role_for(session, tracker.sender_id, waybill))
    return [] if outcome == "verified" and role not in kind["roles"] else [TAIL_REMARKS[outcome]]


class ActionAskChangeWaybill(Ask):
    question = "delivery_form_change_waybill"
    problems = (*PROBLEMS, "unknown_parcel")

    async def values(self, tracker: Tracker) -> dict[str, Any]:
        speech, choices = language(tracker), tracker.get_slot("waybill_choices")
        kind = say(speech, f"request_{tracker.get_slot('change_kind')}")
        return {"kind": kind, "choices": numbered(choices), "buttons": parcel_buttons(choices)}


class ActionAskChangeAddress(Ask):
    question = "delivery_form_change_address"


class ActionAskChangePhone(Ask):
    question = "delivery_form_change_phone"
    problems = ("phone_format",)

    async def values(self, tracker: Tracker) -> dict[str, Any]:
        return {"buttons": [button(language(tracker), "choice_phone_unchanged", "/skip")]}


class ActionAskChangeTime(AskTime):
    question = "delivery_form_change_time"


class ActionAskChangePlace(Ask):
    question = "delivery_form_change_place"


class ActionAskChangeConfirmed(ReadBack):
    """The read-back: what will be asked for, what it costs, and what is not promised."""

    question = "delivery_form_change_confirmed"
    confirmed = "change_confirmed"

    def parts(self, slots: dict[str, Any]) -> Sequence[str]:
        return PARTS[slots["change_kind"]]

    async def shown(self, tracker: Tracker) -> dict[str, Any]:
        speech, kind = language(tracker), tracker.get_slot("change_kind")
        buttons = confirm_buttons(speech)
        note = say(speech, f"change_note_{kind}")
        return {"summary": _summary(tracker), "note": note, "buttons": buttons}


def _summary(tracker: Tracker) -> str:
    speech, slots = language(tracker), tracker.slots
    phone = slots["change_phone"]
    lines = {
        "kind": say(speech, f"request_{slots['change_kind']}"),
        "waybill": slots["change_waybill"],
        "address": slots["change_address"],
        "person": slots["change_person"] and mask_name(slots["change_person"]),
        "phone": say(speech, "choice_phone_unchanged") if phone == UNCHANGED else phone and mask_phone(phone),
        "time": slots["change_time"] and time_words(slots["change_time"], speech),
        "place": slots["change_place"],
    }
    return read_back(speech, lines)


class ActionSubmitChange(Action):
    """Notes the request and goes on to the proof; or says why it cannot be asked for."""

    def name(self) -> str:
        return "action_submit_change"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        slots, speech = tracker.slots, language(tracker)
        if slots["change_obstacle"]:
            kind, status = slots["change_kind"], slots["change_obstacle"]
            await tell_obstacle(dispatcher, tracker, slots["change_waybill"], kind, status)
            return [*cleared(*SLOTS), SlotSet("waybill", slots["change_waybill"])]
        made = await service(lambda session: requests.ask_for(session, **_request(tracker)))
        events = [*cleared(*SLOTS), SlotSet("waybill", made["waybill"]), SlotSet("proof_request", made["number"])]
        if made["proven"]:
            tell_passed_on(dispatcher, speech, made)
            return [*events, SlotSet("proof_request", None)]
        return [*events, FollowupAction("proof_form")]


def _request(tracker: Tracker) -> dict[str, Any]:
    slots = tracker.slots
    details = {name: slots[f"change_{name}"] for name in ("address", "person", "time", "place")}
    if slots["change_place"]:
        details["consent"] = now().isoformat()  # to a locker, station or door: 快递市场管理办法 Art. 28
    phone = slots["change_phone"]
    return {
        "key": message_key(tracker),
        "kind": slots["change_kind"],
        "conversation_id": tracker.sender_id,
        "language": language(tracker),
        "waybill": slots["change_waybill"],
        "phone": None if phone == UNCHANGED else phone,
        "details": {name: value for name, value in details.items() if value},
        "now": now(),
    }


async def tell_obstacle(
    dispatcher: CollectingDispatcher, tracker: Tracker, waybill: str, kind: str, status: str
) -> None:
    """The status that stands in the way of this change, and the changes that are still possible, to tap."""
    speech, kinds = language(tracker), KINDS.values()
    in_the_way = await reading(lambda session: {other: requests.obstacle(session, waybill, other) for other in kinds})
    possible = [intent for intent, other in KINDS.items() if in_the_way[other] is None]
    about = f'{{"waybill": "{waybill}"}}'
    dispatcher.utter_message(
        response="utter_change_impossible",
        waybill=waybill,
        kind=say(speech, f"request_{kind}"),
        status=say(speech, f"track_status_{status}"),
        ways=say(speech, "change_ways" if possible else "change_no_ways"),
        buttons=[button(speech, f"intent_{intent}", f"/{intent}{about}") for intent in possible],
    )


def tell_passed_on(dispatcher: CollectingDispatcher, speech: str, made: dict[str, Any]) -> None:
    kind = say(speech, f"request_{made['type']}")
    due = moment(made["due_at"], speech) if made["due_at"] else ""
    dispatcher.utter_message(response="utter_change_passed_on", number=made["number"], kind=kind, due=due)
