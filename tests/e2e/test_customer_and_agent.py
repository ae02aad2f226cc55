"""A customer and an agent side by side: tracking, a complaint with a photo, a person, and back to the bot."""

import os
import re
from base64 import b64encode
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from bot.settings import ROOT
from tests.support.browser import Watched, chromium
from tests.support.images import png
from tests.support.server import Server
from tests.widget.customer import ANSWERED_MS, Customer

DOCS = ROOT / "docs"
AGENT, PASSWORD = "小林", "a-password-for-tests"
PHOTO = {"name": "破损的箱子.png", "mimeType": "image/png", "buffer": png(640, 480)}
QUESTION, ANSWER = "您好，您的投诉我看到了。方便再拍一张箱子侧面吗？", "收到，已加急核实，24 小时内给您答复。"
WINDOW = {"viewport": {"width": 440, "height": 900}, "locale": "zh-CN"}
DESK_WINDOW = {"viewport": {"width": 1180, "height": 900}, "locale": "zh-CN"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("together")) as running:
        yield running


@pytest.fixture(scope="module")
def parcels(server: Server) -> list[tuple[str, str]]:
    server.run("agent", "add", AGENT, "--skills", "online,complaints", stdin=f"{PASSWORD}\n")
    return server.load_demo()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


class Album:
    """Screenshots for the documentation, kept only when asked for (YIDA_SCREENSHOTS=1)."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.wanted = os.environ.get("YIDA_SCREENSHOTS") == "1"

    def keep(self, name: str, page: Page) -> None:
        if self.wanted:
            page.screenshot(path=DOCS / f"{name}.png", animations="disabled")

    def side_by_side(self, name: str, left: Page, right: Page) -> None:
        """Two windows of the running product in one picture."""
        if not self.wanted:
            return
        shots = [b64encode(page.screenshot(animations="disabled")).decode() for page in (left, right)]
        pictures = "".join(f'<img src="data:image/png;base64,{shot}">' for shot in shots)
        style = (
            "body{margin:0;padding:28px;display:flex;gap:24px;background:#dfe5e1;width:max-content}"
            "img{border-radius:12px;box-shadow:0 10px 36px #1e3a2c33}"
        )
        wall = self.browser.new_page()
        wall.set_content(f"<style>{style}</style>{pictures}")
        wall.locator("body").screenshot(path=DOCS / f"{name}.png")
        wall.context.close()


def log_in(page: Page, server: Server) -> None:
    page.goto(f"{server.base_url}/desk/")
    page.get_by_label("账号").fill(AGENT)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", name="等待接入")).to_be_visible()


def track(customer: Customer, waybill: str, tail: str) -> None:
    """A waybill alone tells how it stands; the last four digits of a phone on it open the whole way."""
    customer.ask(f"帮我查一下 {waybill}")
    card = customer.page.locator(".Shipment")
    expect(card.first).to_contain_text(waybill)
    expect(card.first.locator(".Step")).to_have_count(0)
    customer.choose("看详细物流")
    customer.ask(tail)
    expect(card.last.locator(".Step").first).to_be_visible()


def complain(customer: Customer) -> str:
    """Tells of damage, shows a photo, answers what is asked, confirms. Gives the case's number."""
    customer.ask("我要投诉，箱子摔坏了，里面的杯子碎了两只")
    before = customer.messages_of("bot").count()
    customer.choose_files(PHOTO)
    customer.page.get_by_role("button", name="发送").click()
    expect(customer.messages_of("bot").nth(before)).to_be_visible(timeout=ANSWERED_MS)
    customer.ask("13800001234")
    said = customer.choose("确认提交").inner_text()
    number = re.search(r"YD\d+", said)
    assert number, said
    return number[0]


def answer(desk: Page, text: str) -> None:
    desk.wait_for_load_state()  # its scripts too: nobody types within milliseconds
    desk.get_by_label("回复客户").fill(text)
    desk.get_by_role("button", name="发送").click()


def rate_after_the_end(customer: Customer, desk: Page) -> None:
    """Asks for a person once more; the agent ends the chat with an invitation to rate it, and it is taken."""
    customer.say("转人工")
    desk.get_by_role("button", name="接入").first.click(timeout=ANSWERED_MS)
    desk.get_by_text("结束会话", exact=True).first.click()
    desk.get_by_role("button", name="结束并邀请评价").click()
    customer.page.get_by_role("button", name="评个分").click(timeout=ANSWERED_MS)
    expect(customer.page.get_by_role("button", name="5 分")).to_be_visible(timeout=ANSWERED_MS)


def test_a_customer_and_an_agent_help_each_other(
    server: Server, parcels: list[tuple[str, str]], browser: Browser
) -> None:
    album = Album(browser)
    customers, agents = browser.new_context(**WINDOW), browser.new_context(**DESK_WINDOW)
    watched = [Watched(customers), Watched(agents)]
    customer, desk = Customer(customers.new_page()), agents.new_page()
    customer.page.goto(server.base_url)
    expect(customer.page.get_by_role("heading", name="您好，我是驿答")).to_be_visible(timeout=ANSWERED_MS)
    expect(customer.page.get_by_text("智能客服 · ")).to_be_visible()
    album.keep("customer-welcome", customer.page)

    track(customer, *parcels[0])
    album.keep("customer-tracking", customer.page)
    case = complain(customer)
    album.keep("customer-complaint", customer.page)

    log_in(desk, server)
    customer.say("转人工")
    expect(customer.waiting_bar).to_contain_text("您是下一位", timeout=ANSWERED_MS)
    album.keep("customer-waiting", customer.page)

    desk.get_by_role("button", name="接入").first.click(timeout=ANSWERED_MS)
    packet, transcript = desk.get_by_label("客户资料"), desk.get_by_role("log")
    expect(packet).to_contain_text(parcels[0][0])
    expect(packet).to_contain_text(case)
    expect(transcript).to_contain_text("杯子碎了两只")
    expect(transcript.get_by_role("img").first).to_be_visible()
    expect(customer.page.get_by_text(re.compile(f"{AGENT}.*已接入"))).to_be_visible(timeout=ANSWERED_MS)
    expect(customer.waiting_bar).to_have_count(0)

    bot_messages, photos = customer.messages_of("bot").count(), transcript.get_by_role("img").count()
    answer(desk, QUESTION)
    expect(customer.messages_of("agent").first).to_contain_text(QUESTION, timeout=ANSWERED_MS)
    customer.choose_files(PHOTO)
    customer.say("拍好了，就是这一角")
    expect(transcript).to_contain_text("就是这一角", timeout=ANSWERED_MS)
    expect(transcript.get_by_role("img")).to_have_count(photos + 1)
    answer(desk, ANSWER)
    expect(customer.messages_of("agent").nth(1)).to_contain_text(ANSWER, timeout=ANSWERED_MS)
    assert customer.messages_of("bot").count() == bot_messages, "the bot spoke while a person owned the chat"
    album.side_by_side("side-by-side", customer.page, desk)
    album.keep("desk-chat", desk)

    desk.get_by_role("button", name="交回助手").click()
    expect(customer.messages_of("bot").nth(bot_messages)).to_contain_text("驿答", timeout=ANSWERED_MS)
    customer.ask("代收货款怎么收费")
    rate_after_the_end(customer, desk)
    assert customer.shown() == customer.stored()
    assert [one.complaints for one in watched] == [[], []]
    assert watched[0].hosts() | watched[1].hosts() == {server.base_url.removeprefix("http://")}
    customers.close()
    agents.close()
