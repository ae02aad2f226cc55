"""What a parcel costs and how long it takes, part by part."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.divisions import Division, locate
from bot.freight import declared_fee, estimate, is_too_large, usual_days, volumetric_kg

SIDES = st.floats(1, 150)


def place(name: str) -> Division:
    [found] = locate(name)
    return found


@pytest.mark.parametrize(
    ("words", "city", "district"),
    [
        ("浦东", "上海", "浦东新区"),
        ("湖北恩施", "恩施", ""),
        ("广东省深圳市宝安区西乡", "深圳", "宝安区"),
        ("义乌", "金华", "义乌市"),
        ("Kashgar", "喀什", ""),
    ],
)
def test_a_place_is_found_by_the_names_people_use(words: str, city: str, district: str) -> None:
    assert (place(words).city, place(words).district) == (city, district)


def test_a_district_of_several_cities_stays_open_and_an_unlisted_village_is_unknown() -> None:
    assert {found.city for found in locate("朝阳区")} == {"北京", "长春"}
    assert locate("北京朝阳区")[0].city == "北京" and locate("王家村") == []


def test_light_and_bulky_is_billed_by_volume_and_dense_by_weight() -> None:
    lane = place("上海"), place("北京")
    bulky = estimate(*lane, kg=8, size=(30, 40, 50))
    assert (bulky.volumetric, bulky.kg, bulky.by_volume, bulky.freight) == (10.0, 10, True, 12 + 9 * 4)
    dense = estimate(*lane, kg=12.2, size=(30, 40, 50))
    assert (dense.kg, dense.by_volume) == (13, False)


def test_each_part_of_the_sum_stands_by_itself() -> None:
    told = estimate(place("上海"), place("喀什"), kg=35, size=(130, 20, 20), value=1500)
    assert (told.freight, told.remote, told.oversize, told.declared) == (22 + 34 * 14, 10, 20, Decimal("1.5"))
    assert told.total == Decimal("529.5")


@pytest.mark.parametrize(("value", "fee"), [(0, "0"), (500, "1.0"), (2000, "2.0"), (3000, "30.0")])
def test_a_declared_value_costs_the_rate_of_its_tier_and_at_least_the_least_fee(value: int, fee: str) -> None:
    assert declared_fee(value) == Decimal(fee)


def test_remote_places_take_their_extra_days_and_a_capital_does_not() -> None:
    assert usual_days(place("上海"), place("喀什")) == (8, 11)
    assert usual_days(place("上海"), place("拉萨")) == (5, 8)
    assert usual_days(place("杭州"), place("萧山区")) == (1, 1), "a district lies in its city"


def test_places_that_the_rates_do_not_know_are_no_quote() -> None:
    with pytest.raises(KeyError):
        estimate(place("上海"), place("香港"))


@pytest.mark.parametrize(
    ("kg", "size", "large"),
    [
        (50, None, False),
        (51, None, True),
        (1, (151, 10, 10), True),
        (1, (120, 100, 90), True),
        (1, (60, 50, 40), False),
    ],
)
def test_what_is_no_parcel_any_more_is_too_large(
    kg: float, size: tuple[float, float, float] | None, large: bool
) -> None:
    assert is_too_large(kg, size) is large


@given(st.floats(0.1, 50), SIDES, SIDES, SIDES, st.integers(0, 20000))
def test_the_billed_weight_is_never_below_either_weight_and_the_total_never_below_a_part(
    kg: float, length: float, width: float, height: float, value: int
) -> None:
    told = estimate(place("成都"), place("玉树"), kg=kg, size=(length, width, height), value=value)
    assert told.kg >= kg and told.kg >= volumetric_kg((length, width, height))
    assert told.total >= told.freight and told.total >= told.declared
