"""What the customer hears of a case before asking: each step once, with what comes next, quiet at night."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from bot.cases import service
from bot.db import Database
from bot.shipments.models import Shipment
from tests.cases.support import DAY, HOUR, NOON, Teller, decide, escalations, pass_time, seen, step

NIGHT = datetime(2026, 11, 27, 15, 30, tzinfo=timezone.utc)  # 23:30 in Shanghai
MORNING = datetime(2026, 11, 28, 0, 0, tzinfo=timezone.utc)


@pytest.fixture
def lin(database: Database) -> Teller:
    return Teller(database)


def proposed(teller: Teller, at: datetime = NOON) -> str:
    number = teller.open(at)
    step(teller.database, number, "investigate", at)
    step(teller.database, number, "propose", at, "赔付 200 元，三天内到账")
    pass_time(teller.database, at)
    return number


def test_each_step_is_told_once_with_its_words_and_what_comes_next(lin: Teller, database: Database) -> None:
    number = lin.open()
    pass_time(database, NOON)
    assert lin.told() == []  # acknowledged in the turn itself
    step(database, number, "triage", NOON)
    pass_time(database, NOON)
    step(database, number, "first_check", NOON + HOUR, "网点说当天淋了雨")
    pass_time(database, NOON + HOUR)
    pass_time(database, NOON + HOUR)
    triaged, checked = lin.told()
    assert number in triaged and "12月04日" in triaged
    assert "网点说当天淋了雨" in checked and "12月04日" in checked


def test_an_english_customer_is_told_in_english(database: Database) -> None:
    amy = Teller(database, "en")
    number = amy.open(language="en")
    step(database, number, "first_check", NOON, "It got wet at the outlet.")
    pass_time(database, NOON)
    assert amy.told()[0].startswith("First findings on your case") and "It got wet" in amy.told()[0]


def test_a_proposal_comes_with_buttons_and_an_answer_already_given_takes_them_away(
    lin: Teller, database: Database
) -> None:
    number = proposed(lin)
    assert "赔付 200 元" in lin.told()[-1] and lin.buttons() == ["同意这个方案", "不同意"]
    decide(database, number, "reject", NOON, "太少")
    step(database, number, "propose", NOON, "赔付 300 元")
    decide(database, number, "accept", NOON)
    pass_time(database, NOON)
    assert "300" in lin.told()[-1] and lin.buttons() == []


def test_the_customers_own_decisions_are_not_told_back(lin: Teller, database: Database) -> None:
    number = proposed(lin)
    before = lin.told()
    decide(database, number, "reject", NOON, "太少")
    pass_time(database, NOON)
    assert lin.told() == before


def test_a_refusal_taken_down_by_an_agent_explains_the_appeal(lin: Teller, database: Database) -> None:
    number = proposed(lin)
    step(database, number, "refuse", NOON)
    pass_time(database, NOON)
    assert "12305" in lin.told()[-1] and lin.buttons() == ["人工客服"]


def test_seven_days_without_a_result_are_said_with_the_appeal_and_no_past_date(lin: Teller, database: Database) -> None:
    number = lin.open()
    step(database, number, "first_check", NOON, "核实中")
    pass_time(database, NOON + 7 * DAY - HOUR)
    assert not any("12305" in text for text in lin.told())
    pass_time(database, NOON + 7 * DAY)
    pass_time(database, NOON + 9 * DAY)
    (late,) = [text for text in lin.told() if "12305" in text]
    assert number in late
    step(database, number, "ask_third_party", NOON + 9 * DAY)
    pass_time(database, NOON + 9 * DAY)
    assert "12月04日" not in lin.told()[-1] and "督办" in lin.told()[-1]


def test_at_night_nothing_is_told_but_what_was_promised_for_the_night(lin: Teller, database: Database) -> None:
    number = lin.open(NOON)
    step(database, number, "triage", NIGHT)
    pass_time(database, NIGHT)
    pass_time(database, MORNING - timedelta(seconds=1))
    assert lin.told() == []
    pass_time(database, MORNING)
    assert len(lin.told()) == 1
    other = lin.open(NIGHT - 23 * HOUR)  # its first check is due at half past midnight
    step(database, other, "first_check", NIGHT, "已经找到")
    pass_time(database, NIGHT)
    assert "已经找到" in lin.told()[-1]


def test_steps_held_back_in_the_night_come_in_their_order(lin: Teller, database: Database) -> None:
    number = lin.open(NIGHT)
    for name, words in (("triage", None), ("first_check", "一"), ("ask_customer", "二")):
        step(database, number, name, NIGHT, words)
    pass_time(database, MORNING)
    assert [("专人" in a, "一" in b, "二" in c) for a, b, c in [lin.told()]] == [(True, True, True)]


def test_silence_after_a_proposal_is_reminded_once_then_settled_then_closed(lin: Teller, database: Database) -> None:
    number = proposed(lin)
    for day in range(1, 20):
        pass_time(database, NOON + day * DAY)
    names = [event["transition"] for event in seen(database, number)["events"]]
    assert [name for name in names if name in ("remind", "lapse", "close")] == ["remind", "lapse", "close"]
    reminder, settled, closed = lin.told()[-3:]
    assert "12月04日" in reminder  # three days of silence and four more
    assert "按方案办理" in settled and "结案" in closed
    assert lin.buttons() == ["评个分", "还没解决，继续处理"]


def test_a_second_proposal_is_reminded_of_anew(lin: Teller, database: Database) -> None:
    number = proposed(lin)
    pass_time(database, NOON + 3 * DAY)
    decide(database, number, "reject", NOON + 4 * DAY, "太少")
    step(database, number, "propose", NOON + 4 * DAY, "赔付 300 元")
    for day in range(4, 11):
        pass_time(database, NOON + day * DAY)
        assert seen(database, number)["state"] == "proposed"
    assert sum("还在等您答复" in text for text in lin.told()) == 2


def test_after_a_long_downtime_the_customer_still_has_the_promised_days(lin: Teller, database: Database) -> None:
    number = proposed(lin)
    back = NOON + 10 * DAY
    pass_time(database, back)
    assert seen(database, number)["state"] == "proposed" and "还在等您答复" in lin.told()[-1]
    pass_time(database, back + 4 * DAY - HOUR)
    assert seen(database, number)["state"] == "proposed"
    pass_time(database, back + 4 * DAY)
    assert seen(database, number)["state"] == "resolved"


def test_merging_names_the_other_case(lin: Teller, database: Database) -> None:
    first, second = lin.open(), lin.open(category="delay")
    with database.write() as session:
        service.merge(session, second, first, actor="lin", now=NOON)
        session.commit()
    pass_time(database, NOON)
    assert second in lin.told()[0] and first in lin.told()[0]


def test_a_reason_not_to_take_the_case_is_told_with_the_appeal(lin: Teller, database: Database) -> None:
    number = lin.open()
    step(database, number, "reject", NOON, "不是我们运的件")
    pass_time(database, NOON)
    assert "不是我们运的件" in lin.told()[0] and "12305" in lin.told()[0]


def test_a_valuable_parcel_weighs_more_once_the_shipment_store_is_asked(lin: Teller, database: Database) -> None:
    with database.write() as session:
        session.add(Shipment(waybill="SF1409283746510", carrier="SF", status="in_transit", declared_value=5000))
        session.commit()
    number = lin.open(waybill="SF1409283746510")
    before = seen(database, number)
    pass_time(database, NOON)
    after = seen(database, number)
    assert (before["priority"], after["priority"]) == ("P3", "P2")
    assert after["target_due_at"] < before["target_due_at"]


def test_a_case_told_nowhere_and_one_erased_meanwhile_disturb_nobody(database: Database) -> None:
    with database.write() as session:
        number = service.open_case(
            session, key="k", kind="complaint", category="lost", description="丢了", language="zh", now=NOON
        )["number"]
        session.commit()
    step(database, str(number), "triage", NOON)
    assert escalations(seen(database, str(number))) == []
    pass_time(database, NOON + 8 * DAY)
    assert escalations(seen(database, str(number))) == ["2 first_check:late", "2 target:late", "2 result:late"]
