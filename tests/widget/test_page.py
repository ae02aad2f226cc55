"""The page itself: two languages, phone and desktop, keyboard, screen reader, and what it may load."""

import requests
from playwright.sync_api import expect

from bot.widget.routes import page_policy
from tests.support.server import Server
from tests.widget.conftest import OpenPage
from tests.widget.customer import ANSWERED_MS, Customer

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def test_the_page_speaks_the_browsers_language(open_page: OpenPage) -> None:
    english = open_page(locale="en-GB")
    expect(english.page.get_by_role("heading", name="Hello, I'm Yida")).to_be_visible()
    assert english.page.locator("html").get_attribute("lang") == "en"


def test_lang_in_the_address_wins_and_errors_follow_it(open_page: OpenPage) -> None:
    customer = open_page("/?lang=en")
    customer.choose_files({"name": "list.docx", "mimeType": "application/msword", "buffer": b"x"})
    expect(customer.page.get_by_role("alert")).to_contain_text("can't be sent")
    customer.choose_files({"name": "fake.png", "mimeType": "image/png", "buffer": b"MZ this is a program"})
    customer.page.get_by_role("button", name="Send").click()
    failed = customer.page.locator('[data-state="failed"]')
    expect(failed).to_contain_text("PDF")
    assert failed.inner_text().isascii()


def test_the_server_answers_in_the_pages_language(open_page: OpenPage) -> None:
    answer = open_page("/?lang=en").ask("hello")
    assert "您" not in answer.inner_text()


def test_a_bare_number_is_answered_in_the_language_of_the_page(open_page: OpenPage) -> None:
    answer = open_page("/?lang=en").ask("JDVA29999999999")
    assert "您" not in answer.inner_text()


def test_a_language_switched_in_the_header_is_the_answers_until_the_customer_writes_in_another(
    open_page: OpenPage,
) -> None:
    customer = open_page()
    customer.ask("查快递")
    with customer.page.expect_response("**/chat/language"):
        customer.page.get_by_role("button", name="Switch to English").click()
    assert "您" not in customer.ask("JDVA29999999999").inner_text()
    assert "查不到" in customer.ask("查快递").inner_text()


def test_the_header_promises_people_only_while_they_are_at_the_desk(
    open_page: OpenPage,
) -> None:
    expect(open_page().page.get_by_text("随时可转人工")).to_be_visible()
    told = 'event: duty\ndata: {"open": false, "hours": "8:00-22:00"}\n\n'
    closed = open_page().page
    closed.route("**/chat/events", lambda route: route.fulfill(body=told, content_type="text/event-stream"))
    closed.reload()
    expect(closed.get_by_text("人工 8:00-22:00 在线")).to_be_visible()
    expect(closed.get_by_text("随时")).to_have_count(0)


def test_a_switched_language_stays(open_page: OpenPage) -> None:
    customer = open_page()
    customer.page.get_by_role("button", name="Switch to English").click()
    expect(customer.page.get_by_role("heading", name="Hello, I'm Yida")).to_be_visible()
    customer.page.reload()
    expect(customer.page.get_by_role("heading", name="Hello, I'm Yida")).to_be_visible()


def test_a_phone_shows_everything_without_sideways_scrolling(open_page: OpenPage) -> None:
    customer = open_page(**PHONE)
    customer.ask("😀")
    assert customer.page.evaluate("document.documentElement.scrollWidth") == 390
    expect(customer.input).to_be_in_viewport(ratio=1)
    for button in customer.page.get_by_role("button").all():
        box = button.bounding_box()
        assert box is not None and box["height"] >= 32, button.inner_text()
    last = customer.open_choices().last
    expect(last).to_be_in_viewport(ratio=1)


def test_a_wide_screen_shows_one_centred_column(open_page: OpenPage) -> None:
    customer = open_page(viewport={"width": 1280, "height": 860})
    box = customer.page.locator(".ChatApp").bounding_box()
    assert box is not None and box["width"] <= 720
    assert abs(box["x"] * 2 + box["width"] - 1280) < 2


def test_everything_can_be_done_with_the_keyboard(customer: Customer) -> None:
    keyboard, page = customer.page.keyboard, customer.page
    names = []
    while "输入消息，按回车发送" not in names and len(names) < 12:
        keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.ariaLabel || document.activeElement.innerText"))
    assert names[0] == "Switch to English"
    assert {"聊天记录", "人工客服", "添加照片或 PDF", "输入消息，按回车发送"} <= set(names)
    keyboard.type("😀")
    keyboard.press("Enter")
    expect(customer.open_choices().first).to_be_visible(timeout=ANSWERED_MS)
    customer.open_choices().first.focus()
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    keyboard.press("Enter")
    expect(customer.messages_of("customer").nth(1)).to_be_visible()
    expect(customer.input).to_be_focused()


def test_a_screen_reader_is_told_who_speaks_and_what_each_button_does(customer: Customer) -> None:
    customer.ask("你好")
    expect(customer.log).to_have_attribute("aria-live", "polite")
    assert customer.log.get_by_role("alert").count() == 0
    expect(customer.messages_of("customer").first).to_contain_text("您")
    expect(customer.messages_of("bot").first).to_contain_text("驿答")
    for button in customer.page.get_by_role("button").all():
        assert button.get_attribute("aria-label") or button.inner_text().strip()
    assert customer.input.get_attribute("aria-label")


def test_motion_stops_for_those_who_ask_for_it(open_page: OpenPage) -> None:
    customer = open_page(reduced_motion="reduce")
    duration = customer.page.evaluate("getComputedStyle(document.querySelector('.Composer-send')).transitionDuration")
    assert float(duration.rstrip("s")) < 0.001


def test_the_page_may_load_nothing_from_elsewhere(server: Server) -> None:
    headers = requests.get(server.base_url, timeout=10).headers
    policy = headers["Content-Security-Policy"]
    assert policy == page_policy("'self'")
    assert "default-src 'self'" in policy and "unsafe" not in policy and "http" not in policy


def test_scripts_and_styles_are_asked_for_anew_after_an_upgrade(server: Server) -> None:
    for path in ("/widget.js", "/widget/static/app/main.js", "/widget/static/vendor/chatui.js"):
        answer = requests.get(server.base_url + path, timeout=10)
        assert answer.status_code == 200, path
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.headers["ETag"]
