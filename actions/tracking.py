"""Where a parcel is: by its number, in detail after the last four digits of a phone on it."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction
from rasa_sdk.executor import CollectingDispatcher

from actions.forms import Ask, Intake, Taken
from actions.hearing import Heard, hear
from actions.parcels import (
    NOT_GIVEN,
    PROBLEMS,
    TAIL_REMARKS,
    card,
    card_buttons,
    check_tail,
    numbered,
    parcel_buttons,
    parcel_in,
)
from actions.particulars import tell_particular
from actions.sending import resume
from actions.support import Events, cleared, freshened, language, reading
from bot.customers.verification import role_for
from bot.shipments.refreshing import staleness
from bot.shipments.waybill import normalise
from bot.wording import say

OTHERS_OFFERED = 3
"""Buttons for the other parcels of a message that named several."""


class ValidateTrackingForm(Intake):
    form = "tracking_form"
    own = frozenset({"track_shipment", "track_other", "ask_eta", "provide_info", "correct"})

    async def take(self, heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
        if heard.intent.startswith("complain_") and not heard.waybills and not heard.only_points:
            return Taken()
        sent_before = slots["waybills_sent"] if heard.only_points else None
        parcel = await parcel_in(heard, slots["waybill_choices"] or sent_before)
        if parcel.number:
            remarks = await _tail_beside(heard, parcel.number, tracker)
            return Taken({"waybill": parcel.number, "waybill_choices": None, "complaint_waybill": None}, remarks)
        if parcel.choices:
            sent = list(parcel.choices)
            return Taken({"waybill": None, "waybill_choices": sent, "waybills_sent": sent, "problem": "several"})
        if parcel.problem:
            return Taken({"waybill": None, "problem": parcel.problem})
        anew = not heard.text and heard.intent != "ask_eta"  # the button of a menu
        return Taken({"waybill": None}) if anew or heard.means_another else Taken()

    def next_question(self, slots: dict[str, Any]) -> str | None:
        return None if slots["waybill"] else "waybill"


async def _tail_beside(heard: Heard, number: str, tracker: Tracker) -> list[str]:
    """Digits that came with the number are checked at once."""
    return [TAIL_REMARKS[await check_tail(tracker, number, heard.given_tail)]] if heard.given_tail else []


class ActionAskTrackingFormWaybill(Ask):
    question = "tracking_form_waybill"
    problems = PROBLEMS

    async def values(self, tracker: Tracker) -> dict[str, Any]:
        choices = tracker.get_slot("waybill_choices")
        return {"choices": numbered(await with_states(tracker, choices)), "buttons": parcel_buttons(choices)}


async def with_states(tracker: Tracker, numbers: list[str] | None) -> list[str]:
    """Each number with its state in a few words, so that several parcels are seen at a glance."""
    speech = language(tracker)
    views = [await card(tracker.sender_id, number, speech) for number in numbers or ()]
    states = [view["headline"] if view else say(speech, "track_status_unknown") for view in views]
    return [f"{number} · {state}" for number, state in zip(numbers or (), states, strict=True)]


async def tell(
    dispatcher: CollectingDispatcher, tracker: Tracker, number: str | None, response: str, *, offer: bool = True
) -> None:
    """The parcel's state in words and as a card, with its timeline once verified; `offer` adds what to do next."""
    speech = language(tracker)
    if number:
        await freshened(number)
    view = await card(tracker.sender_id, number, speech) if number else None
    if view is None:
        response = await _not_found(number) if number else "utter_which_parcel"
        dispatcher.utter_message(response=response, waybill=number)
        return
    sent = tracker.get_slot("waybills_sent") or ()
    others = [other for other in sent if other != number][:OTHERS_OFFERED] if number in sent else []
    shown = {name: value for name, value in view.items() if name != "action"}  # payloads stay on this side
    dispatcher.utter_message(
        response=response,
        **_words(view),
        json_message={"card": shown},
        buttons=[*card_buttons(view, speech), *parcel_buttons(others)] if offer else [],
    )


async def _not_found(number: str) -> str:
    """No record, or none that we could get: the customer hears which."""
    failed = await reading(lambda session: staleness(session, normalise(number)))
    return f"utter_not_found_{failed[0]}" if failed else "utter_not_found"


