"""Who gets a case: the freest of those with its team's skill (phone, online, complaints, vip). The caller commits."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.cases import moving, priority
from bot.cases.models import Case
from bot.cases.service import ASSIGNED


def give_to_freest(
    session: Session, case: Case, skills: Mapping[str, Collection[str]], now: datetime
) -> str | None:
    """Assigns an open case that nobody has, locked by the caller; `skills` are those of each agent by name.

    Gives the agent's name; None, and nothing changes, where nobody fits or somebody has it.
    """
    if case.assignee or not case.is_open:
        return None
    skill = priority.skill_for(case.kind, case.signs.split())
    fitting = sorted(name for name, own in skills.items() if skill in own)
    if not fitting:
        return None
    loads = _loads(session, fitting)
    case.assignee = min(fitting, key=lambda name: (loads.get(name, 0), name))
    moving.record(session, case, ASSIGNED, moving.SYSTEM, now, case.state, note=case.assignee)
    return str(case.assignee)


def _loads(session: Session, names: Collection[str]) -> dict[str, int]:
    """How many open cases each has; those without any are not named."""
    query = select(Case.assignee, func.count()).where(Case.assignee.in_(names), Case.is_open)
    return {name: count for name, count in session.execute(query.group_by(Case.assignee))}
