"""Lines go with the people who said them; what several said, and what was read and assigned, is told apart."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.customers import store
from bot.db import Database, now
from bot.duework import do_due, plan
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


def test_undecided_and_dropped_lines_go_with_their_chats_and_assigned_ones_after_their_own_time(
    anna: Customer, database: Database
) -> None:
    decide(database, {OWN: "track_shipment"})
    sweep_after(database, 181 * DAY)
    assert set(left(database)) == {OWN}
    sweep_after(database, 1094 * DAY)
    assert set(left(database)) == {OWN}
    sweep_after(database, 1096 * DAY)
    assert left(database) == {}


def test_a_line_opened_again_that_nobody_is_left_of_does_not_stay_for_ever(anna: Customer, database: Database) -> None:
    decide(database, {OWN: "track_shipment"})
    sweep_after(database, 181 * DAY)
    with database.write() as session:
        (line,) = reviewing.listed(session, state="assigned", order="newest", after_id=None, limit=9)
        reviewing.undo(session, line["id"], by="zhou", now=now())
        session.commit()
    sweep_after(database, 1096 * DAY)
    assert left(database) == {}
