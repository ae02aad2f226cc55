"""When a message was not understood: guesses as buttons, then a rephrasing, then a person."""

from __future__ import annotations

import json
import re
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction
from rasa_sdk.executor import CollectingDispatcher

from actions.hearing import Heard, hear
from actions.parcels import card, card_buttons
from actions.sending import resume
from actions.support import Events, button, language
from actions.tracking import form_for
from bot.wording import texts

GUESSES = 3
COMMON = ("track_shipment", "complain_other", "ask_case_status")
"""Fills up the guesses where the model has few."""

_WHAT_NOW = re.compile(
    r"(?:怎么|怎麼|咋)(?:办|辦|弄|处理)|\bwhat (?:now|next|(?:can|do|should) (?:i|we) do)\b", re.IGNORECASE
)

ANSWERS = ("utter_did_you_mean", "utter_rephrase", "utter_unclear_person")


class ActionUnclear(Action):
    """Once: did you mean. Twice in a row: what I can do. Three times: a person. Inside a form: its question again.
    A place or weight alone goes on with the last question about sending, what to do now with the parcel just told of.
    """

    def name(self) -> str:
        return "action_unclear"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        form = tracker.active_loop_name
        usable = None if form else form_for(hear(tracker), tracker)
        if usable:
            return [FollowupAction(usable)]
        if form:
            dispatcher.utter_message(response="utter_unclear_in_form")
            return [FollowupAction(form)]
        resumed = await resume(dispatcher, tracker, domain)
        if resumed is not None:
            return [*resumed, FollowupAction("action_listen")]
        if await _tell_what_now(dispatcher, tracker, hear(tracker)):
            return [FollowupAction("action_listen")]
        before = times_unclear(tracker)
        response = ANSWERS[min(before, len(ANSWERS) - 1)]
        dispatcher.utter_message(response=response, buttons=[] if before else _guesses(tracker))
        return [FollowupAction("action_listen")]


class ActionOutOfScope(Action):
    """None of our business, it seems; unless it goes on with what was asked last, or with the parcel just told of."""

    def name(self) -> str:
        return "action_out_of_scope"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        heard = hear(tracker)
        usable = form_for(heard, tracker)
        if usable:
            return [FollowupAction(usable)]
        resumed = await resume(dispatcher, tracker, domain)
        if resumed is not None:
            return resumed
        if not await _tell_what_now(dispatcher, tracker, heard):
            dispatcher.utter_message(response="utter_out_of_scope")
        return []


async def _tell_what_now(dispatcher: CollectingDispatcher, tracker: Tracker, heard: Heard) -> bool:
    """Asked what to do about the parcel just told of: what comes next for it, with its buttons."""
    number, speech = tracker.get_slot("waybill"), language(tracker)
    view = await card(tracker.sender_id, number, speech) if number and _WHAT_NOW.search(heard.words) else None
    if view is None or not view["next"]:
        return False
    dispatcher.utter_message(text=view["next"], buttons=card_buttons(view, speech))
    return True


class ActionAbuse(Action):
    """An insult is never argued with; where it also tells what went wrong, that is taken down at once."""

    def name(self) -> str:
        return "action_abuse"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        if hear(tracker).intent != "abuse" and not tracker.active_loop_name:
            return [FollowupAction("complaint_form")]
        dispatcher.utter_message(response="utter_abuse")
        return []


def times_unclear(tracker: Tracker) -> int:
    """How many messages before this one were not understood, without an understood one between."""
    times, unclear = 0, False
    earlier = [event for event in tracker.events if event["event"] in ("user", "action")]
    while earlier and earlier[-1]["event"] != "user":
        earlier.pop()
    for event in reversed(earlier[:-1]):
        if event["event"] == "action":
            unclear = unclear or event["name"] == "action_unclear"
            continue
        if not unclear:
            break
        times, unclear = times + 1, False
    return times


def _guesses(tracker: Tracker) -> list[dict[str, str]]:
    """The likeliest intents that have a title, each taking the parcel along; and a person."""
    heard, speech = hear(tracker), language(tracker)
    parcel = json.dumps({"waybill": heard.waybills[0].value}) if heard.waybills else ""
    ranking = (rank["name"] for rank in tracker.latest_message.get("intent_ranking") or ())
    titled = [name for name in dict.fromkeys((*ranking, *COMMON)) if f"intent_{name}" in texts(speech)]
    guesses = [button(speech, f"intent_{name}", f"/{name}{parcel}") for name in titled[:GUESSES]]
    return [*guesses, button(speech, "choice_human", "/request_human")]
