"""Dates in words are found and worked out from the moment of asking."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.nlu.dates import find_dates

THURSDAY = datetime(2026, 11, 26, 15, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


def read(text: str) -> list[tuple[str, str]]:
    """(words, value) of every date."""
    return [(text[when.start : when.end], when.value) for when in find_dates(text, THURSDAY)]


@pytest.mark.parametrize(
    ("text", "words", "value"),
    [
        ("明天送", "明天", "2026-11-27"),
        ("大后天再来", "大后天", "2026-11-29"),
        ("昨晚就签收了", "昨晚", "2026-11-25T18:00/2026-11-25T22:00"),
        ("今晚六点后送", "今晚六点", "2026-11-26T18:00/.."),
        ("周六下午在家", "周六下午", "2026-11-28T12:00/2026-11-28T18:00"),
        ("下周三派", "下周三", "2026-12-02"),
        ("上周五寄的", "上周五", "2026-11-20"),
        ("这个周末", "这个周末", "2026-11-28/2026-11-29"),
        ("15号之前", "15号", "../2026-11-15"),
        ("12月5号到", "12月5号", "2026-12-05"),
        ("2024-11-07", "2024-11-07", "2024-11-07"),
        ("明早9点半来", "明早9点半", "2026-11-27T09:30"),
        ("下午三点到五点", "下午三点到五点", "2026-11-26T15:00/2026-11-26T17:00"),
        ("双十一买的", "双十一", "2026-11-11"),
        ("元旦前要", "元旦", "../2027-01-01"),
        ("春节还送吗", "春节", "春节"),
        ("2月31号", "2月31号", "2月31号"),
        ("come tomorrow morning", "tomorrow morning", "2026-11-27T06:00/2026-11-27T12:00"),
        ("by friday 3pm please", "friday 3pm", "../2026-11-27T15:00"),
        ("ordered on nov 12", "nov 12", "2026-11-12"),
        ("the 3rd of may", "the 3rd of may", "2026-05-03"),
        ("next tuesday", "next tuesday", "2026-12-01"),
        ("after 6pm on thursday", "6pm on thursday", "2026-11-26T18:00/.."),
    ],
)
def test_words_for_a_date_have_their_iso_value(text: str, words: str, value: str) -> None:
    assert (words, value) in read(text)


@pytest.mark.parametrize(
    "text",
    [
        "等了三天",
        "快一点",
        "上午还是下午",
        "晚上开到几点",
        "从早上等到晚上",
        "赶得上周",
        "早一点送",
        "3号楼",
        "次日达",
        "one week",
        "5 boxes",
        "第二个",
        "几点到",
    ],
)
def test_durations_and_numbers_of_other_kinds_are_no_dates(text: str) -> None:
    assert read(text) == []


@given(st.one_of(st.text(), st.text("今明昨周上下午三五点半号月日年前后0123456789:-/ 到", max_size=40)))
def test_any_text_gives_dates_that_lie_within_it(text: str) -> None:
    found = find_dates(text, THURSDAY)
    assert all(0 <= when.start < when.end <= len(text) and when.value for when in found)


@pytest.mark.parametrize(("text", "does"), [
    ("明天下午3点", True), ("今晚", True), ("下午3点", False), ("4点", False), ("4pm", False), ("4pm on friday", True),
])
def test_a_day_is_told_from_an_hour_alone(text: str, does: bool) -> None:
    assert [when.names_day for when in find_dates(text, THURSDAY)] == [does]
