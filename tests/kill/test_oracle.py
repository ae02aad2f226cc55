"""The oracle of the kill test finds each kind of broken word; an oracle that cannot fail proves nothing."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

import pytest

from benchmarks.customers import Customer, Sent, Shown
from benchmarks.oracle import Verdict, expected_replies, judge, judge_owner, rehearsal_faults
from benchmarks.talks import Say

PLAN = [
    Say("你好"), Say("确认提交", confirms=True), Say("进度"),
    Say("转人工", asks_person=True), Say("在吗", for_agent=True),
]  # fmt: skip


def shown(id: int, sender: str, text: str) -> Shown:
    return {"id": id, "from": sender, "text": text, "choices": [], "card": None, "at": ""}


def chat(case: str = "YD26112400001") -> list[Shown]:
    return [
        shown(1, "customer", "你好"), shown(2, "bot", "您好"),
        shown(3, "customer", "确认提交"), shown(4, "bot", f"工单号 {case}"), shown(5, "bot", "24 小时内答复"),
        shown(6, "customer", "进度"), shown(7, "bot", f"{case} 已受理"),
        shown(8, "customer", "转人工"), shown(9, "system", "您排在第 1 位"),
        shown(10, "customer", "在吗"),
    ]  # fmt: skip


def customer(transcript: list[Shown]) -> Customer:
    ids = [message["id"] for message in transcript if message["from"] == "customer"]
    ledger = [Sent(say, id) for say, id in zip(PLAN, ids, strict=True)]
    http: Any = None
    return Customer(http, PLAN, Random(0), ledger=ledger, seen=list(transcript))


REHEARSED = expected_replies(customer(chat("YD26112400007")), chat("YD26112400007"))


def judged(transcript: list[Shown]) -> Verdict:
    verdict = Verdict()
    judge(verdict, "chat", customer(chat()), transcript, REHEARSED)
    return verdict


def renumbered(messages: list[Shown]) -> list[Shown]:
    return [{**message, "id": number} for number, message in enumerate(messages, start=1)]


def test_a_chat_that_went_as_rehearsed_is_in_order_whatever_its_numbers() -> None:
    verdict = judged(chat())
    assert verdict.violations == []
    assert (verdict.acknowledged, verdict.stored_once, verdict.to_bot, verdict.answered_once) == (5, 5, 4, 4)
    assert verdict.told_cases == {"YD26112400001"}


def lost(messages: list[Shown]) -> list[Shown]:
    return renumbered([*messages[:5], *messages[6:]])


def doubled(messages: list[Shown]) -> list[Shown]:
    return renumbered([*messages[:1], messages[0], *messages[1:]])


def unanswered(messages: list[Shown]) -> list[Shown]:
    return renumbered([*messages[:6], *messages[7:]])


def answered_twice(messages: list[Shown]) -> list[Shown]:
    return renumbered([*messages[:7], *messages[6:]])


def half_answered(messages: list[Shown]) -> list[Shown]:
    return renumbered([*messages[:4], *messages[5:]])


def answered_by_an_apology(messages: list[Shown]) -> list[Shown]:
    messages[6]["text"] = "抱歉，我们这边出了点问题"
    return messages


def bot_talks_over_the_agent(messages: list[Shown]) -> list[Shown]:
    return [*messages, shown(11, "bot", "我在")]


def gap_in_the_ids(messages: list[Shown]) -> list[Shown]:
    messages[-1]["id"] += 1
    return messages


@pytest.mark.parametrize(
    "harm",
    [
        lost, doubled, unanswered, answered_twice, half_answered, answered_by_an_apology, bot_talks_over_the_agent,
        gap_in_the_ids,
    ],
)  # fmt: skip
def test_every_kind_of_broken_word_is_found(harm: Callable[[list[Shown]], list[Shown]]) -> None:
    assert judged(harm(deepcopy(chat()))).violations


def test_a_stream_that_said_something_else_is_found() -> None:
    verdict, told = Verdict(), customer(chat())
    told.seen[1] = shown(2, "bot", "另一句")
    judge(verdict, "chat", told, chat(), REHEARSED)
    assert verdict.violations


@pytest.mark.parametrize(("owner", "count"), [("queued", 0), ("agent", 0), ("bot", 1), ("closed", 1)])
def test_a_chat_handed_to_people_must_be_with_them(owner: str, count: int) -> None:
    verdict = Verdict()
    judge_owner(verdict, "chat", customer(chat()), owner)
    assert len(verdict.violations) == count


def test_a_silent_rehearsal_proves_nothing() -> None:
    assert rehearsal_faults(PLAN, REHEARSED) == []
    assert rehearsal_faults(PLAN, [[], *REHEARSED[1:]])
