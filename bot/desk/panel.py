"""What stands beside a chat: parcels, cases, earlier chats; and what an agent does for the customer with one click."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.routing import BaseRoute, Route

from bot import catalog
from bot.cases import service as cases
from bot.cases.states import KINDS
from bot.conversations import ownership, views
from bot.conversations.models import Conversation, Handoff
from bot.conversations.text import clean
from bot.customers.store import conversations_of, customer_of
from bot.customers.verification import verified_shipments
from bot.db import now
from bot.desk import notes, reading, sight
from bot.desk.access import Asked, Missing, Refused
from bot.desk.accounts import Person
from bot.desk.api import changes, chat_id
from bot.privacy import mask_waybill, phone_digits
from bot.shipments import requests, tracking
from bot.shipments.models import Shipment
from bot.shipments.waybill import recognise
from bot.wording import say

CATEGORIES = (
    "delay", "lost", "damage", "false_delivery", "no_doorstep", "attitude", "overcharge", "cod", "privacy", "other"
)  # fmt: skip
"""Of complaints (DESIGN §5)."""
OPENED = ("complaint", "suggestion", "praise", "callback")
"""Kinds an agent opens here; claims and visits have facts of their own, which the assistant collects."""
NEEDS = {"change_address": "address", "reschedule": "time", "leave_instruction": "place"}
"""What a kind of change must be told."""
MOST_WORDS, MOST_KEY = 2000, 60
LEAST_DIGITS = 5
"""Of a phone: a hotline has no more."""
_PHONE = re.compile(r"[+\d][\d ()/-]{0,28}")


def beside(session: Session, chat: dict[str, Any], language: str) -> dict[str, Any]:
    """{"shipments", "earlier", …} of a chat as `sight.conversation` gives it, for a desk in `language`; numbers masked.

    shipments: {"waybill" (masked), "value" (whole; only in one's own chat), "role", "status", "city", "promised_at"};
    earlier: {"id", "channel", "reason", "outcome", "agent", "summary" (masked), "at"}.
    """
    return {
        "shipments": _shipments(session, chat, language),
        "earlier": _earlier(session, chat["id"]),
        "changes": requests.kinds(),
        "change_needs": NEEDS,
        "case_kinds": [kind for kind in KINDS if kind in OPENED],
        "categories": CATEGORIES,
        "prefill": _prefill(chat["packet"]),
    }


def _prefill(packet: dict[str, Any]) -> dict[str, str]:
    """What the assistant has collected of a case already; instead of a phone there may be words."""
    slots = packet["slots"]
    phones = (str(slots.get(name) or "") for name in ("complaint_phone", "callback_phone"))
    return {
        "category": slots.get("complaint_category") or "",
        "phone": next((phone for phone in phones if phone_digits(phone)), ""),
        "description": slots.get("complaint_description") or slots.get("callback_topic") or packet["summary"] or "",
    }


def _shipments(session: Session, chat: dict[str, Any], language: str) -> list[dict[str, Any]]:
    roles = {proof["waybill"]: proof["role"] for proof in verified_shipments(session, chat["id"])}
    packet = views.packet_waybills(session, chat["id"])
    numbers = [*roles, *(number for number in packet if number not in roles)]
    found = session.execute(select(Shipment).where(Shipment.waybill.in_(numbers))).scalars()
    known = {shipment.waybill: shipment for shipment in found}
    return [
        {
            "waybill": mask_waybill(number), "value": number if chat["own"] else None, "role": roles.get(number),
            **_facts(known.get(number), language),
        }
        for number in numbers
    ]  # fmt: skip


def _facts(shipment: Shipment | None, language: str) -> dict[str, Any]:
    if shipment is None:
        return {"status": "unknown", "city": None, "promised_at": None}
    city, promised = shipment.receiver_city, shipment.promised_at
    return {
        "status": shipment.status,
        "city": catalog.cities().name(city.removesuffix("市"), language) if city else None,
        "promised_at": promised.isoformat() if promised else None,
    }


def _earlier(session: Session, conversation_id: str) -> list[dict[str, Any]]:
    """Chats with people before this one, of the customer on whatever channel, the latest first."""
    query = (
        select(Handoff, Conversation.channel)
        .join(Conversation, Conversation.id == Handoff.conversation_id)
        .where(Handoff.conversation_id.in_(conversations_of(session, conversation_id)), Handoff.ended_at.is_not(None))
        .order_by(Handoff.id.desc())
        .limit(catalog.read("workspace")["earlier_chats"])
    )
    return [
        {
            "id": handoff.conversation_id, "channel": channel, "at": handoff.ended_at.isoformat(),
            **{name: getattr(handoff, name) for name in ("reason", "outcome", "agent", "summary")},
        }
        for handoff, channel in session.execute(query)
    ]  # fmt: skip


# One click


def open_case(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    """{"key", "kind", "category"?, "waybill"?, "phone"?, "description"}: the customer is told its number.

    A phone that the customer has shown to be theirs needs no writing; a call back needs one or the other.
    """
    chat, kind = sight.own(session, person, chat_id(asked)), asked.text("kind")
    category = str(asked.body.get("category") or "") or None
    if kind not in OPENED or (kind == "complaint") != (category in CATEGORIES):
        raise Missing("kind")
    customer, waybill = customer_of(session, chat.id), _waybill(asked)
    phone = _phone(asked) or (customer.phone if customer else None)
    if kind == "callback" and not phone:
        raise Missing("phone")
    made = cases.open_case(
        session, key=_key(asked, chat), kind=kind, category=category, language=chat.language, conversation_id=chat.id,
        description=clean(asked.text("description"))[:MOST_WORDS], waybill=waybill,
        phone=phone, contact_name=customer.name if customer else None,
        area=tracking.area(session, waybill), by=person.name,
    )  # fmt: skip
    told = say(chat.language, "agent_joined_case" if made["joined"] else "agent_opened_case", number=made["number"])
    ownership.note_once(session, chat.id, person.name, told, key=_key(asked, chat))
    return made


def change_delivery(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    """{"key", "kind", "waybill", "words"?}: asks the outlet for a change; without proof it is only noted."""
    chat, kind = sight.own(session, person, chat_id(asked)), asked.text("kind")
    waybill = _waybill(asked)
    if kind not in requests.kinds() or waybill is None:
        raise Missing("waybill" if waybill is None else "kind")
    needed = NEEDS.get(kind)
    details = {needed: clean(asked.text("words"))[:MOST_WORDS]} if needed else {}
    obstacle = requests.obstacle(session, waybill, kind)
    if obstacle is not None:
        status = say(asked.language, f"desk_status_{obstacle}")
        raise Refused(409, "desk_change_obstacle", {"status": status})
    made = requests.ask_for(
        session, key=_key(asked, chat), kind=kind, conversation_id=chat.id, language=chat.language, details=details,
        now=now(), waybill=waybill, actor=person.name,
    )  # fmt: skip
    key = "agent_asked_change" if made["proven"] else "agent_noted_change"
    told = say(chat.language, key, number=made["number"], kind=say(chat.language, f"request_{kind}"))
    ownership.note_once(session, chat.id, person.name, told, key=_key(asked, chat))
    return {"number": made["number"], "proven": made["proven"]}


def send_survey(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    """{"outcome"}: ends the chat and asks the customer how it went."""
    ownership.close_and_ask(session, chat_id(asked), person.name, asked.text("outcome"))
    return {"id": chat_id(asked)}


def mark_read(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    """{"seq", "note"?}: this person has seen their chat up to that message and that note of colleagues."""
    chat = sight.own(session, person, chat_id(asked))
    seq, note = _place(asked, "seq"), _place(asked, "note", "0")
    reading.mark(session, person, chat.id, min(seq, chat.last_seq), min(note, notes.last(session, chat.id)))
    return {"seq": seq}


def _place(asked: Asked, name: str, usual: str = "") -> int:
    place = str(asked.body.get(name, usual))
    if not (place.isdecimal() and len(place) < 10):
        raise Missing(name)
    return int(place)


def _key(asked: Asked, chat: Conversation) -> str:
    """A click repeated is the same click: the page gives each form a key of its own."""
    return f"desk:{chat.id}:{asked.text('key')[:MOST_KEY]}"[:80]


def _waybill(asked: Asked) -> str | None:
    written = clean(str(asked.body.get("waybill") or ""))
    found = recognise(written) if written else None
    if written and (found is None or found.problem):
        raise Refused(400, "desk_bad_waybill")
    return found.value if found else None


def _phone(asked: Asked) -> str | None:
    written = clean(str(asked.body.get("phone") or ""))
    if written and not (_PHONE.fullmatch(written) and len(phone_digits(written)) >= LEAST_DIGITS):
        raise Refused(400, "desk_bad_phone")
    return written or None


def routes() -> list[BaseRoute]:
    acts = {"case": open_case, "change": change_delivery, "survey": send_survey, "read": mark_read}
    return [Route("/conversations/{id:uuid}/" + name, changes(act), methods=["POST"]) for name, act in acts.items()]
