"""Complaints from the first words to the number: few questions, corrections, digressions, and a way out at any time."""

import pytest

from bot.cases.models import Case
from bot.shipments.models import Shipment
from tests.actions.conftest import Chat

WAYBILL, PHONE = "YT2604417093385", "13900002468"


def complained(chat: Chat, *, confirm: bool = True) -> Chat:
    chat.say("箱子压坏了，里面的碗碎了两个", WAYBILL, PHONE)
    if confirm:
        chat.say("确认")
    return chat


def test_first_words_waybill_phone_and_a_yes_make_a_case_with_what_happens_next(chat: Chat) -> None:
    said = complained(chat).replies[0].text
    (case,) = chat.cases()
    assert case["number"] in said and "核实" in said and "结果" in said
    assert case["kind"] == "complaint" and case["category"] == "damage"
    assert case["waybill"] == WAYBILL and case["phone"] == PHONE and "碗碎了" in case["description"]


def test_a_case_keeps_the_city_its_parcel_goes_to_for_the_statistics(chat: Chat) -> None:
    with chat.database.write() as session:
        session.get(Shipment, WAYBILL).receiver_city = "杭州市"
        session.commit()
    complained(chat)
    with chat.database.read() as session:
        assert session.query(Case.area).scalar() == "杭州"


def test_everything_in_one_message_is_read_back_at_once(chat: Chat) -> None:
    said = chat.say(f"包裹没送上门直接放驿站了 单号{WAYBILL} 电话{PHONE}")
    assert "没有送上门" in said and WAYBILL in said and "确认" in said
    assert PHONE not in said
    chat.say("没问题")
    assert len(chat.cases()) == 1


def test_in_english_it_is_as_short(chat: Chat) -> None:
    assert "waybill number" in chat.say("my parcel arrived broken, the lamp is in pieces")
    assert "phone" in chat.say(WAYBILL)
    assert "Damaged" in chat.say(PHONE)
    assert "case YD" in chat.say("yes please")
    assert chat.cases()[0]["language"] == "en"


def test_a_bare_complaint_is_asked_for_its_kind_and_for_what_happened(chat: Chat) -> None:
    assert "破损" in chat.say("我要投诉")
    assert "发生了什么" in chat.tap("服务态度、联系不上")
    chat.say("快递员在电话里骂人", WAYBILL, PHONE, "确认")
    (case,) = chat.cases()
    assert case["category"] == "attitude" and case["description"] == "快递员在电话里骂人"


def test_the_parcel_just_looked_up_is_not_asked_for_again(chat: Chat) -> None:
    chat.say(f"查一下 {WAYBILL}")
    said = chat.tap("登记延误投诉")
    assert "发生了什么" in said
    said = chat.say("五天没动了，急用")
    assert "电话" in said and "运单号" not in said


def test_a_corrected_waybill_and_phone_replace_the_first_ones(chat: Chat) -> None:
    complained(chat, confirm=False)
    said = chat.say("单号发错了，是 SF1358204679013")
    assert "SF1358204679013" in said and WAYBILL not in said
    chat.say("电话也错了 13900001234", "确认")
    (case,) = chat.cases()
    assert case["waybill"] == "SF1358204679013" and case["phone"] == "13900001234"


@pytest.mark.parametrize(("part", "value", "field"), [
    ("运单号", "SF1358204679013", "waybill"),
    ("联系电话", "13900001234", "phone"),
    ("情况说明", "其实是花瓶碎了一只", "description"),
])
def test_no_asks_what_to_change_and_changes_that_alone(chat: Chat, part: str, value: str, field: str) -> None:
    complained(chat, confirm=False)
    assert "哪一项" in chat.say("不对")
    assert chat.cases() == []
    chat.tap(part)
    assert "确认" in chat.say(value)
    chat.say("确认")
    assert chat.cases()[0][field] == value


def test_the_kind_can_be_changed_at_the_read_back(chat: Chat) -> None:
    complained(chat, confirm=False)
    chat.tap("我要修改")
    chat.tap("问题类型")
    assert "丢失" in chat.tap("丢失、少件")
    chat.say("确认")
    assert chat.cases()[0]["category"] == "lost"


def test_a_wish_can_be_tapped_or_told_and_does_not_block_the_yes(chat: Chat) -> None:
    complained(chat, confirm=False)
    assert "以审核为准" in chat.tap("赔偿（以审核为准）")
    assert "希望" in chat.say("希望你们重新给我寄一套")
    chat.say("确认")
    assert "重新给我寄一套" in chat.cases()[0]["remedy"]


