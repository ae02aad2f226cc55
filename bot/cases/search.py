"""Finding cases by number, waybill, phone, or words of the masked summary: fast at a million cases.

PostgreSQL has an inverted index over `terms` (single Chinese characters, pairs of them, whole Latin words and figures);
SQLite reads an index of the summaries through. Both then compare the words themselves.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from sqlalchemy import func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.orm import Session
from sqlalchemy.types import Text

from bot.cases.identifiers import compact, waybill_hash
from bot.cases.models import Case
from bot.privacy import phone_hash

_HAN = "\u3400-\u9fff"
_RUNS = re.compile(f"[{_HAN}]+|[^\\W{_HAN}]+")
_IDENTIFIER = re.compile(r"\+?(?=(?:\D*\d){6})[A-Z\d]+")
"""Six digits or more and nothing but Latin letters: a number, never words (numbers in summaries are starred)."""


def terms_of(text: str) -> str:
    """What a text is found by, by blanks: 杯子碎 cup → 杯 杯子 子 子碎 碎 cup."""
    return " ".join(sorted({term for run in _RUNS.findall(_folded(text)) for term in _of_run(run)}))


def matches(session: Session, q: str) -> Any:
    """The condition under which a case is found by `q`."""
    if _IDENTIFIER.fullmatch(compact(q)):
        return or_(Case.number == compact(q), Case.waybill_hash == waybill_hash(q), Case.phone_hash == phone_hash(q))
    words = q.strip().lower()
    inside = func.lower(Case.summary).contains(words, autoescape=True)
    if session.get_bind().dialect.name == "sqlite":
        return Case.id.in_(select(Case.id).where(inside))
    terms = _narrowest(words)
    indexed = literal_column("string_to_array(cases.terms, ' ')", type_=ARRAY(Text))
    return indexed.contains(array(terms, type_=Text)) & inside if terms else inside & False


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()


def _of_run(run: str) -> list[str]:
    if not re.match(f"[{_HAN}]", run):
        return [run]
    return [*run, *(run[at : at + 2] for at in range(len(run) - 1))]


def _narrowest(words: str) -> list[str]:
    """Of the terms those that say most: pairs, and single characters only where they stand alone."""
    runs = _RUNS.findall(_folded(words))
    return sorted({term for run in runs for term in _of_run(run) if len(term) > 1 or len(run) == 1})
