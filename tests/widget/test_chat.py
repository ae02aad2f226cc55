"""Saying something and being answered: texts, choices, the queue, the limits of a message."""

import re

from playwright.sync_api import expect

from tests.widget.conftest import OpenPage
from tests.widget.customer import ANSWERED_MS, Customer


def test_a_message_is_answered_and_both_are_there_after_a_reload(customer: Customer) -> None:
    answer = customer.ask("你好").locator(".Bubble").inner_text()
    customer.page.reload()
    expect(customer.messages_of("customer").first).to_contain_text("你好")
    expect(customer.messages_of("bot").first).to_contain_text(answer)
    assert customer.shown() == customer.stored()


def test_an_empty_chat_greets_and_offers_common_questions(customer: Customer) -> None:
    expect(customer.page.get_by_role("heading", name="您好，我是驿答")).to_be_visible()
    customer.page.get_by_role("group", name="常用问题").get_by_role("button").first.click()
    expect(customer.messages_of("bot").first).to_be_visible(timeout=ANSWERED_MS)
    expect(customer.page.get_by_role("heading", name="您好，我是驿答")).to_have_count(0)


def test_a_choice_is_tapped_once_and_older_ones_are_inert(customer: Customer) -> None:
    customer.ask("😀")
    offered = customer.open_choices().all_inner_texts()
    customer.open_choices().first.click()
    expect(customer.messages_of("customer").nth(1)).to_contain_text(offered[0])
    expect(customer.messages_of("bot").nth(1)).to_be_visible(timeout=ANSWERED_MS)
    first_offer = customer.messages_of("bot").first.get_by_role("button")
    assert first_offer.count() == len(offered)
    assert all(button.is_disabled() for button in first_offer.all())


def test_choices_lapse_when_the_customer_says_something_else(customer: Customer) -> None:
    customer.ask("😀")
    offer = customer.messages_of("bot").first.get_by_role("button").first
    expect(offer).to_be_enabled()
    customer.ask("你好")
    expect(offer).to_be_disabled()


def test_markup_in_a_message_stays_text(customer: Customer) -> None:
    markup = '<img src="x" onerror="document.title=1"> <b>hi</b> https://example.com/a?b=<i>'
    customer.say(markup)
    expect(customer.own.locator(".Bubble").first).to_have_text(markup)
    assert customer.log.locator("img, b, a").count() == 0
    assert customer.page.title() != "1"


def test_line_breaks_are_kept_and_long_words_wrap(open_page: OpenPage) -> None:
    customer = open_page(viewport={"width": 390, "height": 844})
    customer.input.fill("第一行")
    customer.input.press("Shift+Enter")
    customer.input.press_sequentially("a" * 200)
    customer.input.press("Enter")
    expect(customer.own.locator(".Bubble").first).to_have_text(re.compile("第一行\na{200}"))
    assert customer.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert customer.log.evaluate("log => log.scrollWidth <= log.clientWidth")


def test_five_hundred_characters_are_counted_and_more_are_not_sent(customer: Customer) -> None:
    counter, send = customer.page.locator("#composer-count"), customer.page.get_by_role("button", name="发送")
    customer.input.fill("字" * 480)
    expect(counter).to_have_text("480/500 字")
    expect(send).to_be_enabled()
    customer.input.fill("字" * 501)
    expect(counter).to_contain_text("一次最多 500 字")
    expect(send).to_be_disabled()
    customer.input.press("Enter")
    expect(customer.own).to_have_count(0)


def test_waiting_for_a_person_shows_the_place_and_can_be_cancelled(customer: Customer) -> None:
    customer.page.get_by_role("button", name="人工客服").click()
    expect(customer.waiting_bar).to_contain_text(re.compile("您是下一位|您排在第 \\d+ 位"), timeout=ANSWERED_MS)
    customer.say("包裹外面是湿的")
    expect(customer.messages_of("customer").nth(1)).to_be_visible()
    expect(customer.waiting_bar.get_by_role("button")).to_have_count(2)
    customer.waiting_bar.get_by_role("button").first.click()
    expect(customer.waiting_bar).to_have_count(0, timeout=ANSWERED_MS)
    expect(customer.page.get_by_role("status").first).to_contain_text("智能客服")
    assert customer.shown() == customer.stored()
