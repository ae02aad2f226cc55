"""Requests made here, or named by their number: where they stand, in words."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.forms import Taken
from actions.hearing import Heard, hear
from actions.support import Events, button, language, message_key, quoted, reading, service
from actions.timing import time_words
from bot.db import now
from bot.privacy import mask_waybill
from bot.shipments import requests
from bot.shipments.request_states import OPEN
from bot.wording import moment, say

SHOWN = 3


async def tell_request(dispatcher: CollectingDispatcher, tracker: Tracker, number: str, digits: str) -> Events:
    """Where a request stands: with the others of this conversation, or, from another one, to whoever has the digits."""
    key, talk, speech = message_key(tracker), tracker.sender_id, language(tracker)
    if await reading(lambda session: requests.is_own(session, number, talk)):
        return await _tell_own(dispatcher, tracker)
    view = await service(lambda session: requests.progress(session, number, talk, digits, key=key, now=now()))
    if view:
        parcel = view["waybill"] and mask_waybill(view["waybill"])  # request numbers can be guessed one after another
        dispatcher.utter_message(response="utter_requests", lines=request_line({**view, "waybill": parcel}, speech))
    else:
        dispatcher.utter_message(response="utter_case_not_found", number=number)
    return []


class ActionTrackRequest(Action):
    """Where is my change: the request named, else those made in this conversation, in words."""

    def name(self) -> str:
        return "action_track_request"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        heard = hear(tracker)
        if await withdrawal(heard, tracker):
            return [FollowupAction("withdraw_form")]
        if heard.case_number:
            return [FollowupAction("case_form")]
        return await _tell_own(dispatcher, tracker)


async def _tell_own(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
    """The requests made in this conversation; one that waits for its proof goes on with it."""
    made = await reading(lambda session: requests.of_conversation(session, tracker.sender_id))
    if not made:
        dispatcher.utter_message(response="utter_track_request")
        return []
    speech, shown = language(tracker), made[:SHOWN]
    lines = "\n".join(request_line(view, speech) for view in shown)
    dispatcher.utter_message(response="utter_requests", lines=lines, buttons=withdraw_buttons(shown, speech))
    waiting = (view for view in made if view["state"] == "requested" and not (view["proven"] or view["lapsed"]))
    unproven = next(waiting, None)
    return [SlotSet("proof_request", unproven["number"]), FollowupAction("proof_form")] if unproven else []


async def withdrawal(heard: Heard, tracker: Tracker) -> Taken | None:
    """Words that take a request back, where there is one here, are for the form that does it; a day names a new one."""
    names_day = any(entity["entity"] == "date" for entity in tracker.latest_message.get("entities", []))
    if not heard.takes_back or names_day:
        return None
    asked_for = await reading(lambda session: requests.open_here(session, tracker.sender_id))
    return Taken(form="withdraw_form") if asked_for else None


def withdraw_buttons(made: list[dict[str, Any]], speech: str) -> list[dict[str, str]]:
    """One for each that can still be taken back."""
    kinds = {view["number"]: say(speech, f"request_{view['type']}") for view in made if _is_open(view)}
    return [
        button(speech, "choice_withdraw_request", withdrawal_of(number), kind=kind) for number, kind in kinds.items()
    ]


def _is_open(view: dict[str, Any]) -> bool:
    return view["state"] in OPEN and not view["lapsed"]


def withdrawal_of(number: str) -> str:
    """The payload that asks whether a case or request is to be taken back."""
    return f'/withdraw_case{{"case_id": "{number}"}}'


def request_line(view: dict[str, Any], speech: str) -> str:
    waits = view["state"] == "requested" and not view["proven"]
    state = ("lapsed" if view["lapsed"] else "unproven") if waits else view["state"]
    if state == "requested" and not view["due_at"]:
        state = "passed_on"  # a pickup: the courier calls, no answer is promised by a time
    words = say(
        speech,
        f"request_state_{state}",
        due=moment(view["due_at"], speech) if view["due_at"] else "",
        reason=quoted(view["reason"] or ""),
    )
    parcel = view["waybill"] or (time_words(view["details"]["time"], speech) if view["details"].get("time") else "")
    kind = say(speech, f"request_{view['type']}")
    return say(speech, "request_line", number=view["number"], kind=kind, parcel=parcel, state=words)
