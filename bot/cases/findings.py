"""What an investigation found, and the audit line of each report that shows a case unmasked.

Functions take the caller's session and do not commit.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import catalog
from bot.cases.errors import BadFinding, UnknownCase
from bot.cases.models import Case, CaseEvent, Finding

REPORTED, FOUND = "report", "finding"
"""Names of the audit lines, beside those of transitions."""


def causes() -> dict[str, dict[str, str]]:
    """Causes by code: {"packaging": {"zh": "包装不当", "en": "poor packaging"}, …}."""
    return dict(catalog.read("quality")["causes"])


def record_finding(
    session: Session, number: str, *, cause: str, remedy: str, prevention: str, actor: str, now: datetime
) -> None:
    """Keeps what was found, in place of an earlier finding. Raises UnknownCase, BadFinding."""
    if cause not in causes():
        raise BadFinding(f"a cause is one of {', '.join(causes())}")
    case = _case(session, number)
    session.merge(
        Finding(case_id=case.id, cause=cause, remedy=remedy, prevention=prevention, found_by=actor, at=now)
    )
    _note(session, case, FOUND, actor, now)


def note_report(session: Session, number: str, *, actor: str, now: datetime) -> None:
    """Writes down who drew up a report that shows everything about the case. Raises UnknownCase."""
    _note(session, _case(session, number), REPORTED, actor, now)


def _case(session: Session, number: str) -> Case:
    case = session.execute(select(Case).where(Case.number == number)).scalar_one_or_none()
    if case is None:
        raise UnknownCase(number)
    return case


def _note(session: Session, case: Case, name: str, actor: str, now: datetime) -> None:
    line = CaseEvent(
        case_id=case.id, at=now, actor=actor, transition=name, from_state=case.state, to_state=case.state
    )
    session.add(line)
    session.flush()
