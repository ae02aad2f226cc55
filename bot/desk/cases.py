"""The desk's JSON of cases and incidents (DESIGN §4)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session
from starlette.routing import BaseRoute, Route

from bot.cases import incidents, priority
from bot.cases import service as cases
from bot.cases.errors import NotAllowed
from bot.cases.states import TRANSITIONS
from bot.cases.views import VIEWS
from bot.conversations.text import clean
from bot.db import now
from bot.desk import accounts, sight
from bot.desk.access import Asked, Missing, Refused
from bot.desk.accounts import Person
from bot.desk.api import A_PAGE, changes, reads
from bot.settings import settings

FILTERS = ("kind", "state", "priority", "view", "q", "after")


def filters_of(asked: Asked) -> dict[str, str]:
    found = {name: clean(asked.query.get(name, "")) for name in FILTERS}
    return {**found, "view": found["view"] if found["view"] in VIEWS else ""}


def case_list(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    """{"cases": […], "next": the value of `after` for the following page, or null}."""
    query = {name: value or None for name, value in filters_of(asked).items()}
    found = cases.list_cases(session, **query, agent=person.name, limit=A_PAGE + 1)
    page = found[:A_PAGE]
    return {"cases": page, "next": page[-1]["number"] if len(found) > A_PAGE else None}


def case(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    """A case as `cases.get` gives it, with the steps that this person may take; that they saw it is written down."""
    seen = cases.get(session, clean(asked.path["number"]))
    sight.note_case(session, person, seen["number"])
    return {**seen, "allowed": _permitted(person, seen["allowed"])}


def _permitted(person: Person, names: list[str]) -> list[str]:
    return [name for name in names if TRANSITIONS[name].by == "desk" or person.leads]


def case_step(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    """A transition, `assign` {"to"} or `sign` {"sign"}. `note` is for the desk, `message` is told to the customer."""
    number, name = clean(asked.path["number"]), asked.path["transition"]
    other_steps = {"assign": _assign, "sign": _sign, "merge": _merge}
    try:
        do = other_steps.get(name, _transition)
        changed = do(session, person, asked, number)
    except NotAllowed as error:
        more = {"allowed": _permitted(person, list(error.allowed))}
        raise Refused(409, "desk_not_allowed", more=more) from error
    return {**changed, "allowed": _permitted(person, changed["allowed"])}


def _transition(session: Session, person: Person, asked: Asked, number: str) -> dict[str, Any]:
    name, message = asked.path["transition"], _words(asked, "message")
    step = TRANSITIONS.get(name)
    if step and step.by == "system":
        raise NotAllowed(name, "", cases.get(session, number)["allowed"])
    if step and step.by == "supervisor" and not person.leads:
        raise Refused(403, "desk_supervisor_only")
    if step and step.needs == "message" and not message:
        raise Missing("message")
    return cases.transition(session, number, name, actor=person.name, note=_words(asked, "note"), message=message)


def _merge(session: Session, person: Person, asked: Asked, number: str) -> dict[str, Any]:
    into = clean(asked.text("other")).upper()
    return cases.merge(session, number, into, actor=person.name, note=_words(asked, "note"))


def _assign(session: Session, person: Person, asked: Asked, number: str) -> dict[str, Any]:
    """Anyone takes a case that nobody has; to give it to others is a supervisor's."""
    to = accounts.tidy(asked.text("to"))
    takes = to == person.name and cases.get(session, number)["assignee"] is None
    if not (takes or person.leads):
        raise Refused(403, "desk_supervisor_only")
    if to not in (person.name, *accounts.colleagues(session, person.name)):
        raise Refused(400, "desk_unknown_agent")
    return cases.assign(session, number, to, actor=person.name)


def _sign(session: Session, person: Person, asked: Asked, number: str) -> dict[str, Any]:
    sign = asked.text("sign")
    if sign not in priority.known_signs():
        raise Refused(400, "desk_unknown_sign")
    return cases.mark(session, number, sign, actor=person.name)


def _words(asked: Asked, name: str) -> str | None:
    return clean(str(asked.body.get(name) or "")) or None


# Incidents


def incident_list(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    """{"incidents": […]}, open ones first."""
    return {"incidents": incidents.listed(session)}


def declare(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    """`areas` is a list or words with commas; times are ISO, local to the company without a zone."""
    _require_lead(person)
    areas = asked.body.get("areas") or ""
    names = areas if isinstance(areas, list) else re.split(r"[,，、;；\s]+", str(areas))
    return incidents.declare(
        session, kind=str(asked.body.get("kind")), areas=[clean(str(name))[:60] for name in names if str(name).strip()],
        text_zh=_words(asked, "text_zh") or "", text_en=_words(asked, "text_en") or "", actor=person.name, now=now(),
        facility=(_words(asked, "facility") or "")[:60] or None, begins_at=_time(asked, "begins_at"),
        ends_at=_time(asked, "ends_at"),
    )  # fmt: skip


def close_incident(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    _require_lead(person)
    summary = _words(asked, "summary") or ""
    return incidents.close(session, asked.path["id"], summary, actor=person.name, now=now())


def _require_lead(person: Person) -> None:
    if not person.leads:
        raise Refused(403, "desk_role")


def _time(asked: Asked, name: str) -> datetime | None:
    words = _words(asked, name)
    if words is None:
        return None
    try:
        given = datetime.fromisoformat(words)
    except ValueError as error:
        raise Refused(400, "desk_bad_incident_time") from error
    return given if given.tzinfo else given.replace(tzinfo=ZoneInfo(settings().timezone))


def routes() -> list[BaseRoute]:
    return [
        Route("/cases", reads(case_list)),
        Route("/cases/{number}", reads(case, noted=True)),
        Route("/cases/{number}/{transition}", changes(case_step), methods=["POST"]),
        Route("/incidents", reads(incident_list)),
        Route("/incidents", changes(declare), methods=["POST"]),
        Route("/incidents/{id:int}/close", changes(close_incident), methods=["POST"]),
    ]
