"""The customer's word on how a case ended: the proposal taken or not, a finished case opened again."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.forms import Ask, Intake, Taken
from actions.hearing import Heard, hear
from actions.support import Events, button, cleared, language, message_key, reading, service
from bot.cases import service as cases
from bot.cases.errors import NotAllowed, TooLate, UnknownCase
from bot.catalog import figures
from bot.db import now
from bot.wording import say

NO_REASON = "none"
KINDS = {"reject_proposal": "reject", "reopen_case": "reopen"}
SLOTS = ("objection_kind", "objection_case", "objection_reason")
LEAVING = frozenset({"cancel", "goodbye", "request_human"})
MOST_WORDS = 1000


def outcome_buttons(case: dict[str, Any], speech: str) -> list[dict[str, str]]:
    """What the customer can decide about a case in this state."""
    about = f'{{"case_id": "{case["number"]}"}}'
    if case["state"] == "proposed":
        accept = button(speech, "choice_accept_proposal", f"/accept_proposal{about}")
        return [accept, button(speech, "choice_reject_proposal", f"/reject_proposal{about}")]
    if case["state"] in ("resolved", "closed"):
        again = button(speech, "choice_reopen", f"/reopen_case{about}")
        return [button(speech, "choice_rate", f"/rate_case{about}"), again]
    return []


async def _own_case(tracker: Tracker) -> str | None:
    """The case that the button names; a number that was not told in this conversation decides nothing."""
    number = hear(tracker).tapped.get("case_id")
    if not number:
        return None
    own = await reading(lambda session: cases.is_own(session, number, tracker.sender_id))
    return number if own else None


class ActionAcceptProposal(Action):
    def name(self) -> str:
        return "action_accept_proposal"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        number, key, speech = await _own_case(tracker), message_key(tracker), language(tracker)
        if number is None:
            dispatcher.utter_message(response="utter_no_case_here")
            return []
        try:
            await service(lambda session: cases.accept(session, number, key=key))
        except NotAllowed:
            dispatcher.utter_message(response="utter_decision_late", number=number)
            return []
        rate = button(speech, "choice_rate", f'/rate_case{{"case_id": "{number}"}}')
        dispatcher.utter_message(response="utter_proposal_accepted", number=number, buttons=[rate])
        return []


class ValidateObjectionForm(Intake):
    """Why the proposal is not taken, or what is still open; a reason is asked for once and never required."""

    form = "objection_form"
    own = frozenset({*KINDS, "provide_info", "add_case_detail"})

    async def take(self, heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
        if slots["requested_slot"] is None:
            fresh = {"objection_kind": KINDS[heard.intent], "objection_case": await _own_case(tracker)}
            return Taken({**fresh, "objection_reason": None})
        if heard.intent in LEAVING:
            return Taken()
        skips = heard.intent == "skip" or (heard.intent == "deny" and heard.has_none)
        return Taken({"objection_reason": NO_REASON if skips else heard.text[:MOST_WORDS]}, whole=True)

    def next_question(self, slots: dict[str, Any]) -> str | None:
        return "objection_reason" if slots["objection_case"] and not slots["objection_reason"] else None


class ActionAskObjectionReason(Ask):
    question = "objection_form_objection_reason"

    async def values(self, tracker: Tracker) -> dict[str, Any]:
        speech, kind = language(tracker), tracker.get_slot("objection_kind")
        return {"asked_why": say(speech, f"objection_{kind}"), "buttons": [button(speech, "choice_skip", "/skip")]}


class ActionSubmitObjection(Action):
    """It is looked into again; and, as the result was refused, how to appeal to the authority."""

    def name(self) -> str:
        return "action_submit_objection"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        response, number = await self._decide(tracker), tracker.get_slot("objection_case")
        dispatcher.utter_message(response=response, **{**figures(), "number": number})
        return [*cleared(*SLOTS), SlotSet("case_number", None)]

    async def _decide(self, tracker: Tracker) -> str:
        number, kind, key = tracker.get_slot("objection_case"), tracker.get_slot("objection_kind"), message_key(tracker)
        reason = tracker.get_slot("objection_reason")
        words = None if reason == NO_REASON else reason
        if not number:
            return "utter_no_case_here"
        try:
            if kind == "reject":
                await service(lambda session: cases.reject(session, number, words, key=key))
            else:
                await service(lambda session: cases.reopen(session, number, words, key=key, now=now()))
        except TooLate:
            return "utter_reopen_late"
        except (NotAllowed, UnknownCase):
            return "utter_decision_late"
        return "utter_proposal_rejected" if kind == "reject" else "utter_case_reopened"
