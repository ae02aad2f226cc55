"""Finding cases by number, waybill, phone, or words of the masked summary: fast at a million cases.

PostgreSQL has an inverted index over `terms` (single Chinese characters, pairs of them, whole Latin words and figures);
SQLite reads an index of the summaries through. Both then compare the words themselves.
"""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import and_, func, literal_column, or_, select, text
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.orm import Session
from sqlalchemy.types import Text

from bot.cases.identifiers import compact, waybill_hash
from bot.cases.models import Case
from bot.cases.terms import narrow_terms
from bot.privacy import phone_hash

_SHARES = text(
    "SELECT unnest(most_common_elems::text::text[]) AS term, unnest(most_common_elem_freqs) AS share"
    " FROM pg_stats WHERE tablename = :index"
)
COMMON = 0.01
"""Share of the rows from which on the newest fifty that have a term are found sooner than all of them."""
_IDENTIFIER = re.compile(r"\+?(?=(?:\D*\d){6})[A-Z\d]+")
"""Six digits or more and nothing but Latin letters: a number, never words (numbers in summaries are starred)."""


def matches(session: Session, q: str) -> Any:
    """The condition under which a case is found by `q`."""
    if is_identifier(q):
        return or_(Case.number == compact(q), Case.waybill_hash == waybill_hash(q), Case.phone_hash == phone_hash(q))
    return holds(session, Case, q, behind=": ")


def is_identifier(q: str) -> bool:
    """Whether `q` is a number and not words."""
    return _IDENTIFIER.fullmatch(compact(q)) is not None


def holds(session: Session, table: Any, q: str, behind: str = "") -> Any:
    """The condition under which the masked `summary` of a row holds each of the words, `behind` this sign: what stands
    before it is a code that nobody is shown. Its `terms` are indexed as in cases.
    """
    words = q.lower().split()
    if session.get_bind().dialect.name == "sqlite":
        shown = _from(table.summary, func.instr, behind)
        return table.id.in_(select(table.id).where(*(_inside_on_sqlite(shown, word) for word in words)))
    # strpos(), for the planner takes LIKE to be so rare that it fetches every row of a common word before the newest.
    shown = func.lower(_from(table.summary, func.strpos, behind))
    inside = and_(*(func.strpos(shown, word) > 0 for word in words))
    terms = _rarest(session, table.__tablename__, narrow_terms(" ".join(words)))
    indexed = literal_column(f"string_to_array({table.__tablename__}.terms, ' ')", type_=ARRAY(Text))
    return indexed.contains(array(terms, type_=Text)) & inside if terms else inside & False


def _from(summary: Any, place: Any, sign: str) -> Any:
    return func.substr(summary, place(summary, sign) + len(sign), type_=Text) if sign else summary


def _rarest(session: Session, table: str, runs: list[list[str]]) -> list[str]:
    """Of each run the terms that the fewest rows have, by PostgreSQL's statistics; those they do not list are rare.

    Not all: 态度, 度很 and 很差 come together, and the planner, who multiplies their shares, would fetch tens of
    thousands of rows one by one instead of reading back from the newest. So one of a common run, two of a rare one.
    """
    known = {}
    if any(len(run) > 1 for run in runs):
        rows = session.execute(_SHARES, {"index": f"ix_{table}_terms"})
        known = {row.term: row.share for row in rows}
    terms = []
    for run in runs:
        rarest = sorted(run, key=lambda term: known.get(term, 0.0))
        terms += rarest[: 1 if known.get(rarest[0], 0.0) >= COMMON else 2]
    return terms


def _inside_on_sqlite(summary: Any, words: str) -> Any:
    """SQLite's LIKE folds Latin letters itself; where there are none, instr() is faster by half."""
    if re.search("[a-z]", words):
        return summary.contains(words, autoescape=True)
    return func.instr(summary, words) > 0
