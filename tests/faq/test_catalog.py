"""The catalog's facts as the rest of the program sees them."""

from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import catalog, divisions

SHANGHAI = ZoneInfo("Asia/Shanghai")
CITIES = st.sampled_from(sorted(catalog.cities().english))


def test_every_figure_names_its_unit_its_source_its_date_and_whether_it_is_verified() -> None:
    for name in catalog.FIGURE_FILES:
        for figure in catalog.read(name)["figures"].values():
            assert set(figure) == {"value", "unit", "source", "date", "verified"}


def test_no_figure_is_defined_twice() -> None:
    names = [figure for name in catalog.FIGURE_FILES for figure in catalog.read(name)["figures"]]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "name", ["carriers", "cities", "outlets", "prohibited", "rates", "service_areas", "service_hours"]
)
def test_every_list_names_its_source_and_date(name: str) -> None:
    assert {"source", "date"} <= set(catalog.read(name))


def test_an_unknown_figure_or_file_is_a_fault_that_says_its_name() -> None:
    with pytest.raises(catalog.CatalogError, match="no_such"):
        catalog.figure("no_such")
    with pytest.raises(catalog.CatalogError, match="no_such"):
        catalog.read("no_such")


def test_the_clocks_of_the_law_are_as_the_law_says() -> None:
    assert catalog.figure("result_days") == 7 and catalog.figure("appeal_answer_days") == 30


@pytest.mark.parametrize(
    ("hour", "minute", "is_open"), [(7, 59, False), (8, 0, True), (21, 59, True), (22, 0, False), (3, 0, False)]
)
def test_the_desk_is_open_from_the_first_minute_to_the_last(hour: int, minute: int, is_open: bool) -> None:
    assert catalog.service_open(datetime(2026, 11, 24, hour, minute, tzinfo=SHANGHAI)) is is_open


def test_opening_hours_are_the_desk_s_own_and_not_the_server_s() -> None:
    assert catalog.service_open(datetime(2026, 11, 24, 1, 0, tzinfo=timezone.utc))  # nine in Shanghai


def test_the_next_opening_is_this_morning_tomorrow_morning_or_now() -> None:
    early, noon, late = (datetime(2026, 11, 24, hour, 30, tzinfo=SHANGHAI) for hour in (5, 12, 23))
    assert catalog.next_opening(early) == datetime(2026, 11, 24, 8, 0, tzinfo=SHANGHAI)
    assert catalog.next_opening(noon) == noon
    assert catalog.next_opening(late) == datetime(2026, 11, 25, 8, 0, tzinfo=SHANGHAI)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        catalog.service_open(datetime(2026, 11, 24, 12, 0))


@given(st.datetimes(timezones=st.just(SHANGHAI), max_value=datetime(9999, 1, 1)))
def test_the_next_opening_is_never_past_and_the_desk_is_open_then(now: datetime) -> None:
    opening = catalog.next_opening(now)
    assert opening >= now and catalog.service_open(opening)


@pytest.mark.parametrize(
    ("words", "item", "verdict"),
    [
        ("能寄充电宝吗", "power banks and lithium batteries", "conditional"),
        ("打火机可以寄不", "lighters", "forbidden"),
        ("can I send PERFUME", "perfume or nail polish", "conditional"),
        ("可以寄现金吗", "cash", "forbidden"),
        ("ＣＡＳＨ", "cash", "forbidden"),
        ("寄两瓶白酒", "alcohol and spirits", "forbidden"),
        ("小狗能寄吗", "live animals", "forbidden"),
        ("can my cat travel by courier", "live animals", "forbidden"),
        ("手机壳能寄吗", "clothes and household goods", "allowed"),
        ("花瓶怎么寄", "fragile goods", "allowed"),
    ],
)
def test_an_item_is_known_by_its_customers_words(words: str, item: str, verdict: str) -> None:
    found = catalog.item_named_in(words)
    assert found is not None and (found.en, found.verdict) == (item, verdict)


@pytest.mark.parametrize("words", ["什么东西不能寄", "what can't I send", "", "category of goods"])
def test_words_that_name_no_item_give_none(words: str) -> None:
    assert catalog.item_named_in(words) is None


def test_every_barred_item_has_its_class_and_every_other_its_advice_in_both_languages() -> None:
    for entry in catalog.read("prohibited")["items"]:
        item = catalog.item_named_in(entry["words"][0])
        assert item is not None
        if item.verdict == "forbidden":
            assert item.class_zh and item.class_en
        else:
            assert item.verdict in ("conditional", "allowed") and item.advice and item.advice_en


def test_the_eighteen_classes_of_the_official_list_are_there() -> None:
    assert set(range(1, 19)) <= set(catalog.read("prohibited")["classes"])


@pytest.mark.parametrize(
    ("origin", "destination", "kg", "yuan"),
    [("上海", "上海", 1, 8), ("上海", "杭州", 1.2, 12), ("上海", "北京", 3, 20), ("北京", "深圳", 1, 15)],
)
def test_a_quote_follows_the_rate_table(origin: str, destination: str, kg: float, yuan: float) -> None:
    assert catalog.quote(origin, destination, kg).yuan == yuan


@given(CITIES, CITIES, st.floats(0.1, 50), st.floats(0, 10))
def test_a_quote_is_the_same_both_ways_and_never_falls_with_weight(
    one: str, other: str, kg: float, more: float
) -> None:
    assert catalog.quote(one, other, kg) == catalog.quote(other, one, kg)
    assert catalog.quote(one, other, kg + more).yuan >= catalog.quote(one, other, kg).yuan


def test_every_outlet_lies_in_a_city_we_know() -> None:
    assert {outlet.city for outlet in catalog.outlets()} <= set(catalog.cities().english)
    assert len(catalog.outlets_in("上海")) == 4 and catalog.outlets_in("拉萨") == []


def test_every_remote_place_is_one_on_the_list_of_divisions() -> None:
    for name in catalog.remotes():
        assert [place.rated_as for place in divisions.locate(name)] == [name]


@pytest.mark.parametrize(
    ("asked", "hours", "answered"),
    [
        ((24, 0, 16), 4, (24, 13, 0)),
        ((24, 10, 30), 4, (24, 14, 30)),
        ((24, 18, 0), 4, (25, 12, 0)),
        ((24, 19, 0), 2, (25, 11, 0)),
        ((24, 10, 0), 10, (25, 10, 0)),
        ((24, 10, 0), 25, (26, 15, 0)),
    ],
    ids=["at night", "at noon", "before closing", "at closing", "a whole day", "over two days"],
)
def test_an_outlets_answer_is_waited_for_while_it_is_open(
    asked: tuple[int, int, int], hours: float, answered: tuple[int, int, int]
) -> None:
    since = datetime(2026, 11, *asked, tzinfo=SHANGHAI)
    assert catalog.outlets_open_for(hours, since) == datetime(2026, 11, *answered, tzinfo=SHANGHAI)
