"""Where is my parcel: at once, by asking, in detail after four digits, and never too much."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from bot.db import now
from bot.settings import settings
from bot.shipments.providers import chosen
from tests.actions.conftest import Chat
from tests.support.provider import FAULTS, FakeProvider

ON_ITS_WAY, TAIL = "SF1358204679013", "5821"
STUCK = "YT2604417093385"


def test_a_number_in_the_message_is_answered_at_once_with_a_card(chat: Chat) -> None:
    said = chat.say(f"查一下 {ON_ITS_WAY}")
    assert ON_ITS_WAY in said and chat.card is not None
    assert chat.card["status"] == "in_transit" and chat.card["timeline"] == []


def test_without_a_number_it_asks_and_then_answers(chat: Chat) -> None:
    assert "运单号" in chat.say("查快递")
    assert "上海" in chat.say(ON_ITS_WAY)


@pytest.mark.parametrize("digits", ["五八二一", "五八二一。"])
def test_digits_spelt_in_chinese_open_the_details(chat: Chat, digits: str) -> None:
    chat.say(ON_ITS_WAY)
    chat.tap("看详细物流")
    chat.say(digits)
    assert chat.card is not None and chat.card["timeline"]


def test_english_is_answered_in_english(chat: Chat) -> None:
    assert "waybill number" in chat.say("track my parcel")
    assert "On its way" in chat.say(ON_ITS_WAY) and chat.card is not None
    assert chat.card["status_name"].isascii()


def test_when_it_will_come_is_asked_of_the_parcel_at_hand(chat: Chat) -> None:
    chat.say(f"查一下 {ON_ITS_WAY}")
    said = chat.say("什么时候到")
    assert ON_ITS_WAY in said and "预计" in said


@pytest.mark.parametrize(("wrong", "told"), [
    ("SF123456", "少了几位"),
    ("SF12345678901234567", "多了几位"),
    ("订单号 298374651827", "订单号"),
    ("我手机号 13800005821", "隐私"),
])
def test_a_wrong_number_is_answered_with_one_clear_sentence(chat: Chat, wrong: str, told: str) -> None:
    chat.say("查快递")
    said = chat.say(wrong)
    assert told in said and len(chat.replies) == 1
    assert "上海" in chat.say(ON_ITS_WAY)


def test_a_number_we_hold_no_record_of_is_said_so(chat: Chat) -> None:
    said = chat.say("查一下 SF9990204679017")
    assert "SF9990204679017" in said and "核对" in said and chat.card is None


@pytest.mark.parametrize("answer", ["第二个", "最后那个", STUCK])
def test_several_numbers_become_a_choice(chat: Chat, answer: str) -> None:
    said = chat.say(f"帮我查这两个件 {ON_ITS_WAY} {STUCK}")
    assert "哪一个" in said and chat.card is None
    assert "武汉" in chat.say(answer)


def test_several_parcels_are_seen_at_a_glance_and_looked_at_one_after_the_other(chat: Chat) -> None:
    said = chat.say(f"帮我查这两个件 {ON_ITS_WAY} {STUCK}")
    assert "上海" in said and "武汉" in said
    assert "已经 5 天" in chat.say("第二个")
    assert "预计" in chat.tap(ON_ITS_WAY)
    assert "已经 5 天" in chat.say("那第二个呢")


@pytest.mark.parametrize(("language", "words", "asked"), [
    ("zh", "看详细物流", "后四位"),
    ("zh", "详细轨迹", "后四位"),
    ("en", "show details", "last four digits"),
])
def test_details_are_asked_for_in_words_as_by_button(chat: Chat, language: str, words: str, asked: str) -> None:
    chat.language = language
    chat.say(ON_ITS_WAY)
    assert asked in chat.say(words) and chat.card is None
    chat.say(TAIL)
    assert chat.card is not None and chat.card["timeline"]
    assert asked not in chat.say(words), "digits once given are not asked for again"


def test_a_card_carries_no_payload_of_a_button(chat: Chat) -> None:
    chat.say(STUCK)
    assert chat.card is not None and "/" not in "".join(map(str, chat.card.values()))


def test_what_was_wrong_is_said_even_when_a_person_is_offered(chat: Chat) -> None:
    for words in ("查快递", "SF123456", "SF123456", "订单号 298374651827"):
        said = chat.say(words)
    assert "不是运单号" in said and "转人工" in said


def test_a_choice_can_be_tapped(chat: Chat) -> None:
    chat.say(f"帮我查这两个件 {ON_ITS_WAY} {STUCK}")
    assert "武汉" in chat.tap(STUCK)


def test_the_last_four_digits_open_the_timeline_without_names_and_phones(chat: Chat) -> None:
    chat.say(f"查一下 {ON_ITS_WAY}")
    assert "后四位" in chat.tap("看详细物流")
    chat.say(TAIL)
    assert chat.card is not None and len(chat.card["timeline"]) == 3
    assert "周大力" not in str(chat.card) and "13900007788" not in str(chat.card)


def test_details_stay_with_the_conversation_that_knew_the_digits(chat: Chat, other_chat: Chat) -> None:
    chat.say(f"查一下 {ON_ITS_WAY}", TAIL)
    assert chat.card is not None and chat.card["timeline"]
    other_chat.say(f"查一下 {ON_ITS_WAY}")
    assert other_chat.card is not None and other_chat.card["timeline"] == []


@pytest.mark.parametrize("words", [f"{ON_ITS_WAY} {TAIL}", f"{ON_ITS_WAY} 尾号{TAIL}"])
def test_number_and_digits_in_one_message_open_the_details(chat: Chat, words: str) -> None:
    chat.say(words)
    assert chat.card is not None and chat.card["timeline"]


def test_a_wrong_tail_and_an_unknown_waybill_get_the_same_answer(chat: Chat, other_chat: Chat) -> None:
    chat.say(f"查一下 {ON_ITS_WAY}", "/track_details")
    other_chat.say("查一下 SF9990204679017", "/track_details")
    assert chat.say("0000") == other_chat.say("0000")


def test_five_wrong_tails_lock_the_parcel_even_for_the_right_one(chat: Chat) -> None:
    chat.say(f"查一下 {ON_ITS_WAY}", "/track_details")
    assert "15 分钟" in chat.say("0000", "0001", "0002", "0003", "0004")
    assert "15 分钟" in chat.say("/track_details", TAIL)
    chat.say(f"查一下 {ON_ITS_WAY}")
    assert chat.card is not None and chat.card["timeline"] == []


def test_being_verified_is_no_slot(chat: Chat) -> None:
    chat.say(f"查一下 {ON_ITS_WAY}", TAIL)
    assert set(chat.slots()) <= {"waybill", "language", "asked", "session_started_metadata"}


def test_another_parcel_is_asked_for_by_button_and_by_words(chat: Chat) -> None:
    chat.say(f"查一下 {ON_ITS_WAY}")
    assert "运单号" in chat.tap("查别的单号")
    assert "武汉" in chat.say(STUCK)


def test_a_question_while_asking_for_the_number_is_answered_and_the_form_comes_back(chat: Chat) -> None:
    chat.say("查快递")
    chat.say("你们几点下班")
    assert "8:00-22:00" in chat.replies[0].text and "运单号" in chat.replies[-1].text
    assert "上海" in chat.say(ON_ITS_WAY)


def test_the_number_is_asked_for_three_times_then_a_person_is_offered(chat: Chat) -> None:
    chat.say("查快递", "好的", "好的")
    said = chat.say("哦")
    assert "转人工" in said and "再试一次" in said
    assert "运单号" in chat.tap("再试一次")


def test_a_plain_yes_to_the_offer_of_a_person_is_taken(chat: Chat) -> None:
    chat.say("查快递", "好的", "好的", "好的")
    assert chat.answer.handoff is None
    chat.say("好的")
    assert chat.answer.handoff is not None and chat.answer.handoff["reason"] == "stuck"


def test_cancel_ends_the_form(chat: Chat) -> None:
    chat.say("查快递")
    assert "先不办" in chat.say("取消")
    assert "运单号" not in chat.say("你好").split("[")[0]


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeProvider]:
    """KDNiao is set up, and a local server answers for it."""
    fake = FakeProvider()
    values = {"PROVIDERS": "kdniao", "KDNIAO_ID": "1", "KDNIAO_KEY": "KEY", "KDNIAO_URL": fake.url}
    for name, value in values.items():
        monkeypatch.setattr(settings(), name.lower(), value)
    chosen.configured.cache_clear()
    yield fake
    chosen.configured.cache_clear()
    fake.close()


def scanned(waybill: str, hours_ago: int = 3) -> dict[str, Any]:
    at = f"{now() - timedelta(hours=hours_ago):%Y-%m-%d %H:%M:%S}"
    trace = {"AcceptTime": at, "AcceptStation": "派件中", "Location": "杭州市", "Action": "202"}
    return {"Success": True, "LogisticCode": waybill, "State": "2", "Traces": [trace]}


def test_a_parcel_only_the_provider_knows_is_explained_like_any_other(chat: Chat, provider: FakeProvider) -> None:
    provider.answer = scanned("YT9693083639795")
    assert "派送" in chat.say("查 YT9693083639795")


def test_where_the_provider_fails_the_customer_hears_it_and_has_a_way_on(chat: Chat, provider: FakeProvider) -> None:
    provider.answer = FAULTS["html"]
    said = chat.say("查 YT9693083639795")
    assert "没有回应" in said and "转人工" in said


def test_a_carrier_that_wants_the_digits_gets_them_from_the_customer(chat: Chat, provider: FakeProvider) -> None:
    provider.answer = scanned("SF1673179789153")
    assert "后四位" in chat.say("查 SF1673179789153")
    chat.tap("核对尾号")
    assert "派送" in chat.say("5821")
    assert chat.card is not None and chat.card["detailed"]
