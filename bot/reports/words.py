"""Cells, titles and targets in Chinese or English."""

from __future__ import annotations

from datetime import date, datetime

from bot import catalog
from bot.cases.findings import causes
from bot.reports.model import Cell, Mean, Note, Report, Seconds, Share, Target, Word
from bot.reports.period import local
from bot.wording import say, texts

_UNITS = (("s", 1, 60), ("min", 60, 3600), ("h", 3600, 86400))


def cell(value: Cell, language: str) -> str:
    if value is None:
        return say(language, "report_none")
    if isinstance(value, Word):
        return word(value, language)
    if isinstance(value, Note):
        return noted(language, value.transition, value.note) if value.note else say(language, "report_none")
    if isinstance(value, Share):
        return _share(value, language)
    if isinstance(value, Seconds):
        return say(language, "report_no_data") if value.value is None else duration(value.value, language)
    if isinstance(value, Mean):
        return say(language, "report_no_data") if value.value is None else f"{value.value:.2f}"
    if isinstance(value, datetime):
        return local(value).strftime("%Y-%m-%d %H:%M")
    return value.isoformat() if isinstance(value, date) else str(value)


def _share(value: Share, language: str) -> str:
    if value.percent is None:
        return say(language, "report_no_data")
    return f"{value.percent:.1f}% ({value.part}/{value.whole})"


def word(value: Word, language: str) -> str:
    """A code in words; one that nobody has worded stands for itself."""
    if value.code and value.group == "cause":
        return causes().get(value.code, {}).get(language, value.code)
    if value.code and value.group == "area" and value.code != "others":
        return catalog.cities().name(value.code, language)
    known = texts(language)
    for key in (f"report_{value.group}_{value.code or 'none'}", f"desk_{value.group}_{value.code}"):
        if key in known:
            return known[key]
    return value.code or say(language, "report_none")


def noted(language: str, transition: str, note: str) -> str:
    """A note of the audit in words: those that the clocks and rules write are codes."""
    if transition == "sign":
        return word(Word("sign", note), language)
    if transition != "escalate":
        return note
    level, _, reason = note.partition(" ")
    clock, _, colour = reason.partition(":")
    if colour:
        words = f"{word(Word('clock', clock), language)} {word(Word('colour', colour), language)}"
    else:
        words = word(Word("why" if reason == "refused" else "sign", reason), language)
    return say(language, "desk_level_reason", level=level, reason=words)


def duration(seconds: float, language: str) -> str:
    """59 → 59 s, 90 → 1.5 min, 5400 → 1.5 h, 200000 → 2.3 d."""
    unit, size = next(((unit, size) for unit, size, until in _UNITS if seconds < until), ("d", 86400))
    number = f"{seconds / size:.1f}".removesuffix(".0")
    return say(language, f"report_unit_{unit}", number=number)


def title(report: Report, language: str) -> str:
    named = say(language, f"report_kind_{report.kind}")
    return f"{named} · {report.about}" if report.about else named


def span(report: Report, language: str) -> str:
    """The days it is about; nothing for a report of one case."""
    if report.period is None:
        return ""
    first, last = report.period.first.isoformat(), report.period.last.isoformat()
    return first if first == last else say(language, "report_span", first=first, last=last)


def target(of: Target, language: str) -> str:
    return say(language, f"report_target_{of.name}", limit=of.limit)


def verdict(of: Target, language: str) -> str:
    return say(language, f"report_target_is_{of.verdict}")


def table_title(name: str, language: str) -> str:
    return say(language, f"report_table_{name}")


def column(name: str, language: str) -> str:
    return say(language, f"report_col_{name}")
