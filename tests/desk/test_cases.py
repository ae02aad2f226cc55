"""Cases at the desk: list, page, state changes."""

from __future__ import annotations

from uuid import uuid4

import pytest

from bot.cases import service as cases
from bot.cases.states import KINDS, STATES, TRANSITIONS
from bot.conversations import inbox
from bot.db import Database
from bot.wording import texts
from tests.conversations.support import Customer
from tests.desk.conftest import PHONE, WAYBILL, Desk
from tests.support.images import png

PHOTO = png(32, 24)


def opened(database: Database, **facts: object) -> str:
    defaults = {
        "key": uuid4().hex, "kind": "complaint", "category": "damage", "language": "zh", "waybill": WAYBILL,
        "phone": PHONE, "contact_name": "王小明", "description": f"杯子碎了，电话 {PHONE}，送到示范路18号3栋502室",
    }  # fmt: skip
    with database.write() as session:
        number = cases.open_case(session, **{**defaults, **facts})["number"]  # type: ignore[arg-type]
        session.commit()
    return str(number)


@pytest.fixture
def number(database: Database) -> str:
    return opened(database)


def test_the_list_shows_cases_without_personal_data(lin: Desk, number: str) -> None:
    listed = lin.get("/desk/api/cases").json()
    assert [case["number"] for case in listed["cases"]] == [number] and listed["next"] is None
    for seen in (str(listed), lin.get("/desk/cases").text):
        assert "杯子碎了" in seen
        assert PHONE not in seen and WAYBILL not in seen and "王小明" not in seen and "502室" not in seen


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"kind": "complaint"}, True), ({"kind": "claim"}, False), ({"state": "acknowledged"}, True),
        ({"state": "closed"}, False), ({"q": PHONE}, True), ({"q": WAYBILL}, True), ({"q": "杯子"}, True),
        ({"q": "没有的词"}, False), ({"q": "%"}, False), ({"q": "\u0000"}, True), ({"after": "YD0"}, False),
    ],
)  # fmt: skip
def test_cases_are_found_by_kind_state_and_words(lin: Desk, number: str, query: dict[str, str], found: bool) -> None:
    assert bool(lin.get("/desk/api/cases", params=query).json()["cases"]) == found
    assert (number in lin.get("/desk/cases", params=query).text) == found


def test_a_long_list_comes_in_pages_without_loss_or_repetition(lin: Desk, database: Database) -> None:
    numbers = {opened(database, waybill=f"YD{i:013}") for i in range(53)}
    first = lin.get("/desk/api/cases").json()
    second = lin.get("/desk/api/cases", params={"after": first["next"]}).json()
    got = [case["number"] for page in (first, second) for case in page["cases"]]
    assert len(got) == 53 and set(got) == numbers and second["next"] is None
    assert f"after={first['next']}" in lin.get("/desk/cases").text


def test_a_case_shows_everything_and_only_the_changes_its_state_allows(lin: Desk, number: str) -> None:
    case = lin.get(f"/desk/api/cases/{number}").json()
    assert (case["phone"], case["waybill"], case["contact_name"]) == (PHONE, WAYBILL, "王小明")
    page = lin.get(f"/desk/cases/{number}").text
    assert PHONE in page and "王小明" in page
    offered = {name for name in TRANSITIONS if f"/desk/api/cases/{number}/{name}" in page}
    assert offered == set(case["allowed"])


def test_a_change_is_recorded_with_who_and_why(lin: Desk, number: str) -> None:
    changed = lin.post(f"/desk/api/cases/{number}/triage", json={"note": "转华东核实"}).json()
    assert changed["state"] == "triaged"
    event = lin.get(f"/desk/api/cases/{number}").json()["events"][-1]
    assert (event["actor"], event["transition"], event["note"]) == ("lin", "triage", "转华东核实")
    assert "转华东核实" in lin.get(f"/desk/cases/{number}").text


@pytest.mark.parametrize("transition", ["close", "no_such_step"])
def test_a_change_the_state_does_not_allow_is_refused_and_the_allowed_ones_named(
    lin: Desk, number: str, transition: str
) -> None:
    answer = lin.post(f"/desk/api/cases/{number}/{transition}", json={})
    assert answer.status_code == 409
    assert answer.json()["allowed"] == lin.get(f"/desk/api/cases/{number}").json()["allowed"]
    assert answer.json()["error"]


def test_quality_reads_cases_and_changes_none(zhou: Desk, number: str) -> None:
    assert zhou.get(f"/desk/api/cases/{number}").status_code == 200
    assert zhou.post(f"/desk/api/cases/{number}/triage", json={}).status_code == 403
    assert "hx-post" not in zhou.get(f"/desk/cases/{number}").text


def test_an_unknown_case_is_not_found(lin: Desk) -> None:
    for unknown in ("YD00000000000", "%00", "x" * 300):
        assert lin.get(f"/desk/api/cases/{unknown}").status_code == 404
        assert lin.get(f"/desk/cases/{unknown}").status_code == 404
        assert lin.post(f"/desk/api/cases/{unknown}/triage", json={}).status_code == 404


def test_a_cases_photos_open_on_its_page_and_no_other_file_does(lin: Desk, database: Database) -> None:
    customer = Customer(database)
    with database.write() as session:
        shown, other = (
            inbox.store_file(session, customer.id, f"{name}.png", PHOTO) for name in ("shown", "other")
        )
        session.commit()
    number = opened(database, conversation_id=customer.id, files=[shown, "f" * 32])
    assert f"/desk/cases/{number}/files/{shown}" in lin.get(f"/desk/cases/{number}").text
    assert lin.get(f"/desk/cases/{number}/files/{shown}").content == PHOTO
    assert lin.get(f"/desk/cases/{number}/files/{other}").status_code == 404


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_state_kind_and_step_has_words(language: str) -> None:
    codes = [("state", STATES), ("kind", KINDS), ("transition", TRANSITIONS)]
    assert {f"desk_{group}_{code}" for group, members in codes for code in members} <= texts(language).keys()
