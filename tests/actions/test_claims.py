"""Claims from the first words to the number, with an estimate that says its rule; visits; what helps a complaint."""

from __future__ import annotations

import pytest

from bot.shipments.models import Party, Shipment
from tests.actions.conftest import Chat

WAYBILL, PHONE = "YT2604417093385", "13900002468"


def with_terms(chat: Chat, **terms: int) -> str:
    """The parcel has these money terms; gives the four digits that open it."""
    with chat.database.write() as session:
        shipment = session.get(Shipment, WAYBILL)
        for name, value in terms.items():
            setattr(shipment, name, value)
        tail = session.get(Party, (WAYBILL, "receiver")).phone[-4:]
        session.commit()
    return tail


def test_a_claim_asks_what_it_needs_and_reads_an_estimate_back_with_its_rule(chat: Chat) -> None:
    said = chat.say("我要申请理赔")
    assert "哪种情况" in said and "破损" in said
    assert "运单号" in chat.tap("破损")
    assert "保价" in chat.say(WAYBILL)
    assert "多少元" in chat.tap("没有保价")
    assert "电话" in chat.say("大概200块钱")
    said = chat.say(PHONE)
    assert "以审核为准" in said and "300 元" in said and "圆通合同" in said and "依据" in said
    assert "照片" in said and "包装" in said and PHONE not in said
    said = chat.say("确认")
    (case,) = chat.cases()
    assert case["number"] in said and case["kind"] == "claim" and case["category"] == "damage"
    assert case["waybill"] == WAYBILL and case["phone"] == PHONE
    assert case["details"]["claim"] == "破损" and case["details"]["value"] == "200 元"


def test_what_the_waybill_tells_a_verified_customer_is_not_asked(chat: Chat) -> None:
    tail = with_terms(chat, declared_value=800, freight=20)
    chat.say(f"查 {WAYBILL}", "查看详细", tail)
    chat.say("快递丢了我要理赔")
    said = chat.say("1500元")
    assert "保价" not in said and "电话" in said
    said = chat.say(PHONE)
    assert "最多 800 元" in said and "保价 800 元" in said


def test_an_unverified_customer_learns_nothing_of_the_declared_value(chat: Chat) -> None:
    with_terms(chat, declared_value=800, freight=20)
    chat.say("快递丢了我要理赔", WAYBILL)
    said = chat.say("不清楚")
    assert "800" not in said
    said = chat.say("1500元")
    said = chat.say("不留电话")
    assert "800" not in said and "以审核为准" in said


def test_a_delay_claim_asks_for_no_value(chat: Chat) -> None:
    chat.say("我要申请理赔")
    chat.tap("延误")
    said = chat.say(WAYBILL)
    assert "电话" in said
    assert "退本次运费" in chat.say(PHONE)


def test_an_amount_that_cannot_be_told_can_be_skipped(chat: Chat) -> None:
    chat.say("我要申请理赔")
    chat.tap("少件、内件短少")
    chat.say(WAYBILL)
    chat.say("保了2000元")
    said = chat.tap("不清楚")
    assert "电话" in said
    said = chat.say(PHONE)
    assert "大概的损失金额" in said and "2000 元" in said


@pytest.mark.parametrize("amount", ["2000", "大概2000吧", "12000"])
def test_a_bare_number_answers_what_was_declared_and_what_it_was_worth(chat: Chat, amount: str) -> None:
    chat.say("我要申请理赔")
    chat.tap("破损")
    assert "多少元" in chat.say(WAYBILL, amount)
    assert "电话" in chat.say(amount)
    said = chat.say(PHONE)
    assert said.count("2000 元") >= 2


def test_a_second_claim_on_the_same_parcel_joins_the_first(chat: Chat) -> None:
    for _ in range(2):
        chat.say("我要申请理赔")
        chat.tap("破损")
        if "保价" not in chat.say(WAYBILL):
            continue
        chat.say("没保价", "100元", PHONE)
        said = chat.say("确认")
    assert len(chat.cases()) == 1 and "不会重复" in said


def test_photos_sent_meanwhile_are_kept_and_no_longer_asked_for(chat: Chat) -> None:
    chat.say("我要申请理赔")
    chat.tap("破损")
    chat.send_photo("f" * 32)
    chat.say(WAYBILL, "没保价", "100元")
    said = chat.say(PHONE)
    assert "照片：1 张" in said and "能同时看清面单" not in said
    chat.say("确认")
    assert chat.cases()[0]["files"] == ["f" * 32]


