"""What this room forgets of a person. The caller commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from bot.learning.models import ASSIGNED, Candidate, Sighting

_NOBODY_SAID = ~exists().where(Sighting.candidate_id == Candidate.id)


def erase(session: Session, conversations: Sequence[str]) -> None:
    """Lines said in these conversations alone, whatever was decided about them: they are that person's words."""
    _erase(session, conversations)


def expire(session: Session, conversations: Sequence[str]) -> None:
    """The same when conversations only grow old: a line somebody read and assigned names nobody, and stays longer."""
    _erase(session, conversations, Candidate.state != ASSIGNED)


def erase_old(session: Session, decided_before: datetime, most: int) -> int:
    """Assigned lines whose time is over, and lines opened again that no message is left of; gives how many."""
    kept_so_far = or_(Candidate.state == ASSIGNED, _NOBODY_SAID)
    old = select(Candidate.id).where(Candidate.decided_at < decided_before, kept_so_far)
    gone = list(session.execute(old.order_by(Candidate.decided_at).limit(most)).scalars())
    session.execute(delete(Candidate.__table__).where(Candidate.id.in_(gone)))
    return len(gone)


def _erase(session: Session, conversations: Sequence[str], *only: Any) -> None:
    said = select(Sighting.candidate_id).where(Sighting.conversation_id.in_(conversations)).distinct()
    candidates = sorted(session.execute(said).scalars())
    session.execute(delete(Sighting.__table__).where(Sighting.conversation_id.in_(conversations)))
    session.execute(delete(Candidate.__table__).where(Candidate.id.in_(candidates), _NOBODY_SAID, *only))
    still = select(func.count()).where(Sighting.candidate_id == Candidate.id).scalar_subquery()
    recount = update(Candidate).where(Candidate.id.in_(candidates), ~_NOBODY_SAID).values(seen=still)
    session.execute(recount, execution_options={"synchronize_session": False})
