"""Cases find their agent: due work of the desk, for the desk alone knows who works there and what they can."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.cases.assignment import give_to_freest
from bot.cases.errors import UnknownCase
from bot.cases.moving import ASSIGN, BUSY, found_free
from bot.desk.models import ANSWERING, Agent
from bot.duework import Handler, Piece


def assign(session: Session, piece: Piece, now: datetime) -> datetime | None:
    """Due work of the kind ASSIGN: a new case goes to the freest agent of its team, or waits for a supervisor."""
    try:
        case = found_free(session, piece.subject)
    except UnknownCase:
        return None  # erased meanwhile
    if case is None:
        return now + BUSY
    query = select(Agent.name, Agent.skills).where(Agent.role.in_(ANSWERING))
    give_to_freest(session, case, {agent.name: agent.skills.split(",") for agent in session.execute(query)}, now)
    return None


HANDLERS: Mapping[str, Handler] = {ASSIGN: assign}
