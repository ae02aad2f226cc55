"""Killed at random moments, the product keeps its word: the benchmark `benchmarks/kill.py` with three kills."""

from pathlib import Path

import pytest

from benchmarks.kill import Wish, run, table

CHATS, MESSAGES = 8, 120


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_nothing_acknowledged_is_lost_doubled_or_mixed_up_by_three_kills(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if database == "postgresql":
        request.getfixturevalue("postgres_server")
    wish = Wish(database, kills=3, chats=CHATS, messages=MESSAGES)
    result = run(wish, tmp_path)
    assert result.verdict.violations == [], table(wish, result)
    assert result.kills == 3
    assert result.verdict.acknowledged == result.verdict.stored_once == MESSAGES
    assert result.verdict.answered_once == result.verdict.to_bot
    assert result.cases == len(result.verdict.told_cases) == 2 * CHATS  # the rehearsal complains too
    assert result.verdict.handed_off == result.verdict.still_handed_off == 2