@pytest.mark.parametrize(("words", "remedy"), [
    ("要求道歉", "给个说法、道歉"),
    ("给个说法", "给个说法、道歉"),
    ("给个说法、道歉", "给个说法、道歉"),
    ("不要赔偿，只要你们道歉", "给个说法、道歉"),
    ("麻烦重新派送", "尽快重新派送"),
    ("要求赔偿", "赔偿（以审核为准）"),
    ("赔钱并且道歉", "赔钱并且道歉"),
])
def test_a_wish_is_recorded_as_what_it_names_and_is_no_part_of_the_story(chat: Chat, words: str, remedy: str) -> None:
    complained(chat, confirm=False)
    assert f"希望：{remedy}" in chat.say(words)
    chat.say("确认")
    (case,) = chat.cases()
    assert case["remedy"] == remedy and case["description"] == "箱子压坏了，里面的碗碎了两个"


@pytest.mark.parametrize(("words", "remedy"), [
    ("I want an apology", "An explanation, an apology"),
    ("no compensation, just an apology", "An explanation, an apology"),
    ("please redeliver it", "Deliver it again soon"),
    ("I want compensation", "Compensation (subject to review)"),
])
def test_an_english_wish_is_recorded_as_what_it_names(chat: Chat, words: str, remedy: str) -> None:
    chat.say("my parcel arrived broken, the lamp is in pieces", WAYBILL, PHONE)
    assert f"Your wish: {remedy}" in chat.say(words)
    chat.say("yes please")
    assert chat.cases()[0]["remedy"] == remedy


@pytest.mark.parametrize("question", ["你们几点下班", "怎么开发票", "保价怎么收费", "到哪了", "你是机器人吗", "谢谢"])
@pytest.mark.parametrize("given", [0, 1, 2], ids=["at the waybill", "at the phone", "at the read-back"])
def test_a_question_is_answered_and_the_form_goes_on_where_it_was(chat: Chat, question: str, given: int) -> None:
    facts = [WAYBILL, PHONE]
    chat.say("箱子压坏了，里面的碗碎了两个", *facts[:given])
    chat.say(question)
    assert len(chat.replies) > 1
    chat.say(*facts[given:], "确认")
    (case,) = chat.cases()
    assert case["description"] == "箱子压坏了，里面的碗碎了两个" and case["waybill"] == WAYBILL


@pytest.mark.parametrize("words", ["你们几点下班", "取消", "转人工"])
def test_free_text_never_swallows_a_question_cancel_or_a_person(chat: Chat, words: str) -> None:
    chat.say("我要投诉")
    chat.tap("破损")
    chat.say(words)
    assert chat.slots().get("complaint_description") is None


@pytest.mark.parametrize("given", [[], [WAYBILL], [WAYBILL, PHONE]])
@pytest.mark.parametrize("words", ["算了不弄了", "取消", "拜拜"])
def test_leaving_at_any_question_submits_and_keeps_nothing(chat: Chat, given: list[str], words: str) -> None:
    chat.say("箱子压坏了，里面的碗碎了两个", *given)
    assert "没有提交" in chat.say(words)
    assert chat.cases() == []
    assert not any(name.startswith("complaint_") for name in chat.slots())


@pytest.mark.parametrize(("words", "answer"), [
    ("我不投诉", "没有提交"),
    ("别催了", "没有提交"),
    ("I don't want to complain", "nothing was submitted"),
])
def test_who_refuses_a_thing_is_not_led_into_it(chat: Chat, words: str, answer: str) -> None:
    said = chat.say(words)
    assert answer in said and len(chat.replies) == 1
    assert not chat.slots().get("requested_slot")


def test_a_person_refused_inside_a_complaint_changes_nothing_and_refusing_it_ends_it(chat: Chat) -> None:
    complained(chat, confirm=False)
    assert "核对" in chat.say("不要转人工") and chat.answer.handoff is None
    assert "没有提交" in chat.say("我不投诉")
    assert chat.cases() == []


def test_a_bare_yes_inside_a_complaint_is_no_greeting(chat: Chat) -> None:
    chat.say("箱子压坏了，里面的碗碎了两个")
    assert "驿答" not in chat.say("好")


def test_after_the_case_nothing_personal_is_left_for_the_next_flow(chat: Chat) -> None:
    complained(chat)
    assert not any(name.startswith("complaint_") or name == "photos" for name in chat.slots())


