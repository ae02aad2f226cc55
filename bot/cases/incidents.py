"""Incidents: declared by a supervisor, mentioned to those they touch, closed with a summary. The caller commits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from bot import divisions
from bot.cases import moving
from bot.cases.errors import BadIncident
from bot.cases.models import Case, Incident
from bot.duework import call_off, plan

KINDS = ("natural_disaster", "accident", "public_health", "social_security")
"""自然灾害, 事故灾难, 公共卫生, 社会安全 (seed 001 §9.1.1)."""
TELL = "incident"
"""The kind of due work that tells those who watch an affected parcel; its subject is the incident's id."""
LINKED = "incident"
"""Name of an audit line, beside those of transitions."""
MOST_TEXT = 300
IncidentView = dict[str, Any]


def declare(
    session: Session,
    *,
    kind: str,
    areas: Sequence[str],
    text_zh: str,
    text_en: str,
    actor: str,
    now: datetime,
    facility: str | None = None,
    begins_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> IncidentView:
    """`areas` are cities and provinces by name, `facility` a hub or outlet; one at least. Raises BadIncident."""
    begins = begins_at or now
    if kind not in KINDS:
        raise BadIncident("kind")
    if not (areas or facility):
        raise BadIncident("areas")
    if not all(divisions.locate(area) for area in areas):
        raise BadIncident("area")  # nobody's parcel would ever lie in it
    if not (text_zh.strip() and text_en.strip()) or max(len(text_zh), len(text_en)) > MOST_TEXT:
        raise BadIncident("text")
    if ends_at is not None and ends_at <= max(begins, now):
        raise BadIncident("ends_at")
    if _has_twin(session, kind, areas, facility, now):
        raise BadIncident("twin")
    incident = Incident(
        kind=kind, areas=list(dict.fromkeys(areas)), facility=facility, text_zh=text_zh, text_en=text_en,
        begins_at=begins, ends_at=ends_at, declared_by=actor, declared_at=now,
    )  # fmt: skip
    session.add(incident)
    session.flush()
    plan(session, TELL, str(incident.id), max(begins, now))
    return _view(session, incident)


def _has_twin(session: Session, kind: str, areas: Sequence[str], facility: str | None, now: datetime) -> bool:
    """One of the same kind and place is not over: a second would tell the same customers the same again."""
    open_ones = select(Incident).where(
        Incident.kind == kind, Incident.closed_at.is_(None), or_(Incident.ends_at.is_(None), Incident.ends_at > now)
    )
    place = (facility, _narrowest(areas))
    return any((one.facility, _narrowest(one.areas)) == place for one in session.execute(open_ones).scalars())


def _narrowest(areas: Iterable[str]) -> set[str]:
    return {name for area in areas for name in _names(area)[:1]}


def close(session: Session, incident_id: int, summary: str, *, actor: str, now: datetime) -> IncidentView:
    """What was done and learnt is kept. Raises BadIncident: unknown, closed already, or no summary."""
    query = select(Incident).where(Incident.id == incident_id).with_for_update()
    incident = session.execute(query).scalar_one_or_none()
    if incident is None:
        raise BadIncident("unknown")
    if incident.closed_at is not None:
        raise BadIncident("closed")
    if not summary.strip():
        raise BadIncident("summary")
    incident.closed_at, incident.closed_by, incident.summary = now, actor, summary.strip()
    call_off(session, TELL, str(incident_id))
    session.flush()
    return _view(session, incident)


def incident_for(session: Session, places: Iterable[str | None], now: datetime) -> IncidentView | None:
    """The incident of now that touches one of these places (cities, facilities, by name), newest first.

    For answers about a parcel and for complaints on it: {"id", "kind", "text": {"zh", "en"}, "ends_at", …}.
    """
    wanted = [place for place in places if place]
    return next((_view(session, incident) for incident in active(session, now) if touches(incident, wanted)), None)


def active(session: Session, now: datetime) -> list[Incident]:
    """Begun, not closed and not past their expected end."""
    going = or_(Incident.ends_at.is_(None), Incident.ends_at > now)
    query = select(Incident).where(Incident.closed_at.is_(None), Incident.begins_at <= now, going)
    return list(session.execute(query.order_by(Incident.id.desc())).scalars())


def touches(incident: Incident, places: Iterable[str]) -> bool:
    """Whether one of the places is, or lies in, an area of the incident, or is its facility."""
    areas = _narrowest(incident.areas)
    own = incident.facility
    return any((own and own in place) or areas & set(_names(place)) for place in places)


def listed(session: Session, limit: int = 100) -> list[IncidentView]:
    """Open ones first, each newest first."""
    query = select(Incident).order_by(Incident.closed_at.is_not(None), Incident.id.desc()).limit(limit)
    return [_view(session, incident) for incident in session.execute(query).scalars()]


def link(session: Session, case: Case, incident_id: int, now: datetime) -> None:
    """Notes that a case may come from an incident, once; its customer is told."""
    if case.incident_id is None:
        case.incident_id = incident_id
        moving.record(session, case, LINKED, moving.SYSTEM, now, case.state, to_tell=True)


@lru_cache(maxsize=2000)
def _names(place: str) -> tuple[str, ...]:
    """The place by its narrowest name and those it lies in: 杭州市 → 杭州, 浙江; as it is where no list knows it."""
    found = divisions.locate(place)
    if len(found) != 1:
        return (place.strip().removesuffix("市").removesuffix("省"),)
    return tuple(name for name in dict.fromkeys((found[0].district, found[0].city, found[0].province)) if name)


def _view(session: Session, incident: Incident) -> IncidentView:
    linked = select(func.count()).select_from(Case).where(Case.incident_id == incident.id)
    times = ("begins_at", "ends_at", "declared_at", "closed_at")
    plain = ("id", "kind", "areas", "facility", "declared_by", "closed_by", "summary")
    return {
        **{name: getattr(incident, name) for name in plain},
        **{name: at.isoformat() if (at := getattr(incident, name)) else None for name in times},
        "text": {"zh": incident.text_zh, "en": incident.text_en},
        "cases": session.execute(linked).scalar_one(),
    }
