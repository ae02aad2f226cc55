"""What a state means: verdict, reason, next step and one action, never more than the facts show."""

from datetime import datetime, timedelta, timezone

import pytest

from bot.shipments.explain import Facts, explain, usual_by
from bot.shipments.statuses import codes, read_code
from bot.wording import say

NOW = datetime(2026, 11, 24, 4, tzinfo=timezone.utc)
SOON, AGO = NOW + timedelta(hours=20), NOW - timedelta(hours=2)


def facts(code: str, hours: float = 2, promised_at: datetime | None = None, usual: datetime | None = None) -> Facts:
    """A parcel whose newest scan, `hours` ago, has this code."""
    return Facts(*read_code(code), NOW - timedelta(hours=hours), promised_at, usual)


@pytest.mark.parametrize(("known", "verdict", "why", "payload"), [
    (facts("in_transit", promised_at=SOON), "on_time", "track_why_on_time_promise", None),
    (facts("in_transit", usual=SOON), "on_time", "track_why_on_time_usual", None),
    (facts("in_transit", promised_at=AGO), "late", "track_why_late_promise", "/expedite_delivery"),
    (facts("in_transit", promised_at=SOON, usual=AGO), "on_time", "track_why_on_time_promise", None),
    (facts("picked_up", usual=AGO), "late", "track_why_late_usual", "/expedite_delivery"),
    (facts("in_transit"), "unknown", "track_why_no_promise", None),
    (facts("in_transit", hours=5 * 24 - 1, promised_at=SOON), "on_time", "track_why_on_time_promise", None),
    (facts("in_transit", hours=5 * 24 + 1, promised_at=SOON), "stuck", "track_why_silent", "/complain_delay"),
    (facts("out_for_delivery", hours=35), "waiting", "track_why_out_for_delivery", "/expedite_delivery"),
    (facts("out_for_delivery", hours=37), "stuck", "track_why_out_too_long", "/complain_delay"),
    (facts("out_for_delivery", promised_at=AGO), "late", "track_why_late_promise", "/expedite_delivery"),
    (facts("at_pickup_point", hours=17), "waiting", "track_why_at_pickup_point", "/faq_pickup_code"),
    (facts("at_pickup_point", hours=19), "waiting", "track_why_lain_long", "/faq_pickup_code"),
    (facts("at_pickup_point", hours=200), "waiting", "track_why_lain_long", "/faq_pickup_code"),
    (facts("customs"), "unknown", "track_why_no_promise", None),
    (facts("13"), "problem", "track_why_customs_exception", "/request_human"),
    (facts("209"), "problem", "track_why_damaged", "/complain_damage"),
    (facts("2"), "problem", "track_why_exception", "/request_human"),
    (facts("exception/lost"), "problem", "track_why_lost", "/complain_lost"),
    (facts("207"), "problem", "track_why_out_of_area", "/find_outlet"),
    (facts("6"), "problem", "track_why_returning", "/request_human"),
    (facts("304"), "done", "track_why_delivered_locker_or_station", "/complain_false_delivery"),
    (facts("301", hours=900), "done", "track_why_delivered", "/complain_false_delivery"),
    (facts("4"), "done", "track_why_returned", None),
    (facts("401"), "done", "track_why_cancelled", None),
    (Facts("unknown"), "unknown", "track_why_unknown", "/request_human"),
    (Facts("created"), "unknown", "track_why_no_promise", None),
])  # fmt: skip
def test_a_state_gets_its_verdict_reason_and_best_action(
    known: Facts, verdict: str, why: str, payload: str | None
) -> None:
    explained = explain(known, NOW)
    assert (explained.verdict, explained.why) == (verdict, why)
    assert (explained.action and explained.action[1]) == payload


@pytest.mark.parametrize(
    ("known", "hours"),
    [
        (facts("out_for_delivery", promised_at=SOON), 20),
        (facts("out_for_delivery", promised_at=NOW + timedelta(days=3)), 34),
        (facts("out_for_delivery"), 34),
        (facts("out_for_delivery", promised_at=AGO), 34),
    ],
    ids=["promised first", "stuck first", "no promise", "promise passed"],
)
def test_a_parcel_out_for_delivery_is_to_be_there_as_promised_and_before_it_counts_as_stuck(
    known: Facts, hours: int
) -> None:
    assert explain(known, NOW).values["check_by"] == NOW + timedelta(hours=hours)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("hours", [1, 40, 500])
@pytest.mark.parametrize("promised_at", [None, SOON, AGO], ids=["none", "soon", "passed"])
def test_every_code_can_be_explained_in_both_languages(
    language: str, hours: int, promised_at: datetime | None
) -> None:
    for code in codes():
        explained = explain(facts(code, hours, promised_at), NOW)
        keys = [explained.why, explained.next, f"track_status_{read_code(code)[0]}"]
        keys += explained.action[:1] if explained.action else []
        told = [say(language, key, **explained.values) for key in keys]
        assert all(told) and not any("{" in sentence for sentence in told), code


def test_the_usual_time_of_a_lane_is_its_longest_and_is_not_guessed_for_unknown_places() -> None:
    assert usual_by("上海市", "深圳", NOW) == NOW + timedelta(days=3)
    assert usual_by("上海", "火星", NOW) is None
    assert usual_by("上海", None, NOW) is None and usual_by("上海", "深圳", None) is None
