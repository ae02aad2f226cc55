"""Whoever uses a screen reader, a keyboard or a small screen: axe finds nothing serious on any page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone

import pytest
from playwright.sync_api import Browser, Page, expect

from bot.db import Database
from bot.settings import ROOT
from tests.cases.support import Teller
from tests.support.browser import chromium
from tests.support.server import Server
from tests.widget.customer import ANSWERED_MS, Customer

AXE = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
SERIOUS = ("serious", "critical")
WINDOWS = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1280, "height": 900}}
LOCALES = {"zh": "zh-CN", "en": "en-GB"}
PASSWORD = "a-password-for-tests"
DESK_PAGES = [
    "/", "/team", "/search", "/canned", "/unmaskings", "/requests", "/cases", "/incidents", "/learning",
    "/reports/exceptions", "/reports/monthly", "/reports/answering", "/reports/shift", "/reports/statement",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory):
    return tmp_path_factory.mktemp("axe")


@pytest.fixture(scope="module")
def server(folder) -> Iterator[Server]:
    with Server(folder) as running:
        running.run("agent", "add", "吴主管", "--role", "supervisor", stdin=f"{PASSWORD}\n")
        yield running


@pytest.fixture(scope="module")
def waybill(server: Server) -> str:
    """Of the demo's parcels."""
    return server.load_demo()[0][0]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def findings(page: Page) -> list[str]:
    """What axe calls serious: rule, what is wrong, and where."""
    page.evaluate(AXE)
    options = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    found = page.evaluate("options => axe.run(document, options)", options)["violations"]
    return [
        f"{rule['id']}: {rule['help']} at {[node['target'] for node in rule['nodes'][:3]]}"
        for rule in found
        if rule["impact"] in SERIOUS
    ]


def test_a_page_that_is_badly_made_is_noticed(browser) -> None:
    page = browser.new_page()
    page.set_content("<!doctype html><html lang=en><title>x</title><main><h1>x</h1><img src='data:,'><button></button>")
    assert [finding.partition(":")[0] for finding in findings(page)] == ["button-name", "image-alt"]
    page.context.close()


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("window", WINDOWS)
def test_the_customers_page_has_no_serious_finding(browser, server, waybill, window, language) -> None:
    context = browser.new_context(viewport=WINDOWS[window], locale=LOCALES[language])
    page = context.new_page()
    page.goto(server.base_url)
    customer = Customer(page)
    expect(customer.input).to_be_visible()
    assert findings(page) == []
    customer.ask(waybill)
    customer.say({"zh": "人工客服", "en": "human agent please"}[language])
    expect(customer.waiting_bar).to_be_visible(timeout=ANSWERED_MS)
    assert findings(page) == []
    context.close()


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("window", WINDOWS)
def test_the_desks_pages_have_no_serious_finding(browser, server, folder, window, language) -> None:
    teller = Teller(Database(f"sqlite:///{folder}/yida.db"))
    number = teller.open(datetime.now(timezone.utc))
    context = browser.new_context(viewport=WINDOWS[window], locale=LOCALES[language])
    page = context.new_page()
    page.goto(f"{server.base_url}/desk/login")
    wrong = {"/login": findings(page)}
    page.locator("input[name=name]").fill("吴主管")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("form button[type=submit]").first.click()
    page.wait_for_url("**/desk/")
    for path in [*DESK_PAGES, f"/cases/{number}", f"/reports/cases/{number}"]:
        page.goto(f"{server.base_url}/desk{path}")
        wrong[path] = findings(page)
    assert {path: found for path, found in wrong.items() if found} == {}
    context.close()
