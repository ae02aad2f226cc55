"""A complaint's questions, its read-back, and its sending; what messages give to it is in complaint_intake."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy.orm import Session

from actions.complaint_intake import ON_WAYBILL
from actions.forms import Ask
from actions.hearing import hear
from actions.parcels import NOT_GIVEN, PROBLEMS, numbered, parcel_buttons
from actions.support import Events, button, cleared, language, message_key, quoted, service
from bot.cases import service as cases
from bot.cases.states import CATEGORIES
from bot.privacy import mask_phone
from bot.shipments import tracking
from bot.wording import moment, say

REMEDIES = ("redeliver", "compensation", "explanation")
PARTS = ("category", "waybill", "description", "phone")

HELPS = {
    "lost": ("value", "handed_over"),
    "damage": ("photos", "value"),
    "false_delivery": ("asked_around",),
    "no_doorstep": ("place",),
    "attitude": ("when",),
    "overcharge": ("value", "receipt"),
    "cod": ("value",),
    "privacy": ("where_leaked",),
}
"""What helps to look into a complaint of a kind; named at the read-back while it is missing, and never required."""

SLOTS = (
    "complaint_category", "complaint_description", "complaint_waybill", "complaint_phone", "complaint_remedy",
    "complaint_confirmed", "complaint_case", "complaint_value", "photos", "waybill_choices",
)  # fmt: skip


class ActionAskComplaintCategory(Ask):
    question = "complaint_form_complaint_category"

    async def values(self, tracker: Tracker) -> dict[str, Any]:
        speech = language(tracker)
        return {"buttons": [button(speech, f"category_{name}", f"/complain_{name}") for name in CATEGORIES]}


class ActionAskComplaintDescription(Ask):
    question = "complaint_form_complaint_description"


class ActionAskComplaintWaybill(Ask):
    question = "complaint_form_complaint_waybill"
    problems = PROBLEMS

    async def values(self, tracker: Tracker) -> dict[str, Any]:
        choices = tracker.get_slot("waybill_choices")
        return {"choices": numbered(choices), "buttons": parcel_buttons(choices)}


class ActionAskComplaintPhone(Ask):
    question = "complaint_form_complaint_phone"
    problems = ("phone_format",)

    async def values(self, tracker: Tracker) -> dict[str, Any]:
        no_waybill = tracker.get_slot("complaint_waybill") == NOT_GIVEN
        without = "choice_no_phone" if no_waybill else "complaint_phone_on_waybill"
        return {"buttons": [button(language(tracker), without, "/skip")]}


class ActionAskComplaintPart(Ask):
    question = "complaint_form_complaint_part"

    async def values(self, tracker: Tracker) -> dict[str, Any]:
        speech = language(tracker)
        return {"buttons": [button(speech, f"part_{part}", f'/change_part{{"part": "{part}"}}') for part in PARTS]}


class ActionAskComplaintConfirmed(Ask):
    """The read-back, with the wishes to choose from until one is chosen."""

    question = "complaint_form_complaint_confirmed"

    async def values(self, tracker: Tracker) -> dict[str, Any]:
        speech, chosen = language(tracker), tracker.get_slot("complaint_remedy")
        wishes = [
            button(speech, f"wish_{remedy}", f'/choose_remedy{{"remedy": "{remedy}"}}')
            for remedy in REMEDIES
            if not chosen
        ]
        buttons = [button(speech, "choice_confirm", "/affirm"), *wishes, button(speech, "choice_change", "/deny")]
        return {"summary": _summary(tracker), "helps": _helps(tracker), "buttons": buttons}


def _helps(tracker: Tracker) -> str:
    """What could still be added, as a line of its own; empty where nothing is missing."""
    speech, slots = language(tracker), tracker.slots
    given = {"photos": slots["photos"], "receipt": slots["photos"], "value": slots["complaint_value"]}
    lacking = [fact for fact in HELPS.get(slots["complaint_category"], ()) if not given.get(fact)]
    items = say(speech, "list_separator").join(say(speech, f"complaint_fact_{fact}") for fact in lacking)
    return say(speech, "complaint_helps", items=items) if lacking else ""


def _summary(tracker: Tracker) -> str:
    """What will be sent, a line a part."""
    speech, slots = language(tracker), tracker.slots
    lines = {
        "category": say(speech, f"category_{slots['complaint_category']}"),
        "waybill": _or(speech, slots["complaint_waybill"], {NOT_GIVEN: "complaint_no_waybill"}),
        "description": quoted(slots["complaint_description"]),
        "phone": _shown_phone(speech, slots["complaint_phone"]),
        "photos": str(len(slots["photos"])) if slots["photos"] else "",
        "remedy": _remedy_words(speech, slots["complaint_remedy"]) or "",
    }
    return "\n".join(say(speech, f"complaint_line_{part}", value=value) for part, value in lines.items() if value)


def _or(speech: str, value: str, names: dict[str, str]) -> str:
    return say(speech, names[value]) if value in names else value


def _shown_phone(speech: str, phone: str) -> str:
    names = {NOT_GIVEN: "complaint_no_phone", ON_WAYBILL: "complaint_phone_on_waybill"}
    return say(speech, names[phone]) if phone in names else mask_phone(phone)


def _remedy_words(speech: str, remedy: str | None) -> str | None:
    return say(speech, f"wish_{remedy}") if remedy in REMEDIES else remedy and quoted(remedy)


class ActionSubmitComplaint(Action):
    """Opens the case, or adds to the one that is open, and says what happens next and when."""

    def name(self) -> str:
        return "action_submit_complaint"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        told = _case(tracker)
        case = await service(
            lambda session: cases.open_case(session, **told, area=tracking.area(session, told["waybill"]))
        )
        speech = language(tracker)
        dispatcher.utter_message(
            response="utter_complaint_joined" if case["joined"] else "utter_complaint_submitted",
            number=case["number"],
            first_check=moment(str(case["first_check_due_at"]), speech),
            result=moment(str(case["result_due_at"]), speech),
        )
        return cleared(*SLOTS)


def _case(tracker: Tracker) -> dict[str, Any]:
    slots = tracker.slots
    story = slots["complaint_description"] or hear(tracker).text
    if slots["complaint_phone"] == ON_WAYBILL:
        story += f"\n{say('zh', 'complaint_line_phone', value=say('zh', 'complaint_phone_on_waybill'))}"
    return {
        "key": message_key(tracker),
        "kind": "complaint",
        "category": slots["complaint_category"],
        "description": story,
        "language": language(tracker),
        "conversation_id": tracker.sender_id,
        "waybill": _given(slots["complaint_waybill"]),
        "phone": _given(slots["complaint_phone"]),
        "remedy": _remedy_words(language(tracker), slots["complaint_remedy"]),
        "files": slots["photos"] or (),
        "details": {"value": slots["complaint_value"]} if slots["complaint_value"] else {},
    }


def _given(value: str | None) -> str | None:
    return None if value in (NOT_GIVEN, ON_WAYBILL) else value


class ActionPhoto(Action):
    """A photo outside any form: added to the case told here, or kept for the complaint that may follow."""

    def name(self) -> str:
        return "action_photo"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        file_id, key = hear(tracker).tapped["file_id"], message_key(tracker)
        number = await service(lambda session: _add_photo(session, tracker.sender_id, file_id, key))
        dispatcher.utter_message(response="utter_photo_added" if number else "utter_photo_for_what", number=number)
        return [] if number else [SlotSet("photos", [*(tracker.get_slot("photos") or ()), file_id])]


def _add_photo(session: Session, conversation_id: str, file_id: str, key: str) -> str | None:
    told = cases.cases_of_conversation(session, conversation_id, unfinished=True)
    if not told:
        return None
    cases.add_detail(session, told[0]["number"], "", [file_id], key=key)
    return str(told[0]["number"])
