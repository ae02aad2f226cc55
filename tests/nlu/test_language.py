"""The language of a reply follows the customer's words where they tell one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.nlu.language import detect
from bot.nlu.text import fold


@pytest.mark.parametrize(
    "text",
    ["我的快递到哪了", "查一下SF1029384756123", "帮我 track 一下这个 parcel", "運費幾多", "Ｋ５怎么走", "iPhone 碎了"],
)
def test_chinese_and_mixed_messages_are_chinese(text: str) -> None:
    assert detect(text) == "zh"


@pytest.mark.parametrize(
    "text",
    [
        "where is my parcel",
        "hello",
        "WHERE IS SF1029384756123",
        "ｗｈｅｒｅ is it",
        "please put my chinese name 王安娜 on the label",
        "hurry up",
    ],
)
def test_english_messages_are_english_even_with_a_chinese_name(text: str) -> None:
    assert detect(text) == "en"


@pytest.mark.parametrize(
    "text",
    ["", "5821", "13800001234", "SF1029384756123", "SF 1029 3847 56123", "YD26112400017", "https://example.com/x"]
    + ["👍👍", "？", "ok", "OK!", "nihao", "EMS", "thx"],
)
def test_numbers_emoji_and_words_both_languages_use_tell_nothing(text: str) -> None:
    assert detect(text) is None


@given(st.text())
def test_any_text_has_one_of_three_answers(text: str) -> None:
    assert detect(text) in ("zh", "en", None)


@given(st.text())
def test_folding_keeps_the_length_so_that_offsets_hold(text: str) -> None:
    assert len(fold(text)) == len(text)
    assert fold(fold(text)) == fold(text)
