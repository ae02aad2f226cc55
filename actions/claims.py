"""Claims: what happened to which parcel, what was declared, what it was worth; an estimate, then a case."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy.orm import Session

from actions.forms import Ask, Intake, ReadBack, Taken, begins_now, decided
from actions.hearing import QUESTIONS, Heard, hear
from actions.loads import load_slots, yuan_in
from actions.parcels import NOT_GIVEN, PROBLEMS, numbered, parcel_buttons, parcel_in, phone_in
from actions.support import (
    Events,
    button,
    cleared,
    confirm_buttons,
    language,
    left_form,
    message_key,
    quoted,
    reading,
    service,
)
from bot import catalog
from bot.cases import claims
from bot.cases import service as cases
from bot.cases.claims import Estimate
from bot.customers.verification import role_for
from bot.privacy import mask_phone
from bot.shipments import tracking
from bot.wording import moment, say

PARTS = ("claim_kind", "claim_waybill", "claim_declared", "claim_value", "claim_phone")
SLOTS = (*PARTS, "claim_story", "claim_confirmed", "photos", "waybill_choices")
LEAVING = frozenset({"cancel", "request_human", "goodbye", "withdraw_case", "leave_callback"})
UNKNOWN = "unknown"
"""In place of an amount that the customer cannot tell."""
NONE_DECLARED = "none"
LEAST_STORY, MOST_STORY = 2, 2000
_KINDS = {
    claims.SHORT: re.compile(
        r"少了|缺了|短少|少件|少一|缺件|\bmissing (?:item|part)|\bincomplete\b|\bshort\b", re.IGNORECASE
    ),
    claims.LOST: re.compile(r"丢|遗失|不见|找不到|没影|\blost\b|\bmissing\b|never (?:came|arrived)", re.IGNORECASE),
    claims.DAMAGE: re.compile(r"破|碎|坏|损|烂|压扁|漏|裂|\bbroke|\bdamag|\bcrack|\bsmash|\bcrush", re.IGNORECASE),
    claims.DELAY: re.compile(r"延误|晚到|迟到|超时|耽误|\blate\b|\bdelay", re.IGNORECASE),
}
_BY_INTENT = {"complain_lost": claims.LOST, "complain_damage": claims.DAMAGE, "complain_delay": claims.DELAY}
_BARE = re.compile(
    r"[\W_]|我|要|想|申请|理赔|索赔|赔偿|赔|怎么|办理|登记|i\b|want|file|make|claim|compensation|an?\b|to\b",
    re.IGNORECASE,
)
"""What is left without these tells what happened."""
_BARE_SUM = re.compile(
    r"\W*(?:是|就是|应该是|大概|大约|约|差不多|about|around|it'?s)?\s*\d{1,7}\s*(?:吧|啊|哦|的|呢|左右|多)?\W*",
    re.IGNORECASE,
)
_NOT_DECLARED = re.compile(
    r"没保价|未保价|没有保价|没买保|无保价|not declared|no declared|uninsured|didn'?t declare", re.IGNORECASE
)
_DECLARED = re.compile(r"保了?价|声明价值|\bdeclared\b|\binsured\b", re.IGNORECASE)


class ValidateClaimForm(Intake):
    form = "claim_form"
    own = frozenset({"file_claim", "provide_info", "faq_insurance", "faq_compensation", *_BY_INTENT})
    read_backs = frozenset({"claim_confirmed"})

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        if begins_now(tracker, self.form) and _changes_quote(tracker):
            return [*left_form(), FollowupAction("action_unclear")]
        return await super().run(dispatcher, tracker, domain)

    async def take(self, heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
        begins = slots["requested_slot"] is None
        if not begins and heard.intent in LEAVING and not heard.has_facts and not _skips(heard, slots):
            return Taken()
        fresh = await _fresh(heard, slots, tracker) if begins else {}
        taken = await _answer(heard, slots | fresh, tracker)
        taken.slots = fresh | taken.slots
        if begins and heard.asks:
            taken.remarks, taken.values = ["utter_faq_compensation"], catalog.figures()
        return await _with_known(taken, slots, tracker)

    def next_question(self, slots: dict[str, Any]) -> str | None:
        if slots["claim_confirmed"] == "yes":
            return None
        return next((slot for slot in _parts(slots) if not slots[slot]), "claim_confirmed")


def _parts(slots: dict[str, Any]) -> tuple[str, ...]:
    """What is asked for: a delay is paid by the freight, whatever was inside."""
    return PARTS if slots["claim_kind"] != claims.DELAY else ("claim_kind", "claim_waybill", "claim_phone")


def _changes_quote(tracker: Tracker) -> bool:
    """A value told after a quote is one more fact of what is to be sent, however like a claim its words are."""
    facts = load_slots(tracker).keys() & {"quote_weight", "quote_size", "quote_value"}
    return tracker.get_slot("sending_asked") == "quote" and hear(tracker).is_guess and bool(facts)


async def _fresh(heard: Heard, slots: dict[str, Any], tracker: Tracker) -> dict[str, Any]:
    """What is known as a claim begins: photos, and the parcel talked of, complained of here already or not."""
    fresh: dict[str, Any] = {**dict.fromkeys(SLOTS), "photos": slots["photos"]}
    if heard.means_another:
        return fresh
    fresh["claim_waybill"] = slots["complaint_waybill"] or slots["waybill"]
    complaint = await reading(lambda session: _complaint(session, tracker.sender_id))
    if complaint and complaint["waybill"] and fresh["claim_waybill"] in (None, complaint["waybill"]):
        fresh["claim_waybill"] = complaint["waybill"]
        fresh["claim_kind"] = _BY_INTENT.get(f"complain_{complaint['category']}")
    return fresh


def _complaint(session: Session, conversation_id: str) -> dict[str, Any] | None:
    """The newest unfinished complaint told here."""
    told = cases.cases_of_conversation(session, conversation_id, unfinished=True)
    numbers = (case["number"] for case in told if case["kind"] == "complaint")
    return next((cases.get(session, number) for number in numbers), None)


def _skips(heard: Heard, slots: dict[str, Any]) -> bool:
    return slots["requested_slot"] not in ("claim_kind", "claim_confirmed") and heard.has_none


async def _answer(heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
    question = slots["requested_slot"]
    if "file_id" in heard.tapped:
        return Taken({"photos": [*(slots["photos"] or ()), heard.tapped["file_id"]]}, ["utter_photo_received"])
    found: dict[str, Any] = {"claim_kind": _kind(heard, question, slots["claim_kind"])}
    found |= await _parcel(heard, slots)
    found |= _phone(heard, question)
    found |= _amounts(heard, question, tracker)
    kept = {slot: value for slot, value in found.items() if value}
    kept |= decided(heard, slots, "claim_confirmed", _parts(slots), bool(kept))
    whole = bool(kept) and not heard.asks
    return Taken(kept | _story(heard, question, slots), whole=whole)


def _kind(heard: Heard, question: str | None, known: str | None) -> str | None:
    if heard.tapped.get("part") in claims.KINDS:
        return heard.tapped["part"]
    if known and question not in ("claim_kind", "claim_confirmed"):
        return None
    named = next((kind for kind, words in _KINDS.items() if words.search(heard.words)), None)
    return named or _BY_INTENT.get(heard.intent)


async def _parcel(heard: Heard, slots: dict[str, Any]) -> dict[str, Any]:
    parcel = await parcel_in(heard, slots["waybill_choices"])
    if parcel.number:
        return {"claim_waybill": parcel.number}
    if parcel.choices:
        return {"waybill_choices": list(parcel.choices), "problem": "several"}
    if slots["requested_slot"] != "claim_waybill":
        return {}
    return {"claim_waybill": NOT_GIVEN} if heard.has_none else {"problem": parcel.problem}


def _phone(heard: Heard, question: str | None) -> dict[str, Any]:
    phone, problem = phone_in(heard)
    if phone or question != "claim_phone":
        return {"claim_phone": phone}
    return {"claim_phone": NOT_GIVEN} if heard.has_none else {"problem": problem}


def _amounts(heard: Heard, question: str | None, tracker: Tracker) -> dict[str, Any]:
    """What was declared and what it was worth, each asked for by itself; a bare number answers its question."""
    money = next(tracker.get_latest_entity_values("money"), None)
    yuan = yuan_in(str(money)) if money else None
    if _NOT_DECLARED.search(heard.words):
        return {"claim_declared": NONE_DECLARED, "claim_value": yuan}
    # Four digits alone are taken for the end of a phone, and are no part of the words then.
    words = heard.text if _BARE_SUM.fullmatch(heard.text) else heard.words
    if question == "claim_declared":
        plain = yuan or (None if heard.says_no or heard.has_none else yuan_in(words))
        if plain:
            return {"claim_declared": plain}
        unsure = heard.intent == "skip" or (heard.has_none and not heard.says_no)
        return {"claim_declared": UNKNOWN if unsure else NONE_DECLARED if heard.says_no else None}
    if question == "claim_value":
        return {"claim_value": yuan or yuan_in(words) or (UNKNOWN if heard.has_none else None)}
    return {"claim_declared" if _DECLARED.search(heard.words) else "claim_value": yuan}


def _story(heard: Heard, question: str | None, slots: dict[str, Any]) -> dict[str, Any]:
    """Any words where what happened is asked for, but for questions and for what is another's business."""
    if heard.intent in QUESTIONS or heard.asks:
        return {}
    says = len(_BARE.sub("", heard.words)) >= LEAST_STORY
    tells = question in (None, "claim_kind", "claim_confirmed") and says and not heard.says_yes
    told = slots["claim_story"]
    if not tells or (told and heard.words in told):
        return {}
    return {"claim_story": f"{told}\n{heard.words}"[:MOST_STORY] if told else heard.words[:MOST_STORY]}


