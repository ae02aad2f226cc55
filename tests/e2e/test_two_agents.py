"""Two agents and three customers at once, each in a browser: offers, a transfer with a note, and an agent who goes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import chromium
from tests.support.server import Server, rewrite
from tests.widget.customer import ANSWERED_MS, Customer

PASSWORD = "a-password-for-tests"
SOON_MS = 30_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("desk"))
    routing = Path(server.environment["YIDA_CATALOG_DIR"]) / "routing.yml"
    rewrite(routing, silent_minutes={"online": 0.15, "social": 60}, capacity=3)  # nobody waits five minutes here
    with server:
        for name in ("林小夏", "陈大文"):
            server.run("agent", "add", name, "--skills", "online", stdin=f"{PASSWORD}\n")
        yield server


def customer(browser: Browser, server: Server, words: str) -> Customer:
    page = browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN").new_page()
    page.goto(server.base_url)
    asking = Customer(page)
    asking.ask(words)
    asking.say("转人工")
    expect(asking.waiting_bar).to_be_visible(timeout=ANSWERED_MS)
    return asking


def agent(browser: Browser, server: Server, name: str) -> Page:
    """Logged in and on."""
    page = browser.new_context(viewport={"width": 1366, "height": 850}, locale="zh-CN").new_page()
    page.goto(f"{server.base_url}/desk/login")
    page.locator("input[name=name]").fill(name)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("form button[type=submit]").first.click()
    page.wait_for_url("**/desk/")
    page.get_by_label("我的状态").select_option("on")
    return page


def accept(page: Page, words: str) -> None:
    """Takes the chat that is offered here and whose last words are these."""
    button = page.locator(".offers .entry", has_text=words).get_by_role("button", name="接起")
    chat = (button.get_attribute("id", timeout=SOON_MS) or "").removeprefix("claim-")
    button.click()
    page.wait_for_url(f"**/desk/conversations/{chat}")


def answer(page: Page, words: str) -> None:
    page.wait_for_load_state()  # its scripts too: nobody types within milliseconds
    page.get_by_label("回复客户").fill(words)
    page.keyboard.press("Enter")
    expect(page.get_by_role("log")).to_contain_text(words)


def test_three_customers_are_served_by_two_agents_through_a_transfer_and_a_lost_one(
    browser: Browser, server: Server
) -> None:
    lin = agent(browser, server, "林小夏")
    first = customer(browser, server, "发票怎么开")
    expect(lin.locator(".offers .entry")).to_have_count(1, timeout=SOON_MS)
    accept(lin, "发票怎么开")
    answer(lin, "您好，我来帮您开发票")
    expect(first.log).to_contain_text("我来帮您开发票")

    chen = agent(browser, server, "陈大文")
    second = customer(browser, server, "保价怎么收费")
    accept(chen, "保价怎么收费")  # who is freer than lin
    answer(chen, "您好，保价按声明价值收取")
    expect(second.log).to_contain_text("保价按声明价值收取")

    lin.locator(".talk-acts summary", has_text="转给同事").click()
    sheet = lin.locator("form", has=lin.get_by_label("转给", exact=True))
    sheet.get_by_label("转给", exact=True).select_option("陈大文")
    sheet.get_by_label("给接手同事的备注").fill("抬头已经核对过了")
    sheet.get_by_role("button", name="转给同事").click()
    lin.wait_for_url("**/desk/")
    chen.locator("#queue .entry", has_text="发票怎么开").nth(0).wait_for()
    mine = chen.locator("section", has=chen.locator("#mine-head")).locator(".entry")
    expect(mine).to_have_count(2, timeout=SOON_MS)
    chen.locator("#queue .entry:not([aria-current]) .entry-link").first.click()
    expect(chen.get_by_role("log")).to_contain_text("抬头已经核对过了")
    answer(chen, "发票明天发到您邮箱")
    expect(first.log).to_contain_text("发票明天发到您邮箱")
    expect(first.log).not_to_contain_text("抬头已经核对过了")

    third = customer(browser, server, "几点下班")
    accept(lin, "几点下班")
    lin.context.close()  # goes home without a word
    third.say("还在吗")
    expect(third.log).to_contain_text("换一位同事接手", timeout=SOON_MS)
    accept(chen, "还在吗")
    answer(chen, "在的，我接着帮您")
    expect(third.log).to_contain_text("在的，我接着帮您")
    for page in (chen, first.page, second.page, third.page):
        page.context.close()
