"""Cases on both databases: opened once, joined, moved on with an audit line, found, and kept private."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import event, text

from bot.cases import service
from bot.cases.errors import NotAllowed, UnknownCase
from bot.db import Database

MORNING = datetime(2026, 11, 24, 1, 30, tzinfo=timezone.utc)


def opened(database: Database, key: str = "k1", **fields: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "kind": "complaint",
        "category": "damage",
        "description": "箱子压烂了，杯子碎了",
        "language": "zh",
        "conversation_id": "c1",
        "waybill": "SF1234098576213",
        "phone": "13800001234",
        **fields,
    }
    with database.write() as session:
        result = service.open_case(session, key=key, **facts)
        session.commit()
    return result


def moved(database: Database, number: str, *names: str) -> dict[str, Any]:
    with database.write() as session:
        for name in names:
            view = service.transition(session, number, name, actor="Mei")
        session.commit()
    return view


def listed(database: Database, **filters: Any) -> list[str]:
    with database.read() as session:
        return [case["number"] for case in service.list_cases(session, **filters)]


def test_a_complaint_gets_a_number_of_its_day_and_both_clocks_and_is_acknowledged_at_once(database: Database) -> None:
    case = opened(database, now=MORNING)
    assert case["number"].startswith("YD261124") and len(case["number"]) == 13
    assert case["state"] == "acknowledged" and case["joined"] is False
    assert datetime.fromisoformat(case["first_check_due_at"]) == MORNING + timedelta(hours=24)
    assert datetime.fromisoformat(case["result_due_at"]) == MORNING + timedelta(days=7)


def test_the_day_in_the_number_is_the_local_one(database: Database) -> None:
    assert opened(database, now=datetime(2026, 11, 24, 17, 0, tzinfo=timezone.utc))["number"].startswith("YD261125")


def test_the_same_key_opens_one_case_and_answers_the_same(database: Database) -> None:
    assert opened(database) == opened(database)
    assert len(listed(database)) == 1


def test_cases_opened_at_the_same_moment_get_different_numbers(database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        cases = list(pool.map(lambda n: opened(database, f"k{n}", waybill=f"YT10000000000{n:02d}"), range(16)))
    assert len({case["number"] for case in cases}) == 16


@pytest.mark.parametrize("second", [
    {"phone": "13900009999"},
    {"conversation_id": "c2"},
])
def test_a_second_complaint_on_the_same_matter_joins_the_first(database: Database, second: dict[str, str]) -> None:
    first = opened(database)
    again = opened(database, "k2", description="今天还是没人管", files=["f1"], **second)
    assert again["joined"] is True and again["number"] == first["number"]
    with database.read() as session:
        case = service.get(session, first["number"])
    assert case["files"] == ["f1"] and case["events"][-1]["note"] == "今天还是没人管"


@pytest.mark.parametrize("second", [
    {"category": "delay"},
    {"waybill": "SF9999098576213"},
    {"conversation_id": "c2", "phone": "13900009999"},
    {"waybill": None},
])
def test_another_matter_or_another_customer_gets_a_case_of_its_own(database: Database, second: dict[str, Any]) -> None:
    first = opened(database)
    assert opened(database, "k2", **second)["number"] != first["number"]


def test_complaints_without_a_waybill_never_join(database: Database) -> None:
    assert opened(database, waybill=None)["number"] != opened(database, "k2", waybill=None)["number"]


def test_a_finished_case_is_not_joined(database: Database) -> None:
    first = opened(database)
    moved(database, first["number"], "withdraw")
    assert opened(database, "k2")["joined"] is False


def test_praise_runs_against_no_clock(database: Database) -> None:
    case = opened(database, kind="praise", category=None)
    assert case["first_check_due_at"] is None and case["result_due_at"] is None


def test_every_step_leaves_who_when_and_why(database: Database) -> None:
    number = opened(database)["number"]
    with database.write() as session:
        view = service.transition(session, number, "triage", actor="Mei", note="转网点核实")
        session.commit()
    assert view["state"] == "triaged" and "investigate" in view["allowed"]
    steps = [(step["actor"], step["transition"], step["from_state"], step["to_state"]) for step in view["events"]]
    assert steps == [
        ("customer", "submit", None, "new"),
        ("system", "acknowledge", "new", "acknowledged"),
        ("Mei", "triage", "acknowledged", "triaged"),
    ]
    assert view["events"][-1]["note"] == "转网点核实"


def test_a_step_the_state_does_not_allow_names_the_allowed_ones_and_changes_nothing(database: Database) -> None:
    number = opened(database)["number"]
    with database.write() as session, pytest.raises(NotAllowed) as refused:
        service.transition(session, number, "close", actor="Mei")
    assert "triage" in refused.value.allowed
    with database.read() as session:
        assert service.get(session, number)["state"] == "acknowledged"


def test_reopening_is_counted(database: Database) -> None:
    number = opened(database)["number"]
    moved(database, number, "triage", "investigate", "propose", "accept", "reopen")
    view = moved(database, number, "propose", "accept", "reopen")
    assert view["state"] == "investigating" and view["reopened"] == 2


def test_an_unknown_number_is_an_error_of_its_own(database: Database) -> None:
    with database.read() as session, pytest.raises(UnknownCase):
        service.get(session, "YD26112499999")


WAYS_TO_ASK = ["SF1234098576213", "ｓｆ 1234 0985 76213", "13800001234", "+86 138-0000-1234", "压烂"]


@pytest.mark.parametrize("q", WAYS_TO_ASK)
def test_a_case_is_found_by_waybill_phone_and_words_of_its_summary(database: Database, q: str) -> None:
    number = opened(database)["number"]
    opened(database, "k2", category="delay", waybill="YT1", phone="13911112222", description="太慢了")
    assert listed(database, q=q) == [number]


def test_a_case_is_found_by_its_number_and_percent_signs_are_plain_characters(database: Database) -> None:
    number = opened(database)["number"]
    assert listed(database, q=number.lower()) == [number]
    assert listed(database, q="%") == []


def test_the_list_filters_and_pages_newest_first(database: Database) -> None:
    numbers = [opened(database, f"k{n}", waybill=None)["number"] for n in range(5)]
    moved(database, numbers[0], "withdraw")
    assert listed(database, limit=2) == numbers[:2:-1]
    assert listed(database, limit=2, after=numbers[3]) == [numbers[2], numbers[1]]
    assert listed(database, state="withdrawn") == [numbers[0]]
    assert listed(database, kind="praise") == []


def test_a_page_of_the_list_is_one_query(database: Database) -> None:
    numbers = [opened(database, f"k{n}", waybill=None)["number"] for n in range(3)]
    queries: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *call: queries.append(call[2]))
    assert listed(database, kind="complaint", q="13800001234", after=numbers[2]) == numbers[1::-1]
    assert len([query for query in queries if query.startswith("SELECT")]) == 1


def test_no_phone_waybill_or_description_lies_in_the_open(database: Database) -> None:
    opened(database, description="碎了，打 13800001234 找我，单号 SF1234098576213")
    with database.engine.connect() as connection:
        tables = ("cases", "case_events", "operations")
        rows = str([list(connection.execute(text(f"SELECT * FROM {table}"))) for table in tables])
    assert "13800001234" not in rows and "SF1234098576213" not in rows


def test_the_customer_sees_progress_here_or_with_the_last_four_digits_of_the_phone(database: Database) -> None:
    number = opened(database)["number"]
    with database.write() as session:
        assert service.progress(session, number, "c1")["state"] == "acknowledged"
        assert service.progress(session, number, "elsewhere", "1234")["number"] == number


def test_unknown_numbers_and_wrong_digits_get_the_same_answer(database: Database) -> None:
    number = opened(database)["number"]
    with database.write() as session:
        assert service.progress(session, number, "elsewhere") is None
        assert service.progress(session, number, "elsewhere", "9999") is None
        assert service.progress(session, "YD26112499999", "elsewhere", "1234") is None


def test_five_wrong_tries_close_the_case_to_guessing_but_not_to_its_own_conversation(database: Database) -> None:
    number = opened(database)["number"]
    with database.write() as session:
        for digits in range(5):
            service.progress(session, number, "elsewhere", f"{digits:04d}")
            session.flush()
        assert service.progress(session, number, "elsewhere", "1234") is None
        assert service.progress(session, number, "c1") is not None


def test_a_chat_that_guesses_at_many_cases_is_shut_out_of_all_of_them(database: Database) -> None:
    number = opened(database)["number"]
    with database.write() as session:
        for case in range(5):
            for digits in range(3):
                service.progress(session, f"YD2611240000{case}", "elsewhere", f"{digits:04d}")
        assert service.progress(session, number, "elsewhere", "1234") is None
        assert service.progress(session, number, "somewhere else", "1234") is not None


def test_a_conversation_lists_its_own_cases_only(database: Database) -> None:
    own = opened(database)["number"]
    opened(database, "k2", conversation_id="c2", phone="13911112222")
    with database.read() as session:
        assert [case["number"] for case in service.cases_of_conversation(session, "c1")] == [own]
        assert service.is_own(session, own, "c1") and not service.is_own(session, own, "c2")


def test_withdrawing_and_adding_happen_once_per_key(database: Database) -> None:
    number = opened(database)["number"]
    for _ in range(2):
        with database.write() as session:
            view = service.add_detail(session, number, "还有一个碗也碎了", ["f1"], key="k2")
            assert service.withdraw(session, number, key="k3")["state"] == "withdrawn"
            session.commit()
    assert view["files"] == ["f1"]
    with database.read() as session:
        names = [step["transition"] for step in service.get(session, number)["events"]]
    assert names == ["submit", "acknowledge", "add_detail", "withdraw"]
