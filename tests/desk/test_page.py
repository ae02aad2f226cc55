"""The desk in a browser: it lives, loses no typing, and asks no one else for anything."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from bot.conversations import inbox, ownership
from bot.db import Database
from tests.conversations.support import Customer
from tests.desk.conftest import PACKET, PASSWORD
from tests.support.browser import Watched, chromium

pytestmark = pytest.mark.slow


@pytest.fixture(params=[(1280, 800), (390, 844)], ids=["desktop", "phone"])
def watched(request: pytest.FixtureRequest) -> Iterator[tuple[Page, Watched]]:
    with chromium() as browser:
        width, height = request.param
        context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
        watching = Watched(context)
        yield context.new_page(), watching


def wait_for_a_person(database: Database, customer: Customer) -> None:
    with database.write() as session:
        ownership.request_handoff(session, inbox.lock(session, customer.id), "customer_asked", PACKET)
        session.commit()


def test_an_agent_works_a_chat_while_the_desk_changes(
    watched: tuple[Page, Watched], address: str, customer: Customer, database: Database
) -> None:
    page, seen = watched
    page.goto(f"{address}/desk/")
    page.get_by_label("账号").fill("lin")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page).to_have_title("(1) 驿答工作台")

    second = Customer(database)
    second.send("我也想找人")
    wait_for_a_person(database, second)
    expect(page).to_have_title("(2) 驿答工作台")
    expect(page.get_by_text("我也想找人")).to_be_visible()

    page.get_by_role("button", name="接入").first.click()
    box = page.get_by_label("回复客户")
    box.fill("您好，我正在")
    customer.send("再补充一句：是快递员送来的")
    expect(page.get_by_role("log")).to_contain_text("再补充一句")
    expect(page).to_have_title("(1) 驿答工作台")
    expect(box).to_have_value("您好，我正在")
    expect(box).to_be_focused()

    page.goto(f"{address}/desk/cases")
    page.go_back()
    expect(box).to_have_value("您好，我正在")
    box.press("End")
    box.press_sequentially("核实。")
    box.press("Enter")
    expect(page.get_by_role("log").get_by_text("您好，我正在核实。")).to_be_in_viewport()
    expect(box).to_have_value("")
    assert customer.sees()[-1]["text"] == "您好，我正在核实。"

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="交回助手").click()
    expect(page).to_have_url(f"{address}/desk/")
    assert seen.complaints == [] and seen.hosts() == {urlsplit(address).netloc}


def test_a_refusal_is_said_and_the_chat_shows_who_has_it(
    watched: tuple[Page, Watched], address: str, customer: Customer, database: Database
) -> None:
    page, _ = watched
    page.goto(f"{address}/desk/conversations/{customer.id}")
    page.get_by_label("账号").fill("lin")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.route("**/desk/api/events*", lambda route: route.abort())  # a page that has not heard yet
    page.reload()
    with database.write() as session:
        ownership.claim(session, customer.id, "chen")
        session.commit()
    page.get_by_role("log").wait_for()
    page.locator(".talk").get_by_role("button", name="接入").click()
    expect(page.get_by_role("alert")).to_contain_text("可能已由同事接入")
    expect(page.locator(".talk").get_by_text("chen 在接")).to_be_visible()