def test_a_person_can_be_asked_for_and_gets_what_was_collected(chat: Chat) -> None:
    complained(chat, confirm=False)
    chat.say("转人工")
    assert chat.answer.handoff is not None
    packet = chat.answer.handoff["packet"]
    assert packet["slots"]["complaint_waybill"] == WAYBILL and packet["slots"]["complaint_phone"] == PHONE
    assert packet["shipments"][0]["status"] == "in_transit" and "complain_damage" in packet["tried"]
    assert chat.cases() == []


def test_without_a_waybill_it_can_still_be_recorded(chat: Chat) -> None:
    chat.say("箱子压坏了，里面的碗碎了两个", "没有单号", PHONE, "确认")
    assert chat.cases()[0]["waybill"] is None


def test_who_would_rather_not_give_a_phone_is_told_why_and_may_use_the_one_on_the_waybill(chat: Chat) -> None:
    chat.say("箱子压坏了，里面的碗碎了两个", WAYBILL)
    assert "只用于" in chat.say("凭什么要我电话")
    assert "用运单上登记的电话" in chat.tap("用运单上登记的电话")
    chat.say("确认")
    (case,) = chat.cases()
    assert case["phone"] is None and "运单上登记的电话" in case["description"]


@pytest.mark.parametrize("words", ["可以", "是的", "好"])
def test_yes_to_the_phone_on_the_waybill_takes_it(chat: Chat, words: str) -> None:
    chat.say("箱子压坏了，里面的碗碎了两个", WAYBILL)
    assert "用运单上登记的电话" in chat.say(words)
    chat.say("确认")
    assert chat.cases()[0]["phone"] is None


def test_yes_takes_the_phone_on_the_waybill_in_english_but_never_that_of_no_waybill(chat: Chat) -> None:
    chat.say("my parcel arrived broken, the lamp is in pieces", "I don't have it")
    assert "Phone" not in chat.say("yes")
    assert "the one on the waybill" in chat.say(WAYBILL, "yes")


@pytest.mark.parametrize("words", ["包裹是一双鞋", "他叫龙小马"])
def test_words_in_place_of_the_phone_join_the_story(chat: Chat, words: str) -> None:
    chat.say("箱子压坏了，里面的碗碎了两个", WAYBILL)
    said = chat.say(words)
    assert "记下了" in said and "电话" in said
    assert words in chat.say(PHONE)


@pytest.mark.parametrize("words", ["等一下我找找看", "let me find it please"])
def test_putting_the_answer_off_is_no_part_of_the_story(chat: Chat, words: str) -> None:
    chat.say("箱子压坏了，里面的碗碎了两个")
    assert "记下了" not in chat.say(words)


def test_a_phone_with_a_digit_missing_is_asked_for_again(chat: Chat) -> None:
    chat.say("箱子压坏了，里面的碗碎了两个", WAYBILL)
    assert "11 位" in chat.say("1390000246")
    assert chat.cases() == [] and WAYBILL in chat.say(PHONE)


def test_a_mistyped_phone_is_not_taken_for_another_waybill(chat: Chat) -> None:
    chat.say("箱子压坏了，里面的碗碎了两个", WAYBILL)
    assert "11 位" in chat.say("139000024680")
    assert WAYBILL in chat.say(PHONE)


def test_what_is_added_on_the_way_is_kept_and_said_so(chat: Chat) -> None:
    chat.say("箱子压坏了，里面的碗碎了两个")
    assert "记下了" in chat.say("盘子也裂了一个，是送人的礼物")
    chat.say(WAYBILL, PHONE, "确认")
    assert "盘子也裂了" in chat.cases()[0]["description"]


def test_photos_join_the_complaint_wherever_they_arrive(chat: Chat) -> None:
    chat.say("箱子压坏了，里面的碗碎了两个")
    assert "照片收到" in chat.send_photo("f1")
    chat.say(WAYBILL, PHONE)
    assert "2 张" in chat.send_photo("f2")
    chat.say("确认")
    assert chat.cases()[0]["files"] == ["f1", "f2"]


def test_a_photo_first_leads_to_the_complaint_and_one_afterwards_joins_the_case(chat: Chat) -> None:
    chat.send_photo("f1")
    chat.tap("包裹破损")
    chat.say("碗碎了两个", WAYBILL, PHONE, "确认")
    assert chat.cases()[0]["number"] in chat.send_photo("f2")
    assert chat.cases()[0]["files"] == ["f1", "f2"]


