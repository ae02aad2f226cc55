"""What a parcel's state means: on time, late, stuck, waiting for the customer, a problem, done; why; what to do.

Pure: facts in, wording keys with their values out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot import catalog, divisions, freight
from bot.shipments.models import OVER

NO_PROMISE = "track_why_no_promise"
"""Said where only a promise or the lane's usual time could tell more."""

ON_TIME, LATE, STUCK, WAITING, PROBLEM, DONE, UNKNOWN = (
    "on_time", "late", "stuck", "waiting", "problem", "done", "unknown"
)  # fmt: skip

_PERSON = ("track_do_person", "/request_human")
_EXPEDITE = ("track_do_expedite", "/expedite_delivery")
_COMPLAIN_DELAY = ("track_do_complain_delay", "/complain_delay")
_PICKUP_CODE = ("track_do_pickup_code", "/faq_pickup_code")
_RESCHEDULE = ("track_do_reschedule", "/reschedule_delivery")

# What is best done about an exception, and the wording of what comes next where it is not the general one.
_ABOUT_REASON = {
    "damaged": ("track_next_damaged", ("track_do_complain_damage", "/complain_damage")),
    "lost": ("track_next_lost", ("track_do_complain_lost", "/complain_lost")),
    "unreachable": ("track_next_redeliver", _RESCHEDULE),
    "delivery_failed": ("track_next_redeliver", _RESCHEDULE),
    "wrong_address": ("track_next_wrong_address", ("track_do_address", "/change_address")),
    "out_of_area": ("track_next_out_of_area", ("track_do_outlet", "/find_outlet")),
    "pickup_overdue": ("track_next_at_pickup_point", _PICKUP_CODE),
    "held": ("track_next_late", _EXPEDITE),
    "no_update": ("track_next_stuck", _COMPLAIN_DELAY),
    "delivery_overdue": ("track_next_stuck", _COMPLAIN_DELAY),
}
_ABOUT_STATUS = {
    "at_pickup_point": _PICKUP_CODE,
    "delivered": ("track_do_not_received", "/complain_false_delivery"),
    "unknown": _PERSON,
}
_ABOUT_VERDICT = {LATE: _EXPEDITE, STUCK: _COMPLAIN_DELAY, PROBLEM: _PERSON}


@dataclass(frozen=True)
class Facts:
    """What is known of a parcel. `since` is the time of the newest scan; `usual_by` our estimate for its lane."""

    status: str
    reason: str | None = None
    since: datetime | None = None
    promised_at: datetime | None = None
    usual_by: datetime | None = None


@dataclass(frozen=True)
class Explanation:
    """Wording keys: `why` and `next` with `values`; `action` is (title key, payload)."""

    verdict: str
    why: str
    next: str
    values: dict[str, Any] = field(default_factory=dict)
    action: tuple[str, str] | None = None


def usual_by(origin: str | None, destination: str | None, sent_at: datetime | None) -> datetime | None:
    """When a parcel of this lane is usually there at the latest (catalog/rates.yml); none where we do not know."""
    if not (origin and destination and sent_at):
        return None
    places = [divisions.locate(origin), divisions.locate(destination)]
    if any(len(meant) != 1 for meant in places):
        return None
    try:
        _, longest = freight.usual_days(places[0][0], places[1][0])
    except KeyError:
        return None
    return sent_at + timedelta(days=longest)


def explain(facts: Facts, now: datetime) -> Explanation:
    """Never claims what the facts do not show: without promise and usual time nothing is called late or on time."""
    verdict, why, values = _judge(facts, now)
    following, action = _advice(facts, verdict)
    values = {"first_check_hours": catalog.figure("first_check_hours"), **_delivery_check(facts, now), **values}
    return Explanation(verdict, why, following, values, action)


def _judge(facts: Facts, now: datetime) -> tuple[str, str, dict[str, Any]]:
    if facts.status in ("exception", "returning") or facts.reason == "customs_exception":
        return PROBLEM, f"track_why_{facts.reason or facts.status}", {}
    if facts.status in OVER:
        return DONE, f"track_why_{facts.status}" + (f"_{facts.reason}" if facts.reason in _SIGNED else ""), {}
    if facts.status == "unknown":
        return UNKNOWN, "track_why_unknown", {}
    return _stuck(facts, now) or _waiting(facts, now) or _against_the_clock(facts, now)


_SIGNED = frozenset({"by_proxy", "locker_or_station", "after_exception"})


def _stuck(facts: Facts, now: datetime) -> tuple[str, str, dict[str, Any]] | None:
    """Too long without a scan. A parcel at a pickup point waits for the customer, not for us."""
    if facts.since is None or facts.status == "at_pickup_point":
        return None
    quiet = now - facts.since
    if quiet > timedelta(days=threshold("silent_days")):
        return STUCK, "track_why_silent", {"days": quiet.days}
    if facts.status == "out_for_delivery" and quiet > timedelta(hours=threshold("delivery_overdue_hours")):
        return STUCK, "track_why_out_too_long", {"hours": _hours(quiet)}
    return None


def _waiting(facts: Facts, now: datetime) -> tuple[str, str, dict[str, Any]] | None:
    if facts.status == "at_pickup_point":
        lain = now - facts.since if facts.since else timedelta(0)
        long = lain > timedelta(hours=threshold("pickup_point_hours"))
        return WAITING, "track_why_lain_long" if long else "track_why_at_pickup_point", {"hours": _hours(lain)}
    if facts.status == "out_for_delivery" and (facts.promised_at is None or facts.promised_at >= now):
        return WAITING, "track_why_out_for_delivery", {}
    return None


def _against_the_clock(facts: Facts, now: datetime) -> tuple[str, str, dict[str, Any]]:
    kind = "promise" if facts.promised_at else "usual"
    by = facts.promised_at or facts.usual_by
    if by is None:
        return UNKNOWN, NO_PROMISE, {}
    if by < now:
        return LATE, f"track_why_late_{kind}", {"by": by}
    return ON_TIME, f"track_why_on_time_{kind}", {"by": by}


def _advice(facts: Facts, verdict: str) -> tuple[str, tuple[str, str] | None]:
    """What comes next, and the one thing best done now."""
    if facts.status == "exception" and facts.reason in _ABOUT_REASON:
        return _ABOUT_REASON[facts.reason]
    if verdict == STUCK:
        return "track_next_stuck", _COMPLAIN_DELAY
    if facts.status == "out_for_delivery":
        return "track_next_out_for_delivery", _EXPEDITE
    if verdict == LATE:
        return "track_next_late", _EXPEDITE
    kind = facts.reason if facts.reason in ("forwarded", "customs_exception") else facts.status
    return f"track_next_{kind}", _ABOUT_STATUS.get(facts.status) or _ABOUT_VERDICT.get(verdict)


def _delivery_check(facts: Facts, now: datetime) -> dict[str, Any]:
    """Until when a parcel out for delivery should be signed for: as promised, and before it counts as stuck."""
    if facts.status != "out_for_delivery" or facts.since is None:
        return {}
    stuck_at = facts.since + timedelta(hours=threshold("delivery_overdue_hours"))
    promised_at = facts.promised_at
    return {"check_by": min(promised_at, stuck_at) if promised_at and promised_at >= now else stuck_at}


def _hours(span: timedelta) -> int:
    return int(span.total_seconds() // 3600)


def threshold(name: str) -> int:
    """A figure of catalog/tracking_thresholds.yml: when quiet is stuck, and lying long is too long."""
    return int(catalog.read("tracking_thresholds")["figures"][name]["value"])
