"""Estimates of claims: by declared value, by freight, or by this freight alone; never above what was lost."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.cases.claims import DELAY, KINDS, LOST, estimate, missing

YUAN = st.decimals(min_value=1, max_value=100_000, places=2)
MAYBE = st.none() | YUAN


def test_a_declared_parcel_goes_by_actual_loss_up_to_the_declared_value() -> None:
    assert estimate(LOST, declared=Decimal(800), value=Decimal(1500)).amount == 800
    assert estimate(LOST, declared=Decimal(800), value=Decimal(300)).amount == 300


def test_an_undeclared_one_by_a_multiple_of_the_freight_up_to_the_cap() -> None:
    assert estimate(LOST, freight=Decimal(12)).amount == 60
    assert estimate(LOST, freight=Decimal(900)).amount == 1000
    assert estimate(LOST, freight=Decimal(12), value=Decimal(40)).amount == 40


def test_a_carriers_own_contract_goes_before_the_general_terms() -> None:
    assert estimate(LOST, carrier="JD", freight=Decimal(12)).amount == 108
    assert estimate(LOST, carrier="YTO", freight=Decimal(900)).amount == 300


def test_a_delay_is_worth_this_freight() -> None:
    assert estimate(DELAY, freight=Decimal(12), value=Decimal(500)).amount == 12
    assert estimate(DELAY).amount is None


@given(st.sampled_from(KINDS), st.sampled_from([None, "JD", "YTO", "SF"]), MAYBE, MAYBE, MAYBE)
def test_no_estimate_is_above_what_was_lost_or_declared_and_each_names_its_source(
    kind: str, carrier: str | None, declared: Decimal | None, freight: Decimal | None, value: Decimal | None
) -> None:
    worth = estimate(kind, carrier=carrier, declared=declared, freight=freight, value=value)
    assert set(worth.source) == {"zh", "en"} and all(worth.source.values())
    if worth.amount is None or kind == DELAY:
        return
    assert worth.amount >= 0
    assert value is None or worth.amount <= value
    assert declared is None or worth.amount <= declared


def test_the_checklist_names_what_is_missing_and_nothing_for_a_delay() -> None:
    assert missing("damage", photos=0, value_known=False) == ["photos", "value_proof", "packing", "value"]
    assert missing("damage", photos=2, value_known=True) == ["value_proof", "packing"]
    assert missing("delay", photos=0, value_known=False) == []
