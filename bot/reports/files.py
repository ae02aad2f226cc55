"""A report as a file: a page, a table for Excel, or a picture."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.reports import words
from bot.reports.model import Report, Table

FORMATS = {"html": "text/html", "csv": "text/csv", "png": "image/png"}
HERE = Path(__file__).parent
STATIC = HERE / "static"
MOST_ROWS = 200
"""Rows of a table on a page; a CSV file has them all."""

_RUN_BY_EXCEL = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_BLANKS = ("\t", "\r", "\n")


def write(report: Report, form: str, language: str) -> bytes:
    """The file's content; `form` is one of FORMATS."""
    if form == "png":
        from bot.reports.picture import draw

        return draw(report, language)
    text = as_page(report, language) if form == "html" else as_csv(report, language)
    return text.encode("utf-8")


def name(report: Report, form: str) -> str:
    """monthly-2026-10-01_2026-10-31.csv, investigation-YD26112700001.html; a customer's phone is no part of it."""
    if report.period is None:
        return f"{report.kind}-{report.about}.{form}"
    return f"{report.kind}-{report.period.first}_{report.period.last}.{form}"


def as_csv(report: Report, language: str) -> str:
    """Blocks of a title, a head and rows, a blank line between; begins with the mark by which Excel knows UTF-8."""
    out = io.StringIO()
    rows = csv.writer(out)
    for line in _lines(report, language):
        rows.writerow([harmless(text) for text in line])
    return "\ufeff" + out.getvalue()


def _lines(report: Report, language: str) -> Iterable[list[str]]:
    yield [words.title(report, language)]
    yield [words.column("made", language), words.cell(report.made_at, language)]
    if report.period:
        yield [words.column("period", language), words.span(report, language)]
    for label, value in report.facts:
        yield [words.column(label, language), words.cell(value, language)]
    if report.targets:
        yield from ([], [words.table_title("targets", language)])
        yield [words.column(column, language) for column in ("target", "verdict", "kept_share")]
    for target in report.targets:
        share = words.cell(target.share, language)
        yield [words.target(target, language), words.verdict(target, language), share]
    for table in report.tables:
        yield from ([], [words.table_title(table.name, language)])
        yield [words.column(column, language) for column in table.columns]
        for row in table.rows:
            yield [words.cell(value, language) for value in row]


def harmless(text: str) -> str:
    """A cell that a spreadsheet would run as a formula is quoted (OWASP, CSV injection)."""
    runs = text.startswith(_BLANKS) or text.lstrip().startswith(_RUN_BY_EXCEL)
    return f"'{text}" if runs else text


def as_part(report: Report, language: str) -> str:
    """The report as HTML for a page that has `static/report.css`."""
    return _environment().get_template("_report.html").render(_context(report, language))


def as_page(report: Report, language: str) -> str:
    """A whole page that needs nothing else."""
    style = (STATIC / "report.css").read_text(encoding="utf-8")
    return _environment().get_template("report.html").render(_context(report, language), style=style)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _context(report: Report, language: str) -> dict[str, Any]:
    return {
        "report": report,
        "language": language,
        "words": words,
        "bars": lambda table: bars(table, language),
        "most_rows": MOST_ROWS,
        "cell": lambda value: words.cell(value, language),
        "column": lambda key: words.column(key, language),
        "t": lambda key, **values: words.say(language, f"report_{key}", **values),
    }


def bars(table: Table, language: str) -> list[dict[str, Any]]:
    """{"label", "text" of the value, "percent" of its place}."""
    return [
        {
            "label": words.cell(label, language),
            "text": words.cell(value, language),
            "percent": round(100 * length / table.scale(), 1),
        }
        for label, value, length in table.drawn()
    ]
