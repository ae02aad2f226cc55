"""Who does what at the desk: one's own state, offers, and what those who lead see of everyone."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.routing import BaseRoute, Route

from bot.conversations import ownership
from bot.conversations.errors import Conflict
from bot.conversations.inbox import lock
from bot.conversations.models import QUEUED, AgentState
from bot.conversations.wakeups import DESK, announce
from bot.db import now
from bot.desk import accounts, presence, routing, sight
from bot.desk.access import Asked, Missing, Refused
from bot.desk.accounts import Person
from bot.desk.api import changes, chat_id, reads, require_lead
from bot.desk.models import STATES
from bot.desk.serving import Page, shown
from bot.reports import files
from bot.reports.live import answering
from bot.reports.period import today


def set_state(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    """{"state": on, break or off, "name"?}: one's own; of others, those who lead."""
    state, name = asked.text("state"), str(asked.body.get("name") or person.name)
    if state not in STATES:
        raise Missing("state")
    if name != person.name:
        require_lead(person)
        if name not in accounts.colleagues(session, person.name):
            raise Refused(400, "desk_no_colleague")
    presence.set_state(session, name, state, now())
    announce(session, DESK)
    return {"name": name, "state": state}


def decline(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    """An offer is somebody else's: the next sweep asks them."""
    chat = lock(session, chat_id(asked))
    handoff = ownership.open_handoff(session, chat.id)
    if chat.owner != QUEUED or handoff is None or handoff.offered_to != person.name:
        raise Conflict("not offered to this agent")
    routing.pass_over(handoff)
    announce(session, DESK)
    return {"id": chat.id}


def team(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    """{"agents": [{"name", "role", "skills", "state", "since", "here", "load", "capacity", "chats"}], "waiting": […]}.

    `chats` and `waiting` are entries as of the queue.
    """
    require_lead(person)
    queue, moment = sight.queue(session, person)["conversations"], now()
    since = dict(
        session.execute(select(AgentState.agent, AgentState.since).where(AgentState.until.is_(None))).all()
    )
    agents = [
        {
            "name": one.name, "role": one.role, "skills": one.skills, "state": one.state, "here": one.is_there(moment),
            "since": since[one.name].isoformat() if one.name in since else None,
            "load": one.load, "capacity": one.capacity, "chats": [c for c in queue if c["agent"] == one.name],
        }
        for one in presence.colleagues(session)
    ]  # fmt: skip
    return {"agents": agents, "waiting": [chat for chat in queue if chat["owner"] == QUEUED]}


def page(session: Session, person: Person, asked: Asked) -> Page:
    return Page("team.html", _shown(session, person, asked))


def part(session: Session, person: Person, asked: Asked) -> Page:
    return Page("_team.html", _shown(session, person, asked))


def _shown(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    colleagues = presence.others(session, person.name, now())
    return {**team(session, person, asked), "states": STATES, "colleagues": colleagues}


def figures_part(session: Session, person: Person, asked: Asked) -> Page:
    """How customers are answered today, up to this moment."""
    require_lead(person)
    moment = now()
    return Page("_figures.html", {"report": files.as_part(answering(session, today(moment), moment), asked.language)})


def routes() -> list[BaseRoute]:
    return [
        Route("/team", reads(team)),
        Route("/state", changes(set_state), methods=["POST"]),
        Route("/conversations/{id:uuid}/decline", changes(decline), methods=["POST"]),
    ]


def page_routes() -> list[BaseRoute]:
    parts = {"/parts/team": part, "/parts/figures": figures_part}
    return [Route("/team", shown(page)), *(Route(path, shown(handler)) for path, handler in parts.items())]
