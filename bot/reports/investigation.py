"""The complaint investigation report of one case (seed 002 (七)4): the one report in which nothing is masked.

Whoever draws it up is written into the case's history (`cases.findings.note_report`) by the caller.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.cases.errors import UnknownCase
from bot.cases.models import Case, CaseEvent, Finding, Survey
from bot.cases.surveys import DIMENSIONS
from bot.reports import clocks
from bot.reports.model import Cell, Note, Report, Seconds, Table, Word
from bot.shipments.models import Shipment, ShipmentEvent
from bot.shipments.tracking import look_up

MOST_SCANS = 200


def investigation(session: Session, number: str, now: datetime) -> Report:
    """Facts, the parcel's timeline, the case's audit, cause, remedy and prevention. Raises UnknownCase."""
    case = session.execute(select(Case).where(Case.number == number)).scalar_one_or_none()
    if case is None:
        raise UnknownCase(number)
    shipment = look_up(session, case.waybill) if case.waybill else None
    return Report(
        kind="investigation",
        period=None,
        made_at=now,
        about=case.number,
        facts=_facts(case, shipment),
        tables=[
            _clock_table(session, case, now), _timeline(session, shipment), _audit(session, case),
            _finding(session, case), _surveys(session, case),
        ],
    )  # fmt: skip


def _facts(case: Case, shipment: Shipment | None) -> list[tuple[str, Cell]]:
    return [
        ("kind", Word("kind", case.kind)),
        ("category", Word("category", case.category)),
        ("state", Word("state", case.state)),
        ("created", case.created_at),
        ("contact", case.contact_name),
        ("phone", case.phone),
        ("waybill", case.waybill),
        ("status", Word("status", shipment.status) if shipment else None),
        ("area", Word("area", case.area)),
        ("description", case.description),
        ("wish", case.remedy),
        ("files", len(case.files)),
        ("assignee", case.assignee),
        ("escalation", case.escalation),
        ("reopened", case.reopened),
    ]


def _clock_table(session: Session, case: Case, now: datetime) -> Table:
    done = clocks.moments(Case.id == case.id)
    query = (
        select(done.c.checked_at, done.c.told_at, clocks.first_check(done, now), clocks.result(done, now))
        .select_from(Case)
        .outerjoin(done, done.c.case_id == Case.id)
        .where(Case.id == case.id)
    )
    checked, told, first, result = session.execute(query).one()
    ends = {name: case.created_at + limit for name, limit in clocks.limits().items()}
    rows: list[Any] = [
        (Word("clock", name), due, done, _taken(case, done or now), Word("verdict", how))
        for name, due, done, how in (
            ("first_check", case.first_check_due_at and ends["first_check"], checked, first),
            ("result", case.result_due_at and ends["result"], told, result),
        )
    ]
    return Table("case_clocks", ("clock", "due", "done", "taken_so_far", "verdict"), rows, bars="taken_so_far")


def _taken(case: Case, until: datetime) -> Seconds:
    return Seconds((until - case.created_at).total_seconds())


def _timeline(session: Session, shipment: Shipment | None) -> Table:
    columns = ("at", "city", "status", "text")
    if shipment is None:
        return Table("timeline", columns, [])
    query = (
        select(ShipmentEvent.at, ShipmentEvent.city, ShipmentEvent.status, ShipmentEvent.text)
        .where(ShipmentEvent.waybill == shipment.waybill)
        .order_by(ShipmentEvent.at.desc(), ShipmentEvent.id.desc())
        .limit(MOST_SCANS)
    )
    rows: list[Any] = [(at, city, Word("status", status), text) for at, city, status, text in session.execute(query)]
    return Table("timeline", columns, rows[::-1])


def _audit(session: Session, case: Case) -> Table:
    query = select(CaseEvent).where(CaseEvent.case_id == case.id).order_by(CaseEvent.id)
    rows: list[Any] = [
        (event.at, Word("actor", event.actor), Word("transition", event.transition), Word("state", event.to_state),
         Note(event.transition, event.note))
        for event in session.execute(query).scalars()
    ]  # fmt: skip
    return Table("audit", ("at", "actor", "step", "state", "note"), rows)


def _finding(session: Session, case: Case) -> Table:
    found = session.get(Finding, case.id)
    columns = ("cause", "remedy", "prevention", "found_by", "at")
    if found is None:
        return Table("finding", columns, [])
    row = (Word("cause", found.cause), found.remedy or None, found.prevention or None, found.found_by, found.at)
    return Table("finding", columns, [row])


def _surveys(session: Session, case: Case) -> Table:
    query = select(Survey).where(Survey.case_id == case.id).order_by(Survey.id)
    rows: list[Any] = [
        (survey.at, *(getattr(survey, name) for name in DIMENSIONS), survey.comment)
        for survey in session.execute(query).scalars()
    ]
    return Table("case_survey", ("at", *DIMENSIONS, "comment"), rows)
