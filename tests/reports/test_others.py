"""The daily exceptions, a customer's statement, and the investigation of one case."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import event

from bot.cases import findings
from bot.cases.errors import BadFinding, BadSurvey, UnknownCase
from bot.cases.models import CaseEvent, Survey
from bot.cases.surveys import record_survey
from bot.conversations.models import FAULTED, InboxMessage, Message
from bot.db import Database
from bot.reports.exceptions import exceptions
from bot.reports.investigation import investigation
from bot.reports.model import Note, Report, Share
from bot.reports.period import BadPeriod, Period, between, day_before, month_before
from bot.reports.statement import BadPhone, statement
from bot.reports.words import cell
from bot.shipments.models import Party, Shipment, ShipmentEvent, hash_of_phone
from tests.reports.conftest import NOW, PHONE, Shop, at

DAY = Period(date(2026, 10, 7), date(2026, 10, 7))
OCTOBER = Period(date(2026, 10, 1), date(2026, 10, 31))
MORNING = at("10-08 08:00")
CHECKED = ("10-05 20:00", "investigate", "investigating")


def table(report: Report, name: str) -> list[tuple]:
    return next(table.rows for table in report.tables if table.name == name)


def listed(report: Report, name: str) -> set[str]:
    return {row[0] for row in table(report, name)}


def counts(report: Report) -> dict[str, int]:
    return {word.code: count for word, count in table(report, "exceptions")}


def daily(database: Database) -> Report:
    with database.read() as session:
        return exceptions(session, DAY, MORNING)


def test_cases_are_late_or_warned_by_their_clocks(database: Database, shop: Shop) -> None:
    def due(check: str, result: str) -> dict[str, object]:
        return {"first_check_due_at": at(check), "result_due_at": at(result)}

    late = shop.case("10-05 09:00", **due("10-06 09:00", "10-12 09:00"))  # nobody looked
    told_late = shop.case(
        "09-30 08:00", ("10-01 08:00", "investigate", "investigating"), ("10-07 10:00", "propose", "proposed"),
        **due("10-01 08:00", "10-07 08:00"),
    )  # fmt: skip
    shop.case(
        "09-28 08:00", ("09-28 09:00", "investigate", "investigating"), ("10-06 10:00", "propose", "proposed"),
        **due("09-29 08:00", "10-05 08:00"),
    )  # told late, but the day before  # fmt: skip
    warned = shop.case("10-02 00:00", CHECKED, **due("10-06 09:00", "10-09 00:00"))  # 6 of 7 days are over
    shop.case("10-06 00:00", CHECKED, **due("10-07 00:00", "10-13 00:00"))  # in good time
    shop.case("10-02 00:00", CHECKED, ("10-06 00:00", "propose", "proposed"), **due("10-06 09:00", "10-09 00:00"))
    shop.case("10-05 09:00", ("10-05 10:00", "withdraw", "withdrawn"))
    report = daily(database)
    assert listed(report, "late") == {late, told_late}
    assert listed(report, "warned") == {warned}
    assert {row[0]: row[4].code for row in table(report, "late")} == {late: "first_check", told_late: "result"}


def test_a_reopened_case_is_late_again_when_its_new_clock_runs_out(database: Database, shop: Shop) -> None:
    steps = (("09-16 10:00", "propose", "proposed"), ("09-30 09:00", "reopen", "investigating"))
    number = shop.case("09-15 09:00", *steps, result_due_at=at("10-07 09:00"), reopened=1)
    assert listed(daily(database), "late") == {number}


def test_a_listed_case_names_nobody(database: Database, shop: Shop) -> None:
    shop.case("10-05 09:00", contact_name="王小明", summary="delay: 我是王小明，快递员李四正在派送两天了")
    (row,) = table(daily(database), "late")
    assert row[2] == "我是王**，快递员李*正在派送两天了"


def test_low_surveys_faults_undelivered_and_unanswered_of_the_day_are_listed(database: Database, shop: Shop) -> None:
    with database.write() as session:
        for key, scores, moment in (
            ("low", {"speed": 2, "price": 5}, "10-07 10:00"),
            ("good", {"speed": 3}, "10-07 10:00"),
            ("earlier", {"speed": 1}, "10-06 23:59"),
        ):
            record_survey(session, key=key, scores=scores, conversation_id="c" * 32, now=at(moment))
        session.commit()
    chat = shop.chat(("10-07 10:00:00", "customer"), ("10-07 10:00:01", "bot"))
    with database.write() as session:
        session.get(Message, (chat, 2)).undelivered = True
        session.query(InboxMessage).one().state = FAULTED
        session.commit()
    shop.handoff(chat, "10-07 10:00", None, "10-07 10:30")
    shop.handoff(chat, "10-07 11:00", "10-07 11:01", "10-07 11:30")
    shop.handoff(chat, "10-06 11:00", None, "10-06 11:30")
    report = daily(database)
    assert counts(report) == {
        "late": 0, "warned": 0, "surveys": 1, "faults": 1, "undelivered": 1, "unanswered": 1,
    }  # fmt: skip
    assert report.facts == [("exceptions", 4)]
    assert [cell.code for cell in table(report, "unanswered")[0][1:3]] == ["web", "stuck"]


def test_a_quiet_day_has_no_exceptions_and_no_chart(database: Database) -> None:
    report = daily(database)
    assert set(counts(report).values()) == {0} and report.charts == []


# Statement


def parcel(database: Database, waybill: str, status: str, promised: str | None, last: str, phone: str = PHONE) -> None:
    with database.write() as session:
        session.add(Shipment(
            waybill=waybill, status=status, created_at=at("10-02 10:00"), promised_at=promised and at(promised),
            last_event_at=at(last),
        ))  # fmt: skip
        session.flush()
        session.add(Party(waybill=waybill, role="sender", phone=phone, phone_hash=hash_of_phone(phone)))
        session.commit()


def test_a_statement_has_the_customers_parcels_and_cases_and_nobody_elses(database: Database, shop: Shop) -> None:
    parcel(database, "SF1000000000001", "delivered", "10-05 18:00", "10-05 17:00")
    parcel(database, "SF1000000000002", "delivered", "10-05 18:00", "10-06 17:00")
    parcel(database, "SF1000000000003", "in_transit", "11-20 18:00", "10-06 17:00")
    parcel(database, "SF1000000000004", "in_transit", "10-20 18:00", "10-06 17:00")
    parcel(database, "SF1000000000005", "delivered", None, "10-06 17:00")
    parcel(database, "SF1000000000006", "returned", "10-05 18:00", "10-06 17:00")
    parcel(database, "SF1000000000007", "delivered", "10-05 18:00", "10-05 17:00", phone="13900000000")
    own = shop.case("10-05 09:00", CHECKED, ("10-08 10:00", "propose", "proposed"), phone=PHONE)
    shop.case("10-05 09:00", phone="13900000000")
    with database.read() as session:
        report = statement(session, PHONE, OCTOBER, NOW)
    assert {word.code: count for word, count in table(report, "timeliness")} == {
        "on_time": 1, "late": 2, "under_way": 1, "no_promise": 1, "not_delivered": 1,
    }  # fmt: skip
    assert report.facts[1:] == [("parcels", 6), ("delivered_on_time", Share(1, 3)), ("cases", 1)]
    assert [(row[0], row[-2].code, row[-1].code) for row in table(report, "own_cases")] == [(own, "kept", "kept")]
    assert {target.name: target.verdict for target in report.targets} == {"first_check": "met", "result": "met"}


def test_a_statement_masks_waybills_and_the_phone(database: Database) -> None:
    parcel(database, "SF1000000000001", "delivered", "10-05 18:00", "10-05 17:00")
    with database.read() as session:
        report = statement(session, PHONE, OCTOBER, NOW)
    assert PHONE not in repr(report) and "SF1000000000001" not in repr(report) and report.about == "13*******78"


@pytest.mark.parametrize("phone", ["", "5678", "138****5678", "abc"])
def test_part_of_a_phone_number_is_nobodys_statement(database: Database, phone: str) -> None:
    with database.read() as session, pytest.raises(BadPhone):
        statement(session, phone, OCTOBER, NOW)


# Investigation


def test_an_investigation_has_facts_timeline_audit_cause_remedy_and_prevention(database: Database, shop: Shop) -> None:
    parcel(database, "SF1000000000001", "in_transit", "10-05 18:00", "10-05 17:00")
    with database.write() as session:
        session.add(ShipmentEvent(
            waybill="SF1000000000001", at=at("10-05 17:00"), city="杭州", status="in_transit", text="到达杭州",
            fingerprint="f" * 32,
        ))  # fmt: skip
        session.commit()
    number = shop.case("10-05 09:00", CHECKED, waybill="SF1000000000001", phone=PHONE, contact_name="王小明")
    with database.write() as session:
        findings.record_finding(
            session, number, cause="transit", remedy="重新派送", prevention="加派一班车", actor="wu", now=NOW
        )
        record_survey(session, key="s", scores={"speed": 2}, case_number=number, comment="太慢", now=NOW)
        session.commit()
    with database.read() as session:
        report = investigation(session, number, NOW)
    facts = dict(report.facts)
    assert (facts["contact"], facts["phone"], facts["waybill"]) == ("王小明", PHONE, "SF1000000000001")
    assert [row[1:2] + row[3:] for row in table(report, "timeline")] == [("杭州", "到达杭州")]
    assert [row[2].code for row in table(report, "audit")] == ["submit", "acknowledge", "investigate", "finding"]
    assert [cell for cell in table(report, "finding")[0][1:4]] == ["重新派送", "加派一班车", "wu"]
    assert [row[-1].code for row in table(report, "case_clocks")] == ["kept", "missed"]
    assert table(report, "case_survey")[0][1] == 2 and table(report, "case_survey")[0][-1] == "太慢"


@pytest.mark.parametrize(
    ("transition", "note", "words"),
    [
        ("escalate", "1 first_check:warned", "1 级：首次核实 快到期"),
        ("escalate", "2 refused", "2 级："),
        ("sign", "injury", "人身伤害"),
        ("investigate", "已联系网点", "已联系网点"),
        ("acknowledge", None, "—"),
    ],
)
def test_what_clocks_and_rules_note_is_said_in_words(transition: str, note: str | None, words: str) -> None:
    assert cell(Note(transition, note), "zh").startswith(words)


def test_a_later_finding_takes_the_place_of_an_earlier_one(database: Database, shop: Shop) -> None:
    number = shop.case("10-05 09:00")
    for cause in ("transit", "weather"):
        with database.write() as session:
            findings.record_finding(session, number, cause=cause, remedy="", prevention="", actor="wu", now=NOW)
            session.commit()
    with database.read() as session:
        assert [row[0].code for row in table(investigation(session, number, NOW), "finding")] == ["weather"]


def test_an_unknown_case_or_cause_is_refused(database: Database, shop: Shop) -> None:
    number = shop.case("10-05 09:00")
    with database.write() as session:
        with pytest.raises(UnknownCase):
            investigation(session, "YD0", NOW)
        with pytest.raises(BadFinding):
            findings.record_finding(session, number, cause="aliens", remedy="", prevention="", actor="wu", now=NOW)


def test_drawing_up_a_report_is_written_into_the_cases_history(database: Database, shop: Shop) -> None:
    number = shop.case("10-05 09:00")
    with database.write() as session:
        findings.note_report(session, number, actor="zhou", now=NOW)
        session.commit()
    with database.read() as session:
        last = session.query(CaseEvent).order_by(CaseEvent.id.desc()).first()
        assert (last.actor, last.transition, last.from_state, last.to_state) == (
            "zhou", "report", "acknowledged", "acknowledged",
        )  # fmt: skip


# Surveys


def test_a_survey_is_kept_once_and_a_low_score_asks_for_a_follow_up(database: Database) -> None:
    results = []
    for _ in range(2):
        with database.write() as session:
            results.append(record_survey(session, key="m1", scores={"speed": 1}, conversation_id="c", comment="慢"))
            session.commit()
    assert results[0] == results[1] and results[0]["follow_up"]
    with database.read() as session:
        kept = session.query(Survey).one()
        assert (kept.speed, kept.price, kept.comment, kept.follow_up) == (1, None, "慢", True)


@pytest.mark.parametrize(
    "given",
    [
        {"scores": {"speed": 6}, "conversation_id": "c"},
        {"scores": {"speed": 0}, "conversation_id": "c"},
        {"scores": {"beauty": 3}, "conversation_id": "c"},
        {"scores": {"speed": None}, "conversation_id": "c"},
        {"scores": {"speed": 3}},
    ],
    ids=["too high", "too low", "unknown", "empty", "about nothing"],
)
def test_a_survey_that_says_nothing_or_nonsense_is_refused(database: Database, given: dict) -> None:
    with database.write() as session, pytest.raises(BadSurvey):
        record_survey(session, key="m1", **given)


def test_a_survey_of_an_unknown_case_is_refused(database: Database) -> None:
    with database.write() as session, pytest.raises(UnknownCase):
        record_survey(session, key="m1", scores={"speed": 3}, case_number="YD0")


# Periods


def test_a_period_is_yesterday_the_last_month_or_what_is_said() -> None:
    just_after_midnight = at("11-01 00:01")
    assert day_before(just_after_midnight).first == date(2026, 10, 31)
    assert month_before(just_after_midnight) == OCTOBER
    assert between(None, None, OCTOBER) == OCTOBER == between("2026-10", None, DAY)
    assert between("2026-10-07", None, OCTOBER) == DAY
    assert between("2026-02", "2026-02", DAY).last == date(2026, 2, 28)


@pytest.mark.parametrize(
    "first, last",
    [("7.10.", None), ("2026-13", None), ("2026-10-02", "2026-10-01"), (None, "2026-10-01"), ("2020-01", "2026-01"),
     ("9999-12", None), ("0001-01-01", None)],
)  # fmt: skip
def test_dates_that_make_no_period_are_refused(first: str | None, last: str | None) -> None:
    with pytest.raises(BadPeriod):
        between(first, last, DAY)


def test_a_days_report_asks_few_questions_whatever_there_is(database: Database, shop: Shop) -> None:
    for _ in range(12):
        shop.case("10-05 09:00")
    asked: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *details: asked.append(details[2]))
    daily(database)
    assert len([statement for statement in asked if statement.startswith("SELECT")]) == 6  # one a kind
