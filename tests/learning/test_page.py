"""The page of unclear lines in a browser, desktop and phone wide: by keyboard and by finger, with axe looking on."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import select

from bot.conversations.models import Conversation
from bot.db import Database, now
from bot.learning import erasing, reviewing
from bot.learning.models import ASSIGNED
from tests.conversations.support import Customer, answer_all
from tests.desk.conftest import PASSWORD
from tests.e2e.test_accessibility import findings
from tests.learning.support import LOST, brain
from tests.support.browser import Watched

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]
"""On one database: the page shows what test_reviewing.py asks of both."""
FIRST, SECOND, THIRD = "SF1234567890123 咋还不挪窝", "那个啥能便宜点不", "三更半夜敲门干嘛"


@pytest.fixture
def lines(database: Database) -> None:
    """Three lines, the first said thrice."""
    thinking = brain(dict.fromkeys((FIRST, SECOND, THIRD), LOST), {FIRST: [("waybill", 0, 15)]})
    for words in (THIRD, SECOND, FIRST, FIRST, FIRST):
        Customer(database).send(words)
    answer_all_apart(database, thinking)


def answer_all_apart(database: Database, thinking: object) -> None:
    """In a thread of its own: the event loop of this one belongs to the browser."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(answer_all, database, thinking).result()


@pytest.fixture
def page(context: BrowserContext, seen: Watched, address: str, lines: None) -> Iterator[Page]:
    opened = context.new_page()
    answer = context.request.post(f"{address}/desk/api/login", data={"name": "zhou", "password": PASSWORD})
    assert answer.ok
    opened.goto(f"{address}/desk/learning")
    yield opened
    opened.close()


def assigned(database: Database) -> dict[str, str]:
    with database.read() as session:
        found = reviewing.listed(session, state=ASSIGNED, order="frequent", after_id=None, limit=9)
    return {line["text"]: line["intent"] for line in found}


def test_lines_are_reviewed_by_keyboard_alone_and_a_slip_is_undone(
    page: Page, seen: Watched, database: Database
) -> None:
    entries = page.locator(".line")
    expect(entries).to_have_count(3)
    expect(entries.nth(0)).to_contain_text("运单号 咋还不挪窝")
    expect(entries.nth(0)).to_contain_text("出现 3 次")
    page.keyboard.press("j")
    expect(entries.nth(0)).to_be_focused()
    page.keyboard.press("2")
    page.keyboard.press("a")
    expect(entries.nth(0)).to_contain_text("查快递到哪了 zhou")
    expect(entries.nth(1)).to_be_focused()
    page.keyboard.press("e")
    expect(entries.nth(1).get_by_label("意思")).to_be_focused()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(entries.nth(1)).to_contain_text("问什么时候到 zhou")
    expect(entries.nth(2)).to_be_focused()
    page.keyboard.press("d")
    expect(entries.nth(2)).to_contain_text("已丢弃 zhou")
    expect(page.locator("#announce")).to_contain_text("已丢弃")  # drawn anew, and its buttons act
    expect(entries.nth(2)).to_be_focused()
    page.keyboard.press("u")
    expect(entries.nth(2).get_by_role("button", name="标注")).to_be_visible()
    expect(entries.nth(2)).to_be_focused()
    expect(page.locator("#announce")).to_have_text("待标注")
    assert assigned(database) == {"⟨waybill⟩ 咋还不挪窝": "track_shipment", SECOND: "ask_eta"}
    assert seen.complaints == []


def test_single_keys_can_be_switched_off_and_one_held_down_decides_one_line(page: Page, lines: None) -> None:
    decisions: list[str] = []
    page.on("request", lambda request: decisions.append(request.url) if request.method == "POST" else None)
    entries, switch = page.locator(".line"), page.get_by_label("使用单键快捷键")
    switch.uncheck()
    page.reload()
    expect(switch).not_to_be_checked()
    entries.nth(0).focus()
    page.keyboard.press("d")
    page.keyboard.press("j")
    expect(entries.nth(0)).to_be_focused()
    assert decisions == []
    switch.check()
    entries.nth(0).focus()
    page.keyboard.down("d")
    expect(entries.nth(1)).to_be_focused()
    page.keyboard.down("d")  # the browser says "repeat" until the key is up
    page.keyboard.up("d")
    page.keyboard.press("j")
    expect(entries.nth(2)).to_be_focused()
    assert len(decisions) == 1


def test_lines_are_reviewed_by_finger_fit_the_screen_and_trouble_no_screen_reader(
    page: Page, seen: Watched, database: Database, context: BrowserContext, address: str
) -> None:
    entries = page.locator(".line")
    assert findings(page) == [] and page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    entries.nth(0).get_by_role("button", name="标注").click()  # nothing chosen: the browser asks for it
    expect(entries.nth(0)).to_have_attribute("data-state", "open")
    entries.nth(0).get_by_role("button", name="问什么时候到").click()
    entries.nth(0).get_by_role("button", name="标注").click()
    expect(entries.nth(0)).to_contain_text("问什么时候到 zhou")
    entries.nth(1).get_by_role("button", name="丢弃").click()
    expect(entries.nth(1)).to_contain_text("已丢弃")
    assert findings(page) == [] and page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto(f"{address}/desk/language/en?next=/desk/learning")
    page.get_by_label("State").select_option("assigned")
    page.get_by_role("button", name="Search").click()
    expect(entries).to_have_count(1)
    expect(entries.nth(0)).to_contain_text("waybill 咋还不挪窝")
    assert findings(page) == [] and page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert seen.complaints == []


def test_a_line_a_colleague_decided_meanwhile_says_so_and_shows_it(page: Page, database: Database) -> None:
    entry = page.locator(".line").nth(0)
    with database.write() as session:
        (first, *_) = reviewing.listed(session, state="open", order="frequent", after_id=None, limit=1)
        reviewing.decide(session, first["id"], "ask_eta", by="wu", now=now())
        session.commit()
    entry.get_by_role("button", name="丢弃").click()
    expect(page.get_by_role("alert")).to_contain_text("wu 已经处理过")
    expect(entry).to_contain_text("问什么时候到 wu")


def test_a_line_that_was_erased_meanwhile_goes_from_the_page(page: Page, database: Database) -> None:
    entries = page.locator(".line")
    with database.write() as session:
        erasing.erase(session, list(session.execute(select(Conversation.id)).scalars()))
        session.commit()
    entries.nth(0).get_by_role("button", name="丢弃").click()
    expect(entries).to_have_count(2)
    expect(entries.nth(0)).to_be_focused()
    expect(page.get_by_role("alert")).to_be_visible()


def test_what_a_button_acts_on_is_read_out_with_it(page: Page) -> None:
    entry = page.locator(".line").nth(0)
    for name in ("标注", "丢弃"):
        expect(entry.get_by_role("button", name=name)).to_have_accessible_description("运单号 咋还不挪窝")
