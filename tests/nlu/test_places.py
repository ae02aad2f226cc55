"""Places are found by the official names, with the direction that the words give them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.nlu.places import find_places


def read(text: str) -> list[tuple[str, str, str | None]]:
    """(kind, words, role) of every place."""
    return [(place.kind, text[place.start : place.end], place.role) for place in find_places(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("从四川达州寄到遂平县", [("city", "四川达州", "from"), ("city", "遂平县", "to")]),
        ("海淀能送吗", [("city", "海淀", None)]),
        ("寄墨尔本多少钱", [("city", "墨尔本", "to")]),
        ("澳大利亚几天到", [("city", "澳大利亚", None)]),
        ("send it from nanchang to kuala lumpur", [("city", "nanchang", "from"), ("city", "kuala lumpur", "to")]),
        ("改到江宁区胜太路18号3栋502", [("address", "江宁区胜太路18号3栋502", None)]),
        ("送文三路259号", [("address", "文三路259号", None)]),
        ("deliver to 22 queen street please", [("address", "22 queen street", None)]),
    ],
)
def test_a_place_is_marked_with_kind_and_role(text: str, expected: list[tuple[str, str, str | None]]) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    "text", ["我很平安", "南京路上", "a nice parcel", "order and split it", "快递在路上", "门口的柜子"]
)
def test_words_that_only_look_like_places_are_none(text: str) -> None:
    assert read(text) == []


@given(st.one_of(st.text(), st.text("上海市区县路号栋村镇送到从改0123456789 abcde", max_size=60)))
def test_any_text_gives_places_that_lie_within_it_and_apart(text: str) -> None:
    found = find_places(text)
    assert all(0 <= place.start < place.end <= len(text) and place.value for place in found)
    assert all(one.end <= other.start for one, other in zip(found, found[1:], strict=False))


@pytest.mark.parametrize("unit", ["上海", "路", "a ", "1号", "镇村", "一", "flat 1, "])
def test_five_hundred_hostile_characters_are_read_in_a_moment(unit: str) -> None:
    text = (unit * 500)[:500]
    find_places("上海")  # the names are read on first use
    started = time.perf_counter()
    find_places(text)
    assert time.perf_counter() - started < 1.0  # measured at some ms; squared growth would take far longer