def _words(view: dict[str, Any]) -> dict[str, str]:
    """The card's sentences as one text; empty ones leave no gap."""
    told = (view["headline"], view["why"], view["next"], view["stale"])
    return {"waybill": view["waybill"], "explanation": "\n".join(sentence for sentence in told if sentence)}


class ActionTrack(Action):
    def name(self) -> str:
        return "action_track"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        await tell(dispatcher, tracker, tracker.get_slot("waybill"), "utter_tracked")
        return []


class ActionTrackAside(Action):
    """A tracking question inside another form: the parcel of that form, unless another is named."""

    def name(self) -> str:
        return "action_track_aside"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        parcel = await parcel_in(hear(tracker), [])
        known = tracker.get_slot("complaint_waybill") or tracker.get_slot("waybill")
        number = parcel.number or (known if known != NOT_GIVEN else None)
        await tell(dispatcher, tracker, number, "utter_tracked", offer=False)  # the form's question comes next
        return []


class ValidateTailForm(Intake):
    """The last four digits of a phone on the parcel. Each try counts: services lock after five wrong ones."""

    form = "tail_form"
    own = frozenset({"track_details", "provide_info", "correct"})

    async def take(self, heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
        digits, number = heard.four_digits, slots["waybill"]
        if heard.waybills and heard.waybills[0].value != number:
            return Taken()
        if not digits or not number:
            begins = slots["requested_slot"] is None
            if not begins:
                return Taken()
            anew = {"particular_asked": None} if heard.intent == "track_details" else {}  # asks for all of it
            return Taken({"tail_outcome": await _outcome_before(tracker, number), **anew})
        outcome = await check_tail(tracker, number, digits)
        return Taken({"tail_outcome": outcome, "problem": "wrong_tail" if outcome == "wrong" else None})

    def next_question(self, slots: dict[str, Any]) -> str | None:
        over = not slots["waybill"] or slots.get("tail_outcome") in ("verified", "locked")
        return None if over else "phone_tail"


async def _outcome_before(tracker: Tracker, number: str | None) -> str | None:
    """Digits given once in this conversation are not asked for again."""
    role = number and await reading(lambda session: role_for(session, tracker.sender_id, number))
    return "verified" if role else None


class ActionAskTailFormPhoneTail(Ask):
    question = "tail_form_phone_tail"
    problems = ("wrong_tail",)


class ActionTrackDetails(Action):
    """After the digits: the particular that was asked for, else the whole card; or that the parcel is locked."""

    def name(self) -> str:
        return "action_track_details"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        if tracker.get_slot("tail_outcome") == "locked":
            dispatcher.utter_message(response="utter_tail_locked")
            return cleared("tail_outcome", "particular_asked")
        number, particular = tracker.get_slot("waybill"), tracker.get_slot("particular_asked")
        if particular and tracker.get_slot("tail_outcome") == "verified":
            return [*await tell_particular(dispatcher, tracker, number, particular), *cleared("tail_outcome")]
        await tell(dispatcher, tracker, number, "utter_tracked_details")
        return cleared("tail_outcome")


class ActionProvideInfo(Action):
    """A fact with no request: it goes on with what was asked last, else a case, a parcel's digits or its tracking."""

    def name(self) -> str:
        return "action_provide_info"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        heard, particular = hear(tracker), tracker.get_slot("particular_asked")
        number = (await parcel_in(heard, None)).number if particular else None
        if number:
            return await tell_particular(dispatcher, tracker, number, particular)
        form = form_for(heard, tracker)
        if form:
            return [FollowupAction(form)]
        resumed = await resume(dispatcher, tracker, domain)
        if resumed is None:
            dispatcher.utter_message(response=f"utter_{tracker.get_intent_of_latest_message()}")
        return resumed or []


def form_for(heard: Heard, tracker: Tracker) -> str | None:
    """The form that can use what the message gives, whatever its intent."""
    if heard.intent.startswith("complain_"):
        return "complaint_form"
    if heard.case_number:
        return "case_form"
    sent_before = tracker.get_slot("waybills_sent") if heard.only_points else None
    if heard.waybills or heard.order_number or heard.chosen(tracker.get_slot("waybill_choices") or sent_before):
        return "tracking_form"
    if tracker.get_slot("waybill") and heard.four_digits:
        return "tail_form"
    return "tracking_form" if heard.odd_number and not heard.phones else None
