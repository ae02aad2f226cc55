"""The monthly statement for an A-class customer (seed 003 (一)3): their parcels, their cases, and the clocks kept."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from bot.cases.models import Case
from bot.catalog import figure
from bot.customers.store import class_of
from bot.privacy import mask_phone, mask_waybill, phone_digits, phone_hash
from bot.reports import clocks
from bot.reports.clocks import KEPT, MISSED
from bot.reports.model import Report, Share, Table, Target, Word
from bot.reports.period import Period
from bot.shipments.models import Party, Shipment

SHORTEST_PHONE = 7

ON_TIME, LATE, UNDER_WAY, NO_PROMISE, NOT_DELIVERED = "on_time", "late", "under_way", "no_promise", "not_delivered"
_BACK = ("returning", "returned", "cancelled")


class BadPhone(Exception):
    """Not a whole phone number: the last digits alone are anybody's."""


def statement(session: Session, phone: str, period: Period, now: datetime) -> Report:
    """Of the customer with this phone, as sender or receiver. Raises BadPhone."""
    if len(phone_digits(phone)) < SHORTEST_PHONE or "*" in phone:
        raise BadPhone("a whole phone number is needed")
    parcels, cases = _parcels(session, phone, period, now), _cases(session, phone, period, now)
    timely = Counter(row[-1].code for row in parcels)
    return Report(
        kind="statement",
        period=period,
        made_at=now,
        about=mask_phone(phone),
        facts=[
            ("customer_class", Word("class", class_of(session, None, phone) or "none")),
            ("parcels", len(parcels)),
            ("delivered_on_time", Share(timely[ON_TIME], timely[ON_TIME] + timely[LATE])),
            ("cases", len(cases)),
        ],
        targets=[_target("first_check", cases, -2), _target("result", cases, -1)],
        tables=[
            Table("timeliness", ("timely", "parcels"), _counted("timely", timely), bars="parcels" if parcels else None),
            Table("own_parcels", ("waybill", "status", "sent", "promised", "last_scan", "timely"), parcels),
            Table("own_cases", ("number", "kind", "category", "state", "created", "first_check", "result"), cases),
        ],
    )


def _counted(group: str, found: Counter[Any]) -> list[tuple[Any, ...]]:
    return [(Word(group, code), found[code]) for code in (ON_TIME, LATE, UNDER_WAY, NO_PROMISE, NOT_DELIVERED)]


def _parcels(session: Session, phone: str, period: Period, now: datetime) -> list[tuple[Any, ...]]:
    """Parcels sent in the period, or whose day of posting is not known and that were scanned in it."""
    own = select(Party.waybill).where(Party.phone_hash == phone_hash(phone))
    dated = func.coalesce(Shipment.created_at, Shipment.last_event_at)
    columns = (Shipment.status, Shipment.created_at, Shipment.promised_at, Shipment.last_event_at)
    query = select(Shipment.waybill, *columns).where(
        Shipment.waybill.in_(own), dated >= period.start, dated < period.end
    )
    rows = session.execute(query.order_by(dated, Shipment.waybill))
    return [
        (mask_waybill(waybill), Word("status", status), sent, promised, last,
         Word("timely", _timely(status, promised, last, now)))
        for waybill, status, sent, promised, last in rows
    ]  # fmt: skip


def _timely(status: str, promised: datetime | None, last: datetime | None, now: datetime) -> str:
    """A delivered parcel's newest scan is its delivery; one that is under way is late once its promise is over."""
    if status in _BACK:
        return NOT_DELIVERED
    if promised is None:
        return NO_PROMISE
    there = last if status == "delivered" else None
    if (there or now) > promised:
        return LATE
    return ON_TIME if status == "delivered" else UNDER_WAY


def _cases(session: Session, phone: str, period: Period, now: datetime) -> list[tuple[Any, ...]]:
    which = and_(
        Case.phone_hash == phone_hash(phone), Case.created_at >= period.start, Case.created_at < period.end
    )
    done = clocks.moments(which)
    query = (
        select(
            Case.number, Case.kind, Case.category, Case.state, Case.created_at,
            clocks.first_check(done, now), clocks.result(done, now),
        )
        .outerjoin(done, done.c.case_id == Case.id)
        .where(which)
        .order_by(Case.id)
    )  # fmt: skip
    return [
        (number, Word("kind", kind), Word("category", category), Word("state", state), at,
         Word("verdict", checked), Word("verdict", told))
        for number, kind, category, state, at, checked, told in session.execute(query)
    ]  # fmt: skip


def _target(name: str, cases: list[tuple[Any, ...]], column: int) -> Target:
    verdicts = Counter(row[column].code for row in cases)
    limit = int(figure("first_check_hours" if name == "first_check" else "result_days"))
    return Target(name, limit, verdicts[KEPT], verdicts[KEPT] + verdicts[MISSED])
