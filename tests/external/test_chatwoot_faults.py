"""Whatever goes wrong between us and Chatwoot, its agents are told each thing once, and nothing is lost."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from bot.conversations import views
from bot.conversations.models import Conversation, Handoff
from bot.conversations.text import MAX_STORED
from bot.db import Database, now
from bot.external.relay import Relay
from tests.conversations.support import Customer, answer_all
from tests.external.support import link_of, make_due, owner, send_photo, wait_s, work_off, write
from tests.support.provider import FAULTS, SLOW, status


def cut_off(database: Database, desk: Any, chatwoot: Any) -> None:
    """A worker says one thing to Chatwoot and dies before that is recorded."""
    task = Relay(database, desk).claim()
    assert task is not None
    desk.tell(task)
    make_due(database)


def test_while_chatwoot_is_down_the_customer_waits_at_our_own_desk_and_nothing_is_lost(
    chatwoot, desk, database, customer
) -> None:
    chatwoot.fail = lambda path: status(503)
    write(customer, "有人吗")
    work_off(database, desk)
    assert "您排在第 1 位" in customer.hears()[-1]
    with database.read() as session:
        assert [chat["id"] for chat in views.queue(session)] == [customer.id]
    chatwoot.fail = lambda path: None
    make_due(database)
    work_off(database, desk)
    assert len(chatwoot.conversations) == 1 and chatwoot.incoming() == ["有人吗"]


@pytest.mark.parametrize("fault", sorted(FAULTS.keys() - SLOW))
def test_whatever_chatwoot_answers_each_thing_arrives_once(chatwoot, desk, database, customer, fault) -> None:
    write(customer, "一", "二")
    for only in ("/contacts", "/conversations", "/messages"):
        chatwoot.fail_after = lambda path, only=only: FAULTS[fault] if path.endswith(only) else None
        work_off(database, desk)
        chatwoot.fail_after = lambda path: None
        make_due(database)
    work_off(database, desk)
    assert len(chatwoot.conversations) == 1 and len(chatwoot.notes()) == 1 and chatwoot.incoming() == ["一", "二"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # nothing of a database in it
def test_a_chatwoot_that_is_too_slow_is_asked_before_words_are_said_again(
    chatwoot, desk, database, customer, monkeypatch
) -> None:
    monkeypatch.setattr("bot.external.desks.call", _hasty())
    work_off(database, desk)
    write(customer, "一")
    chatwoot.fail_after = lambda path: FAULTS["slow drip"]
    work_off(database, desk)
    chatwoot.fail_after = lambda path: None
    make_due(database)
    work_off(database, desk)
    assert chatwoot.incoming() == ["一"] and link_of(database).repeated == 0


def _hasty() -> Any:
    from bot.channels.platforms import call

    return lambda method, url, **given: call(method, url, **{"within_s": 0.5, **given})


def test_a_failure_before_it_was_taken_is_tried_again_and_marked(chatwoot, desk, database, customer) -> None:
    work_off(database, desk)
    write(customer, "一", "二")
    chatwoot.fail = lambda path: status(500) if path.endswith("/messages") else None
    work_off(database, desk)
    chatwoot.fail = lambda path: None
    make_due(database)
    work_off(database, desk)
    assert chatwoot.incoming() == ["（可能重复）一", "二"] and link_of(database).repeated == 1


def test_a_limit_is_waited_out_as_long_as_chatwoot_says(chatwoot, desk, database, customer) -> None:
    chatwoot.fail = lambda path: status(429, {"error": "Retry later"}, Retry_After="17")
    assert work_off(database, desk) == 1
    assert 14 < wait_s(database) <= 17


def test_tries_come_less_often_but_never_rarer_than_once_a_minute(chatwoot, desk, database, customer) -> None:
    chatwoot.fail = lambda path: status(502)
    waits = []
    for _ in range(8):
        work_off(database, desk)
        waits.append(round(wait_s(database)))
        make_due(database)
    assert waits[:3] == [2, 4, 8] and max(waits) == 60


def test_a_token_that_was_changed_loses_nothing_and_the_log_says_it(
    chatwoot, desk, database, customer, caplog: Any
) -> None:
    chatwoot.fail = lambda path: status(401, {"errors": ["Invalid Access Token"]}) if "/accounts/" in path else None
    write(customer, "一")
    work_off(database, desk)
    assert "chatwoot does not know us" in caplog.text
    chatwoot.fail = lambda path: None
    make_due(database)
    work_off(database, desk)
    assert len(chatwoot.notes()) == 1 and chatwoot.incoming() == ["一"]


def test_a_look_in_vain_waits_for_no_writer(chatwoot, desk, database) -> None:
    relay = Relay(database, desk)
    with database.write() as session:
        session.add(Conversation(channel="web", sender_hash="h", sender="x"))
        session.flush()
        assert relay.claim() is None


def test_a_customers_braces_are_shown_and_not_filled_in(chatwoot, desk, database) -> None:
    customer = Customer(database)
    write(customer, "转人工 {{ contact.email }} {% if x %}")
    chatwoot.fail_after = lambda path: status(504) if path.endswith("/messages") else None
    work_off(database, desk)
    chatwoot.fail_after = lambda path: None
    make_due(database)
    work_off(database, desk)
    (note,) = chatwoot.notes()
    assert "contact.email" in note and "{{" not in note and "{%" not in note


def test_words_that_chatwoot_will_not_take_do_not_hold_up_the_next(chatwoot, desk, database, customer) -> None:
    work_off(database, desk)
    write(customer, "一", "二")
    faults = [status(422, {"error": "Content is too long"})]
    chatwoot.fail = lambda path: faults.pop() if faults else None
    work_off(database, desk)
    assert chatwoot.incoming() == ["二"] and link_of(database).refused == 1


def test_a_conversation_that_was_deleted_there_leaves_the_chat_to_our_own_desk(
    chatwoot, desk, database, customer
) -> None:
    work_off(database, desk)
    chatwoot.conversations.clear()
    write(customer, "在吗")
    assert work_off(database, desk) == 1 and work_off(database, desk) == 0
    assert owner(database) == ("queued", None) and not link_of(database).is_open


def test_a_conversation_that_was_deleted_while_its_agent_had_the_chat_puts_it_back_into_the_queue(
    chatwoot, desk, database, customer, hook
) -> None:
    work_off(database, desk)
    chatwoot.post(hook, chatwoot.reply("您好"))
    chatwoot.conversations.clear()
    write(customer, "在吗")
    work_off(database, desk)
    assert owner(database) == ("queued", None) and "您排在第 1 位" in customer.hears()[-1]
    with database.read() as session:
        assert [chat["id"] for chat in views.queue(session)] == [customer.id]


@pytest.mark.parametrize("unknown", ["/public/", "/accounts/"])
def test_an_inbox_or_account_that_is_not_found_is_no_deleted_conversation(
    chatwoot, desk, database, customer, hook, unknown
) -> None:
    work_off(database, desk)
    chatwoot.post(hook, chatwoot.reply("您好"))
    write(customer, "在吗")
    chatwoot.conversations[12]["messages"].clear()
    chatwoot.fail = lambda path: status(404) if unknown in path or path.endswith("/messages") else None
    work_off(database, desk)
    assert owner(database) == ("agent", "小周") and 55 < wait_s(database) <= 60
    chatwoot.fail = lambda path: None
    make_due(database)
    work_off(database, desk)
    assert chatwoot.incoming() == ["在吗"]


def test_a_photo_that_does_not_get_through_does_not_hold_up_the_next_words(chatwoot, desk, database, customer) -> None:
    work_off(database, desk)
    send_photo(database, customer)
    write(customer, "看到了吗")
    chatwoot.fail = lambda path: status(500) if _is_photo(chatwoot) else None
    for _ in range(8):
        work_off(database, desk)
        make_due(database)
    assert chatwoot.incoming() == ["看到了吗"] and "没能传过来" in chatwoot.notes()[-1]
    assert chatwoot.asked("inboxIdentifier/contacts/" + customer.id + "/conversations/12/messages") == 8


def test_a_photo_outlasts_a_chatwoot_that_is_down(chatwoot, desk, database, customer) -> None:
    work_off(database, desk)
    send_photo(database, customer)
    chatwoot.fail = lambda path: status(503)
    for _ in range(12):
        work_off(database, desk)
        make_due(database)
    chatwoot.fail = lambda path: None
    work_off(database, desk)
    assert len(chatwoot.incoming()) == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # nothing of a database in it
def test_a_photo_may_take_longer_than_words(chatwoot, desk, database, customer, monkeypatch) -> None:
    monkeypatch.setattr("bot.external.desks.call", _hasty())
    work_off(database, desk)
    send_photo(database, customer)
    chatwoot.fail_after = lambda path: time.sleep(1)
    work_off(database, desk)
    assert len(chatwoot.incoming()) == 1 and link_of(database).attempts == 0


def _is_photo(chatwoot: Any) -> bool:
    return chatwoot.api.asked[-1]["headers"].get("Content-Type", "").startswith("multipart/form-data")


def test_a_worker_killed_after_any_step_repeats_nothing(chatwoot, desk, database, customer) -> None:
    write(customer, "一", "二")
    for _ in range(4):  # the conversation, the note, each of the words
        cut_off(database, desk, chatwoot)
        Relay(database, desk).tell(Relay(database, desk).claim())
    assert len(chatwoot.conversations) == 1 and len(chatwoot.notes()) == 1 and chatwoot.incoming() == ["一", "二"]
    assert work_off(database, desk) == 0


def test_a_worker_killed_before_a_step_says_it_all_the_same(chatwoot, desk, database, customer) -> None:
    work_off(database, desk)
    write(customer, "一")
    assert Relay(database, desk).claim() is not None  # … and here the worker dies
    make_due(database)
    work_off(database, desk)
    assert chatwoot.incoming() == ["（可能重复）一"]


def test_ten_workers_at_once_tell_each_thing_once(chatwoot, desk, database, customer) -> None:
    write(customer, "一", "二", "三")
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda _: work_off(database, desk), range(10)))
    work_off(database, desk)
    assert len(chatwoot.conversations) == 1 and chatwoot.incoming() == ["一", "二", "三"]


def test_a_chat_that_was_over_before_chatwoot_heard_of_it_is_not_told(chatwoot, desk, database, customer) -> None:
    customer.send(choice=customer.choice("不等了，继续问驿答"))
    answer_all(database)
    assert work_off(database, desk) == 0 and chatwoot.api.asked == []


def test_an_end_that_cannot_be_told_is_given_up_after_a_day(chatwoot, desk, database, customer) -> None:
    work_off(database, desk)
    chatwoot.fail = lambda path: status(503)
    customer.send(choice=customer.choice("不等了，继续问驿答"))
    answer_all(database)
    work_off(database, desk)
    with database.write() as session:
        session.query(Handoff).one().ended_at = now() - timedelta(hours=25)
        session.commit()
    make_due(database)
    assert work_off(database, desk) == 0 and not link_of(database).is_open


def test_a_long_message_arrives_whole(chatwoot, desk, database, customer) -> None:
    write(customer, "长" * MAX_STORED)
    work_off(database, desk)
    assert chatwoot.incoming() == ["长" * MAX_STORED]
