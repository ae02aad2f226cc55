"""The desk's pages of cases and incidents. They show what the JSON gives; their changes go to the JSON too."""

from __future__ import annotations

from sqlalchemy.orm import Session
from starlette.routing import BaseRoute, Route

from bot.cases import incidents, priority
from bot.cases.states import KINDS, STATES, TRANSITIONS
from bot.cases.views import VIEWS
from bot.desk import accounts, cases, customers, sight
from bot.desk.access import Asked
from bot.desk.accounts import Person
from bot.desk.serving import Page, shown

SHOWN_INLINE = ("image/jpeg", "image/png", "image/gif", "image/webp")
ENDINGS = ("withdraw", "merge", "reject")
"""Transitions nothing leads back from: asked about once more."""


def case_pages(session: Session, person: Person, asked: Asked) -> Page:
    found = cases.case_list(session, person, asked)
    choices = {"kinds": KINDS, "states": STATES, "priorities": priority.PRIORITIES, "views": VIEWS}
    return Page("cases.html", {**found, **choices, "filters": cases.filters_of(asked)})


def case_page(session: Session, person: Person, asked: Asked) -> Page:
    case = cases.case(session, person, asked)
    known = sight.file_names(session, case["conversation_id"])
    context = {
        "case": case,
        "files": [known[file_id] for file_id in case["files"] if file_id in known],
        "inline": SHOWN_INLINE,
        "endings": ENDINGS,
        "needs": {name: TRANSITIONS[name].needs for name in case["allowed"]},
        "signs": [sign for sign in priority.known_signs() if sign not in case["signs"].split()],
        "agents": [person.name, *accounts.colleagues(session, person.name)],
        "customer": customers.about(session, case["conversation_id"]),
    }
    return Page("case.html", context)


def incident_page(session: Session, person: Person, asked: Asked) -> Page:
    context = {"kinds": incidents.KINDS}
    return Page("incidents.html", {**cases.incident_list(session, person, asked), **context})


def routes() -> list[BaseRoute]:
    return [
        Route("/cases", shown(case_pages)),
        Route("/cases/{number}", shown(case_page, noted=True)),
        Route("/incidents", shown(incident_page)),
    ]