async def _with_known(taken: Taken, slots: dict[str, Any], tracker: Tracker) -> Taken:
    """What was declared is not asked of somebody who may see it on the waybill."""
    known = slots | taken.slots
    if known["claim_declared"] or not known["claim_waybill"] or known["claim_waybill"] == NOT_GIVEN:
        return taken
    terms = await reading(lambda session: _terms(session, tracker.sender_id, known["claim_waybill"]))
    if terms["seen"]:
        taken.slots["claim_declared"] = int(terms["declared"]) if terms["declared"] else NONE_DECLARED
    return taken


def _terms(session: Session, conversation_id: str, waybill: str) -> dict[str, Any]:
    """Carrier of the number; declared value and freight only where this conversation may see the parcel."""
    shipment = tracking.look_up(session, waybill)
    if shipment is None or role_for(session, conversation_id, shipment.waybill) is None:
        return {"seen": False, "carrier": shipment.carrier if shipment else None, "declared": None, "freight": None}
    return {
        "seen": True, "carrier": shipment.carrier,
        "declared": shipment.declared_value, "freight": shipment.freight,
    }  # fmt: skip


class ActionAskClaimKind(Ask):
    question = "claim_form_claim_kind"

    async def values(self, tracker: Tracker) -> dict[str, Any]:
        speech = language(tracker)
        kinds = [button(speech, f"claim_kind_{kind}", f'/file_claim{{"part": "{kind}"}}') for kind in claims.KINDS]
        return {"buttons": kinds}


