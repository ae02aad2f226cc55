"""Reports at the desk: pages and downloads, for those whose role may see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.cases import findings
from bot.cases.errors import BadFinding
from bot.conversations.text import clean
from bot.db import database, now
from bot.desk.access import PATH, Asked, Refused, check_change, identify, read
from bot.desk.accounts import Person
from bot.desk.api import refusing
from bot.desk.rendering import render
from bot.desk.serving import HEADERS, answering_pages
from bot.reports import files
from bot.reports.investigation import investigation
from bot.reports.making import OF_A_PERIOD, usual_period
from bot.reports.model import Report
from bot.reports.period import BadPeriod, Period, between
from bot.reports.statement import BadPhone, statement

MOST_TEXT = 2000

Work = Callable[[Session, Person, Asked], Response]


def _endpoint(work: Work, *, writes: bool = False) -> Callable[[Request], Any]:
    """A handler for those who may see reports, in one unit of work."""

    def run(asked: Asked) -> Response:
        with (database().write if writes else database().read)() as session, refusing():
            person = identify(session, asked)
            if not person.reports:
                raise Refused(403, "desk_role")
            response = work(session, person, asked)
            if writes:
                session.commit()
            return response

    @answering_pages
    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(run, await read(request))

    return endpoint


async def home(request: Request) -> Response:
    return RedirectResponse(f"{PATH}/reports/exceptions", 303, HEADERS)


def of_a_period(session: Session, person: Person, asked: Asked) -> Response:
    """The page of a report, or with `format` its file."""
    kind = asked.path["kind"]
    if kind not in OF_A_PERIOD:
        raise Refused(404, "desk_report_unknown")
    moment = now()
    period = _period(asked.query, usual_period(kind, moment))
    return _shown(OF_A_PERIOD[kind](session, period, moment), person, asked, asked.query.get("format", ""))


def statement_form(session: Session, person: Person, asked: Asked) -> Response:
    return _page("statement", usual_period("statement", now()), None, person, asked)


def statement_of(session: Session, person: Person, asked: Asked) -> Response:
    """Asked for by POST: the phone must not stand in an address, where logs and histories keep it."""
    check_change(person, asked, answering=False)
    moment = now()
    period = _period(asked.body, usual_period("statement", moment))
    try:
        report = statement(session, asked.text("phone"), period, moment)
    except BadPhone as error:
        raise Refused(400, "report_bad_phone") from error
    return _shown(report, person, asked, str(asked.body.get("format", "")))


def case_report(session: Session, person: Person, asked: Asked) -> Response:
    """The investigation report; who sees it is written into the case's history first."""
    number, moment = clean(asked.path["number"]), now()
    findings.note_report(session, number, actor=person.name, now=moment)
    return _shown(investigation(session, number, moment), person, asked, asked.query.get("format", ""))


def record_finding(session: Session, person: Person, asked: Asked) -> Response:
    check_change(person, asked)
    number = clean(asked.path["number"])
    remedy, prevention = (clean(str(asked.body.get(name) or ""))[:MOST_TEXT] for name in ("remedy", "prevention"))
    cause = str(asked.body.get("cause") or "")
    try:
        findings.record_finding(
            session, number, cause=cause, remedy=remedy, prevention=prevention, actor=person.name, now=now()
        )
    except BadFinding as error:
        raise Refused(400, "report_bad_cause") from error
    return RedirectResponse(f"{PATH}/reports/cases/{number}", 303, HEADERS)


def _period(given: Any, usual: Period) -> Period:
    try:
        return between(str(given.get("from") or ""), str(given.get("to") or ""), usual)
    except BadPeriod as error:
        raise Refused(400, error.key) from error


def _shown(report: Report, person: Person, asked: Asked, form: str) -> Response:
    if not form:
        return _page(report.kind, report.period, report, person, asked)
    if form not in files.FORMATS:
        raise Refused(400, "desk_report_unknown")
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{files.name(report, form)}"'}
    return Response(files.write(report, form, asked.language), media_type=files.FORMATS[form], headers=headers)


def _page(kind: str, period: Period | None, report: Report | None, person: Person, asked: Asked) -> Response:
    context = {
        "person": person,
        "here": asked.here,
        "kind": kind,
        "kinds": (*OF_A_PERIOD, "statement"),
        "period": period,
        "number": report.about if report and kind == "investigation" else None,
        "phone": str(asked.body.get("phone", "")),
        "report": files.as_part(report, asked.language) if report else "",
        "formats": files.FORMATS,
        "causes": findings.causes(),
        "most_text": MOST_TEXT,
    }
    return HTMLResponse(render("report.html", asked.language, context), headers=HEADERS)


def routes() -> list[BaseRoute]:
    of_case = "/reports/cases/{number}"
    return [
        Route("/reports", home),
        Route("/reports/statement", _endpoint(statement_form)),
        Route("/reports/statement", _endpoint(statement_of), methods=["POST"]),
        Route("/reports/{kind}", _endpoint(of_a_period)),
        Route(of_case, _endpoint(case_report, writes=True)),
        Route(of_case, _endpoint(record_finding, writes=True), methods=["POST"]),
    ]
