"""What people make of the collected lines: an intent or nothing, who said so and when, and undoing it.

UnknownLine      there is no such candidate
DecidedAlready   somebody else was first; carries who
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from bot.learning import intents
from bot.learning.models import ASSIGNED, DROPPED, OPEN, Candidate, Sighting


class UnknownLine(Exception):
    pass


class DecidedAlready(Exception):
    def __init__(self, by: str) -> None:
        super().__init__(by)
        self.by = by


ORDERS = {"frequent": Candidate.seen, "newest": Candidate.last_seen_at}


def listed(session: Session, *, state: str, order: str, after_id: int | None, limit: int) -> list[dict[str, Any]]:
    """A page of the lines in a state (see `_shown`), two queries whatever its length; `after_id` ended the last one."""
    first = ORDERS[order]
    query = select(Candidate).where(Candidate.state == state).order_by(first.desc(), Candidate.id.desc()).limit(limit)
    last = session.get(Candidate, after_id) if after_id else None
    if last is not None:
        # No tuples: values in them have no column's type, and PostgreSQL reads a time in its session's zone.
        value = getattr(last, first.key)
        query = query.where(or_(first < value, and_(first == value, Candidate.id < last.id)))
    return _shown(session, session.execute(query).scalars().all())


def counts(session: Session) -> dict[str, int]:
    """How many lines are in each state."""
    rows = session.execute(select(Candidate.state, func.count()).group_by(Candidate.state))
    return dict(rows.all())


def one(session: Session, candidate_id: int) -> dict[str, Any]:
    """Raises UnknownLine."""
    candidate = session.get(Candidate, candidate_id)
    if candidate is None:
        raise UnknownLine(candidate_id)
    return _shown(session, [candidate])[0]


def decide(session: Session, candidate_id: int, intent: str | None, *, by: str, now: datetime) -> None:
    """Assigns an intent, or drops the line with None; the same decision again changes nothing.

    Raises UnknownLine, DecidedAlready, and ValueError for what is no intent of ours.
    """
    if intent is not None and not intents.is_one(intent):
        raise ValueError(intent)
    candidate = _locked(session, candidate_id)
    state = DROPPED if intent is None else ASSIGNED
    if candidate.state != OPEN:
        if (candidate.state, candidate.intent) == (state, intent):
            return
        raise DecidedAlready(candidate.decided_by)
    candidate.state, candidate.intent = state, intent
    candidate.decided_by, candidate.decided_at = by, now


def undo(session: Session, candidate_id: int, *, by: str, now: datetime) -> None:
    """The line is open again. Raises UnknownLine."""
    candidate = _locked(session, candidate_id)
    if candidate.state != OPEN:
        candidate.state, candidate.intent = OPEN, None
        candidate.decided_by, candidate.decided_at = by, now


def labelled(session: Session) -> list[tuple[str, str, str]]:
    """(line with marks, intent, language) of every assigned line, those decided last first."""
    query = select(Candidate.text, Candidate.intent, Candidate.language).where(Candidate.state == ASSIGNED)
    rows = session.execute(query.order_by(Candidate.decided_at.desc(), Candidate.text_hash))
    return [(row.text, row.intent, row.language) for row in rows if intents.is_one(row.intent)]


def _locked(session: Session, candidate_id: int) -> Candidate:
    query = select(Candidate).where(Candidate.id == candidate_id).with_for_update()
    candidate = session.execute(query).scalar_one_or_none()
    if candidate is None:
        raise UnknownLine(candidate_id)
    return candidate


def _shown(session: Session, candidates: Sequence[Candidate]) -> list[dict[str, Any]]:
    """{"id", "text", "language", "seen", "last_seen_at", "ranking", "suggested", "state", "intent", "decided_by",
    "decided_at", "why": [{"reason", "handoff_reason", "outcome", "count"}], most frequent first}.
    """
    why = _why(session, [candidate.id for candidate in candidates])
    names = ("id", "text", "language", "seen", "ranking", "suggested", "state", "intent", "decided_by")
    return [
        {
            **{name: getattr(candidate, name) for name in names},
            "last_seen_at": candidate.last_seen_at.isoformat(),
            "decided_at": candidate.decided_at and candidate.decided_at.isoformat(),
            "why": why.get(candidate.id, []),
        }
        for candidate in candidates
    ]


def _why(session: Session, candidate_ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    kinds = (Sighting.reason, Sighting.handoff_reason, Sighting.outcome)
    count = func.count().label("count")
    query = select(Sighting.candidate_id, *kinds, count).where(Sighting.candidate_id.in_(candidate_ids))
    found: dict[int, list[dict[str, Any]]] = {}
    for row in session.execute(query.group_by(Sighting.candidate_id, *kinds).order_by(count.desc(), *kinds)).mappings():
        found.setdefault(row["candidate_id"], []).append({name: row[name] for name in row if name != "candidate_id"})
    return found