class ActionAskClaimWaybill(Ask):
    question = "claim_form_claim_waybill"
    problems = PROBLEMS

    async def values(self, tracker: Tracker) -> dict[str, Any]:
        choices = tracker.get_slot("waybill_choices")
        return {"choices": numbered(choices), "buttons": parcel_buttons(choices)}


class ActionAskClaimDeclared(Ask):
    question = "claim_form_claim_declared"

    async def values(self, tracker: Tracker) -> dict[str, Any]:
        speech = language(tracker)
        buttons = [button(speech, "claim_not_declared", "/deny"), button(speech, "claim_not_sure", "/skip")]
        return {"buttons": buttons}


class ActionAskClaimValue(Ask):
    question = "claim_form_claim_value"

    async def values(self, tracker: Tracker) -> dict[str, Any]:
        return {"buttons": [button(language(tracker), "claim_not_sure", "/skip")]}


class ActionAskClaimPhone(Ask):
    question = "claim_form_claim_phone"
    problems = ("phone_format",)

    async def values(self, tracker: Tracker) -> dict[str, Any]:
        return {"buttons": [button(language(tracker), "complaint_no_phone", "/skip")]}


class ActionAskClaimConfirmed(ReadBack):
    """The read-back: what will be claimed, what it may be worth and by which rule, and what is still missing."""

    question = "claim_form_claim_confirmed"
    confirmed = "claim_confirmed"

    def parts(self, slots: dict[str, Any]) -> Sequence[str]:
        return _parts(slots)

    async def shown(self, tracker: Tracker) -> dict[str, Any]:
        speech = language(tracker)
        buttons = confirm_buttons(speech)
        worth = estimate_words(await _estimate(tracker), speech)
        return {"summary": _summary(tracker), "estimate": worth, "missing": _missing(tracker), "buttons": buttons}


