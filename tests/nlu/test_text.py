"""Messages in one spelling for the readers of intents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.nlu.text import MOST_CHARACTERS, fold, for_encoder, normalise, simplify


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("運費幾多", "运费几多"),
        ("ＳＦ快递", "sf快递"),
        ("咨询订单号:77210394856 订单金额:6.60 几时派", "#card #card 几时派"),
        ("订单编号：3829104756 商品：床单 没到", "#card #card 没到"),
        ("【转人工】", "转人工"),
        ("查 SF1029384756123", "查 #long"),
        ("5821", "#digits"),
        ("在吗\n\n快递呢", "在吗 快递呢"),
        ("？？？？？？", "??"),
    ],
)
def test_a_message_is_put_into_one_spelling(text: str, normal: str) -> None:
    assert normalise(text) == normal


def test_a_long_message_keeps_its_beginning_and_its_end() -> None:
    normal = normalise("开头" + "啊" * 5000 + "结尾")
    assert normal.startswith("开头") and normal.endswith("结尾") and len(normal) <= MOST_CHARACTERS


def test_the_encoder_sees_no_marks_of_ours_and_both_ends() -> None:
    assert for_encoder("#card 查 #long 到哪了", 64) == "查 到哪了"
    assert for_encoder("a" * 90 + "z" * 90, 30) == "a" * 19 + " " + "z" * 10


@given(st.text())
def test_normalising_takes_any_text_and_simplifying_keeps_its_length(text: str) -> None:
    assert len(normalise(text)) <= max(MOST_CHARACTERS * 2, 10)
    assert len(simplify(fold(text))) == len(text)