def test_the_same_complaint_again_joins_the_open_case_and_asks_nothing(chat: Chat) -> None:
    number = complained(chat).cases()[0]["number"]
    said = chat.say(f"碗都碎了，太气人了 {WAYBILL}")
    assert "登记过" in said
    assert number in said and len(chat.replies) == 1
    assert len(chat.cases()) == 1


def test_confirming_twice_makes_one_case(chat: Chat) -> None:
    complained(chat)
    chat.say("确认", "提交")
    assert len(chat.cases()) == 1


def test_a_turn_that_died_after_opening_the_case_is_run_again_and_tells_the_same_number(chat: Chat) -> None:
    complained(chat, confirm=False)
    chat.say_in_a_turn_that_dies("确认")
    (case,) = chat.cases()
    said = chat.say("确认")
    assert case["number"] in said and "登记好了" in said
    assert len(chat.cases()) == 1


def test_an_insult_that_tells_what_went_wrong_is_taken_as_the_complaint(chat: Chat) -> None:
    said = chat.say("垃圾快递，把我的花瓶摔碎了")
    assert "抱歉" in said and "运单号" in said


def test_nothing_said_promises_compensation(chat: Chat) -> None:
    complained(chat, confirm=False)
    said = chat.say("你们必须赔我钱")
    assert "以审核为准" in said and "一定" not in said


def test_naming_the_new_kind_changes_it_at_once(chat: Chat) -> None:
    complained(chat, confirm=False)
    assert "丢失" in chat.say("类型改成丢件")
    chat.say("确认")
    (case,) = chat.cases()
    assert case["category"] == "lost" and "类型" not in case["description"]


def test_a_yes_with_a_but_does_not_submit(chat: Chat) -> None:
    complained(chat, confirm=False)
    chat.say("对 但是类型不对")
    assert chat.cases() == []


def test_answers_to_the_form_are_no_part_of_the_story(chat: Chat) -> None:
    chat.say("箱子压坏了，里面的碗碎了两个", WAYBILL, "用面单上登记的那个电话就行", "确认")
    assert chat.cases()[0]["description"].splitlines()[0] == "箱子压坏了，里面的碗碎了两个"
    assert "那个电话" not in chat.cases()[0]["description"]


def test_another_parcel_is_not_taken_for_the_one_just_looked_up(chat: Chat) -> None:
    chat.say(f"查一下 {WAYBILL}")
    assert "运单号" in chat.say("我要投诉另一个包裹，太慢了")


def test_what_is_given_before_it_is_asked_for_is_acknowledged_and_not_asked_again(chat: Chat) -> None:
    chat.say("箱子压坏了，里面的碗碎了两个")
    assert "记下" in chat.say("13912345678")
    assert "核对" in chat.say(WAYBILL)


def test_a_question_about_the_parcel_inside_a_complaint_is_answered_and_the_complaint_goes_on(chat: Chat) -> None:
    chat.say("箱子压坏了，里面的碗碎了两个", WAYBILL)
    assert "电话" in chat.say("详细轨迹") and chat.card is not None
    assert "核对" in chat.say("13912345678")


def test_delivered_but_not_received_hears_what_the_record_says_before_it_is_recorded(chat: Chat) -> None:
    delivered = "JD0098264417305"
    chat.say("显示签收了 我根本没收到")
    said = chat.say(delivered)
    assert "记录是这样的" in said and "签收" in said and "取件码" in said and "电话" in said
    assert "记录是这样的" not in chat.say(PHONE)
    chat.say("确认")
    assert chat.cases()[0]["category"] == "false_delivery" and chat.cases()[0]["waybill"] == delivered


def test_the_parcel_just_shown_as_delivered_needs_no_number_again(chat: Chat) -> None:
    chat.say("查 JD0098264417305")
    said = chat.tap("我没收到")
    assert "记录是这样的" in said and "运单号" not in said.split("记录是这样的")[1].split("\n")[-1]


def test_a_parcel_that_is_not_delivered_has_no_record_to_tell(chat: Chat) -> None:
    chat.say("显示签收了 我根本没收到")
    assert "记录是这样的" not in chat.say(WAYBILL)


@pytest.mark.parametrize(
    "answer", ["怎么又要号码 你们没存我的吗 {}", "dont you have my number in your system already {}"]
)
def test_a_phone_given_with_a_grumble_about_giving_it_is_taken_and_the_complaint_goes_on(
    chat: Chat, answer: str
) -> None:
    chat.say("箱子压坏了，里面的碗碎了两个", WAYBILL, answer.format(PHONE), "确认")
    assert [case["phone"] for case in chat.cases()] == [PHONE]