def test_a_claim_can_be_left_and_nothing_is_sent(chat: Chat) -> None:
    chat.say("我要申请理赔")
    chat.tap("破损")
    assert "没有提交" in chat.say("算了不弄了")
    assert chat.cases() == []


def test_one_part_of_a_claim_can_be_changed_and_the_others_stay(chat: Chat) -> None:
    chat.say("我要申请理赔")
    chat.tap("破损")
    chat.say(WAYBILL, "没保价", "200元", PHONE)
    assert "哪一项" in chat.tap("我要修改")
    assert "多少元" in chat.tap("损失金额")
    said = chat.say("300元")
    assert "300 元" in said and WAYBILL in said
    assert "哪一项" in chat.say("不对")
    assert "保价：2000 元" in chat.say("保价了2000元")
    chat.say("确认")
    assert chat.cases()[0]["details"]["declared"] == "2000 元"


def test_what_a_complaint_told_is_not_asked_again_and_the_rule_is_told_to_who_asks(chat: Chat) -> None:
    chat.say("箱子压坏了，里面的碗碎了两个", WAYBILL, PHONE, "确认")
    said = chat.say("我这个能赔多少")
    assert "未保价的" in said and "哪种情况" not in said and "哪一单" not in said
    said = chat.say("没保价", "200元", PHONE)
    assert "破损" in said and WAYBILL in said


@pytest.mark.parametrize(("question", "answer"), [("查投诉进度", "工单"), ("北京到上海2公斤多少钱", "16 元")])
def test_a_question_inside_a_claim_is_answered_and_the_claim_goes_on(chat: Chat, question: str, answer: str) -> None:
    chat.say("我要申请理赔")
    assert answer in chat.say(question) and "哪种情况" in chat.say("好的")
    assert not chat.slots().get("claim_story")


def test_a_value_told_after_a_quote_changes_the_quote(chat: Chat) -> None:
    chat.language = "en"
    chat.say("how much from Beijing to Shanghai 2kg")
    said = chat.say("declared value 3000")
    assert "3000 yuan" in said and "What happened" not in said
    assert "Beijing to Lhasa" in chat.say("Beijing to Lhasa 2 kg")


def test_a_claim_in_english(chat: Chat) -> None:
    chat.language = "en"
    assert "What happened" in chat.say("I want to file a claim")
    chat.tap("Damaged")
    assert "declared" in chat.say(WAYBILL)
    chat.tap("Nothing was declared")
    chat.say("about 80 yuan")
    said = chat.say(PHONE)
    assert "subject to review" in said and "YTO" in said
    assert "case YD" in chat.say("confirm")


def test_a_visit_is_read_back_and_booked(chat: Chat) -> None:
    assert "什么" in chat.say("预约上门服务")
    assert "哪里" in chat.say("柜门坏了要修")
    assert "哪位" in chat.say("浦东新区示范路88号3栋502")
    assert "电话" in chat.say("王小明")
    assert "什么时候" in chat.say(PHONE)
    said = chat.say("周六上午")
    assert "示范路88号" in said and "王小明" not in said and PHONE not in said
    assert "登记好了" in chat.say("确认")
    (case,) = chat.cases()
    assert case["kind"] == "after_sales" and case["contact_name"] == "王小明" and case["phone"] == PHONE
    assert case["details"]["address"].startswith("浦东新区") and "周六上午" in case["details"]["time"]


@pytest.mark.parametrize(
    ("words", "asked", "given"),
    [
        ("箱子压坏了，里面的碗碎了两个", "破损和包装的照片", "大概的金额"),
        ("显示签收了我根本没收到", "家人、门卫、驿站那边是否问过", None),
        ("多收了我运费", "付款截图", "大概的金额"),
    ],
)
def test_the_read_back_names_what_would_help_this_kind_and_takes_it(
    chat: Chat, words: str, asked: str, given: str | None
) -> None:
    chat.say(words, WAYBILL)
    said = chat.say(PHONE)
    assert asked in said and "没有也不影响提交" in said
    if given:
        assert given in said
        assert given not in chat.say("大概80元")
        chat.say("确认")
        assert "80" in chat.cases()[0]["details"]["value"]
