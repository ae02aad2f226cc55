"""The real dialogue through real turns: what it leaves for the reviewers."""

from __future__ import annotations

from typing import Any

import pytest

from bot.brain import Brain
from bot.db import Database
from bot.learning import reviewing
from tests.conversations.support import Customer, answer_all

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]
NOISE = "那边的桌子 SF1234567890123"


@pytest.fixture
def thinking(brain: Brain) -> Any:
    return brain.answer


def lines(database: Database) -> list[dict[str, Any]]:
    with database.read() as session:
        return reviewing.listed(session, state="open", order="frequent", after_id=None, limit=100)


def test_a_wish_for_a_person_at_night_keeps_the_lines_before_it(
    database: Database, thinking: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actions.handoff.service_open", lambda at: False)
    customer = Customer(database)
    for words in ("保价怎么收费", "转人工"):
        customer.send(words)
        answer_all(database, thinking)
    (line,) = lines(database)
    assert line["text"] == "保价怎么收费"
    assert [(why["reason"], why["outcome"]) for why in line["why"]] == [("handoff", None)]


def test_an_unclear_line_a_tap_and_a_story_told_to_a_form(database: Database, thinking: Any) -> None:
    customer = Customer(database)
    customer.send("那边的桌子")
    answer_all(database, thinking)
    (line,) = lines(database)
    assert line["text"] == "那边的桌子" and line["why"][0]["reason"] == "unclear" and len(line["ranking"]) == 3
    title = next(c["title"] for m in customer.sees() for c in m["choices"] if c["title"] != "人工客服")
    customer.send(choice=customer.choice(title))
    answer_all(database, thinking)
    assert lines(database)[0]["suggested"] is not None

    other = Customer(database)
    for words in ("我要投诉", "东西坏了", "就那个碗 碎成渣了 气死我了", "我的快递到哪了", "转人工"):
        other.send(words)
        answer_all(database, thinking)
    texts = {line["text"] for line in lines(database)}
    assert "就那个碗 碎成渣了 气死我了" not in texts and "转人工" not in texts
