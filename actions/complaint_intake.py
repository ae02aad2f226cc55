"""What a message gives to a complaint: nothing is asked twice, and only a yes at the read-back sends it."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk import Tracker

from actions.forms import Intake, Taken, offers_person
from actions.hearing import FALLBACK, Heard
from actions.parcels import NOT_GIVEN, card, parcel_in, phone_in
from actions.support import language, reading
from bot.cases import service as cases
from bot.cases.states import CATEGORIES

DRAFT = "draft"
"""In place of a part: the complaint that was left before it was sent goes on."""
ON_WAYBILL = "waybill"
"""In place of a phone: the one printed on the waybill."""

TELLING = frozenset({"add_case_detail", "file_claim", "nlu_fallback", "suggest", "expedite_delivery"})
"""Besides complaints themselves: what people say in the middle of one adds to what happened."""
SAID_MEANWHILE = TELLING | {"provide_info", "out_of_scope"}
"""Where a number was asked for, words in place of it belong to the story, however little like a complaint."""
LEAVING = frozenset({"cancel", "request_human", "goodbye", "withdraw_case", "leave_callback"})
NO_STORY = frozenset({"greet", "thank", "goodbye", "help", "ask_bot", "affirm", "deny", "correct", "skip", "try_again"})
PARTS = ("waybill", "phone", "category", "description")
"""What can be changed at the read-back, in the order in which words are searched for their names."""
CONTACT = ("complaint_waybill", "complaint_phone")
NOTED = frozenset({"complaint_description", *CONTACT})
"""Given in place of the answer: acknowledged before the question is asked again."""
FORGOTTEN = (
    "complaint_description", "complaint_remedy", "complaint_confirmed", "complaint_case", "complaint_value",
)  # fmt: skip
READ_BACK = ("complaint_confirmed", "complaint_part")
MOST_WORDS = 2000
LONG_ENOUGH = 10
"""Characters from which a message that seems to be chat may still tell what happened."""
_REFUSED = (
    r"(?P<refused>(?:不要|不用|不需要|不想要|不是要|别|\bno|\bnot|don'?t (?:want|need)|without)\s*(?:any |an? )?)?"
)
_REMEDIES = {
    remedy: re.compile(f"{_REFUSED}(?:{words})", re.IGNORECASE)
    for remedy, words in {
        "explanation": "道歉|赔礼|赔不是|说法|解释|交代|apolog|explanation|explain|say sorry",
        "redeliver": r"重新?派|重新[派配]?送|再[派送]|redeliver|(?:re)?deliver(?: it)? again",
        "compensation": r"赔(?!礼|不是)|compensat|\bclaim\b|money back|reimburs",
    }.items()
}
"""The words for each remedy that can be tapped, and whether they refuse it."""


class ValidateComplaintForm(Intake):
    form = "complaint_form"
    own = frozenset({*(f"complain_{category}" for category in CATEGORIES), "provide_info", "change_part"})
    read_backs = frozenset({"complaint_confirmed"})

    async def take(self, heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
        if slots["requested_slot"] is None:
            return await self._begin(heard, slots, tracker)
        if _leaves(heard, slots["requested_slot"]):
            return Taken()
        if slots["requested_slot"] in CONTACT and heard.asks_why_contact and not heard.has_facts:
            return Taken(remarks=["utter_why_contact"], whole=True)
        taken = await self._joined(await _answer(heard, slots, tracker), slots, tracker)
        return await _with_record(taken, slots, tracker)

    async def _begin(self, heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
        """A new complaint keeps the parcel and phone that are known, and nothing else of an earlier one."""
        if heard.tapped.get("part") == DRAFT:
            return Taken({"complaint_confirmed": None})
        fresh: dict[str, Any] = dict.fromkeys(FORGOTTEN)
        fresh["complaint_category"] = _category(heard, None, asked=False)
        if heard.means_another:
            fresh["complaint_waybill"] = None
        elif not slots["complaint_waybill"] and not slots["waybill_choices"]:
            fresh["complaint_waybill"] = slots["waybill"]
        known = slots | fresh
        taken = await _answer(heard, known, tracker)
        joined = await self._joined(Taken(fresh | taken.slots, taken.remarks), known, tracker)
        if joined.slots["complaint_case"]:
            return joined
        blank = {**known, "complaint_category": None}
        return await _with_record(Taken(joined.slots, ["utter_complaint_sorry"]), blank, tracker)

    async def _joined(self, taken: Taken, slots: dict[str, Any], tracker: Tracker) -> Taken:
        """Where this very complaint is open already, the words go there and nothing more is asked."""
        known = slots | taken.slots
        category, parcel = known["complaint_category"], known["complaint_waybill"]
        if taken.slots and category and parcel:
            number = await reading(lambda s: cases.unfinished_on(s, tracker.sender_id, category, parcel))
            taken.slots["complaint_case"] = number
        return taken

    def next_question(self, slots: dict[str, Any]) -> str | None:
        if slots["complaint_case"] or slots["complaint_confirmed"] == "yes":
            return None
        for slot in ("complaint_category", "complaint_description", "complaint_waybill", "complaint_phone"):
            if not slots[slot]:
                return slot
        return "complaint_part" if slots["complaint_confirmed"] == "no" else "complaint_confirmed"


async def _with_record(taken: Taken, slots: dict[str, Any], tracker: Tracker) -> Taken:
    """Delivered but not received: as soon as the parcel is known, what its record says and where it may be."""
    before, known = slots, slots | taken.slots
    new = [slot for slot in ("complaint_category", "complaint_waybill") if known[slot] and not before[slot]]
    waybill = known["complaint_waybill"]
    if not new or known["complaint_category"] != "false_delivery" or waybill in (None, NOT_GIVEN):
        return taken
    view = await card(tracker.sender_id, waybill, language(tracker))
    if view and view["status"] == "delivered":
        last = view["timeline"][0]["text"] if view["timeline"] else ""
        record = "\n".join(part for part in (view["why"], last) if part)
        taken.remarks.append("utter_delivery_record")
        taken.values = {"waybill": waybill, "record": record}
    return taken


def _leaves(heard: Heard, question: str) -> bool:
    """Cancel, a person, goodbye: unless the words answer the question (没了, 跳过) or bring a fact."""
    skips = question in CONTACT and heard.has_none
    return heard.intent in LEAVING and not heard.has_facts and not skips


async def _answer(heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
    """What the message gives to the complaint."""
    question, taken = slots["requested_slot"], Taken()
    if "file_id" in heard.tapped:
        photos = [*(slots["photos"] or ()), heard.tapped["file_id"]]
        return Taken({"photos": photos}, ["utter_photo_received"])
    taken.slots |= await _parcel(heard, slots)
    taken.slots |= _phone(heard, slots)
    remedy = _remedy(heard, question)
    taken.slots |= _decision(heard, slots, bool(taken.slots) or (bool(remedy) and heard.says_no))
    taken.slots |= remedy
    taken.slots |= _amount(tracker, slots)
    if not _answers_only(heard, question, slots):
        taken.slots |= _story(heard, slots)
    taken.whole = bool({"complaint_remedy", "complaint_confirmed"} & set(taken.slots))
    if question in CONTACT and question not in taken.slots and set(taken.slots) & NOTED:
        taken.remarks.append("utter_noted")
    category = _category(heard, slots["complaint_category"], asked=question == "complaint_category")
    if category != slots["complaint_category"] and "complaint_category" not in taken.slots:
        taken.slots["complaint_category"] = category
    if slots["complaint_confirmed"] == "no" and taken.slots and "complaint_confirmed" not in taken.slots:
        taken.slots["complaint_confirmed"] = None
    return taken


def _answers_only(heard: Heard, question: str | None, slots: dict[str, Any]) -> bool:
    """Words that answer the form and tell nothing of what happened: 没有单号, 用单上的, change the type, 希望道歉."""
    if heard.wish and question == "complaint_confirmed":
        return True
    if question in READ_BACK and _remedies(heard):
        return not heard.intent.startswith("complain_")
    if heard.intent.startswith("complain_") and not heard.wants_change:
        return False
    instead = question in CONTACT and (heard.has_none or heard.means_phone_on_waybill)
    part = heard.part_of(PARTS)
    return instead or bool(part and slots[f"complaint_{part}"] and _changes(heard, question))


async def _parcel(heard: Heard, slots: dict[str, Any]) -> dict[str, Any]:
    question = slots["requested_slot"]
    if question == "complaint_phone" and phone_in(heard)[1]:
        return {}
    parcel = await parcel_in(heard, slots["waybill_choices"])
    if parcel.number:
        return {"complaint_waybill": parcel.number, "waybill_choices": None}
    if parcel.choices:
        return {"complaint_waybill": None, "waybill_choices": list(parcel.choices), "problem": "several"}
    if question == "complaint_waybill" and heard.has_none:
        return {"complaint_waybill": NOT_GIVEN, "waybill_choices": None}
    asked_for = question == "complaint_waybill" or bool(heard.waybills)
    asked_for = asked_for and parcel.problem not in (None, "only_phone")
    return {"problem": parcel.problem} if asked_for else {}


def _phone(heard: Heard, slots: dict[str, Any]) -> dict[str, Any]:
    """A number, or the one on the waybill for customers who would rather not give another."""
    phone, problem = phone_in(heard)
    if phone:
        return {"complaint_phone": phone}
    question, parcel = slots["requested_slot"], slots["complaint_waybill"]
    if question == "complaint_phone" and heard.has_none:
        return {"complaint_phone": NOT_GIVEN if parcel == NOT_GIVEN else ON_WAYBILL}
    offered = question == "complaint_phone" and parcel != NOT_GIVEN and not problem
    if offered and heard.says_yes and not offers_person(slots, ValidateComplaintForm.form):
        return {"complaint_phone": ON_WAYBILL}
    if heard.means_phone_on_waybill and (question == "complaint_phone" or heard.waybills):
        return {"complaint_phone": ON_WAYBILL}
    return {"problem": problem} if question == "complaint_phone" and problem else {}


def _decision(heard: Heard, slots: dict[str, Any], corrected: bool) -> dict[str, Any]:
    """Yes and no at the read-back, and which part is to be changed."""
    question = slots["requested_slot"]
    reading_back = question in READ_BACK
    part = heard.part_of(PARTS)
    if not corrected and part and slots[f"complaint_{part}"] and _changes(heard, question):
        named = heard.likely_complaint if part == "category" and heard.text else None
        return {f"complaint_{part}": named, "complaint_confirmed": None}
    if not reading_back or corrected:
        return {}
    if heard.says_yes and not heard.wants_change:
        return {"complaint_confirmed": "yes"}
    return {"complaint_confirmed": "no"} if heard.says_yes or heard.says_no or heard.intent == "correct" else {}


def _changes(heard: Heard, question: str | None) -> bool:
    return question == "complaint_part" or heard.intent in ("correct", "change_part") or (
        question == "complaint_confirmed" and heard.wants_change
    )


def _remedy(heard: Heard, question: str | None) -> dict[str, Any]:
    """What the customer would have done: a remedy by its name, several or any other in their own words."""
    if "remedy" in heard.tapped:
        return {"complaint_remedy": heard.tapped["remedy"]}
    wishes = question in READ_BACK and not (heard.is_question and heard.asks)
    if not wishes and heard.intent != "file_claim":
        return {}
    named = _remedies(heard)
    if named:
        return {"complaint_remedy": named[0] if len(named) == 1 else heard.words}
    wish = heard.wish if question == "complaint_confirmed" and not heard.says_yes else None
    return {"complaint_remedy": wish} if wish else {}


def _remedies(heard: Heard) -> list[str]:
    """The remedies that the words name and do not refuse: 不要赔偿，只要道歉 wants an apology alone."""
    return [
        remedy
        for remedy, words in _REMEDIES.items()
        if any(not found["refused"] for found in words.finditer(heard.words))
    ]


def _amount(tracker: Tracker, slots: dict[str, Any]) -> dict[str, Any]:
    """The first sum that is told: what it was worth, or what was charged."""
    money = next(tracker.get_latest_entity_values("money"), None)
    return {"complaint_value": str(money)} if money and not slots["complaint_value"] else {}


def _story(heard: Heard, slots: dict[str, Any]) -> dict[str, Any]:
    """The words about what happened, after those told before. Questions and answers to the form are none."""
    question, before = slots["requested_slot"], slots["complaint_description"]
    told = heard.words if len(heard.waybills) < 2 else heard.text  # one number has a line of its own
    if not _is_story(heard, question) or (before and told in before):
        return {}
    story = f"{before}\n{told}" if before else told
    return {"complaint_description": story[:MOST_WORDS]}


def _is_story(heard: Heard, question: str | None) -> bool:
    if heard.intent in NO_STORY and not (question == "complaint_confirmed" and heard.says_yes):
        return False
    if question == "complaint_description":
        chat = heard.intent == "out_of_scope" and len(heard.words) < LONG_ENOUGH
        asks = heard.asks and (heard.is_question or heard.intent == FALLBACK)
        return len(heard.words) > 1 and not chat and not asks
    complains = heard.intent.startswith("complain_")
    if question == "complaint_confirmed" and heard.says_yes:
        return heard.tells_more and (complains or heard.intent in TELLING)
    specific = complains and heard.intent != "complain_other" and bool(heard.words)
    if specific:
        return True
    if question in CONTACT and heard.puts_off:
        return False
    telling = SAID_MEANWHILE if question in CONTACT and not _is_about_number(heard) else TELLING
    return heard.tells_more and (complains or heard.intent in telling) and not heard.asks


def _is_about_number(heard: Heard) -> bool:
    """Words that bring the number asked for, or say something of it."""
    named = heard.part_of(("waybill", "phone"))
    return heard.has_facts or heard.odd_number or bool(named) or heard.says_yes or heard.says_no


def _category(heard: Heard, known: str | None, *, asked: bool) -> str | None:
    """From the intent; "other" only by choice or when the words say more than that there is a complaint."""
    category = heard.intent.removeprefix("complain_") if heard.intent.startswith("complain_") else None
    if category == "other":
        return known or ("other" if asked or heard.tells_more else None)
    return category if category and (known in (None, "other") or asked) else known
