"""Cases at the desk over time: clocks, filters, words for the customer, who may do what; incidents."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from bot.cases import clocks, priority, service
from bot.cases.incidents import KINDS
from bot.cases.models import Case
from bot.cases.moving import found, replan
from bot.cases.states import TRANSITIONS
from bot.db import Database, now
from bot.duework import do_due
from bot.notices.handlers import HANDLERS
from bot.wording import texts
from tests.cases.support import Teller
from tests.desk.conftest import PASSWORD, Desk
from tests.support.browser import Watched, chromium


@pytest.fixture
def teller(database: Database) -> Teller:
    return Teller(database)


@pytest.fixture
def wu(login: Any) -> Desk:
    """A supervisor."""
    return login("wu")


def aged(database: Database, number: str, hours: float) -> None:
    """As if the case had been opened that long ago."""
    with database.write() as session:
        case = found(session, number, locked=True)
        ends = ("first_check_due_at", "target_due_at", "result_due_at")
        for name in ("created_at", "clocks_from", "state_since", *ends):
            setattr(case, name, getattr(case, name) - timedelta(hours=hours))
        replan(session, case)
        session.commit()


def numbers(desk: Desk, **query: str) -> list[str]:
    return [case["number"] for case in desk.get("/desk/api/cases", params=query).json()["cases"]]


def test_the_list_shows_priority_clocks_and_assignee(lin: Desk, teller: Teller, database: Database) -> None:
    number = teller.open(now())
    aged(database, number, 20)
    (case,) = lin.get("/desk/api/cases").json()["cases"]
    assert case["priority"] == "P3" and case["assignee"] is None
    assert {clock["clock"]: clock["colour"] for clock in case["clocks"]} == {
        "first_check": "warned", "target": "ok", "result": "ok",
    }  # fmt: skip
    page = lin.get("/desk/cases").text
    assert 'data-colour="warned"' in page and 'data-priority="P3"' in page and "未分派" in page


def test_views_show_what_is_mine_nobodys_overdue_and_escalated(
    lin: Desk, wu: Desk, teller: Teller, database: Database
) -> None:
    mine, late, grave, done = (
        teller.open(now(), category=name) for name in ("delay", "lost", "privacy", "overcharge")
    )
    aged(database, late, 25)
    for number in (mine, done):
        assert wu.post(f"/desk/api/cases/{number}/assign", json={"to": "lin"}).status_code == 200
    assert lin.post(f"/desk/api/cases/{done}/withdraw", json={}).status_code == 200
    assert numbers(lin, view="mine") == [mine] and numbers(wu, view="mine") == []
    assert numbers(lin, view="overdue") == [late]
    assert numbers(lin, view="unassigned") == [grave, late]
    assert numbers(lin, view="escalated") == [grave]
    assert numbers(lin, priority="P1") == [grave]
    assert numbers(lin, view="overdue", kind="claim") == []
    assert numbers(lin, view="nonsense") == [done, grave, late, mine]


def test_words_for_the_customer_reach_the_chat_and_the_note_does_not(
    lin: Desk, teller: Teller, database: Database
) -> None:
    number = teller.open(now())
    body = {"message": "网点已经找到您的快件", "note": "王师傅漏扫"}
    changed = lin.post(f"/desk/api/cases/{number}/first_check", json=body).json()
    assert changed["told_first_check_at"]
    with database.write() as session:  # noon, whenever the test runs
        session.execute(update(Case).values(first_check_due_at=now() + timedelta(hours=1)))
        session.commit()
    do_due(database, HANDLERS, (now() + timedelta(days=1)).replace(hour=4))
    assert "网点已经找到您的快件" in teller.told()[-1] and "王师傅" not in str(teller.sees())
    page = lin.get(f"/desk/cases/{number}").text
    assert "网点已经找到您的快件" in page and "王师傅漏扫" in page


@pytest.mark.parametrize("name", ["first_check", "ask_customer", "propose"])
def test_a_step_that_tells_something_needs_its_words(lin: Desk, teller: Teller, name: str) -> None:
    number = teller.open(now())
    lin.post(f"/desk/api/cases/{number}/investigate", json={})
    answer = lin.post(f"/desk/api/cases/{number}/{name}", json={"note": "只有内部备注"})
    assert answer.status_code == 400 and answer.json() == {"error": "请填写“告诉客户的话”。", "field": "message"}


def test_an_agent_takes_a_case_nobody_has_and_only_a_supervisor_gives_it_to_others(
    lin: Desk, wu: Desk, zhou: Desk, teller: Teller
) -> None:
    number = teller.open(now())
    path = f"/desk/api/cases/{number}/assign"
    assert lin.post(path, json={"to": "chen"}).status_code == 403
    assert zhou.post(path, json={"to": "zhou"}).status_code == 403
    assert lin.post(path, json={"to": "lin"}).json()["assignee"] == "lin"
    assert wu.post(path, json={"to": "zhou"}).status_code == 400  # quality changes nothing
    assert wu.post(path, json={"to": "chen"}).json()["assignee"] == "chen"
    assert lin.post(path, json={"to": "lin"}).status_code == 403


def test_not_taking_a_case_is_a_supervisors_decision(lin: Desk, wu: Desk, teller: Teller) -> None:
    number = teller.open(now())
    path = f"/desk/api/cases/{number}/reject"
    assert f"{number}/reject" not in lin.get(f"/desk/cases/{number}").text
    assert lin.post(path, json={"message": "不是我们的件"}).status_code == 403
    assert f"{number}/reject" in wu.get(f"/desk/cases/{number}").text
    assert wu.post(path, json={"message": "不是我们的件"}).json()["state"] == "rejected"


def test_what_only_the_clock_does_nobody_does_at_the_desk(wu: Desk, teller: Teller) -> None:
    number = teller.open(now())
    wu.post(f"/desk/api/cases/{number}/investigate", json={})
    wu.post(f"/desk/api/cases/{number}/propose", json={"message": "赔付"})
    answer = wu.post(f"/desk/api/cases/{number}/lapse", json={})
    assert answer.status_code == 409 and "lapse" not in answer.json()["allowed"]


def test_signs_and_merging_at_the_desk(lin: Desk, teller: Teller) -> None:
    first, second = teller.open(now()), teller.open(now(), category="delay")
    assert lin.post(f"/desk/api/cases/{first}/sign", json={"sign": "injury"}).json()["escalation"] == 3
    assert lin.post(f"/desk/api/cases/{first}/sign", json={"sign": "nonsense"}).status_code == 400
    path = f"/desk/api/cases/{second}/merge"
    assert lin.post(path, json={}).status_code == 400
    assert lin.post(path, json={"other": second}).status_code == 409
    assert lin.post(path, json={"other": "YD00000000000"}).status_code == 404
    assert lin.post(path, json={"other": first.lower()}).json()["merged_into"] == first
    assert "人身伤害" in lin.get(f"/desk/cases/{first}").text and first in lin.get(f"/desk/cases/{second}").text


INCIDENT = {
    "kind": "natural_disaster", "areas": "杭州、宁波", "text_zh": "台风影响派送", "text_en": "A typhoon delays us",
}  # fmt: skip


def test_a_supervisor_declares_and_closes_an_incident_and_an_agent_reads_it(lin: Desk, wu: Desk) -> None:
    assert lin.post("/desk/api/incidents", json=INCIDENT).status_code == 403
    made = wu.post("/desk/api/incidents", json=INCIDENT).json()
    assert made["areas"] == ["杭州", "宁波"]
    twin = wu.post("/desk/api/incidents", json={**INCIDENT, "areas": "宁波市，杭州市"})
    assert twin.status_code == 400 and "同一地点" in twin.json()["error"]
    assert wu.post("/desk/api/incidents", json={**INCIDENT, "kind": "accident"}).status_code == 200
    read = lin.get("/desk/incidents").text
    assert "台风影响派送" in read and "/desk/api/incidents" not in read
    path = f"/desk/api/incidents/{made['id']}/close"
    assert wu.post(path, json={"summary": " "}).status_code == 400
    assert wu.post(path, json={"summary": "改走陆运，三天恢复"}).json()["closed_by"] == "wu"
    assert wu.post(path, json={"summary": "再来一次"}).status_code == 409
    assert wu.post("/desk/api/incidents/999/close", json={"summary": "x"}).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "party"}, {"areas": " "}, {"areas": "杭州、不存在市"}, {"text_en": ""},
        {"ends_at": "2020-01-01T00:00"}, {"ends_at": "soon"},
    ],
)
def test_an_incident_without_kind_place_words_or_with_a_wrong_time_is_refused(wu: Desk, wrong: dict[str, str]) -> None:
    answer = wu.post("/desk/api/incidents", json={**INCIDENT, **wrong})
    assert answer.status_code == 400 and answer.json()["error"]
    assert wu.get("/desk/api/incidents").json() == {"incidents": []}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_everything_the_desk_can_show_of_a_case_has_words(language: str) -> None:
    codes = {
        "transition": [*TRANSITIONS, "escalate", "sign", "remind", "assign", "absorb", "incident"],
        "clock": [clocks.FIRST_CHECK, clocks.TARGET, clocks.RESULT],
        "colour": ["ok", "warned", "late", "kept", "missed"],
        "incident_kind": KINDS,
        "view": ["mine", "unassigned", "overdue", "escalated"],
        "sign": list(priority.known_signs()),
    }
    assert {f"desk_{group}_{code}" for group, members in codes.items() for code in members} <= texts(language).keys()


# In a browser


@pytest.fixture(params=[(1280, 860), (390, 844)], ids=["desktop", "phone"])
def watched(request: pytest.FixtureRequest) -> Iterator[tuple[Page, Watched]]:
    with chromium() as browser:
        width, height = request.param
        context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
        watching = Watched(context)
        yield context.new_page(), watching


@pytest.mark.slow
def test_a_supervisor_works_a_case_from_the_overdue_list_to_a_proposal(
    watched: tuple[Page, Watched], address: str, database: Database, tmp_path: Any
) -> None:
    page, complaints = watched
    teller = Teller(database)
    late, fresh = teller.open(now(), category="lost"), teller.open(now(), category="attitude")
    aged(database, late, 26)
    page.goto(f"{address}/desk/cases")
    page.get_by_label("账号").fill("wu")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("link", name=fresh)).to_be_visible()
    page.wait_for_load_state()  # its scripts too: nobody chooses within milliseconds
    page.get_by_label("查看", exact=True).select_option("overdue")
    expect(page.get_by_role("link", name=fresh)).to_be_hidden()
    page.screenshot(path=tmp_path / "list.png", full_page=True)

    page.get_by_role("link", name=late).click()
    page.wait_for_url(f"**/{late}")
    page.get_by_label("备注").fill("已打网点电话")
    page.get_by_label("改派给").select_option("lin")
    page.get_by_role("button", name="改派").click()
    expect(page.get_by_text("lin", exact=True).first).to_be_visible()
    expect(page.get_by_label("备注")).to_have_value("已打网点电话")
    page.get_by_role("button", name="告知首次核实 *").click()
    expect(page.get_by_role("alert")).to_contain_text("请填写“告诉客户的话”")
    expect(page.get_by_label("告诉客户的话")).to_be_focused()
    page.get_by_label("告诉客户的话").fill("网点确认收到，正在查监控")
    page.get_by_role("button", name="告知首次核实 *").click()
    expect(page.locator(".told")).to_contain_text("正在查监控")
    expect(page.get_by_label("备注")).to_have_value("")
    page.get_by_label("告诉客户的话").fill("赔付 200 元，三天内到账")
    page.get_by_role("button", name="提出方案 *").click()
    expect(page.locator(".told").first).to_contain_text("赔付 200 元")
    page.screenshot(path=tmp_path / "case.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    page.goto(f"{address}/desk/incidents")
    page.get_by_label("地区").fill("杭州，宁波")
    page.get_by_label("给客户看的说明（中文）").fill("受台风影响，派送可能晚一到两天。")
    page.get_by_label("给客户看的说明（英文）").fill("A typhoon may delay deliveries by a day or two.")
    page.get_by_role("button", name="发布事件").click()
    expect(page.get_by_text("受台风影响")).to_be_visible()
    page.screenshot(path=tmp_path / "incidents.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto(f"{address}/desk/language/en?next=/desk/cases/{late}")
    expect(page.get_by_role("heading", name="Clocks")).to_be_visible()
    page.screenshot(path=tmp_path / "case-en.png", full_page=True)
    with database.read() as session:
        assert service.get(session, late)["state"] == "proposed"
    assert complaints.complaints == [] and complaints.hosts() == {urlsplit(address).netloc}


def test_a_visit_is_put_off_with_a_supervisors_word_only_and_the_customer_hears_it(
    lin: Desk, wu: Desk, teller: Teller, database: Database
) -> None:
    visit = teller.open(now(), kind="after_sales", category=None, description="洗衣机漏水")
    path, told = f"/desk/api/cases/{visit}/extend", {"message": "师傅改到周五上午 9 点到 11 点上门"}
    assert lin.post(path, json=told).status_code == 403
    assert wu.post(path, json={}).status_code == 400  # without the new time nothing is told
    changed = wu.post(path, json=told).json()
    assert changed["state"] == "investigating" and changed["told_first_check_at"] is None
    do_due(database, HANDLERS, (now() + timedelta(days=1)).replace(hour=4))
    assert any("周五上午 9 点到 11 点" in text and "抱歉" in text for text in teller.told())
    complaint = teller.open(now(), category="delay")
    assert wu.post(f"/desk/api/cases/{complaint}/extend", json=told).status_code == 409
