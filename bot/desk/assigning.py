"""Cases find their agent: due work of the desk, for the desk alone knows who works there and what they can."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import catalog
from bot.cases.assignment import give_to_freest
from bot.cases.errors import UnknownCase
from bot.cases.moving import ASSIGN, BUSY, found_free
from bot.desk.models import ANSWERING, Agent
from bot.duework import Handler, Piece


def assign(session: Session, piece: Piece, now: datetime) -> datetime | None:
    """Due work of the kind ASSIGN: a new case goes to the freest agent of its team, or waits for a supervisor.

    Who was at the desk of late comes first: a case with someone who is away, or never came, is with nobody.
    """
    try:
        case = found_free(session, piece.subject)
    except UnknownCase:
        return None  # erased meanwhile
    if case is None:
        return now + BUSY
    came_lately = now - timedelta(hours=catalog.read("routing")["seen_lately_hours"])
    if give_to_freest(session, case, _skills(session, Agent.seen_at >= came_lately), now) is None:
        give_to_freest(session, case, _skills(session), now)
    return None


def _skills(session: Session, *which: Any) -> dict[str, list[str]]:
    query = select(Agent.name, Agent.skills).where(Agent.role.in_(ANSWERING), *which)
    return {agent.name: agent.skills.split(",") for agent in session.execute(query)}


HANDLERS: Mapping[str, Handler] = {ASSIGN: assign}
