"""What SQLite and PostgreSQL say differently, and the middle of many numbers, which neither says alike."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from sqlalchemy import BigInteger, Float, func, literal, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.expression import ColumnElement, FunctionElement

from bot.db import UTCDateTime

QUARTER_S = 900


class seconds(FunctionElement):
    """A time as seconds since 1970."""

    type = Float()
    inherit_cache = True


@compiles(seconds, "sqlite")
def _seconds_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    # Rounded to what julianday knows, the millisecond: a whole minute must not come out a little longer.
    return f"round((julianday({compiler.process(element.clauses, **kw)}) - 2440587.5) * 86400.0, 3)"


@compiles(seconds, "postgresql")
def _seconds_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return f"CAST(extract(epoch from {compiler.process(element.clauses, **kw)}) AS double precision)"


class quarter(FunctionElement):
    """The quarter of an hour a time lies in, counted since 1970: every time zone is made of such quarters."""

    type = BigInteger()
    inherit_cache = True


@compiles(quarter, "sqlite")
def _quarter_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return f"(CAST(strftime('%s', {compiler.process(element.clauses, **kw)}) AS INTEGER) / {QUARTER_S})"


@compiles(quarter, "postgresql")
def _quarter_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return f"CAST(floor(extract(epoch from {compiler.process(element.clauses, **kw)}) / {QUARTER_S}) AS bigint)"


def at_quarter(number: int) -> datetime:
    return datetime.fromtimestamp(number * QUARTER_S, timezone.utc)


def moment(value: datetime) -> ColumnElement:
    """A time as a value of the query."""
    return literal(value, UTCDateTime)


Spread = dict[str, Any]
"""{"count", "median", "most" (nine of ten are below or at it), "longest"}"""


def spreads(session: Session, values: Any, *summed: str) -> dict[str, Spread]:
    """Of each group: from a query with the columns `by` and `value`; a NULL is no value.

    Of further columns, named in `summed`, each spread has the sum under the same name.
    """
    given = values.subquery()
    same = {"partition_by": given.c.by}
    ranked = select(
        given.c.by,
        given.c.value,
        *(given.c[name] for name in summed),
        func.row_number().over(**same, order_by=(given.c.value.is_(None), given.c.value)).label("place"),
        func.count(given.c.value).over(**same).label("many"),
    ).subquery()
    middle, ninth = (ranked.c.many + 1) / 2, (ranked.c.many * 9 + 9) / 10  # whole numbers: 1-based, rounded up
    query = select(
        ranked.c.by,
        func.max(ranked.c.many),
        func.max(ranked.c.value).filter(ranked.c.place <= middle),
        func.max(ranked.c.value).filter(ranked.c.place <= ninth),
        func.max(ranked.c.value),
        *(func.sum(ranked.c[name]) for name in summed),
    ).group_by(ranked.c.by)
    names = ("count", "median", "most", "longest", *summed)
    return {row[0]: dict(zip(names, row[1:], strict=True)) for row in session.execute(query)}
