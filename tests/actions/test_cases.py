"""After the complaint: progress, a detail, withdrawal; suggestions and praise."""

from datetime import datetime

import pytest

from bot.cases import service
from tests.actions.conftest import Chat

WAYBILL, PHONE = "YT2604417093385", "13900002468"


def number_of_a_complaint(chat: Chat) -> str:
    chat.say("箱子压坏了，里面的碗碎了两个", WAYBILL, PHONE, "确认")
    return str(chat.cases()[0]["number"])


def test_progress_of_the_case_told_here_needs_no_number(chat: Chat) -> None:
    number = number_of_a_complaint(chat)
    said = chat.say("投诉处理得怎么样了")
    assert number in said and "已受理" in said


def test_progress_follows_the_desk(chat: Chat) -> None:
    number = number_of_a_complaint(chat)
    with chat.database.write() as session:
        service.transition(session, number, "investigate", actor="Mei")
        session.commit()
    assert "正在核实" in chat.say("投诉处理得怎么样了")


def test_from_another_conversation_it_takes_number_and_phone_digits(chat: Chat, other_chat: Chat) -> None:
    number = number_of_a_complaint(chat)
    assert "工单号" in other_chat.say("投诉处理得怎么样了")
    assert "后四位" in other_chat.say(number)
    assert "已受理" in other_chat.say(PHONE[-4:])


def test_an_unknown_number_and_wrong_digits_get_one_answer(chat: Chat, other_chat: Chat) -> None:
    number = number_of_a_complaint(chat)
    wrong = other_chat.say("投诉处理得怎么样了", number, "0000")
    unknown = other_chat.say("投诉处理得怎么样了", "YD26010199999", "0000")
    assert wrong == unknown and "没有查到" in wrong


def test_of_several_cases_one_is_chosen(chat: Chat) -> None:
    first = number_of_a_complaint(chat)
    chat.say("快递员态度恶劣还骂人", "SF1358204679013", PHONE, "确认")
    assert first in chat.say("投诉处理得怎么样了")
    assert "破损" in chat.tap(first)


def test_a_detail_is_added_to_the_case_told_here(chat: Chat) -> None:
    number = number_of_a_complaint(chat)
    chat.say("投诉处理得怎么样了")
    chat.tap("补充情况")
    assert number in chat.say("外箱有个大洞，快递员也看到了")
    assert chat.cases()[0]["events"][-1]["note"] == "外箱有个大洞，快递员也看到了"


def test_withdrawing_asks_first_and_then_does_it(chat: Chat) -> None:
    number = number_of_a_complaint(chat)
    assert number in chat.say("投诉不用处理了，撤销吧")
    assert chat.cases()[0]["state"] == "acknowledged"
    assert "已撤销" in chat.say("确认")
    assert chat.cases()[0]["state"] == "withdrawn"


@pytest.mark.parametrize("words", ["不", "算了 别撤了", "取消"])
def test_who_changes_their_mind_keeps_the_case(chat: Chat, words: str) -> None:
    number_of_a_complaint(chat)
    chat.say("投诉不用处理了，撤销吧")
    assert "继续处理" in chat.say(words)
    assert chat.cases()[0]["state"] == "acknowledged"


def test_a_case_closed_meanwhile_is_said_to_be_finished(chat: Chat) -> None:
    number = number_of_a_complaint(chat)
    chat.say("投诉不用处理了，撤销吧")
    with chat.database.write() as session:
        for step in ("triage", "investigate", "propose", "accept"):
            service.transition(session, number, step, actor="Mei")
        session.commit()
    assert "办结" in chat.say("确认")


@pytest.mark.parametrize("words", ["投诉不用处理了，撤销吧", "我要补充一下投诉的情况"])
def test_without_a_case_here_it_says_so(chat: Chat, words: str) -> None:
    assert "没有找到" in chat.say(words)


def test_praise_in_ones_own_words_is_kept(chat: Chat) -> None:
    said = chat.say("快递员小陈服务特别好，表扬一下")
    (case,) = chat.cases()
    assert case["kind"] == "praise" and case["number"] in said and "小陈" in case["description"]
    assert case["result_due_at"] is None


def test_a_suggestion_is_asked_for_when_it_is_only_announced(chat: Chat) -> None:
    assert "想法" in chat.say("我想提个建议")
    chat.say("驿站能开到晚上十点就好了")
    (case,) = chat.cases()
    assert case["kind"] == "suggestion" and case["description"] == "驿站能开到晚上十点就好了"


def test_times_told_are_local_and_in_the_customers_language(chat: Chat) -> None:
    chat.say("my parcel arrived broken, the lamp is in pieces", WAYBILL, PHONE, "confirm")
    (case,) = chat.cases()
    due = datetime.fromisoformat(case["result_due_at"]).astimezone()
    assert due.strftime("%b") in chat.replies[0].text
