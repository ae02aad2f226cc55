"""A message from inbox to reply: exactly once, in order, by whoever owns the conversation, whatever dies meanwhile."""

import asyncio
import logging

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.conversations import ownership, views
from bot.conversations import turns as turns_module
from bot.conversations.answers import Answer, Question, Reply
from bot.conversations.inbox import lock
from bot.conversations.models import DialogueEvent, Handoff, Message
from bot.conversations.turns import MAX_ATTEMPTS, claim_next, forget_leases
from bot.db import Database
from bot.wording import say

from .support import Customer, answer_all, echo, turns


@pytest.fixture(autouse=True)
def desk_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.conversations.settle.service_open", lambda now: True)


def test_each_message_is_answered_once_and_in_order(database: Database) -> None:
    customer = Customer(database)
    for text in ("一", "二", "三"):
        customer.send(text)
    assert answer_all(database) == 3
    assert customer.hears() == ["您说：一", "您说：二", "您说：三"]


def test_a_repeated_message_has_the_same_id_and_one_answer(database: Database) -> None:
    customer = Customer(database)
    first = customer.send("一", client_id="same")
    answer_all(database)
    second = customer.send("一", client_id="same")
    answer_all(database)
    assert (second.seq, second.repeated) == (first.seq, True)
    assert customer.hears() == ["您说：一"]


def test_two_customers_are_not_answered_for_each_other(database: Database) -> None:
    one, other = Customer(database), Customer(database)
    one.send("甲")
    other.send("乙")
    answer_all(database)
    assert (one.hears(), other.hears()) == (["您说：甲"], ["您说：乙"])


def test_a_turn_that_dies_before_committing_is_run_again_with_nothing_left_behind(database: Database) -> None:
    customer = Customer(database)
    customer.send("一")
    with database.write() as session:  # a worker claims the message and is killed
        assert claim_next(session, lease_s=30)
        session.commit()
    assert answer_all(database) == 0, "the lease still holds"
    with database.write() as session:
        forget_leases(session)
        session.commit()
    assert answer_all(database) == 1
    assert customer.hears() == ["您说：一"]
    with database.read() as session:
        assert session.execute(select(func.count()).select_from(DialogueEvent)).scalar_one() == 1


def test_a_turn_that_lost_its_lease_commits_nothing(database: Database) -> None:
    customer = Customer(database)
    customer.send("一")

    async def slow(question: Question) -> Answer:
        with database.write() as session:  # the lease ran out and another worker took the message meanwhile
            lock(session, customer.id).lease_token = "another"
            session.commit()
        return await echo(question)

    asyncio.run(turns(database, slow).turn())
    assert customer.hears() == []


def test_when_the_database_fails_a_turn_the_message_stays_and_is_answered_later(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns_module, "RETRY_AFTER", turns_module.RETRY_AFTER * 0)
    customer = Customer(database)
    customer.send("一")
    failures = iter([OperationalError("SELECT 1", {}, Exception("database is locked"))])

    async def failing_once(question: Question) -> Answer:
        for failure in failures:
            raise failure
        return await echo(question)

    answer_all(database, failing_once)
    assert customer.hears() == ["您说：一"]


