"""Lines go with the people who said them; what several said, and what was read and assigned, is told apart."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from datetime import timedelta
from typing import Any

import pytest

from bot.cases import service as cases
from bot.customers import store
from bot.db import Database, now
from bot.duework import do_due, plan
from bot.learning import erasing as learning
from bot.learning import reviewing
from bot.learning.models import STATES
from bot.notices.handlers import HANDLERS
from bot.rights import erasing, retention
from tests.conversations.support import Customer, answer_all
from tests.learning.support import LOST, brain

DAY = timedelta(days=1)
OWN, SHARED = "咱家老猫的罐头咋样了", "那个啥能便宜点不"
PHONE = "13800007777"


@pytest.fixture
def anna(database: Database) -> Customer:
    """Says two lines, one of which another customer says too."""
    customer = Customer(database)
    for chat, words in ((customer, OWN), (customer, SHARED), (Customer(database), SHARED)):
        chat.send(words)
    answer_all(database, brain({OWN: LOST, SHARED: LOST}))
    with database.write() as session:
        store.identify(session, customer.id, PHONE, now())
        session.commit()
    return customer


def left(database: Database) -> dict[str, int]:
    """Lines in any state, with their counts."""
    with database.read() as session:
        pages = [reviewing.listed(session, state=s, order="newest", after_id=None, limit=9) for s in STATES]
    return {line["text"]: line["seen"] for page in pages for line in page}


def decide(database: Database, intents: dict[str, Any]) -> None:
    with database.write() as session:
        for line in reviewing.listed(session, state="open", order="newest", after_id=None, limit=9):
            if line["text"] in intents:
                reviewing.decide(session, line["id"], intents[line["text"]], by="zhou", now=now())
        session.commit()


def erase_anna(database: Database) -> None:
    with database.write() as session:
        erasing.ask(session, PHONE, now())
        session.commit()
    do_due(database, {erasing.ERASE: HANDLERS[erasing.ERASE]}, now() + timedelta(minutes=15))


def sweep_after(database: Database, span: timedelta) -> None:
    with database.write() as session:
        plan(session, retention.SWEEP, "", now() + span)
        session.commit()
    do_due(database, {retention.SWEEP: HANDLERS[retention.SWEEP]}, now() + span)


@pytest.mark.parametrize("intent", [None, "track_shipment", "undecided"])
def test_who_is_erased_leaves_no_line_of_their_own_whatever_was_decided(
    anna: Customer, database: Database, intent: str | None
) -> None:
    if intent != "undecided":
        decide(database, {OWN: intent})
    assert left(database) == {OWN: 1, SHARED: 2}
    erase_anna(database)
    assert left(database) == {SHARED: 1}


def test_who_waits_for_a_case_to_be_done_before_being_erased_teaches_nothing_more(
    anna: Customer, database: Database
) -> None:
    with database.write() as session:
        told = {"kind": "complaint", "category": "damage", "language": "zh", "description": "碎了"}
        cases.open_case(session, key="n", conversation_id=anna.id, phone=PHONE, now=now(), **told)
        session.commit()
    erase_anna(database)
    assert left(database) == {SHARED: 1} and anna.sees() != []
    anna.send(OWN)
    answer_all(database, brain({OWN: LOST}))
    do_due(database, {erasing.ERASE: HANDLERS[erasing.ERASE]}, now() + 2 * DAY)
    assert left(database) == {SHARED: 1}


def test_the_last_two_who_said_a_line_leave_nothing_when_both_are_erased_at_once(
    anna: Customer, database: Database
) -> None:
    other = Customer(database)
    other.send(OWN)
    answer_all(database, brain({OWN: LOST}))
    with ThreadPoolExecutor(1) as pool, database.write() as session:
        learning.erase(session, [anna.id])
        waits = pool.submit(forget_lines, database, other)
        is_waiting(waits)
        session.commit()
    waits.result()
    assert OWN not in left(database)


def test_a_line_said_again_while_the_last_who_said_it_is_erased_is_a_new_one(
    anna: Customer, database: Database
) -> None:
    other = Customer(database)
    other.send(OWN)
    with ThreadPoolExecutor(1) as pool, database.write() as session:
        learning.erase(session, [anna.id])
        waits = pool.submit(answer_all, database, brain({OWN: LOST}))
        is_waiting(waits)
        session.commit()
    assert waits.result() == 1
    assert left(database)[OWN] == 1
    assert other.hears() == ["是哪一个？"]


def forget_lines(database: Database, customer: Customer) -> None:
    with database.write() as session:
        learning.erase(session, [customer.id])
        session.commit()


def is_waiting(future: Future[Any]) -> None:
    """Long enough for the other to come to what it must wait for."""
    with pytest.raises(NotYet):
        future.result(timeout=0.5)


def test_undecided_lines_go_with_their_chats_and_assigned_ones_after_their_own_time(
    anna: Customer, database: Database
) -> None:
    decide(database, {OWN: "track_shipment"})
    sweep_after(database, 179 * DAY)
    assert set(left(database)) == {OWN, SHARED}
    sweep_after(database, 181 * DAY)
    assert set(left(database)) == {OWN}
    sweep_after(database, 1094 * DAY)
    assert set(left(database)) == {OWN}
    sweep_after(database, 1096 * DAY)
    assert left(database) == {}


def test_a_dropped_line_is_kept_for_a_week_only(anna: Customer, database: Database) -> None:
    decide(database, {SHARED: None})
    sweep_after(database, 6 * DAY)
    assert set(left(database)) == {OWN, SHARED}
    sweep_after(database, 8 * DAY)
    assert set(left(database)) == {OWN}


def test_an_undecided_line_that_only_one_message_said_is_kept_for_a_month(anna: Customer, database: Database) -> None:
    sweep_after(database, 29 * DAY)
    assert set(left(database)) == {OWN, SHARED}
    sweep_after(database, 31 * DAY)
    assert set(left(database)) == {SHARED}


def test_a_line_that_others_said_too_forgets_when_the_erased_one_said_it(anna: Customer, database: Database) -> None:
    def last() -> str:
        with database.read() as session:
            found = reviewing.listed(session, state="open", order="newest", after_id=None, limit=9)
        return {line["text"]: line["last_seen_at"] for line in found}[SHARED]

    before = last()
    anna.send(SHARED)
    answer_all(database, brain({SHARED: LOST}))
    assert last() > before
    erase_anna(database)
    assert last() <= before


def test_a_line_opened_again_that_nobody_is_left_of_does_not_stay_for_ever(anna: Customer, database: Database) -> None:
    decide(database, {OWN: "track_shipment"})
    sweep_after(database, 181 * DAY)
    with database.write() as session:
        (line,) = reviewing.listed(session, state="assigned", order="newest", after_id=None, limit=9)
        reviewing.undo(session, line["id"], by="zhou", now=now() + 181 * DAY)
        session.commit()
    sweep_after(database, 187 * DAY)
    assert set(left(database)) == {OWN}
    sweep_after(database, 189 * DAY)
    assert left(database) == {}
