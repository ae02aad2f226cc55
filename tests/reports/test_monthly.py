"""The monthly statistics, each figure worked out by hand."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.cases.models import Case
from bot.cases.surveys import record_survey
from bot.db import Database
from bot.reports import words
from bot.reports.model import Report, Share, Table, Word
from bot.reports.monthly import AREAS_SHOWN, monthly
from bot.reports.period import Period
from tests.reports.conftest import NOW, Shop, at

OCTOBER = Period(date(2026, 10, 1), date(2026, 10, 31))

CHECKED_IN_TIME = ("10-05 20:00", "investigate", "investigating")
TOLD_IN_TIME = ("10-08 10:00", "propose", "proposed")


def made(database: Database, now: datetime = NOW) -> Report:
    with database.read() as session:
        return monthly(session, OCTOBER, now)


def table(report: Report, name: str) -> Table:
    return next(table for table in report.tables if table.name == name)


def rows(report: Report, name: str) -> dict[str | None, tuple]:
    """Rows by the code in their first column."""
    return {getattr(row[0], "code", row[0]): row[1:] for row in table(report, name).rows}


def test_without_data_no_target_is_called_met_or_missed(database: Database) -> None:
    report = made(database)
    assert [target.verdict for target in report.targets] == ["no_data"] * 6
    assert report.charts == []
    assert all(mean.value is None for mean, *_ in rows(report, "survey").values())


def test_months_run_from_midnight_to_midnight_in_the_companys_time_zone(database: Database, shop: Shop) -> None:
    for created in ("09-30 23:59", "10-01 00:00", "10-30 23:59", "11-01 00:00"):
        shop.case(created, first_check_due_at=None, result_due_at=None)
    report = made(database)
    assert report.facts[0] == ("cases", 2)
    days = dict(table(report, "by_day").rows)
    assert len(days) == 31 and days[date(2026, 10, 1)] == 1 and days[date(2026, 10, 30)] == 1


def test_a_clock_is_kept_missed_running_or_ended_by_when_things_were_done(database: Database, shop: Shop) -> None:
    shop.case("10-05 09:00", CHECKED_IN_TIME, TOLD_IN_TIME)  # both kept
    shop.case("10-05 09:00", ("10-06 09:01", "investigate", "investigating"), TOLD_IN_TIME)  # check a minute late
    shop.case("10-05 09:00", CHECKED_IN_TIME)  # never told: late since the 12th
    shop.case("10-05 09:00", ("10-05 10:00", "withdraw", "withdrawn"))  # ended before any clock ran out
    shop.case("10-05 09:00", ("10-13 10:00", "withdraw", "withdrawn"))  # both had run out
    shop.case("10-31 09:00", ("10-31 10:00", "investigate", "investigating"))  # still running on the 5th
    shop.case("10-05 09:00", kind="praise", category=None, first_check_due_at=None, result_due_at=None)
    report = made(database, at("11-05 12:00"))
    assert rows(report, "clocks") == {
        "first_check": (3, 2, 0, 1, Share(3, 5)),
        "result": (2, 2, 1, 1, Share(2, 4)),
    }
    checks = {target.name: target for target in report.targets}
    assert {name: (checks[name].kept, checks[name].counted) for name in ("first_check", "result")} == {
        "first_check": (3, 5), "result": (2, 4),
    }  # fmt: skip
    assert checks["first_check"].verdict == "missed"


def test_a_result_told_in_the_last_minute_of_the_seventh_day_is_in_time(database: Database, shop: Shop) -> None:
    for told in ("10-12 09:00", "10-12 09:00:01"):
        shop.case("10-05 09:00", CHECKED_IN_TIME, (told, "propose", "proposed"))
    assert rows(made(database), "clocks")["result"][:2] == (1, 1)


def test_a_reopening_mends_no_clock_that_was_missed(database: Database, shop: Shop) -> None:
    late = ("10-14 10:00", "propose", "proposed")
    again = ("10-16 10:00", "reopen", "investigating")
    shop.case("10-05 09:00", CHECKED_IN_TIME, late, again, result_due_at=at("10-23 10:00"), reopened=1)
    assert rows(made(database), "clocks")["result"] == (0, 1, 0, 0, Share(0, 1))


def test_a_target_every_case_kept_is_met(database: Database, shop: Shop) -> None:
    shop.case("10-05 09:00", CHECKED_IN_TIME, TOLD_IN_TIME)
    verdicts = {target.name: target.verdict for target in made(database).targets}
    assert verdicts["first_check"] == verdicts["result"] == "met"


def test_cases_are_counted_by_kind_category_cause_and_area(database: Database, shop: Shop) -> None:
    first = shop.case("10-05 09:00", CHECKED_IN_TIME, TOLD_IN_TIME, area="上海", reopened=2)
    shop.case("10-05 09:00", area="上海", category="damage")
    shop.case("10-05 09:00", area=None, category="damage", kind="claim")
    shop.case("10-05 09:00", area="杭州")
    shop.found(first, "transit")
    report = made(database)
    assert rows(report, "by_kind") == {"complaint": (3, Share(3, 4)), "claim": (1, Share(1, 4))}
    assert rows(report, "by_category") == {
        "damage": (2, Share(2, 4), 0, Share(0, 2), Share(0, 2)),
        "delay": (2, Share(2, 4), 1, Share(1, 2), Share(1, 2)),
    }
    assert rows(report, "by_cause") == {None: (3, Share(3, 4)), "transit": (1, Share(1, 4))}
    assert rows(report, "by_area") == {
        "上海": (2, Share(2, 4), 1), None: (1, Share(1, 4), 1), "杭州": (1, Share(1, 4), 1),
    }  # fmt: skip
    assert ("reopened_cases", Share(1, 4)) in report.facts


def test_small_areas_are_summed_so_that_the_table_adds_up(database: Database, shop: Shop) -> None:
    for number in range(AREAS_SHOWN + 5):
        shop.case("10-05 09:00", area=f"城{number}")
    found = rows(made(database), "by_area")
    assert len(found) == AREAS_SHOWN + 1 and found["others"][0] == 5
    assert sum(row[0] for row in found.values()) == AREAS_SHOWN + 5


def test_surveys_are_averaged_by_dimension_and_skipped_ones_do_not_count(database: Database) -> None:
    answers = [{"speed": 5, "price": 2}, {"speed": 4, "price": None}, {"speed": 1}]
    with database.write() as session:
        for number, scores in enumerate(answers):
            record_survey(
                session, key=f"s{number}", scores=scores, conversation_id="c" * 32, now=at("10-09 10:00")
            )
        record_survey(session, key="later", scores={"speed": 1}, conversation_id="c" * 32, now=at("11-01 00:00"))
        session.commit()
    found = rows(made(database), "survey")
    assert found["speed"][0].value == pytest.approx(10 / 3)
    assert found["speed"][1:] == (3, 1, 1, 0, 0, 1, 1)
    assert found["price"][0].value == 2 and found["price"][1:] == (1, 1, 0, 1, 0, 0, 0)
    assert found["transparency"][0].value is None and found["transparency"][1] == 0


def test_first_replies_are_timed_by_channel_class(database: Database, shop: Shop) -> None:
    shop.chat(("10-05 09:00:00", "customer"), ("10-05 09:00:02", "bot"), ("10-05 09:00:10", "customer"))  # 2 s
    shop.chat(("10-05 09:00:00", "customer"), ("10-05 09:00:01", "system"), ("10-05 09:01:01", "agent"))  # 61 s
    shop.chat(("10-05 09:00:00", "customer"), ("10-05 09:00:30", "customer"), ("10-05 09:01:00", "bot"))  # 60 s
    shop.chat(("10-05 09:00:00", "customer"))  # never
    again = (("10-05 09:00:00", "bot"), ("10-05 09:30:00", "customer"), ("10-05 09:30:04", "bot"))  # half an hour on
    shop.chat(*again)
    shop.chat(("10-05 09:00:00", "customer"), ("10-05 09:50:00", "agent"), channel="weibo")
    shop.chat(("10-05 09:00:00", "customer"), ("10-05 10:00:01", "agent"), channel="weibo")
    report = made(database)
    targets = {target.name: (target.kept, target.counted, target.verdict) for target in report.targets}
    assert targets["online_reply"] == (3, 5, "missed") and targets["social_reply"] == (1, 2, "missed")
    times = rows(report, "times")
    assert times["reply_online"][0] == 4
    assert [part.value for part in times["reply_online"][1:]] == pytest.approx([4, 61, 61], abs=0.01)
    assert [part.value for part in times["reply_social"][1:]] == pytest.approx([3000, 3601, 3601], abs=0.01)


def test_a_reply_the_customer_never_saw_is_none(database: Database, shop: Shop) -> None:
    shop.chat(("10-05 09:00:00", "bot"), undelivered=True)
    shop.chat(("10-05 09:00:00", "customer"))
    assert next(target for target in made(database).targets if target.name == "online_reply").kept == 0


def test_the_answer_rate_counts_those_who_asked_at_peak_hours(database: Database, shop: Shop) -> None:
    chat = shop.chat(("10-05 09:00:00", "customer"))
    for claimed in ("10-05 09:05", "10-05 09:06", "10-05 09:07", "10-05 09:08"):
        shop.handoff(chat, "10-05 09:00", claimed, "10-05 10:00")
    shop.handoff(chat, "10-05 11:59", None, "10-05 12:10")  # gave up
    shop.handoff(chat, "10-05 12:00", None, "10-05 12:10")  # not a peak hour any more
    shop.handoff(chat, "10-05 08:59", None, None)  # nor yet one
    target = next(target for target in made(database).targets if target.name == "answer_rate")
    assert (target.kept, target.counted, target.verdict) == (4, 5, "met")
    shop.handoff(chat, "10-05 17:59", None, None)  # waits since October
    target = next(target for target in made(database).targets if target.name == "answer_rate")
    assert (target.kept, target.counted, target.verdict) == (4, 6, "missed")


def test_chats_are_the_bots_own_or_passed_on_with_reasons_and_times(database: Database, shop: Shop) -> None:
    for _ in range(3):
        shop.chat(("10-05 20:00:00", "customer"), ("10-05 20:00:01", "bot"))
    passed = shop.chat(("10-05 20:00:00", "customer"), ("10-05 20:00:01", "bot"))
    shop.handoff(passed, "10-05 20:00", "10-05 20:02", "10-05 20:12")
    shop.handoff(passed, "10-05 21:00", "10-05 21:04", "10-05 21:05", reason="fault")
    shop.handoff(passed, "10-05 22:00", None, "10-05 22:05")
    report = made(database)
    assert rows(report, "bot_or_person") == {"bot": (3,), "person": (1,)}
    assert rows(report, "reasons") == {"stuck": (2, 1), "fault": (1, 1)}
    times = rows(report, "times")
    assert [part.value for part in times["waiting"][1:]] == pytest.approx([240, 300, 300], abs=0.01)
    assert [part.value for part in times["handling"][1:]] == pytest.approx([60, 600, 600], abs=0.01)
    assert (times["waiting"][0], times["handling"][0]) == (3, 2)


def test_every_wait_for_a_person_counts_those_begun_again_and_those_still_open(database: Database, shop: Shop) -> None:
    chat = shop.chat(("10-05 09:00:00", "customer"))
    shop.handoff(chat, "10-05 09:00", "10-05 09:01", None)
    shop.move(chat, "10-05 09:01", "claimed", to="lin")
    shop.move(chat, "10-05 09:10", "lost")  # is taken again after four minutes
    shop.move(chat, "10-05 09:14", "assigned", to="chen")
    shop.move(chat, "10-05 09:20", "to_team", to="complaints")  # and waits since
    with database.read() as session:
        report = monthly(session, OCTOBER, at("10-05 09:50"))
    waiting = rows(report, "times")["waiting"]
    assert waiting[0] == 3
    assert [part.value for part in waiting[1:]] == pytest.approx([240, 1800, 1800], abs=0.01)


def test_a_persons_first_reply_is_judged_from_when_a_person_was_asked_for(database: Database, shop: Shop) -> None:
    for answered in ("10-05 09:01:00", "10-05 09:01:01"):  # in time, a second late
        prompt = ("10-05 08:59:58", "customer"), ("10-05 08:59:59", "bot"), (answered, "agent")
        shop.handoff(shop.chat(*prompt), "10-05 09:00", "10-05 09:00", "10-05 09:30")
    for ended in ("10-05 09:00:30", "10-05 09:20", None):  # left at once, gave up, waits still
        prompt = ("10-05 08:59:58", "customer"), ("10-05 08:59:59", "bot")
        shop.handoff(shop.chat(*prompt), "10-05 09:00", None, ended)
    target = next(target for target in made(database).targets if target.name == "person_reply")
    assert (target.kept, target.counted) == (1, 4)
    reply = rows(made(database), "times")["reply_person"]
    assert (reply[0], reply[3].value) == (2, pytest.approx(61, abs=0.01))


STEPS = st.lists(
    st.sampled_from([
        CHECKED_IN_TIME, ("10-07 09:00", "investigate", "investigating"), TOLD_IN_TIME,
        ("10-20 09:00", "propose", "proposed"), ("10-06 08:00", "withdraw", "withdrawn"),
    ]),
    max_size=3,
)  # fmt: skip
CASES = st.lists(
    st.tuples(
        st.sampled_from(["complaint", "claim"]), st.sampled_from(["delay", "damage", None]),
        st.sampled_from(["上海", "杭州", None]), st.sampled_from(["transit", "weather", None]),
        st.integers(0, 2), STEPS,
    ),
    max_size=8,
)  # fmt: skip


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cases=CASES)
def test_whatever_the_cases_are_every_table_adds_up_to_their_number(database: Database, cases: list[tuple]) -> None:
    _clear(database)
    shop = Shop(database)
    for kind, category, area, cause, reopened, steps in cases:
        steps = sorted(steps)
        number = shop.case("10-05 09:00", *steps, kind=kind, category=category, area=area, reopened=reopened)
        if cause:
            shop.found(number, cause)
    report = made(database)
    for name in ("by_kind", "by_category", "by_cause", "by_area", "by_day"):
        assert sum(row[1] for row in table(report, name).rows) == len(cases)
    for *verdicts, share in rows(report, "clocks").values():
        assert sum(verdicts) == len(cases)
        assert share == Share(verdicts[0], verdicts[0] + verdicts[1])
    for clock, column in (("first_check", -2), ("result", -1)):
        own = [row[column] for row in table(report, "by_category").rows]
        whole = rows(report, "clocks")[clock][-1]
        assert (sum(share.part for share in own), sum(share.whole for share in own)) == (whole.part, whole.whole)
    reopened = dict(report.facts)["reopened_cases"]
    assert reopened.part == sum(case[4] > 0 for case in cases)
    assert sum(row[3] for row in table(report, "by_category").rows) == reopened.part


def _clear(database: Database) -> None:
    with database.write() as session:
        session.query(Case).delete()  # its lines and findings go with it
        session.commit()


def test_a_word_of_a_report_that_nobody_worded_stands_for_itself() -> None:
    assert words.word(Word("reason", "brand_new"), "zh") == "brand_new"
