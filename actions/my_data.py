"""My data: after the phone and a one-time code, seen, corrected, exported, erased, or notices taken back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy.orm import Session

from actions.forms import Intake, Taken
from actions.hearing import Heard
from actions.phone_code import AskCode, AskPhone, PhoneCodeForm
from actions.proof import LEAVING
from actions.support import Events, button, cleared, language, message_key, reading, service
from bot import catalog
from bot.customers import store, subscriptions
from bot.customers.models import Customer
from bot.db import now
from bot.rights import erasing, export
from bot.rights.overview import overview
from bot.rights.scope import is_known
from bot.wording import say

SLOTS = ("data_phone", "data_code", "data_outcome")
LONGEST_NAME = 30
SHOWN = "verified"
WITH_FILES = ("web",)
"""Channels whose customers can open a file of ours; elsewhere the copy would lie open in an app that keeps it."""


class ValidateMyDataForm(PhoneCodeForm):
    """At once at its end where a code was given here just now."""

    form = "my_data_form"
    prefix = "data"
    own = frozenset({"my_data", "provide_info"})

    def knows(self, session: Session, phone: str) -> bool:
        return is_known(session, phone)

    async def take(self, heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
        if slots["requested_slot"] is None:
            phone = await service(lambda session: _shown_phone(session, tracker.sender_id))
            if phone:
                return Taken({**dict.fromkeys(SLOTS), "data_phone": phone, "data_outcome": SHOWN}, whole=True)
        return await super().take(heard, slots, tracker)


def _shown_phone(session: Session, conversation_id: str) -> str | None:
    customer = store.just_shown(session, conversation_id, now())
    return str(customer.phone) if customer else None


class ActionAskDataPhone(AskPhone):
    question = "my_data_form_data_phone"


class ActionAskDataCode(AskCode):
    question = "my_data_form_data_code"
    phone_slot = "data_phone"


class ActionMyData(Action):
    """What we hold, and what can be done with it; or what else helps."""

    def name(self) -> str:
        return "action_my_data"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        outcome, phone = tracker.get_slot("data_outcome"), tracker.get_slot("data_phone")
        if outcome != SHOWN:
            dispatcher.utter_message(response=f"utter_my_data_{outcome or 'later'}")
            return cleared(*SLOTS)

        def look(session: Session) -> dict[str, Any]:
            store.identify(session, tracker.sender_id, phone, now())
            return overview(session, phone)

        held = await service(look)
        speech = language(tracker)
        held["name"] = held["name"] or say(speech, "none_given")
        dispatcher.utter_message(response="utter_my_data", **held, buttons=_choices(speech, held["notices"]))
        return cleared(*SLOTS)


def _choices(speech: str, notices: int) -> list[dict[str, str]]:
    wanted = ["export_my_data", "correct_my_data", *(["withdraw_consent"] if notices else []), "erase_my_data"]
    return [button(speech, f"choice_{name}", f"/{name}") for name in wanted]


class _OfACustomer(Action, ABC):
    """Something that only who has just shown the phone may do; everybody else is asked to show it."""

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        customer = await reading(lambda session: store.just_shown(session, tracker.sender_id, now()))
        if customer is None:
            dispatcher.utter_message(response="utter_my_data_again")
            return [FollowupAction("my_data_form")]
        return await self.serve(dispatcher, tracker, customer)

    @abstractmethod
    async def serve(self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer) -> Events:
        """Does it for the customer of this conversation."""


class ActionExportMyData(_OfACustomer):
    """A file in the chat."""

    def name(self) -> str:
        return "action_export_my_data"

    async def serve(self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer) -> Events:
        if tracker.get_latest_input_channel() not in WITH_FILES:
            dispatcher.utter_message(response="utter_export_elsewhere")
            return []
        key, sender, phone = message_key(tracker), tracker.sender_id, str(customer.phone)
        file_id = await service(lambda session: export.into_chat(session, sender, phone, key=key, now=now()))
        dispatcher.utter_message(response="utter_exported", json_message={"file": file_id})
        return []


class ActionEraseMyData(_OfACustomer):
    """What erasing means, before it is confirmed."""

    def name(self) -> str:
        return "action_erase_my_data"

    async def serve(self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer) -> Events:
        held = await reading(lambda session: overview(session, str(customer.phone)))
        still_open = "utter_erase_open_cases" if held["open_cases"] else "utter_erase"
        dispatcher.utter_message(response=still_open, **_periods(), open_cases=held["open_cases"])
        return []


class ActionConfirmErase(_OfACustomer):
    """Asked for, once; done as due work."""

    def name(self) -> str:
        return "action_confirm_erase"

    async def serve(self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer) -> Events:
        phone = str(customer.phone)
        await service(lambda session: erasing.ask_once(session, phone, key=message_key(tracker), now=now()))
        dispatcher.utter_message(response="utter_erasing", **_periods())
        return []


def _periods() -> dict[str, Any]:
    kept = catalog.read("retention")
    return {
        "waybill_days": kept["periods"]["waybill_days"]["value"],
        "case_days": kept["periods"]["case_days"]["value"],
        "read_minutes": kept["chat_read_minutes"],
    }


class ActionWithdrawConsent(_OfACustomer):
    """No more notices, on any channel."""

    def name(self) -> str:
        return "action_withdraw_consent"

    async def serve(self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer) -> Events:
        def withdraw(session: Session) -> None:
            store.set_consent(session, str(customer.id), store.NOTICES, False, now())
            for conversation_id in store.conversations_of(session, tracker.sender_id):
                subscriptions.unsubscribe(session, conversation_id)

        await service(withdraw)
        dispatcher.utter_message(response="utter_consent_withdrawn")
        return []


class ValidateNameForm(Intake):
    form = "name_form"
    own = frozenset({"correct_my_data", "provide_info"})

    async def take(self, heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
        if slots["requested_slot"] is None:
            return Taken({"called": None})
        if heard.intent in LEAVING or heard.asks or not heard.words:
            return Taken()
        return Taken({"called": heard.words[:LONGEST_NAME]}, whole=True)  # whatever it is taken for: names are no words

    def next_question(self, slots: dict[str, Any]) -> str | None:
        return None if slots["called"] else "called"


class ActionCorrectMyData(_OfACustomer):
    """Opens the question of how we should call the customer."""

    def name(self) -> str:
        return "action_correct_my_data"

    async def serve(self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer) -> Events:
        return [FollowupAction("name_form")]


class ActionNameCorrected(_OfACustomer):
    def name(self) -> str:
        return "action_name_corrected"

    async def serve(self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer) -> Events:
        called = tracker.get_slot("called")
        if called:
            await service(lambda session: store.set_name(session, str(customer.id), called, now()))
            dispatcher.utter_message(response="utter_name_corrected")
        return cleared("called")
