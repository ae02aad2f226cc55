"""Canned replies: written by those who lead and by quality, used by everyone, filled with what the chat knows."""

from __future__ import annotations

import re
from string import Formatter
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session
from starlette.routing import BaseRoute, Route

from bot import catalog
from bot.cases.service import cases_of_conversation
from bot.conversations.models import Conversation
from bot.conversations.text import clean
from bot.conversations.views import packet_waybills
from bot.customers.store import customer_of
from bot.customers.verification import verified_shipments
from bot.db import insert, now
from bot.desk import sight
from bot.desk.access import Asked, Refused
from bot.desk.accounts import Person
from bot.desk.api import changes, chat_id, reads
from bot.desk.models import CannedReply
from bot.desk.serving import Page, shown
from bot.wording import LANGUAGES, say

FIGURES = ("first_check_hours", "result_days", "desk_hours", "hotline")
"""Of the catalog, so that a reply promises what the rules give."""
OF_THE_CHAT = ("agent", "customer", "waybill", "case")
VARIABLES = (*OF_THE_CHAT, *FIGURES)
MOST_TEXT = 1000
_SHORTCUT = re.compile(r"[^\s/]{1,20}")


def listed(session: Session) -> list[dict[str, Any]]:
    names = ("id", "shortcut", "text_zh", "text_en", "updated_by")
    rows = session.execute(select(CannedReply).order_by(CannedReply.shortcut)).scalars()
    return [{**{name: getattr(row, name) for name in names}, "updated_at": row.updated_at.isoformat()} for row in rows]


def filled(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    """{"replies": [{"shortcut", "text"}]} in the language of one's own chat; what is not known stays in brackets."""
    chat = sight.own(session, person, chat_id(asked))
    values = _values(session, person, chat)
    replies = [(row["shortcut"], row[f"text_{chat.language}"]) for row in listed(session)]
    return {"replies": [{"shortcut": name, "text": text.format(**values)} for name, text in replies]}


def _values(session: Session, person: Person, chat: Conversation) -> dict[str, Any]:
    language = chat.language
    verified = [proof["waybill"] for proof in verified_shipments(session, chat.id)]
    parcels, cases = [*verified, *packet_waybills(session, chat.id)], cases_of_conversation(session, chat.id)
    customer = customer_of(session, chat.id)
    known = {
        "agent": person.name,
        "customer": (customer.name if customer else None) or say(language, "canned_customer"),
        "waybill": parcels[0] if parcels else None,
        "case": cases[0]["number"] if cases else None,
        **{name: catalog.figure(name) for name in FIGURES},
    }
    return {name: say(language, f"canned_{name}") if value is None else value for name, value in known.items()}


def blanks(language: str) -> list[str]:
    """What stands in a reply for a variable that is not known; no customer should read it."""
    return [say(language, f"canned_{name}") for name in ("waybill", "case")]


def save(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    """{"shortcut", "text_zh", "text_en", "id"?}: writes a reply, or with `id` changes it; gives its `shortcut`."""
    _require_editor(person)
    shortcut = clean(asked.text("shortcut")).lstrip("/")
    values = {"shortcut": shortcut, **{name: _checked(asked, name) for name in ("text_zh", "text_en")}}
    if not _SHORTCUT.fullmatch(shortcut):
        raise Refused(400, "desk_canned_bad_shortcut")
    same = select(CannedReply).where(func.lower(CannedReply.shortcut) == shortcut.lower())
    taken, row = session.execute(same).scalar_one_or_none(), _found(session, asked)
    if taken is not None and taken is not row:
        raise Refused(409, "desk_canned_taken")
    for name, value in {**values, "updated_by": person.name, "updated_at": now()}.items():
        setattr(row, name, value)
    session.add(row)
    return {"shortcut": shortcut}


def _found(session: Session, asked: Asked) -> CannedReply:
    """The reply that `id` names, or a new one while there is room."""
    number = str(asked.body.get("id") or "")
    if number:
        row = session.get(CannedReply, int(number)) if number.isdecimal() and len(number) < 10 else None
        if row is None:
            raise Refused(404, "desk_unknown")
        return row
    if session.execute(select(func.count(CannedReply.id))).scalar_one() >= catalog.read("workspace")["canned_most"]:
        raise Refused(409, "desk_canned_full")
    return CannedReply()


def _checked(asked: Asked, name: str) -> str:
    """A text whose braces hold nothing but known variables. Raises Refused."""
    text = asked.text(name).strip()
    try:
        parts = [part for part in Formatter().parse(text) if part[1] is not None]
    except ValueError as error:
        raise Refused(400, "desk_canned_bad_variable", {"names": ", ".join(VARIABLES)}) from error
    if any(field not in VARIABLES or spec or conversion for _, field, spec, conversion in parts):
        raise Refused(400, "desk_canned_bad_variable", {"names": ", ".join(VARIABLES)})
    if len(text) > MOST_TEXT:
        raise Refused(400, "text_too_long")
    return text


def remove(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    _require_editor(person)
    session.execute(delete(CannedReply).where(CannedReply.id == asked.path["id"]))
    return {"id": asked.path["id"]}


def _require_editor(person: Person) -> None:
    if not person.reports:
        raise Refused(403, "desk_role")


def start_with(session: Session) -> None:
    """The replies of catalog/canned.yml, for a desk that has none."""
    if session.execute(select(CannedReply.id).limit(1)).first() is not None:
        return
    for shortcut, texts in catalog.read("canned")["replies"].items():
        row = {f"text_{language}": texts[language] for language in LANGUAGES}
        session.execute(insert(session, CannedReply).values(shortcut=shortcut, updated_by="-", updated_at=now(), **row))


def everything(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    """{"replies": [{"id", "shortcut", "text_zh", "text_en", "updated_by", "updated_at"}], "variables": […]}."""
    return {"replies": listed(session), "variables": VARIABLES}


def page(session: Session, person: Person, asked: Asked) -> Page:
    context = {"may_edit": person.reports, "most_text": MOST_TEXT}
    return Page("canned.html", {**everything(session, person, asked), **context})


def routes() -> list[BaseRoute]:
    return [
        Route("/canned", reads(everything)),
        Route("/canned", changes(save, answering=False), methods=["POST"]),
        Route("/canned/{id:int}/delete", changes(remove, answering=False), methods=["POST"]),
        Route("/conversations/{id:uuid}/canned", reads(filled)),
    ]


def page_routes() -> list[BaseRoute]:
    return [Route("/canned", shown(page))]