async def _estimate(tracker: Tracker) -> Estimate:
    slots = tracker.slots
    terms = await reading(lambda session: _terms(session, tracker.sender_id, slots["claim_waybill"]))
    return claims.estimate(
        slots["claim_kind"],
        carrier=terms["carrier"],
        declared=_yuan(slots["claim_declared"]),
        freight=terms["freight"],
        value=_yuan(slots["claim_value"]),
    )


def _yuan(value: int | str | None) -> Decimal | None:
    return Decimal(value) if isinstance(value, int) else None


def estimate_words(estimate: Estimate, speech: str) -> str:
    known = "known" if estimate.amount is not None else "open"
    amount = f"{estimate.amount:.2f}".removesuffix(".00") if estimate.amount is not None else ""
    source = estimate.source[speech]
    return say(speech, f"claim_estimate_{estimate.rule}_{known}", amount=amount, source=source, **estimate.figures)


def _missing(tracker: Tracker) -> str:
    speech, slots = language(tracker), tracker.slots
    lacking = claims.missing(
        slots["claim_kind"], photos=len(slots["photos"] or ()), value_known=isinstance(slots["claim_value"], int)
    )
    items = say(speech, "list_separator").join(say(speech, f"claim_proof_{proof}") for proof in lacking)
    return say(speech, "claim_missing", items=items) if lacking else ""


def _summary(tracker: Tracker) -> str:
    speech, slots = language(tracker), tracker.slots
    declared, value, phone = slots["claim_declared"], slots["claim_value"], slots["claim_phone"]
    no_waybill = slots["claim_waybill"] == NOT_GIVEN
    lines = {
        "kind": say(speech, f"claim_kind_{slots['claim_kind']}"),
        "waybill": say(speech, "complaint_no_waybill") if no_waybill else slots["claim_waybill"],
        "story": quoted(slots["claim_story"] or ""),
        "declared": _amount_words(declared, speech) if slots["claim_kind"] != claims.DELAY else "",
        "value": say(speech, "claim_yuan", amount=value) if isinstance(value, int) else "",
        "phone": say(speech, "complaint_no_phone") if phone == NOT_GIVEN else mask_phone(phone),
        "photos": str(len(slots["photos"])) if slots["photos"] else "",
    }
    return "\n".join(say(speech, f"claim_line_{part}", value=value) for part, value in lines.items() if value)


def _amount_words(declared: int | str | None, speech: str) -> str:
    if isinstance(declared, int):
        return say(speech, "claim_yuan", amount=declared)
    return say(speech, "claim_not_declared" if declared == NONE_DECLARED else "claim_not_sure")


class ActionSubmitClaim(Action):
    """Opens the claim, or adds to the one that is open, and says what happens next and when."""

    def name(self) -> str:
        return "action_submit_claim"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        worth, speech = await _estimate(tracker), language(tracker)
        case = await service(lambda session: cases.open_case(session, **_case(tracker, worth)))
        response = "utter_complaint_joined" if case["joined"] else "utter_claim_submitted"
        dispatcher.utter_message(
            response=response,
            **catalog.figures() | {
                "number": case["number"],
                "first_check": moment(str(case["first_check_due_at"]), speech),
                "result": moment(str(case["result_due_at"]), speech),
            },
        )
        return cleared(*SLOTS)


def _case(tracker: Tracker, worth: Estimate) -> dict[str, Any]:
    slots, given = tracker.slots, {NOT_GIVEN: None}
    kind, value = slots["claim_kind"], slots["claim_value"]
    details = {
        "claim": say("zh", f"claim_kind_{kind}"),
        "declared": _amount_words(slots["claim_declared"], "zh") if slots["claim_declared"] else None,
        "value": say("zh", "claim_yuan", amount=value) if isinstance(value, int) else None,
        "estimate": estimate_words(worth, "zh"),
    }
    return {
        "key": message_key(tracker),
        "kind": "claim",
        "category": claims.CATEGORY[kind],
        "description": slots["claim_story"] or say(language(tracker), f"claim_kind_{kind}"),
        "language": language(tracker),
        "conversation_id": tracker.sender_id,
        "waybill": given.get(slots["claim_waybill"], slots["claim_waybill"]),
        "phone": given.get(slots["claim_phone"], slots["claim_phone"]),
        "remedy": say(language(tracker), "wish_compensation"),
        "files": slots["photos"] or (),
        "details": {name: value for name, value in details.items() if value},
    }
