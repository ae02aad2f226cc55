"""Changes to a parcel and pickups in the chat: asked, read back, noted, proven; refused with the reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from bot.db import now
from bot.settings import settings
from bot.shipments import requests
from tests.actions.conftest import Chat

STUCK, ON_ITS_WAY, DELIVERED, OUT = "YT2604417093385", "SF1358204679013", "JD0098264417305", "SF1402266983175"
UNREACHABLE, TAIL = "75360418829417", "7531"


@pytest.fixture
def sent_codes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Any]:
    """One-time codes are printed; gives the last one."""
    monkeypatch.setattr(settings(), "code_sender", "print")
    yield lambda: re.findall(r"one-time code for \S+ (\d{6})", capsys.readouterr().out)[-1]


def made(chat: Chat) -> list[dict[str, Any]]:
    with chat.database.read() as session:
        return requests.of_conversation(session, chat.name)


def test_a_part_of_a_change_or_a_pickup_can_be_changed_and_the_others_stay(chat: Chat) -> None:
    chat.say("改时间 75360418829417", "明天下午")
    assert "哪一项" in chat.tap("我要修改")
    said = chat.tap("时间")
    assert "哪一天" in said and "没看明白" not in said
    assert "周六上午" in chat.say("周六上午")
    chat.say("算了", "约上门取件", "浦东新区示范路88号3栋502", "13900002468", "明天下午", "书")
    assert "地址" in chat.tap("我要修改")
    said = chat.say("后天上午")
    assert "后天上午" in said and "示范路88号" in said and "书" in said
    assert "取件地址" in chat.say("地址错了")


def test_that_the_goods_are_no_longer_wanted_is_no_cancel_of_their_return(chat: Chat) -> None:
    chat.say("拦截退回 SF1409981240736")
    assert "拦截退回" in chat.say("不想要了")


def test_a_new_address_is_read_back_and_passed_on_after_the_code(chat: Chat, sent_codes: Any) -> None:
    assert "运单号" in chat.say("改地址")
    assert "地址" in chat.say(ON_ITS_WAY)
    assert "手机号" in chat.say("改到江宁区胜太路18号3栋502 收件人李敏")
    assert "11 位" in chat.say("1385172039")
    said = chat.say("少打一位 13851720399")
    assert "胜太路18号3栋502" in said and "13851720399" not in said and "报价" in said
    said = chat.say("对的")
    assert "验证码" in said and "13900001234" not in said
    (request,) = made(chat)
    assert request["type"] == "change_address" and request["phone"] == "13851720399" and not request["proven"]
    assert "对不上" in chat.say("000000")
    assert "转给网点" in chat.say(sent_codes())
    assert made(chat)[0]["proven"]


@pytest.mark.parametrize(
    ("wish", "yes", "whose"), [("拦截", "确认", "寄件人登记的手机"), ("intercept", "yes", "sender's phone on record")]
)
def test_before_any_proof_no_digit_of_the_phone_on_record_is_shown(
    chat: Chat, sent_codes: Any, wish: str, yes: str, whose: str
) -> None:
    said = [chat.say(f"{wish} {ON_ITS_WAY}", yes), chat.say("000000"), chat.say("……")]
    assert whose in said[0]
    assert all("**" not in answer and "34" not in answer.replace(ON_ITS_WAY, "") for answer in said)


def test_the_same_phone_need_not_be_typed(chat: Chat) -> None:
    chat.say(f"收件地址改一下 {ON_ITS_WAY}", "浦东新区示范路88号")
    assert "电话不变" in chat.tap("电话不变")
    chat.say("确认")
    assert made(chat)[0]["phone"] is None


def test_where_no_code_can_be_sent_a_person_takes_over(chat: Chat) -> None:
    chat.say(f"拦截 {ON_ITS_WAY}")
    said = chat.say("确认")
    assert "人工" in said and "验证码暂时发不出去" in said
    assert made(chat)[0]["type"] == "intercept"


def test_another_time_takes_four_digits(chat: Chat) -> None:
    said = chat.say(f"{OUT} 改到后天下午送")
    assert "后天下午" in said and "不收费" in said
    assert "后四位" in chat.say("可以")
    assert "对不上" in chat.say("0000")
    said = chat.say("4455")
    assert "转给网点" in said and "网点答复为准" in said
    assert made(chat)[0]["due_at"]


def test_digits_given_before_are_not_asked_for_again(chat: Chat) -> None:
    chat.say(f"查一下 {OUT}")
    chat.tap("看详细物流")
    chat.say("4455", "放前台就行")
    assert "转给网点" in chat.say("确认")
    assert made(chat)[0]["details"]["consent"]


def test_a_parcel_signed_for_cannot_be_changed_and_the_reason_is_said(chat: Chat) -> None:
    said = chat.say(f"拦截 {DELIVERED}")
    assert "已签收" in said and "人工" in said
    assert made(chat) == []


def test_an_unknown_number_is_asked_for_again(chat: Chat) -> None:
    assert "查不到" in chat.say("催一下 SF1358204679999")
    assert "催派送" in chat.say(STUCK)


def test_no_asks_what_to_change_and_cancel_notes_nothing(chat: Chat) -> None:
    chat.say(f"{OUT} 改到后天下午送")
    assert "哪一项" in chat.say("不对")
    assert "周六" in chat.say("周六上午")
    assert "没有提交" in chat.say("算了")
    assert made(chat) == []


def test_a_time_that_is_past_is_asked_for_anew(chat: Chat) -> None:
    chat.say(f"改派送时间 {OUT}")
    assert "已经过去" in chat.say("改到昨天")


def test_later_keeps_the_request_and_my_request_goes_on_with_it(chat: Chat) -> None:
    chat.say(f"催一下 {STUCK}", "确认")
    assert "24 小时" in chat.tap("稍后再说")
    said = chat.tap("查申请进度")
    assert "待核验" in said and "后四位" in said
    assert "转给网点" in chat.say("2468")
    assert "等待答复" in chat.tap("查申请进度")


def test_five_wrong_digits_lock(chat: Chat) -> None:
    chat.say(f"催一下 {STUCK}", "确认")
    for digits in ("0000", "0001", "0002", "0003"):
        assert "对不上" in chat.say(digits)
    assert "15 分钟" in chat.say("0004")
    assert not made(chat)[0]["proven"]


def test_a_turn_that_dies_notes_one_request(chat: Chat) -> None:
    chat.say(f"催一下 {STUCK}")
    chat.say_in_a_turn_that_dies("确认")
    chat.say("确认")
    assert len(made(chat)) == 1


def test_in_english_it_is_as_short(chat: Chat) -> None:
    assert "new address" in chat.say(f"I need to change the delivery address for {ON_ITS_WAY}")
    assert "phone" in chat.say("12 Nanjing West Road, Jing'an, Shanghai")
    said = chat.say("same phone")
    assert "12 Nanjing West Road, Jing'an, Shanghai" in said and "quotes" in said
    assert "colleague" in chat.say("yes")
    assert made(chat)[0]["details"]["address"].startswith("12 Nanjing")


def test_a_pickup_in_one_message_is_booked_moved_and_cancelled(chat: Chat) -> None:
    said = chat.say("明天上午来取件 海珠区新港西路135号 13900002468 寄文件")
    assert "新港西路135号" in said and "明天上午" in said and "13900002468" not in said
    assert "约好了" in chat.say("嗯")
    (pickup,) = made(chat)
    assert pickup["type"] == "pickup" and pickup["phone"] == "13900002468"
    said = chat.say("改到后天吧 明天有事")
    assert "原来：明天上午" in said and "改到：后天" in said
    assert made(chat)[0]["details"]["time"]["words"] == "明天上午"
    assert "已把上门取件改到 后天" in chat.say("对")
    assert made(chat)[0]["details"]["time"]["words"] == "后天"
    chat.say("取件改时间")
    assert "不会上门" in chat.tap("取消这次取件")
    assert made(chat)[0]["state"] == "requested"
    assert "已取消" in chat.tap("确认撤销")
    assert made(chat)[0]["state"] == "cancelled"


BOOKING = "明天上午来取件 海珠区新港西路135号 13900002468 寄文件"


def test_another_time_said_at_the_read_back_takes_the_place_of_the_first(chat: Chat) -> None:
    chat.say(BOOKING, "嗯")
    chat.say("取件改到后天上午")
    assert "改到：后天下午" in chat.say("还是后天下午吧")
    chat.say("确认")
    assert made(chat)[0]["details"]["time"]["words"] == "后天下午"


def test_who_does_not_confirm_another_time_keeps_the_first(chat: Chat) -> None:
    chat.say(BOOKING, "嗯")
    chat.say("取件改到后天上午")
    assert "想改到什么时候" in chat.say("不对")
    chat.say("算了")
    assert made(chat)[0]["details"]["time"]["words"] == "明天上午"


@pytest.mark.parametrize("words", ["取消取件", "明天不用来取件了", "明天别上门了"])
def test_a_pickup_cancelled_in_words_is_asked_about_first(chat: Chat, words: str) -> None:
    chat.say(BOOKING, "嗯")
    said = chat.say(words)
    assert "不会上门" in said and "快递员会电话联系您" in said and "预计" not in said
    assert made(chat)[0]["state"] == "requested"
    assert "继续处理" in chat.say("不")
    chat.say(words)
    assert "已取消" in chat.say("确认")
    assert made(chat)[0]["state"] == "cancelled"


CHANGE = {"zh": f"{UNREACHABLE} 改到后天下午送", "en": f"{UNREACHABLE} reschedule to tomorrow afternoon"}


@pytest.mark.parametrize(("language", "words"), [
    ("zh", "撤销申请"), ("zh", "撤回改派申请"), ("zh", "取消改派"), ("zh", "不想改时间了"),
    ("en", "cancel my request"), ("en", "withdraw my change request"), ("en", "I no longer want to reschedule"),
])
def test_a_change_is_taken_back_in_words(chat: Chat, language: str, words: str) -> None:
    chat.language, chinese = language, language == "zh"
    chat.say(CHANGE[language], "ok", TAIL)
    assert ("要撤回这项申请吗" if chinese else "take this request back") in chat.say(words)
    assert made(chat)[0]["state"] == "requested"
    assert ("已撤回" if chinese else "is taken back") in chat.say("yes")
    assert made(chat)[0]["state"] == "cancelled"


@pytest.mark.parametrize(("language", "words"), [("zh", "不改了"), ("en", "never mind")])
def test_never_mind_after_a_change_says_that_it_goes_on_unless_taken_back(
    chat: Chat, language: str, words: str
) -> None:
    chat.language = language
    chat.say(CHANGE[language], "ok", TAIL)
    said = chat.say(words)
    assert made(chat)[0]["number"] in said and made(chat)[0]["state"] == "requested"


def test_a_change_done_meanwhile_is_not_taken_back(chat: Chat) -> None:
    chat.say(f"{UNREACHABLE} 改到后天下午送", "确认", TAIL)
    chat.say("申请进度")
    chat.tap("撤回改派送时间")
    with chat.database.write() as session:
        for step in ("accept", "finish"):
            requests.step(session, made(chat)[0]["number"], step, actor="lin", now=now())
        session.commit()
    assert "已办好" in chat.say("确认")
    assert made(chat)[0]["state"] == "done"


COMPLAINT = ("我要投诉快递员态度太差，对我大喊大叫", UNREACHABLE, "13900002468", "确认")


def test_a_case_and_a_change_can_each_be_taken_back(chat: Chat) -> None:
    chat.say(CHANGE["zh"], "确认", TAIL)
    number = made(chat)[0]["number"]
    chat.say(*COMPLAINT)
    (case,) = chat.cases()
    said = chat.say("投诉不用处理了，撤销吧")
    assert case["number"] in said and f"撤销 {number}" in said
    assert number in chat.tap(f"撤销 {number}")
    chat.say("确认")
    assert made(chat)[0]["state"] == "cancelled" and chat.cases()[0]["state"] != "withdrawn"


def test_who_meant_the_complaint_is_asked_about_that_one(chat: Chat) -> None:
    chat.say(CHANGE["zh"], "确认", TAIL)
    chat.say(*COMPLAINT)
    chat.say("撤销申请")
    assert chat.cases()[0]["number"] in chat.say("我要撤销的是投诉")
    chat.say("确认")
    assert made(chat)[0]["state"] == "requested" and chat.cases()[0]["state"] == "withdrawn"


def test_of_several_requests_the_one_named_is_asked_about(chat: Chat) -> None:
    chat.say(CHANGE["zh"], "确认", TAIL)
    chat.say(f"{UNREACHABLE} 催一下派送", "确认")
    chat.say(BOOKING, "嗯")
    numbers = {view["type"]: view["number"] for view in made(chat)}
    assert set(numbers) == {"reschedule", "expedite", "pickup"}
    assert numbers["reschedule"] in chat.say("不想改时间了")
    chat.say("先不撤销")
    assert numbers["pickup"] in chat.say("取消取件")
    chat.say("先不撤销", "取件改时间")
    assert numbers["pickup"] in chat.say("取消")
    assert "已取消" in chat.say("取消吧")
    assert {view["type"]: view["state"] for view in made(chat)}["pickup"] == "cancelled"


@pytest.mark.parametrize("words", ["下错单了 寄件取消", "取件取消 客户换货了", "I changed my mind, cancel the pickup"])
def test_a_reason_beside_the_cancelling_of_a_pickup_is_no_move(chat: Chat, words: str) -> None:
    chat.say(BOOKING, "嗯")
    said = chat.say(words)
    assert "不会上门" in said or "Nobody will come" in said


def test_a_time_that_cannot_be_is_said_so_at_the_read_back_of_a_pickup(chat: Chat) -> None:
    chat.say(BOOKING, "嗯", "取件改到后天上午")
    assert "8:00-20:00" in chat.say("改到后天晚上11点")
    assert "改到：后天下午" in chat.say("后天下午")


def test_a_kept_request_that_waits_for_its_proof_goes_on_with_it(chat: Chat) -> None:
    chat.say(CHANGE["zh"], "确认")
    chat.say("撤销申请")
    assert "后四位" in chat.say("先不撤销")
    assert "转给网点" in chat.say(TAIL)


def test_what_the_outlet_has_accepted_is_stopped_by_a_person(chat: Chat) -> None:
    chat.say(CHANGE["zh"], "确认", TAIL)
    with chat.database.write() as session:
        requests.step(session, made(chat)[0]["number"], "accept", actor="lin", now=now())
        session.commit()
    assert "人工客服联系网点" in chat.say("撤销申请")
    chat.tap("请同事联系网点")
    assert made(chat)[0]["state"] == "accepted" and (chat.answer.handoff or "回电" in chat.replies[-1].text)


def test_a_button_of_a_request_that_is_over_tells_how_it_ended(chat: Chat) -> None:
    chat.say(CHANGE["zh"], "确认", TAIL)
    chat.say("申请进度")
    (payload,) = [payload for reply in chat.replies for title, payload in reply.choices if title == "撤回改派送时间"]
    with chat.database.write() as session:
        for step in ("accept", "finish"):
            requests.step(session, made(chat)[0]["number"], step, actor="lin", now=now())
        session.commit()
    chat.say(*COMPLAINT)
    assert "已办好" in chat.say(payload)
    assert chat.cases()[0]["state"] != "withdrawn"


def test_a_change_given_up_while_it_is_told_is_no_address(chat: Chat) -> None:
    chat.say("改地址 SF1409981240736")
    assert "没有提交" in chat.say("算了不改地址了")
    assert made(chat) == []


def test_a_pickup_is_asked_for_piece_by_piece(chat: Chat) -> None:
    assert "取件地址" in chat.say("我要寄件")
    assert "电话" in chat.say("北京市朝阳区建国路88号")
    assert "什么时候" in chat.say("13900002468")
    assert "寄的是什么" in chat.say("明天下午")
    assert "确认" in chat.say("衣服 3公斤")
    chat.say("确认")
    assert made(chat)[0]["details"]["weight"] == "3"


def test_what_may_not_be_sent_is_not_collected(chat: Chat) -> None:
    chat.say("明天上午来取件 海珠区新港西路135号 13900002468")
    assert "禁寄" in chat.say("打火机")
    assert made(chat) == []


def test_a_question_on_the_way_is_answered_and_the_pickup_goes_on(chat: Chat) -> None:
    chat.say("我要寄件")
    said = chat.say(f"先帮我看下 {STUCK} 到哪了")
    assert STUCK in said and "取件地址" in said


def test_without_a_pickup_a_change_of_it_says_how_to_go_on(chat: Chat) -> None:
    assert "人工" in chat.say("取消取件")


PICKUPS = [
    ("zh", "后天下午2点来取件 海珠区新港西路135号 13900002468 寄文件", "确认", "改到下午4点"),
    ("zh", "后天下午2点来取件 海珠区新港西路135号 13900002468 寄文件", "确认", "改到4点"),
    ("en", "pick up tomorrow 2pm from 12 Nanjing West Road Shanghai, 13900002468, documents", "yes", "make it 4pm"),
]


@pytest.mark.parametrize(("language", "words", "yes", "later"), PICKUPS)
def test_another_hour_keeps_the_day_of_the_pickup(
    chat: Chat, language: str, words: str, yes: str, later: str
) -> None:
    chat.language = language
    chat.say(words, yes)
    day = made(chat)[0]["details"]["time"]["value"][:10]
    chat.say(later)
    said = chat.say(yes)
    assert made(chat)[0]["details"]["time"]["value"] == f"{day}T16:00"
    assert any(title in said for title in ("改约或取消", "Move or cancel"))


def test_another_hour_keeps_the_day_of_the_delivery(chat: Chat) -> None:
    before = chat.say(f"{OUT} 改到后天下午送").split("（")[1][:6]
    assert f"下午4点（{before}" in chat.say("改成下午4点")


@pytest.mark.parametrize(("language", "words"), [
    ("zh", "明天凌晨3点来取件 海珠区新港西路135号 13900002468 寄文件"),
    ("zh", "明天晚上11点来取件 海珠区新港西路135号 13900002468 寄文件"),
    ("en", "pick up tomorrow 3am from 12 Nanjing West Road Shanghai, 13900002468, documents"),
])
def test_nobody_is_promised_to_come_in_the_night(chat: Chat, language: str, words: str) -> None:
    chat.language = language
    assert "8:00-20:00" in chat.say(words)


def test_what_answers_another_question_is_noted_and_no_goods(chat: Chat) -> None:
    assert "什么时候" in chat.say("我要寄件", "海珠区新港西路135号", "13900002468")
    chat.say("明天下午")
    said = chat.say("后天上午")
    assert "记下了" in said and "寄的是什么" in said
    assert "物品：文件" in chat.say("文件") and "后天上午" in chat.replies[-1].text


def test_the_parcel_refused_a_change_stays_the_one_talked_about(chat: Chat) -> None:
    chat.say(f"{DELIVERED} 我要改地址")
    assert "详细物流" in chat.say("2299")
    assert DELIVERED in chat.say("那就改时间")


def test_another_time_is_no_other_parcel(chat: Chat) -> None:
    chat.say(UNREACHABLE)
    assert "哪一天" in chat.say("换个时间送")


@pytest.mark.parametrize(("language", "words", "yes", "thanks", "sent"), [
    ("zh", "改到后天下午送", "确认", "核对好了", "转给网点"),
    ("en", "reschedule to tomorrow afternoon", "yes", "match", "passed to the outlet"),
])
def test_digits_given_early_are_the_proof(
    chat: Chat, language: str, words: str, yes: str, thanks: str, sent: str
) -> None:
    chat.language = language
    chat.say(f"{UNREACHABLE} {words}")
    assert thanks in chat.say(TAIL)
    assert sent in chat.say(yes)


def test_wrong_digits_given_early_are_said_to_be_wrong(chat: Chat) -> None:
    chat.say(f"催一下 {STUCK}")
    assert "对不上" in chat.say("0000")
    assert "后四位" in chat.say("确认")


def test_digits_are_not_enough_where_a_code_is_needed(chat: Chat) -> None:
    chat.say(f"拦截 {OUT}")
    assert "验证码" in chat.say("4455")


@pytest.mark.parametrize("words", [f"{ON_ITS_WAY} 放前台", f"放门口 {OUT}", f"{OUT} leave it at the door"])
def test_a_place_in_few_words_is_heard(chat: Chat, words: str) -> None:
    chat.say(words)
    assert chat.slots()["change_place"]


def test_a_refused_change_offers_those_that_are_possible(chat: Chat) -> None:
    said = chat.say(f"{UNREACHABLE} 改地址")
    assert "办不了" in said and "改收件地址" not in said.split("[")[1]
    assert "哪一天" in chat.tap("改派送时间")


def test_where_requests_stand_needs_no_number_in_their_own_chat(chat: Chat) -> None:
    chat.say(f"催一下 {STUCK}", "确认", "2468")
    assert made(chat)[0]["number"] in chat.say("我的申请怎么样了")
    assert made(chat)[0]["number"] in chat.say(made(chat)[0]["number"])


def test_from_another_chat_a_request_takes_number_and_digits(chat: Chat, other_chat: Chat) -> None:
    chat.say(f"催一下 {STUCK}", "确认", "2468")
    number = made(chat)[0]["number"]
    assert "后四位" in other_chat.say(number)
    assert "没有查到" in other_chat.say("0000")
    other_chat.say(number)
    assert "等待答复" in other_chat.say("2468")


def test_from_another_chat_a_pickup_takes_the_digits_of_its_phone(chat: Chat, other_chat: Chat) -> None:
    chat.say("明天上午来取件 海珠区新港西路135号 13900002468 寄文件", "确认")
    other_chat.say(made(chat)[0]["number"])
    assert "上门取件" in other_chat.say("2468")
