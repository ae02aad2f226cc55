"""My parcels: the phone, a one-time code sent to it, then the list."""

from __future__ import annotations

import asyncio
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy.orm import Session

from actions.forms import Ask, Intake, Taken
from actions.hearing import Heard
from actions.parcels import numbered, parcel_buttons, phone_in
from actions.proof import LEAVING, RESEND, code_buttons, code_in, judged, resent
from actions.support import Events, cleared, language, message_key, service
from actions.tracking import with_states
from bot.customers import codes
from bot.customers.store import identify
from bot.db import database, now
from bot.privacy import mask_phone, phone_digits
from bot.shipments import owned

NUMBERS = "numbers"
SLOTS = ("my_phone", "my_code", "my_outcome")


class ValidateMyParcelsForm(Intake):
    """`my_outcome`: verified, locked, unsent, later where the customer leaves it, or numbers where they are named."""

    form = "my_parcels_form"
    own = frozenset({"list_my_parcels", "provide_info"})

    async def take(self, heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
        begins = slots["requested_slot"] is None
        if begins and heard.waybills:
            return Taken({**dict.fromkeys(SLOTS), "my_outcome": NUMBERS}, whole=True)
        if not begins and heard.intent in LEAVING and not heard.has_facts:
            return Taken() if heard.intent == "request_human" else Taken({"my_outcome": "later"}, whole=True)
        if slots["requested_slot"] == "my_code":
            return await _by_code(heard, slots, tracker)
        fresh = dict.fromkeys(SLOTS) if begins else {}
        phone, problem = phone_in(heard)
        if phone is None:
            return Taken({**fresh, "problem": problem} if problem or begins else {})
        return Taken({**fresh, "my_phone": phone, "my_outcome": await _send(phone, tracker)}, whole=True)

    def next_question(self, slots: dict[str, Any]) -> str | None:
        if slots["my_outcome"]:
            return None
        return "my_code" if slots["my_phone"] else "my_phone"


def _subject(phone: str) -> str:
    return f"phone:{phone_digits(phone)}"


async def _send(phone: str, tracker: Tracker) -> str | None:
    """Sends a code where the phone is on a parcel, and says nothing of whether it is; `unsent` without a sender.

    One is drawn for an unknown phone too and sent to nobody: what is typed then is answered as it is for a known one.
    """
    key = message_key(tracker)

    def draw(session: Session) -> str | None:
        code = codes.draw(session, tracker.sender_id, _subject(phone), phone=phone, key=key, now=now())
        return code if owned.has_any(session, phone) else None

    def deliver() -> str | None:
        try:
            codes.require_sender()
            with database().write() as session:
                code = draw(session)
                session.commit()
            if code:
                codes.send(phone, code)
        except codes.NotSent:
            return "unsent"
        return None

    return await asyncio.to_thread(deliver)


async def _by_code(heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
    phone = slots["my_phone"]
    if heard.intent == RESEND:
        return resent("my_outcome", await _send(phone, tracker))
    if heard.phones:
        return Taken({"my_phone": heard.phones[-1], "my_outcome": await _send(heard.phones[-1], tracker)}, whole=True)
    code, key = code_in(heard), message_key(tracker)
    if code is None:
        return Taken()
    outcome = await service(
        lambda session: codes.check(session, tracker.sender_id, _subject(phone), code, key=key, now=now())
    )
    return judged("my_outcome", outcome)


def _shown_to(session: Session, conversation_id: str, phone: str) -> list[str]:
    identify(session, conversation_id, phone, now())
    return owned.open_to(session, conversation_id, phone, now())


class ActionAskMyPhone(Ask):
    question = "my_parcels_form_my_phone"
    problems = ("phone_format",)


class ActionAskMyCode(Ask):
    question = "my_parcels_form_my_code"
    problems = ("wrong_code", "expired_code", "code_resent")

    async def values(self, tracker: Tracker) -> dict[str, Any]:
        phone = mask_phone(tracker.get_slot("my_phone") or "")
        return {"phone": phone, "buttons": code_buttons(language(tracker))}


class ActionMyParcels(Action):
    """The list after the code, each parcel with its state; or what else helps."""

    def name(self) -> str:
        return "action_my_parcels"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        outcome, phone = tracker.get_slot("my_outcome"), tracker.get_slot("my_phone")
        if outcome == NUMBERS:
            return [*cleared(*SLOTS), FollowupAction("tracking_form")]
        if outcome != "verified":
            dispatcher.utter_message(response=f"utter_my_parcels_{outcome or 'later'}")
            return cleared(*SLOTS)
        waybills = await service(lambda session: _shown_to(session, tracker.sender_id, phone))
        if waybills:
            lines = numbered(await with_states(tracker, waybills))
            dispatcher.utter_message(response="utter_my_parcels", choices=lines, buttons=parcel_buttons(waybills))
        else:
            dispatcher.utter_message(response="utter_my_parcels_none", phone=mask_phone(phone))
        shown = [SlotSet(slot, waybills or None) for slot in ("waybill_choices", "waybills_sent")]
        return [*cleared(*SLOTS), *shown]