@pytest.mark.parametrize("failure", [
    OperationalError("COMMIT", {}, Exception("disk full")), PoolTimeout("all connections taken"), KeyError("a bug"),
])
def test_when_a_commit_fails_the_message_is_answered_soon_and_once(
    database: Database, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    monkeypatch.setattr(turns_module, "RETRY_AFTER", turns_module.RETRY_AFTER * 0)
    customer = Customer(database)
    customer.send("一")
    release, failures = turns_module._release, iter([failure])

    def failing_once(session, conversation) -> None:
        release(session, conversation)
        for first in failures:
            raise first

    monkeypatch.setattr(turns_module, "_release", failing_once)
    assert answer_all(database) == 2
    assert customer.hears() == ["您说：一"]


def test_a_database_that_fails_a_claim_does_not_stop_the_worker(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = Customer(database)
    claim, failures = turns_module.claim_next, iter([PoolTimeout("all connections taken")])

    def failing_once(session, lease_s):
        for failure in failures:
            raise failure
        return claim(session, lease_s)

    monkeypatch.setattr(turns_module, "claim_next", failing_once)
    customer.send("一")

    async def run() -> None:
        stopped = asyncio.Event()
        running = asyncio.create_task(turns(database).run(stopped))
        while not customer.hears():
            assert not running.done(), running.exception()
            await asyncio.sleep(0.02)
        stopped.set()
        await running

    asyncio.run(asyncio.wait_for(run(), 10))
    assert customer.hears() == ["您说：一"]


def test_a_failing_action_ends_in_a_person_and_an_id_that_is_also_in_the_log(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    customer = Customer(database)
    customer.send("我的电话13800138000")

    async def failing(question: Question) -> Answer:
        raise ValueError("a bug")

    with caplog.at_level(logging.ERROR):
        answer_all(database, failing)
    apology, place = customer.hears()
    fault_id = caplog.records[0].getMessage().split()[1]
    assert fault_id in apology and place == say("zh", "queued", position=1)
    assert "13800138000" not in caplog.text
    with database.read() as session:
        assert session.execute(select(Handoff.reason)).scalar_one() == "fault"


def test_a_fault_out_of_hours_offers_a_call_back_instead_of_an_empty_desk(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.conversations.settle.service_open", lambda now: False)
    customer = Customer(database)
    customer.send("你好")

    async def failing(question: Question) -> Answer:
        raise ValueError

    answer_all(database, failing)
    assert customer.sees()[-1]["choices"][0]["title"] == say("zh", "choice_leave_callback")
    customer.send(choice=customer.choice(say("zh", "choice_leave_callback")))
    answer_all(database)
    assert customer.hears()[-1] == "哪个电话方便？"


def test_a_message_that_kills_every_worker_goes_to_a_person(database: Database) -> None:
    customer = Customer(database)
    customer.send("毒")
    for _ in range(MAX_ATTEMPTS):
        with database.write() as session:
            claim_next(session, lease_s=-1)
            session.commit()
    answer_all(database)
    assert customer.hears()[-1] == say("zh", "queued", position=1)


def test_a_brain_with_nothing_to_say_is_a_fault_and_not_silence(database: Database) -> None:
    customer = Customer(database)
    customer.send("嗯")

    async def silent(question: Question) -> Answer:
        return Answer()

    answer_all(database, silent)
    assert len(customer.hears()) == 2


@pytest.mark.parametrize("text", ["", "   ", "😭😭😭", "。。。", "\x00\x01", "\ud800"])
def test_a_message_without_words_gets_a_friendly_answer_without_asking_the_brain(database: Database, text: str) -> None:
    customer = Customer(database)
    customer.send(text)

    async def never(question: Question) -> Answer:
        raise AssertionError("asked")

    answer_all(database, never)
    assert customer.hears() == [say("zh", "no_words")]


def test_the_brain_gets_clean_text_of_500_characters_and_the_customer_is_told(database: Database) -> None:
    customer = Customer(database)
    customer.send("/restart\x00" + "长" * 600)
    asked: list[str] = []

    async def listening(question: Question) -> Answer:
        asked.append(question.text)
        return Answer(replies=[Reply("好的")])

    answer_all(database, listening)
    assert asked[0].startswith("／restart长") and len(asked[0]) == 500
    assert customer.hears() == [say("zh", "too_long", limit=500), "好的"]
    assert len(customer.sees()[0]["text"]) == 608, "the whole text is kept for people"


def test_while_a_person_owns_the_chat_the_brain_is_not_asked(database: Database) -> None:
    customer = Customer(database)
    customer.send("转人工")
    answer_all(database)
    customer.send("我在等")
    with database.write() as session:
        ownership.claim(session, customer.id, "小林")
        session.commit()
    customer.send("还在吗")
    answer_all(database)
    assert customer.hears() == [say("zh", "queued", position=1), say("zh", "agent_joined", agent="小林")]


def test_a_reply_that_comes_after_a_person_took_over_is_dropped_and_shown_at_the_desk(database: Database) -> None:
    customer = Customer(database)
    customer.send("转人工")
    answer_all(database)
    customer.send(choice=customer.choice(say("zh", "choice_leave_callback")))

    async def overtaken(question: Question) -> Answer:
        with database.write() as session:
            ownership.claim(session, customer.id, "小林")
            session.commit()
        return Answer(replies=[Reply("太晚了")], events=[{"type_name": "user", "timestamp": 1.0, "data": "{}"}])

    answer_all(database, overtaken)
    assert "太晚了" not in customer.hears()
    with database.read() as session:
        shown = views.packet_and_transcript(session, customer.id)["messages"]
        assert [m["text"] for m in shown if m["undelivered"]] == ["太晚了"]
        assert session.execute(select(func.count()).select_from(DialogueEvent)).scalar_one() == 0


def test_cancelling_the_wait_brings_the_bot_back(database: Database) -> None:
    customer = Customer(database)
    customer.send("转人工")
    answer_all(database)
    customer.send(choice=customer.choice(say("zh", "choice_cancel_wait")))
    customer.send("查快递")
    answer_all(database)
    assert customer.hears()[1:] == [say("zh", "wait_cancelled"), "您说：查快递"]


def test_cancelling_the_wait_after_the_chat_was_closed_is_not_met_with_silence(database: Database) -> None:
    customer = Customer(database)
    customer.send("转人工")
    answer_all(database)
    with database.write() as session:
        ownership.claim(session, customer.id, "小林")
        ownership.close(session, customer.id, "小林", "resolved")
        session.commit()
    customer.send(choice=customer.choice(say("zh", "choice_cancel_wait")))
    answer_all(database)
    assert customer.hears()[-1] == say("zh", "not_waiting")


def test_leaving_a_callback_ends_the_wait_and_goes_on_with_the_bot(database: Database) -> None:
    customer = Customer(database)
    customer.send("转人工")
    answer_all(database)
    customer.send(choice=customer.choice(say("zh", "choice_leave_callback")))
    answer_all(database)
    assert customer.hears()[-1] == "哪个电话方便？"
    with database.read() as session:
        assert views.queue(session) == []


def test_a_message_after_the_chat_was_closed_is_answered_by_the_bot(database: Database) -> None:
    customer = Customer(database)
    customer.send("转人工")
    answer_all(database)
    with database.write() as session:
        ownership.claim(session, customer.id, "小林")
        ownership.close(session, customer.id, "小林", "resolved")
        session.commit()
    customer.send("又是我")
    answer_all(database)
    assert customer.hears()[-1] == "您说：又是我"


def test_every_change_of_owner_adds_one_to_the_epoch(database: Database) -> None:
    customer = Customer(database)
    customer.send("转人工")
    answer_all(database)
    with database.write() as session:
        ownership.claim(session, customer.id, "小林")
        ownership.transfer(session, customer.id, "小林", "小陈")
        ownership.return_to_bot(session, customer.id, "小陈")
        session.commit()
        assert lock(session, customer.id).epoch == 4
        replies = session.execute(select(Message.epoch).where(Message.sender != "customer").order_by(Message.seq))
        assert list(replies.scalars()) == [1, 2, 3, 4]


def test_several_conversations_are_answered_while_one_is_slow(database: Database) -> None:
    slow, quick = Customer(database), Customer(database)
    slow.send("慢")
    quick.send("快")
    done: list[str] = []

    async def sometimes_slow(question: Question) -> Answer:
        if question.text == "慢":
            await asyncio.sleep(0.5)
        done.append(question.text)
        return await echo(question)

    async def run() -> None:
        stopped = asyncio.Event()
        running = asyncio.create_task(turns(database, sometimes_slow).run(stopped))
        while len(done) < 2:
            await asyncio.sleep(0.01)
        stopped.set()
        await running

    asyncio.run(run())
    assert done == ["快", "慢"]
