"""Facts are read by rule, told apart, and marked where they stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.nlu.facts import find_facts


def facts(text: str) -> list[tuple[str, str, str]]:
    """(kind, value, the text as written) of all that is found."""
    return [(fact.kind, fact.value, text[fact.start:fact.end]) for fact in find_facts(text)]


@pytest.mark.parametrize(
    ("text", "kind", "value", "written"),
    [
        ("查SF1029384756123谢谢", "waybill", "SF1029384756123", "SF1029384756123"),
        ("ｓｆ１０２９３８４７５６１２３", "waybill", "SF1029384756123", "ｓｆ１０２９３８４７５６１２３"),
        ("单号 YT 9482 0174 63852 到哪", "waybill", "YT9482017463852", "YT 9482 0174 63852"),
        ("我电话13800001234打这个", "phone", "13800001234", "13800001234"),
        ("+86 138-0000-1234", "phone", "13800001234", "138-0000-1234"),
        ("座机010-66778899", "phone", "010-66778899", "010-66778899"),
        ("座机 0571 88290000", "phone", "0571-88290000", "0571 88290000"),
        ("工单YD26112400017怎么样了", "case_id", "YD26112400017", "YD26112400017"),
        ("yd 26112400017", "case_id", "YD26112400017", "yd 26112400017"),
        ("WO20241108026进度", "case_id", "WO20241108026", "WO20241108026"),
        ("订单号：95102938473 还没发", "order_number", "95102938473", "95102938473"),
        ("my order number is 88293847261", "order_number", "88293847261", "88293847261"),
        ("手机尾号是5821", "phone_tail", "5821", "5821"),
        ("后四位 ５８２１", "phone_tail", "5821", "５８２１"),
        ("5821", "phone_tail", "5821", "5821"),
        ("是5821吧", "phone_tail", "5821", "5821"),
        ("it's ending in 5821", "phone_tail", "5821", "5821"),
        ("大概3公斤", "weight", "3", "3公斤"),
        ("about 500 g", "weight", "0.5", "500 g"),
        ("两斤苹果", "weight", "1", "两斤"),
        ("两斤半的苹果", "weight", "1.25", "两斤半"),
        ("3公斤半", "weight", "3.5", "3公斤半"),
        ("3公斤半价吗", "weight", "3", "3公斤"),
        ("3-5kg", "weight", "5", "5kg"),
        ("with declared value 5000", "money", "5000", "5000"),
    ],
)
def test_a_fact_is_found_normalised_and_located(text: str, kind: str, value: str, written: str) -> None:
    assert (kind, value, written) in facts(text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("订单号 431209847562 查一下", "waybill"),
        ("13800001234", "waybill"),
        ("SF1029384756123", "phone"),
        ("工单YD26112400017", "waybill"),
        ("SF1029384756123", "phone_tail"),
        ("运单尾号5821", "phone_tail"),
        ("2024年发的", "phone_tail"),
        ("YT12345", "waybill"),
        ("第3个", "weight"),
        ("minus 5 kg", "weight"),
        ("-15公斤", "weight"),
        ("负五公斤", "weight"),
        ("南京西路8号", "city"),
    ],
)
def test_a_number_of_one_kind_is_not_taken_for_another(text: str, kind: str) -> None:
    assert kind not in [found[0] for found in facts(text)]


@pytest.mark.parametrize(
    ("text", "roles"),
    [
        ("从上海寄到北京", {"上海": "from", "北京": "to"}),
        ("杭州到哈尔滨几天", {"杭州": "from", "哈尔滨": "to"}),
        ("from Shenzhen to Xi'an", {"深圳": "from", "西安": "to"}),
        ("寄成都多少钱", {"成都": "to"}),
        ("武汉有网点吗", {"武汉": None}),
    ],
)
def test_cities_have_a_direction_where_the_words_give_one(text: str, roles: dict[str, str | None]) -> None:
    assert {fact.value: fact.role for fact in find_facts(text) if fact.kind == "city"} == roles


NEARLY_FACTS = st.lists(
    st.sampled_from(
        ["SF1029384756123", "13800001234", "YD26112400017", "5821", "3公斤", "上海", "到", "订单号", " ", "-", "ｓｆ"]
        + ["１３８", "＋86", "尾号", "é", "İ", "㎏", "\n", "。", "wo20241108026"]
    ),
    max_size=8,
).map("".join)


@given(st.one_of(st.text(), NEARLY_FACTS))
def test_any_text_gives_ordered_facts_that_lie_within_it_and_apart(text: str) -> None:
    found = find_facts(text)
    assert all(0 <= fact.start < fact.end <= len(text) and fact.value for fact in found)
    assert all(one.end <= next_one.start for one, next_one in zip(found, found[1:], strict=False))
