"""What customers answer when asked how it went. Functions take the caller's session and do not commit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import catalog
from bot.cases.errors import BadSurvey, UnknownCase
from bot.cases.models import Case, Survey
from bot.db import now as present
from bot.db import once

DIMENSIONS = ("speed", "quality", "price", "transparency", "problem_solving")
"""Service speed, service quality, fair price, transparency, problem solving (seed 001 §8.1.3)."""
LEAST, MOST = 1, 5


def low_score() -> int:
    """This score and below need a follow-up."""
    return int(catalog.read("quality")["figures"]["low_score"]["value"])


def record_survey(
    session: Session,
    *,
    key: str,
    scores: Mapping[str, int | None],
    case_number: str | None = None,
    conversation_id: str | None = None,
    comment: str | None = None,
    now: datetime | None = None,
) -> dict[str, object]:
    """Keeps the answers once per `key`; gives {"id", "follow_up"}. A dimension left out or None was skipped.

    Raises UnknownCase; BadSurvey when there is neither score nor comment, or neither case nor conversation.
    """
    _check(scores, comment, case_number or conversation_id)

    def do() -> dict[str, object]:
        given = {name: scores.get(name) for name in DIMENSIONS}
        survey = Survey(
            case_id=_case_id(session, case_number) if case_number else None,
            conversation_id=conversation_id,
            comment=comment or None,
            follow_up=any(score is not None and score <= low_score() for score in given.values()),
            at=now or present(),
            **given,
        )
        session.add(survey)
        session.flush()
        return {"id": survey.id, "follow_up": survey.follow_up}

    return once(session, key, "record_survey", do)


def _check(scores: Mapping[str, int | None], comment: str | None, subject: str | None) -> None:
    if not set(scores) <= set(DIMENSIONS):
        raise BadSurvey(f"a dimension is one of {', '.join(DIMENSIONS)}")
    if any(score is not None and score not in range(LEAST, MOST + 1) for score in scores.values()):
        raise BadSurvey(f"a score is a whole number from {LEAST} to {MOST}")
    if not comment and not any(scores.values()):
        raise BadSurvey("a survey needs a score or a comment")
    if not subject:
        raise BadSurvey("a survey is about a case or a conversation")


def _case_id(session: Session, number: str) -> int:
    case_id = session.execute(select(Case.id).where(Case.number == number)).scalar_one_or_none()
    if case_id is None:
        raise UnknownCase(number)
    return int(case_id)
