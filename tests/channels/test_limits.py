"""How often who may do what: a moving window, with a clock of the test's own."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.limits import TooMany, Window

LIMIT, SECONDS = 3, 60


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def window(clock: Clock) -> Window:
    return Window(LIMIT, SECONDS, clock)


def test_the_limit_is_reached_and_says_when_to_come_back(window: Window, clock: Clock) -> None:
    for _ in range(LIMIT):
        window.hit("a")
        clock.now += 10
    with pytest.raises(TooMany) as refused:
        window.hit("a")
    assert refused.value.retry_after == SECONDS - 10 * LIMIT


def test_after_the_time_that_was_named_it_works(window: Window, clock: Clock) -> None:
    for _ in range(LIMIT):
        window.hit("a")
    with pytest.raises(TooMany) as refused:
        window.hit("a")
    clock.now += refused.value.retry_after
    window.hit("a")


def test_keys_do_not_count_for_each_other(window: Window) -> None:
    for _ in range(LIMIT):
        window.hit("a")
    window.hit("b")


def test_who_stays_away_is_forgotten(window: Window, clock: Clock) -> None:
    for number in range(100):
        window.hit(f"k{number}")
    clock.now += SECONDS
    window.hit("a")
    assert set(window._hits) == {"a"}


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 40)), max_size=60))
def test_never_more_than_the_limit_in_any_window(hits: list[tuple[str, float]]) -> None:
    clock = Clock()
    window, allowed = Window(LIMIT, SECONDS, clock), []
    for key, later in hits:
        clock.now += later
        within = Counter(k for k, at in allowed if at > clock.now - SECONDS)
        try:
            window.hit(key)
            allowed.append((key, clock.now))
            assert within[key] < LIMIT
        except TooMany:
            assert within[key] == LIMIT
