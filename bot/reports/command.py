"""Reports for the command line: made, and written into a folder."""

from __future__ import annotations

import os
from pathlib import Path

from bot.cases import findings
from bot.cases.errors import UnknownCase
from bot.db import Database, now
from bot.reports import files
from bot.reports.investigation import investigation
from bot.reports.making import OF_A_PERIOD, usual_period
from bot.reports.model import Report
from bot.reports.period import BadPeriod, between
from bot.reports.statement import BadPhone, statement

ACTOR = "system"


class BadRequest(Exception):
    """What was asked for cannot be made; the text is one sentence."""


def produce(
    database: Database,
    kind: str,
    *,
    first: str | None,
    last: str | None,
    number: str | None,
    phone: str | None,
    form: str,
    language: str,
    folder: Path,
) -> Path:
    """Where the file is. Only its owner may read it. Raises BadRequest."""
    try:
        report = _make(database, kind, first, last, number, phone)
        path = folder / files.name(report, form)
        folder.mkdir(parents=True, exist_ok=True)
        _keep(path, files.write(report, form, language))
    except (BadPeriod, BadPhone) as error:
        raise BadRequest(str(error)) from error
    except UnknownCase as error:
        raise BadRequest(f"there is no case {number}") from error
    except OSError as error:
        raise BadRequest(f"cannot write into {folder}: {error.strerror}") from error
    return path


def _make(
    database: Database, kind: str, first: str | None, last: str | None, number: str | None, phone: str | None
) -> Report:
    moment = now()
    if kind == "investigation":
        with database.write() as session:
            findings.note_report(session, str(number), actor=ACTOR, now=moment)
            session.commit()
            return investigation(session, str(number), moment)
    period = between(first, last, usual_period(kind, moment))
    with database.read() as session:
        if kind == "statement":
            return statement(session, phone or "", period, moment)
        return OF_A_PERIOD[kind](session, period, moment)


def _keep(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
