"""What this room forgets of a person. The caller commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from bot.learning.models import ASSIGNED, DROPPED, OPEN, Candidate, Sighting

_NOBODY_SAID = ~exists().where(Sighting.candidate_id == Candidate.id)


def erase(session: Session, conversations: Sequence[str]) -> None:
    """Lines said in these conversations alone, whatever was decided about them: they are that person's words."""
    _erase(session, conversations)


def expire(session: Session, conversations: Sequence[str]) -> None:
    """The same when conversations only grow old: a line somebody read and assigned names nobody, and stays longer."""
    _erase(session, conversations, Candidate.state != ASSIGNED)


def erase_old(
    session: Session, *, assigned_before: datetime, dropped_before: datetime, rare_before: datetime, most: int
) -> int:
    """Lines whose time is over; gives how many. An open line is rare that one message said; those that none is left of
    go with the dropped ones.
    """
    last = func.coalesce(Candidate.decided_at, Candidate.last_seen_at)  # one just opened again is not old
    is_over = or_(
        and_(Candidate.state == ASSIGNED, last < assigned_before),
        and_(Candidate.state == DROPPED, last < dropped_before),
        and_(Candidate.state == OPEN, Candidate.seen <= 1, last < rare_before),
        and_(Candidate.state == OPEN, _NOBODY_SAID, last < dropped_before),
    )
    gone = _locked(session, select(Candidate.id).where(is_over).order_by(last).limit(most))
    session.execute(delete(Candidate.__table__).where(Candidate.id.in_(gone)))
    return len(gone)


def _erase(session: Session, conversations: Sequence[str], *only: Any) -> None:
    own = Sighting.conversation_id.in_(conversations)
    candidates = _locked(session, select(Sighting.candidate_id).where(own))
    session.execute(delete(Sighting.__table__).where(own))
    session.execute(delete(Candidate.__table__).where(Candidate.id.in_(candidates), _NOBODY_SAID, *only))
    left = Sighting.candidate_id == Candidate.id
    seen, last = (select(what).where(left).scalar_subquery() for what in (func.count(), func.max(Sighting.at)))
    recount = update(Candidate).where(Candidate.id.in_(candidates), ~_NOBODY_SAID).values(seen=seen, last_seen_at=last)
    session.execute(recount, execution_options={"synchronize_session": False})


def _locked(session: Session, wanted: Any) -> list[int]:
    """The candidates of a query for ids, until the end of the transaction ours alone.

    Else two people erased at once would each leave the line to the other. The order is that of collecting: two who
    lock the same lines never wait for each other.
    """
    query = select(Candidate.id).where(Candidate.id.in_(wanted)).order_by(Candidate.text_hash)
    return list(session.execute(query.with_for_update()).scalars())
