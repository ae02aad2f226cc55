"""Reports at the desk: who may see them, what is masked, what is noted; in a browser, without complaints."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from bot.cases import service as cases
from bot.cases.models import Case, CaseEvent, Finding
from bot.db import Database
from bot.desk.accounts import add_agent
from bot.settings import settings
from tests.desk.conftest import PASSWORD, PHONE, WAYBILL, Desk
from tests.support.browser import Watched, chromium

PAGES = ("/desk/reports/exceptions", "/desk/reports/monthly", "/desk/reports/statement")


@pytest.fixture
def case(database: Database) -> str:
    with database.write() as session:
        opened = cases.open_case(
            session, key="k", kind="complaint", category="damage", description="杯子碎了两个", language="zh",
            waybill=WAYBILL, phone=PHONE, contact_name="王小明", area="上海",
        )  # fmt: skip
        session.commit()
    return str(opened["number"])


@pytest.fixture
def wu(login: Callable[[str], Desk]) -> Desk:
    """A supervisor."""
    return login("wu")


def this_month(desk: Desk, case: str, **more: str) -> dict[str, str]:
    """Of the company's calendar: at night, another than UTC's."""
    created = datetime.fromisoformat(desk.get(f"/desk/api/cases/{case}").json()["created_at"])
    month = f"{created.astimezone(ZoneInfo(settings().timezone)):%Y-%m}"
    return {"from": month, "to": month, **more}


def noted(database: Database) -> list[str]:
    with database.read() as session:
        return [event.actor for event in session.query(CaseEvent).filter_by(transition="report")]


def test_agents_see_no_report_and_no_way_to_one(lin: Desk, case: str, database: Database) -> None:
    for path in (*PAGES, f"/desk/reports/cases/{case}", "/desk/reports/monthly?format=csv"):
        assert lin.get(path).status_code == 403
    assert lin.post("/desk/reports/statement", data={"phone": PHONE}).status_code == 403
    assert lin.post(f"/desk/reports/cases/{case}", data={"cause": "transit"}).status_code == 403
    assert "/desk/reports" not in lin.get("/desk/cases").text + lin.get(f"/desk/cases/{case}").text
    assert noted(database) == []


def test_a_visitor_is_sent_to_the_login(visitor: Desk, case: str) -> None:
    for path in (*PAGES, f"/desk/reports/cases/{case}"):
        assert visitor.get(path, follow_redirects=False).headers["location"].startswith("/desk/login")


@pytest.mark.parametrize("name", ["zhou", "wu", "root"])
def test_quality_supervisors_and_admins_see_every_report(
    login: Callable[[str], Desk], name: str, case: str, database: Database
) -> None:
    with database.write() as session:
        add_agent(session, "root", PASSWORD, "admin")
        session.commit()
    desk = login(name)
    for path in PAGES:
        assert desk.get(path).status_code == 200
    assert f"/desk/reports/cases/{case}" in desk.get(f"/desk/cases/{case}").text
    assert str(desk.get("/desk/reports").url).endswith("/desk/reports/exceptions")


def test_monthly_figures_and_files_follow_the_language_of_the_desk(wu: Desk, case: str) -> None:
    assert "收件地区" in wu.get("/desk/reports/monthly", params=this_month(wu, case)).text
    wu.get("/desk/language/en")
    page = wu.get("/desk/reports/monthly", params=this_month(wu, case)).text
    assert "Cases by area" in page and "Shanghai" in page and "收件地区" not in page
    table = wu.get("/desk/reports/monthly", params=this_month(wu, case, format="csv"))
    assert table.headers["content-type"].startswith("text/csv") and "attachment" in table.headers["content-disposition"]
    assert table.content.startswith(b"\xef\xbb\xbf") and "Shanghai" in table.text
    assert wu.get("/desk/reports/monthly?format=png").content.startswith(b"\x89PNG")


def test_no_report_but_the_investigation_shows_a_number_or_a_name(wu: Desk, case: str) -> None:
    for path in PAGES[:2]:
        for form in ("", "csv", "html"):
            seen = wu.get(path, params=this_month(wu, case, format=form)).text
            assert not any(secret in seen for secret in (PHONE, WAYBILL, "王小明"))


def test_a_statement_is_asked_for_by_post_with_the_pages_token(wu: Desk, case: str) -> None:
    asked = {"phone": PHONE, **this_month(wu, case)}
    refused = Desk(wu.app)
    refused.cookies = wu.cookies
    assert refused.post("/desk/reports/statement", data=asked).status_code == 403
    page = wu.post("/desk/reports/statement", data=asked).text
    assert case in page and "13*******78" in page
    table = wu.post("/desk/reports/statement", data={**asked, "format": "csv"})
    assert case in table.text and PHONE not in table.text + table.headers["content-disposition"]
    assert wu.post("/desk/reports/statement", data={**asked, "phone": "5678"}).status_code == 400


def test_an_investigation_shows_everything_and_is_noted_each_time(zhou: Desk, case: str, database: Database) -> None:
    page = zhou.get(f"/desk/reports/cases/{case}").text
    assert all(secret in page for secret in (PHONE, WAYBILL, "王小明", "杯子碎了两个"))
    zhou.get(f"/desk/reports/cases/{case}", params={"format": "csv"})
    assert noted(database) == ["zhou", "zhou"]
    assert "查看调查报告" in zhou.get(f"/desk/cases/{case}").text


def test_a_supervisor_records_what_was_found_and_quality_only_reads(
    zhou: Desk, wu: Desk, case: str, database: Database
) -> None:
    found = {"cause": "packaging", "remedy": "赔付杯子", "prevention": "加强包装检查"}
    assert "<textarea" not in zhou.get(f"/desk/reports/cases/{case}").text
    assert zhou.post(f"/desk/reports/cases/{case}", data=found).status_code == 403
    page = wu.post(f"/desk/reports/cases/{case}", data=found).text
    assert "包装不当" in page and "加强包装检查" in page
    assert wu.post(f"/desk/reports/cases/{case}", data={**found, "cause": "aliens"}).status_code == 400
    with database.read() as session:
        assert session.query(Finding).one().found_by == "wu"
        assert session.query(Case).one().state == "acknowledged"


@pytest.mark.parametrize(
    "path",
    ["monthly?from=yesterday", "monthly?from=2026-10-05&to=2026-10-01", "monthly?format=exe", "exceptions?to=2026-10"],
)
def test_a_bad_period_or_format_is_refused_in_a_sentence(wu: Desk, path: str) -> None:
    assert wu.get(f"/desk/reports/{path}").status_code == 400


def test_an_unknown_report_or_case_is_not_found(wu: Desk) -> None:
    assert wu.get("/desk/reports/weekly").status_code == 404
    assert wu.get("/desk/reports/cases/YD0").status_code == 404


@pytest.fixture(params=[(1280, 800), (390, 844)], ids=["desktop", "phone"])
def watched(request: pytest.FixtureRequest) -> Iterator[tuple[Page, Watched]]:
    with chromium() as browser:
        width, height = request.param
        context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
        watching = Watched(context)
        yield context.new_page(), watching


@pytest.mark.slow
def test_a_supervisor_reads_and_downloads_reports_in_a_browser(
    watched: tuple[Page, Watched], address: str, case: str
) -> None:
    page, seen = watched
    page.goto(f"{address}/desk/reports")
    page.get_by_label("账号").fill("wu")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.goto(f"{address}/desk/reports/monthly?from=20{case[2:4]}-{case[4:6]}")  # the month in the case's number
    expect(page.get_by_role("heading", name="服务质量月报")).to_be_visible()
    assert page.locator(".days rect").count() >= 28
    bar = page.locator("#by_area .bars-track rect").first.bounding_box()
    assert bar is not None and bar["width"] > 20
    with page.expect_download() as started:
        page.get_by_role("button", name="表格 CSV").click()
    assert started.value.suggested_filename.startswith("monthly-")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto(f"{address}/desk/cases/{case}")
    page.get_by_role("link", name="调查报告").click()
    page.get_by_label("原因").select_option(label="包装不当")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("#finding")).to_contain_text("包装不当")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert seen.complaints == [] and seen.hosts() == {urlsplit(address).netloc}
