"""Lines that break, servers that die, sessions that end: nothing is lost and nothing is said twice."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Request, Route, expect

from tests.support.server import Server
from tests.widget.conftest import OpenPage
from tests.widget.customer import ANSWERED_MS, Customer

BACK_MS = 60_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of this module's own, to be killed."""
    with Server(tmp_path_factory.mktemp("killed")) as running:
        yield running


def test_messages_written_while_the_server_is_dead_arrive_once_it_is_back(customer: Customer, server: Server) -> None:
    customer.ask("第一条")
    server.kill()
    customer.say("第二条")
    customer.say("第三条")
    expect(customer.page.locator('[data-state="sending"]')).to_have_count(2)
    expect(customer.page.get_by_text("正在重新连接")).to_be_visible(timeout=BACK_MS)
    server.start()
    expect(customer.page.locator("[data-state]")).to_have_count(0, timeout=BACK_MS)
    expect(customer.messages_of("bot").nth(2)).to_be_visible(timeout=ANSWERED_MS)
    assert customer.own_texts() == ["第一条", "第二条", "第三条"]
    assert customer.shown() == customer.stored()
    expect(customer.page.get_by_text("智能客服 · ")).to_be_visible(timeout=BACK_MS)


def test_an_answer_given_while_the_line_was_down_is_shown_once(customer: Customer) -> None:
    context = customer.page.context
    customer.ask("你好")
    context.set_offline(True)
    customer.say("断网时写的")
    expect(customer.page.locator('[data-state="sending"]')).to_have_count(1)
    context.set_offline(False)
    expect(customer.messages_of("bot").nth(1)).to_be_visible(timeout=BACK_MS)
    assert customer.own_texts() == ["你好", "断网时写的"]
    assert customer.shown() == customer.stored()


def test_a_lost_acknowledgement_is_asked_for_again_under_the_same_id(customer: Customer) -> None:
    sent = []

    def lose_the_first_answer(route: Route, request: Request) -> None:
        if request.method != "POST":
            return route.continue_()
        sent.append(request.post_data_json["client_id"])
        if len(sent) > 1:
            return route.continue_()
        route.fetch()
        route.abort()

    customer.page.route("**/chat/messages", lose_the_first_answer)
    customer.ask("只说一次")
    expect(customer.page.locator("[data-state]")).to_have_count(0, timeout=BACK_MS)
    assert len(set(sent)) == 1
    assert customer.own_texts() == ["只说一次"]
    assert customer.shown() == customer.stored()


def test_a_message_that_cannot_be_sent_says_so_and_can_be_retried(customer: Customer) -> None:
    customer.page.clock.install()
    for way in ("messages", "events*"):  # a stream that opens anew would send what had failed by itself
        customer.page.route(f"**/chat/{way}", lambda route: route.abort())
    customer.say("发不出去")
    failed = customer.page.locator('[data-state="failed"]')
    for _ in range(8):
        customer.page.clock.run_for(20_000)
    expect(failed).to_contain_text("没有发出去")
    customer.page.unroute("**/chat/messages")
    failed.get_by_role("button", name="重试").click()
    expect(failed).to_have_count(0)
    expect(customer.messages_of("customer")).to_have_count(1)


def test_an_ended_session_becomes_a_new_one_and_the_message_is_not_lost(customer: Customer, server: Server) -> None:
    customer.ask("旧会话")
    erase_conversations(server)
    customer.say("新会话")
    expect(customer.page.get_by_text("已为您开启新的会话")).to_be_visible(timeout=BACK_MS)
    expect(customer.messages_of("bot").nth(1)).to_be_visible(timeout=BACK_MS)
    assert customer.own_texts() == ["旧会话", "新会话"]
    assert customer.page.get_by_text("已为您开启新的会话").count() == 1
    expect(customer.page.locator("[data-state]")).to_have_count(0)


def test_a_refused_message_shows_the_servers_sentence(customer: Customer) -> None:
    refusal = {"error": "这个按钮已失效，请直接输入您想办的事。", "code": "unknown_choice"}
    customer.ask("😀")
    customer.page.route("**/chat/messages", lambda route: route.fulfill(status=410, json=refusal))
    customer.open_choices().first.click()
    failed = customer.page.locator('[data-state="failed"]')
    expect(failed).to_contain_text(refusal["error"])
    expect(failed.get_by_role("button")).to_have_count(0)


def test_a_reached_limit_is_waited_out(customer: Customer) -> None:
    answers = [{"status": 429, "json": {"error": "发得有点快，请稍等片刻再试。", "retry_after": 1}}]

    def limit_once(route: Route) -> None:
        if route.request.method == "POST" and answers:
            return route.fulfill(**answers.pop())
        route.continue_()

    customer.page.route("**/chat/messages", limit_once)
    customer.say("发得快")
    expect(customer.page.get_by_text("发得有点快")).to_be_visible()
    expect(customer.messages_of("customer")).to_have_count(1, timeout=BACK_MS)
    expect(customer.page.get_by_text("发得有点快，请")).to_have_count(0)


def test_two_customers_see_only_their_own_chat(open_page: OpenPage) -> None:
    one, other = open_page(), open_page()
    one.ask("我是甲")
    other.ask("我是乙")
    assert one.own_texts() == ["我是甲"]
    assert other.own_texts() == ["我是乙"]


def test_a_second_tab_of_the_same_customer_follows(customer: Customer, browser: Browser, server: Server) -> None:
    tab = Customer(customer.page.context.new_page())
    tab.page.goto(server.base_url)
    expect(tab.log).to_have_attribute("aria-busy", "false")
    customer.ask("在第一个窗口说的")
    expect(tab.messages_of("customer")).to_contain_text("在第一个窗口说的")
    expect(tab.messages_of("bot").first).to_be_visible(timeout=ANSWERED_MS)


def erase_conversations(server: Server) -> None:
    path = Path(server.environment["YIDA_DATABASE_URL"].removeprefix("sqlite:///"))
    with sqlite3.connect(path, timeout=10) as connection:
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("DELETE FROM conversations")
