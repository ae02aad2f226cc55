"""Being told of a parcel before asking: wanted, or no longer wanted."""

from __future__ import annotations

from functools import partial
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.hearing import hear
from actions.parcels import parcel_in
from actions.support import Events, reading, service
from bot.customers import subscriptions
from bot.db import now
from bot.notices import parcels as notices


class ActionSubscribe(Action):
    """The parcel named, else the one last looked up. Told is what its number alone shows, so no proof is needed."""

    def name(self) -> str:
        return "action_subscribe"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        parcel = await parcel_in(hear(tracker), tracker.get_slot("waybills_sent"))
        wanted = parcel.choices or tuple(filter(None, [parcel.number or tracker.get_slot("waybill")]))
        if not wanted:
            dispatcher.utter_message(response="utter_subscribe_which")
            return []
        for number in wanted:
            begin = partial(notices.start, conversation_id=tracker.sender_id, waybill=number, now=now())
            outcome = await service(begin)
            dispatcher.utter_message(response=f"utter_subscribe_{outcome}", waybill=number)
        return []


class ActionUnsubscribe(Action):
    """Of the parcel named, or of all."""

    def name(self) -> str:
        return "action_unsubscribe"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        heard = hear(tracker)
        number = heard.waybills[0].value if heard.waybills else None
        watched = await reading(lambda session: subscriptions.subscribed(session, tracker.sender_id))
        ended = await service(lambda session: subscriptions.unsubscribe(session, tracker.sender_id, number))
        response = "utter_unsubscribed" if ended else "utter_unsubscribe_none"
        dispatcher.utter_message(response=response, waybills="、".join([number] if number else watched))
        return []
