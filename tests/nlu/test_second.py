"""Two things asked in one message."""

import numpy as np
import pytest

from bot.nlu.second import both, joined, parts

INTENTS = ["change_address", "expedite_delivery", "thank", "complain_other", "complain_attitude", "faq_appeal"]


def row(**confidence: float) -> np.ndarray:
    return np.array([confidence.get(name, 0.0) for name in INTENTS])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("催单 顺便改下地址", ["催单", "改下地址"]),
        ("快点送,另外改地址", ["快点送", "改地址"]),
        ("查快递", []),
        ("hurry it up and also change the address", ["hurry it up", "change the address"]),
        ("", []),
    ],
)
def test_a_message_falls_into_what_may_each_ask(text: str, expected: list[str]) -> None:
    assert parts(text) == expected


def test_only_words_that_join_say_that_another_thing_follows() -> None:
    assert joined("催单 顺便改地址") and joined("hurry and also call me") and not joined("催单 改地址")


def test_what_joined_words_ask_first_is_served_first() -> None:
    of_parts = np.stack([row(expedite_delivery=0.9), row(change_address=0.9)])
    assert both(row(change_address=0.8, expedite_delivery=0.1), of_parts, INTENTS, in_order=True) == (
        1,
        "change_address",
    )


def test_without_such_words_the_likeliest_is_served_and_the_other_offered() -> None:
    of_parts = np.stack([row(expedite_delivery=0.9), row(change_address=0.9)])
    assert both(row(change_address=0.8), of_parts, INTENTS, in_order=False) == (0, "expedite_delivery")


def test_thanks_are_named_where_nothing_else_is_asked_and_one_part_has_no_second() -> None:
    thanks = np.stack([row(change_address=0.9), row(thank=0.9)])
    assert both(row(change_address=0.8), thanks, INTENTS, in_order=False) == (0, "thank")
    more = np.stack([row(thank=0.9), row(change_address=0.9), row(expedite_delivery=0.9)])
    assert both(row(change_address=0.8), more, INTENTS, in_order=False) == (0, "expedite_delivery")
    nothing = np.zeros((0, len(INTENTS)))
    assert both(row(change_address=0.6, expedite_delivery=0.3), nothing, INTENTS, in_order=False) == (0, None)


def test_a_bare_wish_to_complain_adds_nothing_to_what_happened_and_a_sure_part_decides_an_unsure_message() -> None:
    of_parts = np.stack([row(complain_attitude=0.9), row(complain_other=0.9)])
    assert both(row(faq_appeal=0.4, complain_attitude=0.35), of_parts, INTENTS, in_order=False) == (4, None)
    assert both(row(complain_attitude=0.8), of_parts, INTENTS, in_order=False) == (4, None)
    bare = np.stack([row(change_address=0.9), row(complain_other=0.9)])
    assert both(row(change_address=0.8), bare, INTENTS, in_order=False) == (0, "complain_other")
