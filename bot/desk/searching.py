"""One search over chats and cases; what is found is masked."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session
from starlette.routing import BaseRoute, Route

from bot import catalog
from bot.cases.service import list_cases
from bot.conversations.search import find
from bot.conversations.text import clean
from bot.desk.access import Asked
from bot.desk.accounts import Person
from bot.desk.api import reads
from bot.desk.serving import Page, shown

MOST_WORDS = 60


def found(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    """{"q"} → {"chats": […], "cases": […]}, newest first. By POST: a phone must not stand in an address."""
    q = clean(str(asked.body.get("q") or ""))[:MOST_WORDS]
    if not q:
        return {"chats": [], "cases": []}
    most = catalog.read("workspace")["found_chats"]
    return {"chats": find(session, q, most), "cases": list_cases(session, q=q, limit=most)}


def page(session: Session, person: Person, asked: Asked) -> Page:
    return Page("search.html", {})


def part(session: Session, person: Person, asked: Asked) -> Page:
    return Page("_found.html", {**found(session, person, asked), "most": catalog.read("workspace")["found_chats"]})


def routes() -> list[BaseRoute]:
    return [Route("/search", reads(found), methods=["POST"])]


def page_routes() -> list[BaseRoute]:
    return [Route("/search", shown(page)), Route("/parts/search", shown(part), methods=["POST"])]
