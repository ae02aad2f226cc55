"""Showing that a request comes from the parcel's own sender or receiver: four digits, or a one-time code."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy.orm import Session

from actions.changes import tell_passed_on
from actions.forms import Ask, Intake, Taken
from actions.hearing import Heard
from actions.own_requests import withdrawal
from actions.support import Events, button, cleared, language, message_key, reading, service
from bot.customers import codes
from bot.customers.store import identify
from bot.customers.verification import role_for
from bot.db import database, now
from bot.shipments import requests
from bot.shipments.access import verify_tail
from bot.wording import say

LEAVING = frozenset({"cancel", "goodbye", "deny", "request_human", "leave_callback"})
RESEND = "try_again"
_CODE = re.compile(r"(?<!\d)(\d{6})(?!\d)")


def code_in(heard: Heard) -> str | None:
    """The six digits of a one-time code."""
    found = _CODE.search(heard.text)
    return found[1] if found else None


def resent(slot: str, outcome: str | None) -> Taken:
    """Another code was asked for: it is on its way, or the form ends with why not."""
    return Taken({slot: outcome, "problem": None if outcome else "code_resent"}, whole=True)


def judged(slot: str, outcome: str) -> Taken:
    """A code was typed: a wrong or old one is asked for again, all else ends the form."""
    again = outcome in ("wrong", "expired")
    return Taken({"problem": f"{outcome}_code"} if again else {slot: outcome}, whole=True)


def code_buttons(speech: str) -> list[dict[str, str]]:
    return [button(speech, "choice_resend", f"/{RESEND}"), button(speech, "choice_not_now", "/cancel")]


def _subject(request: dict[str, Any]) -> str:
    return f"request:{request['number']}"


class ValidateProofForm(Intake):
    """`proof_outcome`: verified, locked, wrong_role, unsent, or later where the customer leaves it for now."""

    form = "proof_form"
    own = frozenset({"provide_info", "track_details"})

    async def take(self, heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
        if slots["requested_slot"] is None:
            return await _begin(slots, tracker)
        if heard.intent == "request_human":
            return Taken()
        elsewhere = await withdrawal(heard, tracker)
        if elsewhere:
            return elsewhere
        if heard.intent in LEAVING and not heard.has_facts:
            return Taken({"proof_outcome": "later"}, whole=True)
        if slots["requested_slot"] == "proof_tail":
            return await _by_tail(heard, slots, tracker)
        return await _by_code(heard, slots, tracker)

    def next_question(self, slots: dict[str, Any]) -> str | None:
        return None if slots["proof_outcome"] or not slots["proof_by"] else f"proof_{slots['proof_by']}"


async def _begin(slots: dict[str, Any], tracker: Tracker) -> Taken:
    request = await reading(lambda session: requests.get(session, slots["proof_request"]))
    by = requests.kinds()[request["type"]]["proof"]
    if by == "tail":
        return Taken({"proof_outcome": None, "proof_by": by})
    outcome = await send_code(request, tracker)
    return Taken({"proof_outcome": outcome, "proof_by": by})


async def send_code(request: dict[str, Any], tracker: Tracker) -> str | None:
    """Sends a code to the phone on record; none if it went out, else `unsent`."""

    def draw() -> tuple[str, str] | None:
        with database().write() as session:
            target = requests.phone_on_record(session, request["number"])
            key, subject = message_key(tracker), _subject(request)
            code = target and codes.draw(
                session, tracker.sender_id, subject, phone=target[1], key=key, now=now()
            )
            session.commit()
            return (target[1], code) if target and code else None

    def deliver() -> str | None:
        drawn = draw()
        if drawn is None:
            return "unsent"
        try:
            codes.send(*drawn)
        except codes.NotSent:
            return "unsent"
        return None

    return await asyncio.to_thread(deliver)


async def _by_tail(heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
    digits, number = heard.four_digits, slots["proof_request"]
    if not digits:
        return Taken()
    request = await reading(lambda session: requests.get(session, number))
    waybill, key = request["waybill"], message_key(tracker)

    def work(session: Session) -> str:
        outcome = verify_tail(session, tracker.sender_id, waybill, digits, key=key, now=now())
        role = role_for(session, tracker.sender_id, waybill)
        if outcome != "verified" or role is None:
            return outcome
        return requests.prove(session, number, role, now())

    outcome = await service(work)
    return Taken({"problem": "wrong_tail"} if outcome == "wrong" else {"proof_outcome": outcome}, whole=True)


async def _by_code(heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
    number = slots["proof_request"]
    request = await reading(lambda session: requests.get(session, number))
    if heard.intent == RESEND:
        return resent("proof_outcome", await send_code(request, tracker))
    code, key = code_in(heard), message_key(tracker)
    if code is None:
        return Taken()

    def work(session: Session) -> str:
        outcome = codes.check(session, tracker.sender_id, _subject(request), code, key=key, now=now())
        target = requests.phone_on_record(session, number)
        if outcome != "verified" or target is None:
            return outcome
        identify(session, tracker.sender_id, target[1], now())
        return requests.prove(session, number, target[0], now())

    return judged("proof_outcome", await service(work))


class ActionAskProofTail(Ask):
    question = "proof_form_proof_tail"
    problems = ("wrong_tail",)

    async def values(self, tracker: Tracker) -> dict[str, Any]:
        request = await reading(lambda session: requests.get(session, tracker.get_slot("proof_request")))
        roles = requests.kinds()[request["type"]]["roles"]
        return {"number": request["number"], "who": say(language(tracker), "role_" + "_or_".join(roles))}


class ActionAskProofCode(Ask):
    question = "proof_form_proof_code"
    problems = ("wrong_code", "expired_code", "code_resent")

    async def values(self, tracker: Tracker) -> dict[str, Any]:
        number, speech = tracker.get_slot("proof_request"), language(tracker)
        target = await reading(lambda session: requests.phone_on_record(session, number))
        # Whose phone, but no digit of it: whoever asks has shown nothing yet, and four digits open the parcel.
        who = say(speech, f"role_{target[0] if target else 'sender'}")
        return {"number": number, "who": who, "buttons": code_buttons(speech)}


class ActionProven(Action):
    """After the proof: passed to the outlet, or what is still needed and how."""

    def name(self) -> str:
        return "action_proven"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        outcome, number = tracker.get_slot("proof_outcome"), tracker.get_slot("proof_request")
        request = await reading(lambda session: requests.get(session, number))
        if outcome == "verified":
            tell_passed_on(dispatcher, language(tracker), request)
        else:
            hours = requests.proof_hours()
            dispatcher.utter_message(response=f"utter_proof_{outcome or 'later'}", number=number, hours=hours)
        return cleared("proof_request", "proof_by", "proof_outcome")
