"""The three cases of the source documents (002) in a customer's browser and at the desk, from first words to survey."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import httpx2 as httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from bot.settings import ROOT
from tests.support.browser import chromium
from tests.support.server import Server
from tests.widget.customer import Customer

PICTURES = ROOT / "docs" / "desk"
PASSWORD = "a-password-for-tests"
WAYBILL = "YT2604417093385"
CASES = {
    "cigarettes": ("zh", "送来的烟没清点交接，司机卸在门口就走了，少了两条，我要投诉", "少的两条按发票赔付"),
    "container": ("zh", "约好今天装柜，你们的车到现在没来，船期要误了，我要投诉", "车辆已改派，改船期的费用由我们承担"),
    "consigned": ("zh", "我托运的一箱涂料到现在找不到，你们弄丢了，投诉", "货物确认遗失，按保价金额赔付"),
    "consigned-en": ("en", "the crate I sent cannot be found, you lost it, complaint", "We confirm the loss"),
}
WORDS = {
    "zh": {
        "confirm": "确认", "status": "查工单 {}", "accept": "同意这个方案", "rate": "评个分", "low": "1 分，很不满意",
        "end": "没有了", "sorry": "抱歉",
    },
    "en": {
        "confirm": "Confirm", "status": "case {}", "accept": "I agree", "rate": "Rate us", "low": "1, not at all",
        "end": "Nothing more", "sorry": "sorry",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("seed")) as running:
        running.load_demo()
        running.run("agent", "add", "小林", "--skills", "complaints", stdin=f"{PASSWORD}\n")
        yield running


@pytest.fixture(scope="module")
def desk(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.base_url) as client:
        entered = client.post("/desk/api/login", json={"name": "小林", "password": PASSWORD})
        client.headers["X-CSRF-Token"] = entered.json()["csrf"]
        yield client


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def complain(customer: Customer, words: str, phone: str, yes: str) -> str:
    """Tells it, gives what is asked, confirms; gives the case's number as the customer reads it."""
    customer.ask(words)
    customer.ask(WAYBILL)
    customer.ask(phone)
    said = customer.choose(yes).inner_text()
    return re.findall(r"YD\d{11}", said)[0]


def handle(desk: httpx.Client, number: str, solution: str) -> None:
    for step, message in (("triage", None), ("first_check", "已找到交接记录"), ("propose", solution)):
        answer = desk.post(f"/desk/api/cases/{number}/{step}", json={"message": message} if message else {})
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("name", CASES)
def test_it_is_told_looked_into_solved_accepted_and_rated(
    browser: Browser, server: Server, desk: httpx.Client, name: str
) -> None:
    language, first_words, solution = CASES[name]
    words = WORDS[language]
    context = browser.new_context(locale="zh-CN" if language == "zh" else "en-GB")
    page = context.new_page()
    page.goto(f"{server.base_url}/?lang={language}")
    customer = Customer(page)
    expect(customer.log).to_have_attribute("aria-busy", "false", timeout=20_000)
    phone = f"1390000246{list(CASES).index(name)}"  # four customers, or their cases would be one
    number = complain(customer, first_words, phone, words["confirm"])
    handle(desk, number, solution)
    expect(customer.log).to_contain_text(solution, timeout=20_000)  # the notice: it would come between what follows
    assert solution in customer.ask(words["status"].format(number)).inner_text()
    customer.choose(words["accept"])
    assert desk.get(f"/desk/api/cases/{number}").json()["state"] == "resolved"
    desk.post(f"/desk/api/cases/{number}/close", json={}).raise_for_status()
    expect(customer.log).to_contain_text({"zh": "已结案", "en": "is closed"}[language], timeout=20_000)
    customer.ask(words["status"].format(number))
    customer.choose(words["rate"])
    for _ in range(5):
        customer.choose(words["low"])
    assert words["sorry"] in customer.choose(words["end"]).inner_text().lower()
    follow_ups = desk.get("/desk/api/cases?kind=callback").json()["cases"]
    assert any(number in desk.get(f"/desk/api/cases/{case['number']}").json()["description"] for case in follow_ups)
    keep_picture(page, desk, server, browser, name, number)
    context.close()


def keep_picture(page: Page, desk: httpx.Client, server: Server, browser: Browser, name: str, number: str) -> None:
    """For the documentation, when asked for (YIDA_SCREENSHOTS=1): the case's whole life at the desk."""
    if os.environ.get("YIDA_SCREENSHOTS") != "1" or name != "cigarettes":
        return
    PICTURES.mkdir(exist_ok=True)
    context = browser.new_context(viewport={"width": 1180, "height": 1000}, locale="zh-CN")
    context.add_cookies([
        {"name": cookie.name, "value": cookie.value or "", "url": server.base_url} for cookie in desk.cookies.jar
    ])
    desk_page = context.new_page()
    desk_page.goto(f"{server.base_url}/desk/cases/{number}")
    desk_page.screenshot(path=PICTURES / "case.png", animations="disabled")
    context.close()
