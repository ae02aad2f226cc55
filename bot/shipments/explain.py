"""What a parcel's state means: on time, late, stuck, waiting for the customer, a problem, done; why; what to do.

Pure: facts in, wording keys with their values out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot import catalog

ON_TIME, LATE, STUCK, WAITING, PROBLEM, DONE, UNKNOWN = (
    "on_time", "late", "stuck", "waiting", "problem", "done", "unknown"
)  # fmt: skip

BEFORE_DELIVERY = frozenset({"created", "awaiting_pickup", "picked_up", "in_transit", "customs", "out_for_delivery"})

_ACTIONS = {
    LATE: ("track_do_expedite", "/expedite_delivery"),
    STUCK: ("track_do_complain_delay", "/complain_delay"),
    PROBLEM: ("track_do_person", "/request_human"),
}
_ACTIONS_BY_REASON = {
    "damaged": ("track_do_complain_damage", "/complain_damage"),
    "lost": ("track_do_complain_lost", "/complain_lost"),
    "unreachable": ("track_do_reschedule", "/reschedule_delivery"),
    "delivery_failed": ("track_do_reschedule", "/reschedule_delivery"),
    "wrong_address": ("track_do_address", "/change_address"),
}
_ACTIONS_BY_STATUS = {
    "at_pickup_point": ("track_do_pickup_code", "/faq_pickup_code"),
    "delivered": ("track_do_not_received", "/complain_false_delivery"),
    "unknown": ("track_do_person", "/request_human"),
}


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
    try:
        lane = (origin.removesuffix("市"), destination.removesuffix("市"))
        longest = catalog.quote(*lane, 1).days.rpartition("-")[2]
        return sent_at + timedelta(days=int(longest))
    except KeyError:
        return None


def explain(facts: Facts, now: datetime) -> Explanation:
    """Never claims what the facts do not show: without promise and usual time nothing is called late or on time."""
    verdict, why, values = _judge(facts, now)
    return Explanation(verdict, why, _next(facts, verdict), values, _action(facts, verdict))


def _judge(facts: Facts, now: datetime) -> tuple[str, str, dict[str, Any]]:
    quiet = now - facts.since if facts.since else timedelta(0)
    if facts.status in ("exception", "returning") or facts.reason == "customs_exception":
        return PROBLEM, _why_problem(facts), {}
    if facts.status in ("delivered", "returned", "cancelled"):
        return DONE, f"track_why_{facts.status}" + (f"_{facts.reason}" if facts.reason in _SIGNED else ""), {}
    if facts.status == "at_pickup_point":
        overdue = quiet > timedelta(hours=_threshold("pickup_point_hours"))
        return WAITING, "track_why_pickup_overdue_soon" if overdue else "track_why_at_pickup_point", {}
    if facts.status == "unknown":
        return UNKNOWN, "track_why_unknown", {}
    if quiet > timedelta(days=_threshold("silent_days")):
        return STUCK, "track_why_silent", {"days": quiet.days}
    if facts.status == "out_for_delivery" and quiet > timedelta(hours=_threshold("delivery_overdue_hours")):
        return STUCK, "track_why_delivery_overdue", {"hours": round(quiet.total_seconds() / 3600)}
    return _against_the_clock(facts, now)


def _why_problem(facts: Facts) -> str:
    # A courier's own "not signed in time" comes without the hours that we can count ourselves.
    reason = "delivery_overdue_reported" if facts.reason == "delivery_overdue" else facts.reason
    return f"track_why_{reason or facts.status}"


_SIGNED = frozenset({"by_proxy", "locker_or_station", "after_exception"})


def _against_the_clock(facts: Facts, now: datetime) -> tuple[str, str, dict[str, Any]]:
    kind = "promise" if facts.promised_at else "usual"
    by = facts.promised_at or facts.usual_by
    if by is None:
        return UNKNOWN, "track_why_no_promise", {}
    if by < now:
        return LATE, f"track_why_late_{kind}", {"by": by}
    return ON_TIME, f"track_why_on_time_{kind}", {"by": by}


def _next(facts: Facts, verdict: str) -> str:
    if verdict in (LATE, STUCK):
        return f"track_next_{verdict}"
    if facts.status == "exception" and facts.reason in _ACTIONS_BY_REASON:
        return f"track_next_{facts.reason}"
    return f"track_next_{facts.status}"


def _action(facts: Facts, verdict: str) -> tuple[str, str] | None:
    if facts.status == "exception" and facts.reason in _ACTIONS_BY_REASON:
        return _ACTIONS_BY_REASON[facts.reason]
    return _ACTIONS_BY_STATUS.get(facts.status) or _ACTIONS.get(verdict)


def _threshold(name: str) -> int:
    return int(catalog.read("tracking_thresholds")["figures"][name]["value"])
