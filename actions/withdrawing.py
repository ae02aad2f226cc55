"""Taking back what was told here and is not finished: a case, a change, a pickup. Asked first, then done."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy.orm import Session

from actions.forms import Ask, Intake, Taken
from actions.hearing import Heard
from actions.own_requests import request_line, withdrawal_of
from actions.support import Events, button, cleared, language, message_key, reading, service
from bot.cases import service as cases
from bot.cases.errors import NotAllowed
from bot.db import now
from bot.shipments import requests
from bot.shipments.errors import StepNotAllowed
from bot.wording import say

SHOWN = 5
_MEANS_CASE = re.compile(r"投诉|投訴|理赔|理賠|索赔|工单|工單|complain|claim|\bcase\b|ticket", re.IGNORECASE)


class ValidateWithdrawForm(Intake):
    """Which unfinished case or request of this conversation to take back, and whether that is meant."""

    form = "withdraw_form"
    own = frozenset({"withdraw_case"})

    async def take(self, heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
        number = heard.case_number or heard.tapped.get("case_id")
        if slots["requested_slot"] is None or number:
            choices = await reading(lambda session: _unfinished(session, tracker.sender_id, heard))
            number = number if number in choices else next(iter(choices), None)
            return Taken({"case_number": number, "case_choices": choices, "withdraw_confirmed": None})
        if heard.keeps or heard.says_no or heard.intent == "cancel":  # cancelling the withdrawal keeps it
            return Taken({"withdraw_confirmed": "no"})
        return Taken({"withdraw_confirmed": "yes"} if heard.says_yes or heard.intent == "withdraw_case" else {})

    def next_question(self, slots: dict[str, Any]) -> str | None:
        return "withdraw_confirmed" if slots["case_number"] and not slots["withdraw_confirmed"] else None


def _unfinished(session: Session, chat: str, heard: Heard) -> list[str]:
    """Numbers of the cases and requests told here, those first that the words most likely mean."""
    told = [case["number"] for case in cases.cases_of_conversation(session, chat, unfinished=True)]
    made = requests.open_here(session, chat)
    if heard.intent == "change_pickup":
        made.sort(key=lambda view: view["type"] != requests.PICKUP)
    asked_for = [view["number"] for view in made]
    means_case = heard.intent == "withdraw_case" and (not heard.words or _MEANS_CASE.search(heard.words))
    return [*told, *asked_for][:SHOWN] if means_case else [*asked_for, *told][:SHOWN]


class ActionAskWithdrawConfirmed(Ask):
    """Names the case or request; another one of this conversation can be chosen instead."""

    question = "withdraw_form_withdraw_confirmed"

    def wording(self, tracker: Tracker) -> str:
        asks_for_request = requests.is_request(tracker.get_slot("case_number"))
        return "utter_ask_withdraw_form_withdraw_request" if asks_for_request else super().wording(tracker)

    async def values(self, tracker: Tracker) -> dict[str, Any]:
        speech, number = language(tracker), tracker.get_slot("case_number")
        others = [other for other in tracker.get_slot("case_choices") or () if other != number]
        buttons = [
            button(speech, "choice_withdraw", "/affirm"),
            button(speech, "choice_keep", "/deny"),
            *(button(speech, "choice_withdraw_other", withdrawal_of(other), number=other) for other in others),
        ]
        return {"number": number, "buttons": buttons, **await _described(number, speech)}


async def _described(number: str, speech: str) -> dict[str, str]:
    """A request as it stands, and what taking it back means."""
    if not requests.is_request(number):
        return {}
    view = await reading(lambda session: requests.get(session, number))
    note = "withdraw_note_pickup" if view["type"] == requests.PICKUP else "withdraw_note_change"
    return {"line": request_line(view, speech), "note": say(speech, note)}


class ActionWithdraw(Action):
    def name(self) -> str:
        return "action_withdraw"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        number = tracker.get_slot("case_number")
        if not number:
            dispatcher.utter_message(response="utter_no_case_here")
        elif tracker.get_slot("withdraw_confirmed") == "no":
            dispatcher.utter_message(response="utter_withdraw_kept", number=number)
        elif requests.is_request(number):
            await _take_back_request(dispatcher, tracker, number)
        else:
            await _take_back_case(dispatcher, tracker, number)
        return cleared("case_number", "case_choices", "withdraw_confirmed")


async def _take_back_case(dispatcher: CollectingDispatcher, tracker: Tracker, number: str) -> None:
    response, key = "utter_withdrawn", message_key(tracker)
    try:
        await service(lambda session: cases.withdraw(session, number, key=key))
    except NotAllowed:
        response = "utter_withdraw_too_late"
    dispatcher.utter_message(response=response, number=number)


async def _take_back_request(dispatcher: CollectingDispatcher, tracker: Tracker, number: str) -> None:
    key, speech = message_key(tracker), language(tracker)
    try:
        view = await service(lambda session: requests.cancel(session, number, key=key, now=now()))
    except StepNotAllowed:  # finished meanwhile
        view = await reading(lambda session: requests.get(session, number))
        dispatcher.utter_message(response="utter_requests", lines=request_line(view, speech))
        return
    response = "utter_pickup_cancelled" if view["type"] == requests.PICKUP else "utter_request_withdrawn"
    dispatcher.utter_message(response=response, number=number, kind=say(speech, f"request_{view['type']}"))
