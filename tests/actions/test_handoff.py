"""A person: with all that is known while the desk is open, an appointment for a call when it is closed."""

from collections.abc import Callable

import pytest

from tests.actions.conftest import Chat

PHONE = "13900002468"


def callback(chat: Chat) -> dict[str, object]:
    (case,) = [case for case in chat.cases() if case["kind"] == "callback"]
    return case


@pytest.mark.parametrize("words", ["转人工", "人工", "I want to talk to a human", "agent"])
def test_a_person_is_asked_for_and_the_bot_itself_says_nothing(chat: Chat, words: str) -> None:
    chat.say(words)
    assert chat.answer.handoff is not None and chat.answer.handoff["reason"] == "customer_asked"
    assert chat.replies == []


@pytest.mark.parametrize("words", ["不要转人工", "I don't want a person"])
def test_who_refuses_a_person_keeps_the_assistant(chat: Chat, words: str) -> None:
    assert chat.say(words) and chat.answer.handoff is None
    assert "callback" not in str(chat.slots())


def test_the_packet_tells_what_the_bot_knows_and_tried(chat: Chat) -> None:
    chat.say("查一下 SF1358204679013", "5821", "保价怎么收费", "转人工")
    assert chat.answer.handoff is not None
    packet = chat.answer.handoff["packet"]
    assert packet["verified"] == [{"waybill": "SF1358204679013", "role": "receiver"}]
    assert packet["shipments"][0]["waybill"] == "SF1358204679013"
    assert packet["tried"] == ["track_shipment", "faq_insurance"] and packet["last_text"] == "保价怎么收费"


def test_a_form_ends_with_the_handoff_and_does_not_come_back(chat: Chat) -> None:
    chat.say("查快递", "转人工", "你好")
    assert all("运单号" not in reply.text for reply in chat.replies)


def test_out_of_hours_it_says_when_and_takes_a_call(chat: Chat, desk_hours: Callable[[bool], None]) -> None:
    desk_hours(False)
    said = chat.say("转人工")
    assert "8:00-22:00" in said and "电话" in said and chat.answer.handoff is None
    chat.say(PHONE)
    chat.tap("下午")
    said = chat.say("包裹少了一件")
    assert "下午" in said and PHONE not in said
    chat.say("确认")
    case = callback(chat)
    assert case["phone"] == PHONE and "下午" in str(case["description"]) and "少了一件" in str(case["description"])


def test_what_a_complaint_collected_is_not_asked_again(chat: Chat, desk_hours: Callable[[bool], None]) -> None:
    desk_hours(False)
    chat.say(f"箱子压坏了，里面的碗碎了两个 SF1358204679013 电话{PHONE}")
    assert "时间" in chat.say("转人工")
    said = chat.tap("随时都行")
    assert "碗碎了" in said and "确认" in said
    chat.say("确认")
    assert callback(chat)["waybill"] == "SF1358204679013"


def test_a_call_can_be_asked_for_by_button_and_in_english(chat: Chat) -> None:
    chat.say("please call me back", PHONE)
    chat.tap("In the morning")
    chat.say("customs papers for a parcel", "yes")
    assert "customs papers" in str(callback(chat)["description"])


def test_a_new_time_or_phone_at_the_read_back_replaces_the_first(chat: Chat) -> None:
    chat.say("/leave_callback", PHONE, "明天上午", "少了一件")
    assert "后天下午" in chat.say("改成后天下午")
    assert "电话" in chat.say("电话错了")
    chat.say("13900001234", "确认")
    case = callback(chat)
    assert case["phone"] == "13900001234" and "后天下午" in str(case["description"])


def test_a_wrong_phone_is_answered_and_cancel_leaves_nothing(chat: Chat) -> None:
    chat.say("/leave_callback")
    assert "11 位" in chat.say("1390000")
    assert "没有提交" in chat.say("算了")
    assert chat.cases() == [] and not any(name.startswith("callback_") for name in chat.slots())


def test_a_question_meanwhile_is_answered_and_the_form_goes_on(chat: Chat) -> None:
    chat.say("/leave_callback", PHONE)
    said = chat.say("你们几点下班")
    assert "8:00-22:00" in said and "什么时间" in said


def test_a_time_may_be_any_in_words_and_other_words_are_for_whoever_calls(chat: Chat) -> None:
    chat.say("/leave_callback", PHONE)
    said = chat.say("他骂了我一句")
    assert "记下了" in said and "什么时间" in said
    said = chat.say("随时都行")
    assert "时间 随时" in said and "他骂了我一句" in said
    chat.say("确认")
    assert "他骂了我一句" in str(callback(chat)["description"])


def test_a_time_may_be_any_in_english_and_when_the_call_comes_is_told(chat: Chat) -> None:
    chat.language = "en"
    chat.say("/leave_callback", PHONE)
    said = chat.say("when will you call me?")
    assert "at the time you choose" in said and "good time" in said
    assert "What is it about" in chat.say("any time")


def test_a_complaint_left_for_a_call_can_be_gone_on_with(chat: Chat, desk_hours: Callable[[bool], None]) -> None:
    desk_hours(False)
    chat.say(f"箱子压坏了，里面的碗碎了两个 SF1358204679013 电话{PHONE}", "转人工")
    chat.tap("随时都行")
    assert "投诉还没有提交" in chat.say("确认")
    said = chat.tap("接着登记")
    assert "碗碎了" in said and "SF1358204679013" in said
    chat.say("确认")
    assert [case["kind"] for case in chat.cases()] == ["callback", "complaint"]


def test_a_turn_run_again_notes_one_call(chat: Chat) -> None:
    chat.say("/leave_callback", PHONE, "明天上午", "少了一件")
    chat.say_in_a_turn_that_dies("确认")
    chat.say("确认")
    callback(chat)
