"""Before a parcel is sent, and the particulars of one that was: whole conversations."""

import pytest

from tests.actions.conftest import Chat

SIGNED, TAIL = "JDVA20418837561", "9876"


def test_a_quote_takes_as_many_lines_as_it_needs_and_a_question_between(chat: Chat) -> None:
    assert "首重" in chat.say("从上海寄到北京多少钱")
    assert "充电宝" in chat.say("能寄充电宝吗")
    assert "预估 40 元" in chat.say("8公斤")
    assert "预估 28 元" in chat.say("那5公斤呢")


@pytest.mark.parametrize("words", ["and with declared value 5000?", "保价5000呢"])
def test_a_new_fact_asked_after_a_quote_changes_it(chat: Chat, words: str) -> None:
    chat.say("从上海寄到北京3公斤多少钱")
    assert "5000" in chat.say(words)


def test_half_a_pound_more_counts(chat: Chat) -> None:
    assert "计费 2 公斤" in chat.say("广州到成都两斤半多少钱")


def test_one_line_with_everything_is_answered_at_once(chat: Chat) -> None:
    assert "预估 20 元" in chat.say("从上海寄到北京3公斤多少钱") and len(chat.replies) == 1


def test_a_quote_asked_inside_a_complaint_does_not_end_the_complaint(chat: Chat) -> None:
    chat.say("我要投诉")
    chat.say("上海到北京3公斤运费多少钱")
    assert "complaint" in str(chat.slots().get("requested_slot"))


def test_a_place_alone_goes_on_with_the_outlet_that_was_asked_for(chat: Chat) -> None:
    assert "哪个城市" in chat.say("附近有网点吗")
    assert "张江网点" in chat.say("浦东新区")


def test_who_signed_is_told_after_the_digits(chat: Chat) -> None:
    said = chat.say(f"{SIGNED} 的签收底单发我")
    assert "后四位" in said and "代签" not in said
    assert "代签" in chat.say(TAIL)
    assert "没有登记代收货款" in chat.say("这单的代收货款结算了吗")
