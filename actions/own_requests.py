"""Requests made here, or named by their number: where they stand, in words."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.forms import Taken
from actions.hearing import Heard, hear, told
from actions.support import Events, button, language, message_key, quoted, reading, service
from actions.timing import time_words
from bot.db import now
from bot.privacy import mask_waybill
from bot.shipments import requests
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
    dispatcher.utter_message(response="utter_requests", **listed(made, language(tracker)))
    unproven = next((view for view in made if waits_for_proof(view) and not view["lapsed"]), None)
    return prove(unproven["number"]) if unproven else []


def waits_for_proof(view: dict[str, Any]) -> bool:
    """Noted, and its customer has not shown yet who they are; it may have lapsed over that."""
    return bool(view["state"] == "requested" and not view["proven"])


def prove(number: str) -> Events:
    """Goes on with the proof of a request."""
    return [SlotSet("proof_request", number), FollowupAction("proof_form")]


async def withdrawal(heard: Heard, tracker: Tracker) -> Taken | None:
    """Words that take a request back, where there is one here, are for the form that does it; a day names a new one."""
    if not heard.takes_back or told(tracker, "date"):
        return None
    asked_for = await reading(lambda session: requests.open_here(session, tracker.sender_id))
    return Taken(form="withdraw_form") if asked_for else None


def listed(made: list[dict[str, Any]], speech: str) -> dict[str, Any]:
    """`lines` of the first SHOWN, and `buttons` for those of them that can still be taken back."""
    shown = made[:SHOWN]
    return {
        "lines": "\n".join(request_line(view, speech) for view in shown),
        "buttons": [_withdraw_button(view, speech) for view in shown if requests.is_open(view)],
    }


def _withdraw_button(view: dict[str, Any], speech: str) -> dict[str, str]:
    kind = say(speech, f"request_{view['type']}")
    return button(speech, "choice_withdraw_request", withdrawal_of(view["number"]), kind=kind)


def withdrawal_of(number: str) -> str:
    """The payload that asks whether a case or request is to be taken back."""
    return f'/withdraw_case{{"case_id": "{number}"}}'


def request_line(view: dict[str, Any], speech: str) -> str:
    state = ("lapsed" if view["lapsed"] else "unproven") if waits_for_proof(view) else view["state"]
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
