"""Each flow about a parcel in the customer's browser, in both languages, refusals included; and pictures of them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from bot.settings import ROOT
from tests.support.browser import chromium
from tests.support.server import Server
from tests.widget.customer import Customer

PICTURES = ROOT / "docs" / "flows"
PHONE_WIDE = {"viewport": {"width": 412, "height": 1180}}
OUT, ON_ITS_WAY, STUCK, DELIVERED = "SF1402266983175", "SF1358204679013", "YT2604417093385", "JD0098264417305"
CODE = "<code>"
"""The one-time code that the server has just sent."""

FLOWS: dict[str, dict[str, tuple[list[str], str]]] = {
    "details": {
        "zh": ([f"查 {OUT}", ">看详细物流", "4455"], "950013-4472"),
        "en": ([f"where is {OUT}", ">Show the details", "4455"], "950013-4472"),
    },
    "several": {
        "zh": ([f"帮我查这几个 {ON_ITS_WAY} {STUCK} {OUT}"], "派送中"),
        "en": ([f"please track these {ON_ITS_WAY} {STUCK} {OUT}"], "out for delivery"),
    },
    "locked": {
        "zh": ([f"查 {ON_ITS_WAY}", ">看详细物流", "0000", "0001", "0002", "0003", "0004"], "15 分钟"),
        "en": ([f"where is {ON_ITS_WAY}", ">Show the details", "0000", "0001", "0002", "0003", "0004"], "15 minutes"),
    },
    "address": {
        "zh": ([f"收件地址改一下 {ON_ITS_WAY}", "浦东新区示范路88号", ">电话不变", ">确认", CODE], "转给网点"),
        "en": (
            [f"change the address of {ON_ITS_WAY}", "88 Shifan Road, Pudong, Shanghai", ">same", ">Confirm", CODE],
            "outlet",
        ),
    },
    "address-refused": {
        "zh": ([f"改地址 {DELIVERED}"], "已签收"),
        "en": ([f"change the delivery address of {DELIVERED}"], "delivered"),
    },
    "time": {
        "zh": ([f"{OUT} 改到明天下午送", ">确认", "4455"], "转给网点"),
        "en": ([f"deliver {OUT} tomorrow afternoon instead", ">Confirm", "4455"], "outlet"),
    },
    "intercept": {
        "zh": ([f"拦截 {ON_ITS_WAY}", ">确认", CODE], "转给网点"),
        "en": ([f"intercept {ON_ITS_WAY} please", ">Confirm", CODE], "outlet"),
    },
    "pickup": {
        "zh": (["我要寄件", "上海市徐汇区示范路20号", "13900005566", "明天上午", "一箱书 3公斤", ">确认"], "约好了"),
        "en": (
            ["book a pickup", "20 Shifan Road, Xuhui, Shanghai", "13900005566", "tomorrow morning", "books, 3 kg",
             ">Confirm"],
            "Booked",
        ),
    },
    "pickup-changed": {
        "zh": (
            ["明天上午来取件 上海市徐汇区示范路20号 13900005566 寄文件", ">确认", "改到后天上午", ">确认", "取消取件",
             ">确认撤销"],
            "不会再上门",
        ),
        "en": (
            ["pick up tomorrow morning at 20 Shifan Road, Xuhui, Shanghai, 13900005566, documents", ">Confirm",
             "make it the day after tomorrow", ">Confirm", "cancel the pickup", ">Yes, withdraw it"],
            "nobody will come",
        ),
    },
    "taken-back": {
        "zh": ([f"{OUT} 改到明天下午送", ">确认", "4455", "撤回改派申请", ">确认撤销"], "已撤回"),
        "en": (
            [f"deliver {OUT} tomorrow afternoon instead", ">Confirm", "4455", "cancel my request", ">Yes, withdraw it"],
            "is taken back",
        ),
    },
    "pickup-refused": {
        "zh": (["我要寄件", "上海市徐汇区示范路20号", "13900005566", "明天上午", "烟花爆竹"], "禁寄"),
        "en": (
            ["book a pickup", "20 Shifan Road, Xuhui, Shanghai", "13900005566", "tomorrow morning", "fireworks"],
            "may not be sent",
        ),
    },
    "mine": {
        "zh": (["我的包裹有哪些", "13800005821", CODE], ON_ITS_WAY),
        "en": (["list my parcels", "13800005821", CODE], ON_ITS_WAY),
    },
    "notices": {
        "zh": ([f"查 {STUCK}", ">有变化提醒我"], "告诉您"),
        "en": ([f"where is {STUCK}", ">Tell me when it changes"], "I'll tell you here"),
    },
    "not-received": {
        "zh": ([f"查 {DELIVERED}", ">我没收到"], "取件码"),
        "en": ([f"where is {DELIVERED}", ">I didn't get it"], "pickup code"),
    },
    "claim": {
        "zh": (["我要申请理赔", ">破损", STUCK, ">没有保价", "大概200块钱", "13900002468"], "以审核为准"),
        "en": (["I want to file a claim", ">Damaged", STUCK, ">Nothing was declared", "about 200 yuan", "13900002468"],
               "subject to review"),
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("flows"), code_sender="print") as running:
        running.load_demo()
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def last_code(server: Server) -> str:
    return re.findall(r"one-time code for \S+ (\d{6})", server.log.read_text(encoding="utf-8"))[-1]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", FLOWS)
def test_a_flow_from_its_first_words_to_its_end(browser: Browser, server: Server, name: str, language: str) -> None:
    context = browser.new_context(locale="zh-CN" if language == "zh" else "en-US", **PHONE_WIDE)
    page = context.new_page()
    page.goto(f"{server.base_url}/?lang={language}")
    customer = Customer(page)
    expect(customer.log).to_have_attribute("aria-busy", "false", timeout=20_000)
    turns, end = FLOWS[name][language]
    for turn in turns:
        if turn.startswith(">"):
            customer.choose(turn[1:])
        else:
            customer.ask(last_code(server) if turn == CODE else turn)
    expect(customer.replies.filter(has_text=end).last).to_be_visible()
    if os.environ.get("YIDA_SCREENSHOTS") == "1":
        PICTURES.mkdir(exist_ok=True)
        page.screenshot(path=PICTURES / f"{name}-{language}.png", animations="disabled")
    context.close()
