"""The workspace in a browser, desktop and phone wide: by keyboard, without a jump, nothing sent by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect
from sqlalchemy import select, update

from bot.cases import service as cases
from bot.conversations import inbox, ownership
from bot.conversations.models import Handoff
from bot.customers.verification import grant
from bot.db import Database, now
from bot.desk import canned
from bot.desk.models import Agent
from bot.shipments.models import Shipment
from tests.conversations.support import Customer
from tests.desk.conftest import PASSWORD
from tests.support.browser import Watched

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]
"""On one database: the pages show what test_workspace.py asks of both."""
PARCEL = "SF1234567890128"


@pytest.fixture
def page(context: BrowserContext, seen: Watched, address: str) -> Iterator[Page]:
    """Lin's desk; the login's cookie is all the browser needs. Closed before the server, which waits for its stream."""
    opened = context.new_page()
    answer = context.request.post(f"{address}/desk/api/login", data={"name": "lin", "password": PASSWORD})
    assert answer.ok
    opened.goto(f"{address}/desk/")
    yield opened
    opened.close()


def waits(database: Database, text: str) -> Customer:
    customer = Customer(database)
    customer.send(text)
    with database.write() as session:
        ownership.request_handoff(session, inbox.lock(session, customer.id), "customer_asked", {"last_text": text})
        session.commit()
    return customer


def lin_takes(database: Database, customer: Customer) -> None:
    with database.write() as session:
        ownership.claim(session, customer.id, "lin")
        session.commit()


@pytest.fixture
def asking(database: Database) -> Customer:
    """Asks about insurance, has shown to receive a parcel."""
    customer = waits(database, "保价怎么收费")
    with database.write() as session:
        session.add(Shipment(waybill=PARCEL, carrier="shunfeng", status="out_for_delivery", receiver_city="上海市"))
        session.flush()
        grant(session, customer.id, PARCEL, "receiver", now())
        canned.start_with(session)
        session.commit()
    return customer


def where(locator: Locator) -> dict[str, float]:
    """Asked again when its part was drawn anew meanwhile: it is when the stream opens."""
    return next(box for _ in range(50) if (box := locator.bounding_box()))


def test_news_that_come_while_a_button_is_pressed_do_not_take_the_click_away(
    page: Page, seen: Watched, asking: Customer, database: Database
) -> None:
    page.reload()
    button = where(page.get_by_role("button", name="接入"))
    page.mouse.move(button["x"] + button["width"] / 2, button["y"] + button["height"] / 2)
    page.mouse.down()
    with page.expect_response("**/desk/parts/queue"):
        waits(database, "我也想找人")
    page.wait_for_timeout(100)
    expect(page.get_by_text("我也想找人")).to_have_count(0)
    page.mouse.up()
    expect(page.get_by_label("回复客户")).to_be_visible()
    expect(page.get_by_text("我也想找人")).to_have_count(1)  # on a phone the open chat covers it
    assert seen.complaints == []


def test_what_a_customer_wrote_acts_nowhere_at_the_desk(
    page: Page, seen: Watched, asking: Customer, address: str, database: Database
) -> None:
    evil = "<form id=toast hx-swap-oob=true hx-post=/desk/api/state hx-trigger=load><input name=state value=on></form>"
    with database.write() as session:
        case = cases.open_case(
            session, key="1", kind="complaint", category="damage", description=evil, language="zh",
            conversation_id=asking.id,
        )  # fmt: skip
        session.commit()
    page.goto(f"{address}/desk/cases/{case['number']}")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.method} {urlsplit(request.url).path}"))
    page.get_by_role("button", name="开始核实").click()
    expect(page.get_by_text("核实中").first).to_be_visible()
    assert f"POST /desk/api/cases/{case['number']}/investigate" in asked
    assert "POST /desk/api/state" not in asked
    assert "<" not in page.request.get(f"{address}/desk/api/cases/{case['number']}").text()


def test_an_agent_on_another_page_is_there_and_sees_that_somebody_wrote(
    page: Page, seen: Watched, asking: Customer, address: str, database: Database
) -> None:
    with database.write() as session:
        ownership.claim(session, asking.id, "lin")
        session.execute(update(Agent).values(seen_at=None))
        session.commit()
    asking.send("还在吗")
    page.goto(f"{address}/desk/cases")
    expect(page.locator("#nav-count")).not_to_have_text("")
    with database.read() as session:
        assert session.execute(select(Agent.seen_at).where(Agent.name == "lin")).scalar_one() is not None
    assert seen.complaints == []


def test_what_is_typed_while_a_reply_is_on_its_way_stays_and_what_did_not_arrive_comes_back(
    page: Page, seen: Watched, asking: Customer, address: str, database: Database
) -> None:
    lin_takes(database, asking)
    page.goto(f"{address}/desk/conversations/{asking.id}")
    box = page.get_by_label("回复客户")
    waiting: list[Route] = []
    page.route("**/reply", lambda route: waiting.append(route))
    box.press_sequentially("第一句")
    box.press("Enter")
    expect(box).to_have_value("")
    box.press_sequentially("第二句")
    waiting[0].continue_()
    expect(page.get_by_role("log")).to_contain_text("第一句")
    expect(box).to_have_value("第二句")
    box.press("Enter")
    expect(box).to_have_value("")
    box.press_sequentially("第三句")
    waiting[1].abort()
    expect(box).to_have_value("第二句\n第三句")
    assert asking.hears()[-1] == "第一句"


def test_before_the_scripts_are_there_words_stay_where_they_are_typed_and_out_of_every_address(
    page: Page, address: str, database: Database, asking: Customer
) -> None:
    lin_takes(database, asking)
    page.route("**/*.js", lambda route: route.abort())
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    for place, box in ((f"conversations/{asking.id}", page.get_by_label("回复客户")), ("search", page.locator("#q"))):
        page.goto(f"{address}/desk/{place}")
        box.fill("13900002468")
        page.locator("form", has=box).locator("button:not([type=button])").first.click()
        page.wait_for_timeout(300)  # what the browser would have sent by then
        expect(box).to_have_value("13900002468")
    assert len(addresses) > 2 and [url for url in addresses if "?" in url] == []


def test_a_refused_form_keeps_what_was_typed_and_says_why_where_it_stands(
    page: Page, seen: Watched, asking: Customer, address: str, database: Database
) -> None:
    with database.write() as session:
        ownership.claim(session, asking.id, "lin")
        session.get(Shipment, PARCEL).status = "delivered"
        session.commit()
    page.goto(f"{address}/desk/conversations/{asking.id}")
    if page.viewport_size and page.viewport_size["width"] < 600:
        page.get_by_role("button", name="客户资料").click()
    page.get_by_role("button", name="派送变更").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("类型").select_option("reschedule")
    dialog.get_by_role("textbox").fill("明天下午")
    dialog.get_by_role("button", name="派送变更").click()
    expect(dialog.get_by_role("alert")).to_contain_text("已签收")
    expect(dialog.get_by_role("textbox")).to_have_value("明天下午")


def test_a_chat_is_worked_by_keyboard_alone_and_what_is_offered_is_never_sent_by_itself(
    page: Page, seen: Watched, asking: Customer, database: Database
) -> None:
    page.reload()
    page.keyboard.press("c")
    box = page.get_by_label("回复客户")
    expect(box).to_be_visible()
    suggestion = page.locator("#suggest button").first
    expect(suggestion).to_contain_text("贵重物品建议保价")
    said = len(asking.sees())
    height = page.locator("#messages").bounding_box()["height"]

    page.locator("body").press("1")
    expect(box).to_have_value(suggestion.get_attribute("data-insert"))
    assert len(asking.sees()) == said
    box.fill("")
    assert page.locator("#messages").bounding_box()["height"] == height

    box.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("催")
    options = page.locator("#canned").get_by_role("option")
    expect(options).to_have_count(1)
    page.keyboard.press("Enter")
    expect(box).to_have_value(f"已请网点优先派送运单 {PARCEL}，派送时间以网点答复为准，有进展会在这里告诉您。")
    assert len(asking.sees()) == said
    page.keyboard.press("Enter")
    expect(page.get_by_role("log")).to_contain_text(f"已请网点优先派送运单 {PARCEL}")
    assert len(asking.sees()) == said + 1

    second = waits(database, "发票怎么开")
    expect(page.get_by_text("发票怎么开")).to_have_count(1)
    page.keyboard.press("Alt+ArrowDown")
    page.wait_for_url(f"**/{second.id}")
    page.keyboard.press("k")
    page.wait_for_url(f"**/{asking.id}")
    page.keyboard.press("x")
    expect(page.get_by_label("处理结果")).to_be_focused()
    page.get_by_role("button", name="结束并邀请评价").press("Enter")
    page.wait_for_url("**/desk/")
    assert "打个分" in asking.hears()[-1]
    assert seen.complaints == []


def test_what_a_canned_reply_leaves_open_is_selected_and_not_sent_before_it_is_filled(
    page: Page, asking: Customer, address: str, database: Database
) -> None:
    lin_takes(database, asking)
    page.goto(f"{address}/desk/conversations/{asking.id}")
    said, box = len(asking.sees()), page.get_by_label("回复客户")
    box.press_sequentially("/已登记")
    expect(page.locator("#canned").get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(box).to_have_value(re.compile("编号 【工单号】"))
    page.keyboard.press("Enter")
    page.get_by_role("button", name="发送").click()
    assert len(asking.sees()) == said
    box.press_sequentially("YD26113000001")
    expect(box).to_have_value(re.compile("编号 YD26113000001。"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("log")).to_contain_text("编号 YD26113000001。")
    assert len(asking.sees()) == said + 1


def test_on_a_narrow_screen_ones_state_and_every_way_to_act_stay_in_sight_and_nothing_lies_on_top_of_another(
    page: Page, asking: Customer, address: str, database: Database
) -> None:
    other = waits(database, "发票怎么开")
    with database.write() as session:
        ownership.claim(session, asking.id, "lin")
        offered = session.execute(select(Handoff).where(Handoff.conversation_id == other.id)).scalar_one()
        offered.offered_to, offered.offered_until = "Maximiliane Featherstonehaugh", now() + timedelta(hours=1)
        session.commit()
    width = min(page.viewport_size["width"], 1024)
    page.set_viewport_size({"width": width, "height": 768})
    page.goto(f"{address}/desk/language/en?next=/desk/")
    claim = where(page.get_by_role("button", name="Claim"))
    tag = where(page.get_by_text("offered to Maximiliane"))
    assert tag["x"] + tag["width"] <= claim["x"]
    page.goto(f"{address}/desk/conversations/{asking.id}")
    state = page.locator("#my-state")
    assert where(state)["width"] >= 48
    for control in (state, *page.locator(".talk-acts > *").all()):
        box = where(control)
        assert box["x"] >= 0 and box["x"] + box["width"] <= width


def test_whom_a_supervisor_is_about_to_give_a_chat_to_stays_chosen_when_the_team_changes(
    page: Page, asking: Customer, address: str, database: Database, context: BrowserContext
) -> None:
    assert context.request.post(f"{address}/desk/api/login", data={"name": "wu", "password": PASSWORD}).ok
    page.goto(f"{address}/desk/team")
    chooser = page.get_by_label("指派给")
    chooser.select_option("lin")
    chooser.focus()
    waits(database, "我也想找人")
    page.wait_for_timeout(1000)
    expect(page.get_by_text("我也想找人")).to_have_count(0)
    page.get_by_role("heading", name="班组", level=1).click()
    expect(page.get_by_text("我也想找人")).to_have_count(1)
    expect(chooser.first).to_have_value("lin")


def test_a_draft_outlives_the_session_of_its_writer_and_is_shown_to_nobody_else(
    page: Page, asking: Customer, address: str, database: Database, context: BrowserContext
) -> None:
    lin_takes(database, asking)
    page.goto(f"{address}/desk/conversations/{asking.id}")
    page.get_by_label("回复客户").fill("您好，我正在核实")
    for name, draft in (("lin", "您好，我正在核实"), ("wu", None), ("lin", "")):
        page.goto("about:blank")  # the open page would notice and reload meanwhile
        context.clear_cookies()
        page.goto(f"{address}/desk/cases")
        enter(page, name)
        expect(page.get_by_role("heading", name="工单", level=1)).to_be_visible()
        page.goto(f"{address}/desk/conversations/{asking.id}")
        expect(page.get_by_role("log")).to_be_visible()
        if draft is not None:
            expect(page.get_by_label("回复客户")).to_have_value(draft)


def enter(page: Page, name: str) -> None:
    page.get_by_label("账号").fill(name)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()


def test_the_panel_shows_parcels_masked_and_opens_a_case_that_appears_beside_the_chat(
    page: Page, seen: Watched, asking: Customer, address: str, database: Database
) -> None:
    lin_takes(database, asking)
    page.goto(f"{address}/desk/conversations/{asking.id}")
    panel = page.get_by_role("complementary", name="客户资料")
    if not panel.is_visible():
        page.keyboard.press("p")
    expect(panel).to_contain_text("SF12*******0128")
    assert PARCEL not in panel.inner_text()
    panel.get_by_role("button", name="登记工单").click()
    form = page.get_by_role("dialog", name="登记工单")
    form.get_by_label("类别").select_option(label="延误")
    form.get_by_label("客户的描述").fill("今天还没送到，电话 13812345678")
    form.get_by_role("button", name="登记工单").click()
    expect(page.get_by_role("log")).to_contain_text("已为您登记，编号 YD")
    if not panel.is_visible():
        page.get_by_role("button", name="客户资料").click()
    expect(panel).to_contain_text("今天还没送到，电话 13*******78")
    panel.get_by_role("button", name="派送变更").click()
    change = page.get_by_role("dialog", name="派送变更")
    change.get_by_label("类型").select_option(label="催派送")
    expect(change.get_by_label("新的地址")).to_be_disabled()
    change.get_by_role("button", name="派送变更").click()
    expect(page.get_by_role("log")).to_contain_text("“催派送”的申请，编号 FW")
    assert seen.complaints == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_came_while_one_was_elsewhere_is_counted_and_single_keys_and_the_bell_are_remembered(
    page: Page, asking: Customer, address: str, database: Database
) -> None:
    other = waits(database, "发票怎么开")
    with database.write() as session:
        for chat in (asking, other):
            ownership.claim(session, chat.id, "lin")
        session.commit()
    page.goto(f"{address}/desk/conversations/{asking.id}")
    expect(page.locator(f"#chat-{other.id} .unread")).to_have_text("1 条未读")
    other.send("在吗")
    expect(page.locator(f"#chat-{other.id} .unread")).to_have_text("2 条未读")
    expect(page.locator(f"#chat-{asking.id} .unread")).to_have_count(0)
    expect(page.locator(f"#chat-{other.id} .wait")).to_have_attribute("data-colour", "ok")

    bell = page.get_by_role("button", name="声音和桌面提醒")
    expect(bell).to_have_attribute("aria-pressed", "false")
    bell.click()
    page.keyboard.press("?")
    page.get_by_label("使用单键快捷键").uncheck()
    page.keyboard.press("Escape")
    page.reload()
    expect(bell).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Alt+ArrowDown")
    page.wait_for_url(f"**/{other.id}")
    expect(page.locator(f"#chat-{other.id} .unread")).to_have_count(0)
