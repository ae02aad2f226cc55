"""What a case weighs: the matrix, the signs in customers' words, and the data's own consistency."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot import catalog
from bot.cases import priority
from bot.cases.states import CATEGORIES, KINDS
from bot.wording import texts

# Impact × urgency as ServiceNow documents it (domain facts 4), written down once more by hand.
MATRIX = {
    ("high", "high"): "P1", ("high", "medium"): "P2", ("high", "low"): "P3",
    ("medium", "high"): "P2", ("medium", "medium"): "P3", ("medium", "low"): "P4",
    ("low", "high"): "P3", ("low", "medium"): "P4", ("low", "low"): "P5",
}  # fmt: skip


def test_the_matrix_is_the_documented_one() -> None:
    matrix = catalog.read("sla")["priority_matrix"]
    assert {(impact, urgency): matrix[impact][urgency] for impact, urgency in MATRIX} == MATRIX


@pytest.mark.parametrize(
    ("words", "sign"),
    [
        ("快递员扔箱子把我砸伤了，还流血", "injury"), ("the courier dropped it and I got hurt", "injury"),
        ("里面好像是违禁品", "prohibited"), ("there were EXPLOSIVES inside", "prohibited"),
        ("我的信息泄露了，天天有人打电话", "data_leak"), ("someone leaked my number", "data_leak"),
        ("我已经发抖音了", "public_post"), ("I posted it online already", "public_post"),
        ("海鲜都臭了", "perishable"), ("my insulin is in it", "perishable"),
    ],
)  # fmt: skip
def test_words_show_what_weighs_more(words: str, sign: str) -> None:
    assert sign in priority.signs_of("other", words)


@pytest.mark.parametrize(
    "words", ["杯子碎了两个", "快递三天没动", "this express is so slow", "the box was wet", "寄到医院门口的"]
)
def test_plain_complaints_show_nothing(words: str) -> None:
    assert priority.signs_of("delay", words) == []


@pytest.mark.parametrize("sign", ["injury", "prohibited", "data_leak"])
def test_injury_prohibited_goods_and_data_leaks_are_first_and_go_across_departments_at_once(sign: str) -> None:
    assert priority.priority_of("complaint", "other", [sign]) == "P1" and priority.level_of([sign]) == 3


def test_class_and_value_of_the_customers_parcel_weigh_in() -> None:
    assert priority.signs_of("lost", "丢了", customer_class="A") == ["a_class"]
    assert priority.signs_of("lost", "丢了", customer_class="B") == []
    assert priority.signs_of("lost", "丢了", value=Decimal(3000)) == ["high_value"]
    assert priority.signs_of("lost", "丢了", value=Decimal("2999.99")) == []
    assert priority.priority_of("complaint", "lost", ["high_value"]) == "P2"
    assert priority.level_of(["a_class"]) == 2
    assert priority.skill_for("complaint", ["a_class"]) == "vip" and priority.skill_for("complaint", []) == "complaints"


def test_more_signs_never_make_a_case_wait_longer() -> None:
    for category in CATEGORIES:
        alone = priority.priority_of("complaint", category, [])
        for sign in priority.known_signs():
            assert priority.priority_of("complaint", category, [sign]) <= alone


def test_every_target_lies_within_the_seven_days_and_earlier_priorities_wait_no_longer() -> None:
    targets = [priority.resolution_time(name) for name in priority.PRIORITIES]
    assert targets == sorted(targets) and targets[-1].days <= catalog.figure("result_days")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_category_kind_and_sign_is_in_the_data_and_has_words(language: str) -> None:
    rules = catalog.read("sla")
    assert set(rules["weight_of_category"]) == set(CATEGORIES)
    assert set(rules["teams"]["kinds"]) == set(KINDS)
    assert {f"desk_sign_{sign}" for sign in rules["signs"]} <= texts(language).keys()
    assert len(" ".join(rules["signs"])) <= 120  # they fit their column together
