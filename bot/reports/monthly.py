"""The monthly statistics: cases by kind, category, cause, area and clock; surveys; how customers were answered."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from bot import catalog
from bot.cases.models import Case, Finding, Survey
from bot.cases.surveys import DIMENSIONS, LEAST, MOST, low_score
from bot.reports import clocks, service
from bot.reports.clocks import KEPT, MISSED, VERDICTS
from bot.reports.model import Mean, Report, Share, Table, Target, Word
from bot.reports.period import Period, local
from bot.reports.sql import at_quarter, quarter

AREAS_SHOWN = 20
FIELDS = ("kind", "category", "cause", "first_check", "result", "again")

Cube = Counter[tuple[Any, ...]]
"""How many cases there are of each combination of FIELDS."""


def monthly(session: Session, period: Period, now: datetime) -> Report:
    cube, areas = _cube(session, period, now)
    replies = service.first_replies(session, period, now)
    return Report(
        kind="monthly",
        period=period,
        made_at=now,
        facts=[
            ("cases", sum(cube.values())),
            ("reopened_cases", Share(_count(cube, again=True), sum(cube.values()))),
        ],
        targets=[*service.targets(session, period, replies, now), *_clock_targets(cube)],
        tables=[
            _by_day(session, period),
            _simple(cube, "by_kind", "kind"),
            service.bot_or_person(session, period),
            _by_category(cube),
            _simple(cube, "by_cause", "cause"),
            _by_area(areas),
            _clocks(cube),
            survey(session, period),
            service.reasons(session, period),
            service.times(session, period, replies, now),
        ],
    )


def _cube(session: Session, period: Period, now: datetime) -> tuple[Cube, Cube]:
    """One query for every table of cases, so that their totals agree: the cube, and how many there are of each area
    and verdict on its result. Apart, for a country has more areas than all the other fields together have values.
    """
    which = _opened_in(period)
    done = clocks.moments(which)
    fields = (
        Case.kind, Case.category, Finding.cause,
        clocks.first_check(done, now), clocks.result(done, now), Case.reopened > 0,
    )  # fmt: skip
    counted = (
        select(Case.area, *(field.label(name) for field, name in zip(fields, FIELDS, strict=True)))
        .outerjoin(done, done.c.case_id == Case.id)
        .outerjoin(Finding, Finding.case_id == Case.id)
        .where(which)
        .subquery()
    )
    columns = [counted.c.area, *(counted.c[name] for name in FIELDS)]
    cube, areas = Cube(), Cube()
    for area, *key, many in session.execute(select(*columns, func.count()).group_by(*columns)):
        cube[tuple(key)] += many
        areas[area, key[FIELDS.index("result")]] += many
    return cube, areas


def _opened_in(period: Period) -> Any:
    return and_(Case.created_at >= period.start, Case.created_at < period.end)


def _count(cube: Cube, **wanted: Any) -> int:
    places = [(FIELDS.index(name), value) for name, value in wanted.items()]
    return sum(many for key, many in cube.items() if all(key[place] == value for place, value in places))


def _values(cube: Cube, name: str) -> list[tuple[Any, int]]:
    """Values of a field and how many cases have them, most frequent first."""
    found: Counter[Any] = Counter()
    for key, many in cube.items():
        found[key[FIELDS.index(name)]] += many
    return _most_first(found)


def _most_first(found: Counter[Any]) -> list[tuple[Any, int]]:
    return sorted(found.items(), key=lambda pair: (-pair[1], str(pair[0])))


def _clock_targets(cube: Cube) -> list[Target]:
    made, limits = [], {"first_check": catalog.figure("first_check_hours"), "result": catalog.figure("result_days")}
    for clock, limit in limits.items():
        kept, missed = (_count(cube, **{clock: verdict}) for verdict in (KEPT, MISSED))
        made.append(Target(clock, int(limit), kept, kept + missed))
    return made


def _simple(cube: Cube, name: str, field: str) -> Table:
    every = sum(cube.values())
    rows: list[Any] = [(Word(field, value), many, Share(many, every)) for value, many in _values(cube, field)]
    return Table(name, (field, "cases", "share"), rows, bars="cases")


def _by_category(cube: Cube) -> Table:
    rows: list[Any] = []
    for category, many in _values(cube, "category"):
        own = Counter({key: count for key, count in cube.items() if key[FIELDS.index("category")] == category})
        rows.append((
            Word("category", category), many, Share(many, sum(cube.values())), _count(own, again=True),
            *(_kept(own, clock) for clock in ("first_check", "result")),
        ))  # fmt: skip
    columns = ("category", "cases", "share", "reopened", "first_check_kept", "result_kept")
    return Table("by_category", columns, rows, bars="cases")


def _kept(cube: Cube, clock: str) -> Share:
    kept = _count(cube, **{clock: KEPT})
    return Share(kept, kept + _count(cube, **{clock: MISSED}))


def _by_area(areas: Cube) -> Table:
    """The areas with most cases; the others together, so that the sum is that of all cases."""
    every, by_area, missed = sum(areas.values()), Counter[Any](), Counter[Any]()
    for (area, verdict), many in areas.items():
        by_area[area] += many
        missed[area] += many if verdict == MISSED else 0
    found = _most_first(by_area)
    rows: list[Any] = [
        (Word("area", area), many, Share(many, every), missed[area]) for area, many in found[:AREAS_SHOWN]
    ]
    rest = found[AREAS_SHOWN:]
    if rest:
        many = sum(count for _, count in rest)
        rows.append((Word("area", "others"), many, Share(many, every), sum(missed[area] for area, _ in rest)))
    return Table("by_area", ("area", "cases", "share", "result_missed"), rows, bars="cases")


def _clocks(cube: Cube) -> Table:
    rows: list[Any] = [
        (Word("clock", clock), *(_count(cube, **{clock: verdict}) for verdict in VERDICTS), _kept(cube, clock))
        for clock in ("first_check", "result")
    ]
    return Table("clocks", ("clock", *VERDICTS, "kept_share"), rows, bars="kept_share")


def _by_day(session: Session, period: Period) -> Table:
    bucket = quarter(Case.created_at)
    days = Counter({day: 0 for day in period.days()})
    for number, many in session.execute(select(bucket, func.count()).where(_opened_in(period)).group_by(bucket)):
        days[local(at_quarter(number)).date()] += many
    bars = "cases" if any(days.values()) else None
    return Table("by_day", ("day", "cases"), sorted(days.items()), bars=bars, upright=True)


def survey(session: Session, period: Period) -> Table:
    """What customers answered in the period."""
    columns = [getattr(Survey, name) for name in DIMENSIONS]
    asked = [
        aggregate
        for column in columns
        for aggregate in (
            func.avg(column), func.count().filter(column <= low_score()),
            *(func.count().filter(column == score) for score in range(LEAST, MOST + 1)),
        )
    ]  # fmt: skip
    row = session.execute(select(*asked).where(Survey.at >= period.start, Survey.at < period.end)).one()
    width = len(asked) // len(columns)
    rows: list[Any] = []
    for place, name in enumerate(DIMENSIONS):
        mean, low, *by_score = row[place * width : (place + 1) * width]
        rows.append((
            Word("dimension", name), Mean(None if mean is None else float(mean)), sum(by_score), low, *by_score,
        ))  # fmt: skip
    scores = tuple(f"score_{score}" for score in range(LEAST, MOST + 1))
    return Table("survey", ("dimension", "mean", "answers", "low", *scores), rows, bars="mean")
