"""My parcels: the phone, a one-time code sent to it, then the list."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy.orm import Session

from actions.forms import Taken
from actions.hearing import Heard
from actions.parcels import numbered, parcel_buttons
from actions.phone_code import AskCode, AskPhone, PhoneCodeForm
from actions.support import Events, cleared, service
from actions.tracking import with_states
from bot.customers.store import identify
from bot.db import now
from bot.privacy import mask_phone
from bot.shipments import owned

NUMBERS = "numbers"
SLOTS = ("my_phone", "my_code", "my_outcome")


class ValidateMyParcelsForm(PhoneCodeForm):
    """Ends with `numbers`, too, where waybills are named."""

    form = "my_parcels_form"
    prefix = "my"
    own = frozenset({"list_my_parcels", "provide_info"})

    def knows(self, session: Session, phone: str) -> bool:
        return owned.has_any(session, phone)

    async def take(self, heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
        if slots["requested_slot"] is None and heard.waybills:
            return Taken({**dict.fromkeys(SLOTS), "my_outcome": NUMBERS}, whole=True)
        return await super().take(heard, slots, tracker)


class ActionAskMyPhone(AskPhone):
    question = "my_parcels_form_my_phone"


class ActionAskMyCode(AskCode):
    question = "my_parcels_form_my_code"
    phone_slot = "my_phone"


def _shown_to(session: Session, conversation_id: str, phone: str) -> list[str]:
    identify(session, conversation_id, phone, now())
    return owned.open_to(session, conversation_id, phone, now())


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
