"""The life of a case as its customer hears of it: each step with what comes next and when, quiet at night."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import catalog
from bot.cases import clocks, incidents, moving, priority, timers
from bot.cases.errors import UnknownCase
from bot.cases.models import Case, CaseEvent, Incident
from bot.cases.states import FINISHED
from bot.duework import Piece
from bot.notices.affected import places_of
from bot.notices.telling import Notice, tell
from bot.shipments import tracking
from bot.wording import moment, say

_RESULTS = ("first_check", "propose", "settle", "reject")


def look(session: Session, piece: Piece, now: datetime) -> datetime | None:
    """Due work of the kind `moving.CLOCK`: what time does to the case; `timers` plans the next look."""
    try:
        case = moving.found_free(session, piece.subject)
    except UnknownCase:
        return None
    if case is None:
        return now + moving.BUSY
    if timers.is_new(case):
        _learn(session, case, now)
    timers.pass_time(session, case, now)
    return None


def tell_news(session: Session, piece: Piece, now: datetime) -> datetime | None:
    """Due work of the kind `moving.NEWS`: every step the customer has not been told of, in order."""
    try:
        case = moving.found_free(session, piece.subject)
    except UnknownCase:
        return None
    if case is None:
        return now + moving.BUSY
    query = select(CaseEvent).where(CaseEvent.case_id == case.id, CaseEvent.to_tell)
    steps = list(session.execute(query.order_by(CaseEvent.id)).scalars())
    quiet = catalog.quiet_until(now)
    if quiet and not any(_is_urgent(case, step, now, quiet) for step in steps):
        return quiet
    for step in steps:
        tell(session, case.conversation_id, partial(_notice, session, case, step, now))
        step.to_tell = False
    return None


def _learn(session: Session, case: Case, now: datetime) -> None:
    """What the shipment store knows of the parcel: its value weighs in, an incident on its way is named."""
    shipment = tracking.look_up(session, case.waybill) if case.waybill else None
    value = shipment.declared_value if shipment else None
    signs = priority.signs_of(case.category, case.description, value=value)  # cases from before signs were kept, too
    moving.weigh(session, case, signs, moving.SYSTEM, now)
    if shipment is None:
        return
    incident = incidents.incident_for(session, places_of(session, shipment), now)
    if incident:
        incidents.link(session, case, incident["id"], now)


def _is_urgent(case: Case, step: CaseEvent, now: datetime, quiet: datetime) -> bool:
    """A promised time ends in these quiet hours, and this is what was promised."""
    due = case.first_check_due_at if step.transition == "first_check" else case.result_due_at
    return step.transition in _RESULTS and due is not None and now <= due <= quiet


def _notice(session: Session, case: Case, step: CaseEvent, now: datetime, language: str) -> Notice:
    name = _name(step)
    message = _incident_text(session, case, language) if name == incidents.LINKED else step.message
    end = (case.reminded_at or now) + timedelta(days=catalog.figure("lapse_proposal_days"))
    values = {
        **catalog.figures(),
        "number": case.number,
        "subject": say(language, f"category_{case.category}" if case.category else f"kind_{case.kind}"),
        "message": f"{message}\n" if message else "",
        "following": _following(case, step.to_state, language, now),
        "other": case.merged_into,
        "lapses": moment(end, language),
        "appeal": say(language, "case_appeal", **catalog.figures()),
    }
    return say(language, f"notice_case_{name}", **values).strip(), _choices(case, name, language)


def _name(step: CaseEvent) -> str:
    """A breach is told of by its clock: its note is "2 result:late"."""
    if step.transition == moving.ESCALATE:
        return f"late_{step.note.split()[1].partition(':')[0]}"
    return str(step.transition)


def _following(case: Case, state: str, language: str, now: datetime) -> str:
    """What comes next; a date that is past is not promised again, and kinds without a clock are told none."""
    due = case.result_due_at
    promises = state in ("acknowledged", "triaged", "investigating", "waiting_third_party")
    if promises and due is None:
        return say(language, "case_next_acknowledged_no_clock")
    if promises and due <= now:
        return say(language, "case_next_late")
    return say(language, f"case_next_{state}", due=moment(due, language) if due else "")


def _choices(case: Case, name: str, language: str) -> list[tuple[str, str]]:
    """What the customer can decide now: a step told late offers nothing that is over."""
    about = f'{{"case_id": "{case.number}"}}'
    wanted: list[tuple[str, str]] = []
    if name in ("propose", "remind") and case.state == "proposed":
        wanted = [("choice_accept_proposal", "/accept_proposal"), ("choice_reject_proposal", "/reject_proposal")]
    elif case.state in FINISHED and name in ("accept", "lapse", "settle", "close"):
        wanted = [("choice_rate", "/rate_case"), ("choice_reopen", "/reopen_case")]
    choices = [(say(language, title), payload + about) for title, payload in wanted]
    if name in ("refuse", "reject", f"late_{clocks.FIRST_CHECK}", f"late_{clocks.RESULT}"):
        choices.append((say(language, "choice_human"), "/request_human"))
    return choices


def _incident_text(session: Session, case: Case, language: str) -> str:
    incident: Any = session.get(Incident, case.incident_id)
    return str(incident.text_en if language == "en" else incident.text_zh)
