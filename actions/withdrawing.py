"""Taking back what was told here and is not finished: a case, a change, a pickup. Asked first, then done."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy.orm import Session

from actions.forms import Ask, Intake, Taken
from actions.hearing import Heard
from actions.own_requests import prove, request_line, waits_for_proof, withdrawal_of
from actions.pickups import MOVED_SLOTS
from actions.support import Events, button, cleared, language, message_key, reading, service
from bot.cases import service as cases
from bot.cases.errors import NotAllowed
from bot.db import now
from bot.shipments import requests
from bot.shipments.errors import StepNotAllowed
from bot.wording import say

SHOWN = 5
_MEANS_CASE = re.compile(
    r"投诉|投訴|举报|申诉|理赔|理賠|索赔|索賠|工单|工單|撤诉|撤案|complain|claim|\bcase\b|ticket", re.IGNORECASE
)
_KINDS = {
    requests.PICKUP: re.compile(r"取件|上门|上門|揽收|攬收|寄件|pick ?up|collection|courier", re.IGNORECASE),
    "change_address": re.compile(r"改派|地址|改址|address|redirect|rerout", re.IGNORECASE),
    "reschedule": re.compile(r"时间|時間|改期|改约|延|\btime\b|\bdate\b|reschedul", re.IGNORECASE),
    "leave_instruction": re.compile(r"备注|備註|放|instruction|\bnote\b", re.IGNORECASE),
    "intercept": re.compile(r"拦|攔|退回|intercept|recall|return", re.IGNORECASE),
    "expedite": re.compile(r"催|加急|rush|chase|expedite|hurry", re.IGNORECASE),
}
"""How customers call the kinds of request."""


class ValidateWithdrawForm(Intake):
    """Which unfinished case or request of this conversation to take back, and whether that is meant."""

    form = "withdraw_form"
    own = frozenset({"withdraw_case"})

    async def take(self, heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
        named = heard.case_number or heard.tapped.get("case_id")
        begins = slots["requested_slot"] is None
        if begins and slots["moved_instead"] == "cancel":
            named = slots["moved_number"]
        if begins or named or _means_another(heard, slots["case_number"]):
            return await _chosen(heard, named, tracker)
        answer = _answer(heard, slots["case_number"])
        return Taken({"withdraw_confirmed": answer}) if answer else Taken()

    def next_question(self, slots: dict[str, Any]) -> str | None:
        return "withdraw_confirmed" if slots["case_number"] and not slots["withdraw_confirmed"] else None


async def _chosen(heard: Heard, named: str | None, tracker: Tracker) -> Taken:
    """What is to be taken back, to be confirmed; one that is over is told how it ended."""
    choices = await reading(lambda session: _unfinished(session, tracker.sender_id, heard))
    if named and named not in choices:
        return Taken(form="case_form")
    if named:
        choices = [named, *(other for other in choices if other != named)]
    number = next(iter(choices), None)
    fresh = {"case_number": number, "case_choices": choices[:SHOWN], "withdraw_confirmed": None}
    return Taken(fresh | dict.fromkeys(MOVED_SLOTS))


def _unfinished(session: Session, chat: str, heard: Heard) -> list[str]:
    """Numbers of the cases and requests told here, those first that the words most likely mean."""
    told = [case["number"] for case in cases.cases_of_conversation(session, chat, unfinished=True)]
    made = requests.open_here(session, chat)
    made.sort(key=lambda view: not _is_named(view, heard))
    asked_for = [view["number"] for view in made]
    means_case = heard.intent == "withdraw_case" and (not heard.words or _MEANS_CASE.search(heard.words))
    return [*told, *asked_for] if means_case else [*asked_for, *told]


def _is_named(view: dict[str, Any], heard: Heard) -> bool:
    """By its parcel, or by its kind; cancelling without more, heard as about a pickup, is about the pickup."""
    if heard.waybills:
        return view["waybill"] in {found.value for found in heard.waybills}
    named = [kind for kind, words in _KINDS.items() if words.search(heard.words)]
    return view["type"] in named or (not named and heard.intent == "change_pickup" and view["type"] == requests.PICKUP)


def _means_another(heard: Heard, shown: str) -> bool:
    """The case and not the request that is shown, or the other way round."""
    return bool(_MEANS_CASE.search(heard.words)) if requests.is_request(shown) else heard.takes_back


def _answer(heard: Heard, shown: str) -> str | None:
    """ "yes" or "no" to taking it back. 取消 means that for a pickup or a change, and the contrary for a case."""
    again = heard.intent == "withdraw_case"
    if requests.is_request(shown):
        again = again or heard.takes_back or heard.calls_off or heard.unwanted
    elif heard.intent == "cancel":
        return "no"
    if heard.keeps:
        return "no"
    if heard.says_yes or again:
        return "yes"
    return "no" if heard.says_no or heard.intent == "cancel" else None


class ActionAskWithdrawConfirmed(Ask):
    """Names the case or request; another one of this conversation can be chosen instead."""

    question = "withdraw_form_withdraw_confirmed"

    def wording(self, tracker: Tracker) -> str:
        asks_for_request = requests.is_request(tracker.get_slot("case_number"))
        return "utter_ask_withdraw_form_withdraw_request" if asks_for_request else super().wording(tracker)

    async def values(self, tracker: Tracker) -> dict[str, Any]:
        speech, number = language(tracker), tracker.get_slot("case_number")
        others = [other for other in tracker.get_slot("case_choices") or () if other != number]
        view = await _request(number)
        buttons = [
            button(speech, "choice_ask_outlet" if view and _needs_person(view) else "choice_withdraw", "/affirm"),
            button(speech, "choice_keep", "/deny"),
            *(button(speech, "choice_withdraw_other", withdrawal_of(other), number=other) for other in others),
        ]
        return {"number": number, "buttons": buttons, **(_described(view, speech) if view else {})}


async def _request(number: str) -> dict[str, Any] | None:
    """The request as it stands; none for a case."""
    return await reading(lambda session: requests.get(session, number)) if requests.is_request(number) else None


def _needs_person(view: dict[str, Any]) -> bool:
    """The outlet is at work on it: somebody has to tell them to stop."""
    return bool(view["state"] == "accepted")


def _described(view: dict[str, Any], speech: str) -> dict[str, str]:
    """Where a request stands, and what taking it back means."""
    sort = "pickup" if view["type"] == requests.PICKUP else "change"
    note = "withdraw_note_accepted" if _needs_person(view) else f"withdraw_note_{sort}"
    return {"line": request_line(view, speech), "note": say(speech, note)}


class ActionWithdraw(Action):
    def name(self) -> str:
        return "action_withdraw"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        number, over = tracker.get_slot("case_number"), cleared("case_number", "case_choices", "withdraw_confirmed")
        if not number:
            dispatcher.utter_message(response="utter_no_case_here")
        elif tracker.get_slot("withdraw_confirmed") == "no":
            over += await _keep(dispatcher, tracker, number)
        elif requests.is_request(number):
            over += await _take_back_request(dispatcher, tracker, number)
        else:
            await _take_back_case(dispatcher, tracker, number)
        return over


async def _keep(dispatcher: CollectingDispatcher, tracker: Tracker, number: str) -> Events:
    """All goes on; a request that waits for its proof goes on with that."""
    view = await _request(number)
    if view and waits_for_proof(view):
        return prove(number)
    buttons = [button(language(tracker), "choice_progress", f'/ask_case_status{{"case_id": "{number}"}}')]
    dispatcher.utter_message(response="utter_withdraw_kept", number=number, buttons=buttons)
    return []


async def _take_back_case(dispatcher: CollectingDispatcher, tracker: Tracker, number: str) -> None:
    response, key = "utter_withdrawn", message_key(tracker)
    try:
        await service(lambda session: cases.withdraw(session, number, key=key))
    except NotAllowed:
        response = "utter_withdraw_too_late"
    dispatcher.utter_message(response=response, number=number)


async def _take_back_request(dispatcher: CollectingDispatcher, tracker: Tracker, number: str) -> Events:
    key, speech = message_key(tracker), language(tracker)
    view = await reading(lambda session: requests.get(session, number))
    if _needs_person(view):
        return [FollowupAction("action_handoff")]
    try:
        view = await service(lambda session: requests.cancel(session, number, key=key, now=now()))
    except StepNotAllowed:  # finished meanwhile
        view = await reading(lambda session: requests.get(session, number))
        dispatcher.utter_message(response="utter_requests", lines=request_line(view, speech))
        return []
    response = "utter_pickup_cancelled" if view["type"] == requests.PICKUP else "utter_request_withdrawn"
    dispatcher.utter_message(response=response, number=number, kind=say(speech, f"request_{view['type']}"))
    return []
