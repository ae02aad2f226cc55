"""Proof of delivery, cash on delivery and declared value of a parcel: told once its four digits were given."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.hearing import Heard, hear
from actions.loads import declared_in
from actions.parcels import parcel_in
from actions.quoting import requote
from actions.support import Events, language, reading
from bot import catalog, freight
from bot.db import now
from bot.shipments.particulars import Particulars, particulars
from bot.wording import moment, say

_OWN = re.compile(
    r"我的|我这|这单|这件|这个件|那单|那件|到账|打款|结算了|保价了(?:吗|没)|保了多少"
    r"|\bmy\b|\bthis (?:parcel|one|package)\b|paid out",
    re.IGNORECASE,
)


class _Particular(Action, ABC):
    """The particular of the parcel meant; of none, or inside another form, the general answer."""

    topic: ClassVar[str] = ""
    general: ClassVar[str] = ""

    @abstractmethod
    def name(self) -> str: ...

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        heard = hear(tracker)
        number = (await parcel_in(heard, None)).number
        if number is None and self._means_own(heard):
            number = tracker.get_slot("waybill")
        if number is None:
            self._tell_rule(dispatcher, tracker)
            return [SlotSet("particular_asked", self.topic)]
        return await tell_particular(dispatcher, tracker, number, self.topic)

    def _means_own(self, heard: Heard) -> bool:
        return bool(_OWN.search(heard.text))

    def _tell_rule(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> None:
        dispatcher.utter_message(response=self.general, **catalog.figures())


class ActionProofOfDelivery(_Particular):
    topic, general = "proof", "utter_ask_proof_of_delivery"

    def name(self) -> str:
        return "action_proof_of_delivery"

    def _means_own(self, heard: Heard) -> bool:
        return True  # nobody asks who signed in general


class ActionFaqCod(_Particular):
    topic, general = "cod", "utter_faq_cod"

    def name(self) -> str:
        return "action_faq_cod"


class ActionFaqInsurance(_Particular):
    """With an amount, what declaring it costs; after a quote, the quote with it."""

    topic, general = "value", "utter_faq_insurance"

    def name(self) -> str:
        return "action_faq_insurance"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        changed = requote(dispatcher, tracker)
        return await super().run(dispatcher, tracker, domain) if changed is None else changed

    def _tell_rule(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> None:
        value = declared_in(tracker)
        known = value is not None and value <= catalog.figure("declared_most")
        fee = {"value": value, "fee": f"{freight.declared_fee(value or 0).normalize():f}"}
        response = "utter_faq_insurance_fee" if known else "utter_faq_insurance"
        dispatcher.utter_message(response=response, **catalog.figures(), **(fee if known else {}))


GENERAL = {kind.topic: kind.general for kind in (ActionProofOfDelivery, ActionFaqCod, ActionFaqInsurance)}


async def tell_particular(dispatcher: CollectingDispatcher, tracker: Tracker, number: str, topic: str) -> Events:
    """Tells it, or first asks for the four digits; inside another form that would end it, so there only the rule."""
    told = await reading(lambda session: particulars(session, tracker.sender_id, number, now()))
    if told:
        response = f"utter_{topic}_{getattr(told, topic)}"
        dispatcher.utter_message(response=response, waybill=number, **_words(told, language(tracker)))
        return [SlotSet("waybill", number), SlotSet("particular_asked", None)]
    if tracker.active_loop_name:
        dispatcher.utter_message(response=GENERAL[topic], **catalog.figures())
        return []
    return [SlotSet("waybill", number), SlotSet("particular_asked", topic), FollowupAction("tail_form")]


def _words(told: Particulars, speech: str) -> dict[str, Any]:
    return {
        "at": moment(told.signed_at, speech) if told.signed_at else "",
        "record": say(speech, "proof_record", text=told.record) if told.record else "",
        "amount": f"{told.cod_amount or 0:g}",
        "value": f"{told.declared_value or 0:g}",
        "payout_by": told.payout_by.isoformat() if told.payout_by else "",
        **catalog.figures(),
    }
