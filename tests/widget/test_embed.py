"""The chat on another site, which sends no cookies along and has a strict policy of its own."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Browser, Frame, Locator, Page, Request, expect

from tests.support.browser import Watched
from tests.support.server import Server
from tests.widget.customer import Customer

HOST_PAGE = """<!doctype html><html lang="zh"><head><title>小店</title></head>
<body><h1>小店</h1><a href="#one">商品</a>
<script src="{base}/widget.js" data-lang="{language}"></script></body></html>"""


class Shop:
    """Another site: `localhost` beside our 127.0.0.1, so that our cookies are a third party's there."""

    def __init__(self) -> None:
        self.page = b""
        self.policy = ""
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Security-Policy", shop.policy)
                self.end_headers()
                self.wfile.write(shop.page)

            def log_message(self, *_: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self.http.server_port}"

    def show(self, base: str, language: str = "zh") -> None:
        self.page = HOST_PAGE.format(base=base, language=language).encode()
        self.policy = f"default-src 'none'; script-src {base}; frame-src {base}"


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    shop = Shop()
    Thread(target=shop.http.serve_forever, daemon=True).start()
    yield shop
    shop.http.shutdown()


@pytest.fixture(scope="module")
def server(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("embedded"), frame_ancestors=f"'self' {shop.url}") as running:
        yield running


@pytest.fixture
def visit(browser: Browser, shop: Shop, server: Server) -> Iterator[Page]:
    shop.show(server.base_url)
    context = browser.new_context(locale="zh-CN")
    watched = Watched(context)
    page = context.new_page()
    page.goto(shop.url)
    yield page
    context.close()
    assert watched.complaints == []
    assert watched.hosts() <= {shop.url.removeprefix("http://"), server.base_url.removeprefix("http://")}


def launcher(page: Page) -> Locator:
    return page.get_by_role("button", name="在线客服")


def open_chat(page: Page) -> Customer:
    launcher(page).click()
    expect(page.frame_locator("iframe").get_by_role("log")).to_have_attribute("aria-busy", "false", timeout=20_000)
    return Customer(chat_frame(page))


def chat_frame(page: Page) -> Frame:
    return next(frame for frame in page.frames if frame.parent_frame is not None)


def test_a_customer_of_another_site_is_answered_without_any_cookie(visit: Page) -> None:
    asked: list[Request] = []
    visit.on("request", lambda request: asked.append(request))
    customer = open_chat(visit)
    customer.ask("你好")
    assert customer.own_texts() == ["你好"]
    spoken = [request.all_headers() for request in asked if "/chat/messages" in request.url]
    assert len(spoken) == 2  # history, then the message
    assert all("cookie" not in headers and headers["authorization"].startswith("Bearer ") for headers in spoken)


def test_nothing_of_ours_is_loaded_before_the_button_is_pressed(visit: Page) -> None:
    expect(launcher(visit)).to_have_attribute("aria-expanded", "false")
    assert len(visit.frames) == 1


def test_keyboard_alone_opens_writes_and_closes(visit: Page) -> None:
    visit.keyboard.press("Tab")
    visit.keyboard.press("Tab")
    expect(launcher(visit)).to_be_focused()
    visit.keyboard.press("Enter")
    expect(launcher(visit)).to_have_attribute("aria-expanded", "true")
    chat = visit.frame_locator("iframe")
    expect(chat.locator("#composer")).to_be_focused(timeout=20_000)
    visit.keyboard.type("你好")
    visit.keyboard.press("Enter")
    expect(chat.locator('[data-from="bot"][data-id]').first).to_be_visible(timeout=20_000)
    visit.keyboard.press("Escape")
    expect(launcher(visit)).to_have_attribute("aria-expanded", "false")
    expect(launcher(visit)).to_be_focused()
    expect(visit.get_by_role("dialog")).to_have_count(0)


def test_the_chat_goes_on_where_it_was_when_opened_again(visit: Page) -> None:
    customer = open_chat(visit)
    customer.ask("你好")
    chat_frame(visit).get_by_role("button", name="收起聊天窗口").click()
    expect(visit.get_by_role("dialog")).to_have_count(0)
    launcher(visit).click()
    expect(visit.frame_locator("iframe").locator('[data-from="customer"]')).to_have_count(1)


def test_an_answer_to_a_closed_chat_is_counted_on_the_button(visit: Page) -> None:
    customer = open_chat(visit)
    customer.ask("你好")
    chat_frame(visit).evaluate("window.parent.postMessage({yida: 'close'}, '*')")
    expect(visit.get_by_role("dialog")).to_have_count(0)
    customer.page.evaluate(
        """(text) => { const input = document.getElementById("composer");
        Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(input, text);
        input.dispatchEvent(new Event("input", {bubbles: true}));
        input.form.requestSubmit(); }""",
        "还在吗",
    )
    expect(launcher(visit)).to_have_accessible_name("打开在线客服，1 条新消息", timeout=20_000)
    launcher(visit).click()
    visit.keyboard.press("Escape")
    expect(launcher(visit)).to_have_accessible_name("打开在线客服")


def test_no_globals_and_no_elements_but_one_are_added_to_the_site(visit: Page) -> None:
    visit.evaluate("window.names = Object.keys(window)")
    before = set(visit.evaluate("window.names"))
    open_chat(visit)
    ours = set(visit.evaluate("Object.keys(window)")) - before - {"names", "0"}  # "0" is the frame, as for any frame
    assert ours == set()
    assert visit.evaluate("[...document.body.children].map(one => one.tagName)") == ["H1", "A", "SCRIPT", "DIV"]


def test_a_phone_gives_the_chat_the_whole_screen(browser: Browser, shop: Shop, server: Server) -> None:
    shop.show(server.base_url, language="en")
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(shop.url)
    page.get_by_role("button", name="Open the chat").click()
    assert page.get_by_role("dialog", name="Yida chat").bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 844}
    expect(page.frame_locator("iframe").get_by_role("heading", name="Hello, I'm Yida")).to_be_visible(timeout=20_000)
    page.context.close()


def test_a_site_that_is_not_named_in_the_settings_cannot_embed_the_chat(
    browser: Browser, shop: Shop, tmp_path: Path
) -> None:
    with Server(tmp_path) as stern:
        shop.show(stern.base_url)
        page = browser.new_page()
        page.goto(shop.url)
        with page.expect_console_message(lambda message: "frame-ancestors" in message.text):
            launcher(page).click()
        page.context.close()
