"""What the bot did not catch, for quality and those who lead: each line gets an intent or is dropped, until undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session
from starlette.routing import BaseRoute, Route

from bot import catalog
from bot.db import now
from bot.desk.access import Asked, Refused
from bot.desk.accounts import Person
from bot.desk.api import changes, reads
from bot.desk.serving import Page, shown
from bot.learning import intents, reviewing
from bot.learning.masking import MARK
from bot.learning.models import OPEN, STATES
from bot.wording import texts

PATH = "/learning"


def lines(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    """{"lines": [see reviewing.py], "counts": {state: lines}, "state", "order", "next": `after` of the next page}."""
    _require_reviewer(person)
    state, order = asked.query.get("state") or OPEN, asked.query.get("order") or "frequent"
    if state not in STATES or order not in reviewing.ORDERS:
        raise Refused(404, "desk_unknown")
    size = catalog.read("learning")["a_page"]
    found = reviewing.listed(session, state=state, order=order, after_id=asked.number("after"), limit=size + 1)
    page = found[:size]
    return {
        "lines": page,
        "counts": {**dict.fromkeys(STATES, 0), **reviewing.counts(session)},
        "state": state,
        "order": order,
        "next": page[-1]["id"] if len(found) > size else None,
    }


def assign(session: Session, person: Person, asked: Asked) -> None:
    _require_reviewer(person)
    intent = asked.text("intent")
    try:
        reviewing.decide(session, asked.path["id"], intent, by=person.name, now=now())
    except ValueError as error:
        raise Refused(400, "desk_learning_no_intent") from error


def drop(session: Session, person: Person, asked: Asked) -> None:
    _require_reviewer(person)
    reviewing.decide(session, asked.path["id"], None, by=person.name, now=now())


def undo(session: Session, person: Person, asked: Asked) -> None:
    _require_reviewer(person)
    reviewing.undo(session, asked.path["id"], by=person.name, now=now())


def _require_reviewer(person: Person) -> None:
    if not person.reports:
        raise Refused(403, "desk_role")


def _deciding(act: Callable[[Session, Person, Asked], None]) -> Callable[[Session, Person, Asked], dict[str, Any]]:
    """Answers with the line as it is now; a line that is gone or that a colleague has decided is refused."""

    def handler(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
        try:
            act(session, person, asked)
            session.flush()
            return reviewing.one(session, asked.path["id"])
        except reviewing.UnknownLine as error:
            raise Refused(404, "desk_unknown") from error
        except reviewing.DecidedAlready as error:
            raise Refused(409, "desk_learning_decided", {"name": error.by}) from error

    return handler


def page(session: Session, person: Person, asked: Asked) -> Page:
    context = lines(session, person, asked)
    return Page("learning.html", {**context, "states": STATES, "orders": tuple(reviewing.ORDERS), **_words(asked)})


def part(session: Session, person: Person, asked: Asked) -> Page:
    """One line, as it is after a change."""
    _require_reviewer(person)
    try:
        return Page("_line.html", {"line": reviewing.one(session, asked.path["id"]), **_words(asked)})
    except reviewing.UnknownLine as error:
        raise Refused(404, "desk_unknown") from error


def _words(asked: Asked) -> dict[str, Any]:
    """`named` says an intent as customers are offered it, or as the desk does; `pieces` are words, mark, words, …"""
    own = texts(asked.language)

    def named(intent: str) -> str:
        return own.get(f"intent_{intent}") or own.get(f"desk_intent_{intent}", intent)

    return {"groups": intents.groups(), "named": named, "pieces": MARK.split}


def routes() -> list[BaseRoute]:
    acts = {"assign": assign, "drop": drop, "undo": undo}
    return [
        Route(PATH, reads(lines)),
        *(
            Route(f"{PATH}/{{id:int}}/{name}", changes(_deciding(act), answering=False), methods=["POST"])
            for name, act in acts.items()
        ),
    ]


def page_routes() -> list[BaseRoute]:
    return [Route(PATH, shown(page)), Route(f"/parts{PATH}/{{id:int}}", shown(part))]
