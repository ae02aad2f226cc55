"""Whoever is erased here is erased at the other desks too, however often that fails at first, and nobody else is."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from bot import doctor
from bot.cases.erasing import erase_cases
from bot.cases.models import Case
from bot.db import Database, now
from bot.duework import do_due, plan
from bot.external import erasing
from bot.external.relay import Relay
from bot.external.zammad import Zammad
from bot.schema import metadata
from bot.settings import settings
from tests.conversations.support import Customer
from tests.external.complaints import opened, state, step
from tests.external.support import erase_chat, link_of, make_due, wait_s, work_off, write
from tests.support.provider import FAULTS, SLOW, Fault, status

WRONG = sorted(FAULTS.keys() - SLOW - {"empty body"})
"""Nothing at all is what a deletion is answered with."""


def erase_case(database: Database, number: str) -> None:
    """Finished, erased, and found by the daily look."""
    step(database, number, "withdraw")
    with database.write() as session:
        found = session.query(Case).filter_by(number=number).one()
        erase_cases(session, [found.id], now())
        plan(session, erasing.ERASURES, erasing.ERASURES, now())
        session.commit()
    do_due(database, erasing.HANDLERS, now())


def names(database: Database, word: str) -> list[str]:
    """The tables in which it still stands."""
    with database.read() as session:
        rows = [(table.name, row) for table in metadata.sorted_tables for row in session.execute(select(table))]
    return [name for name, row in rows if any(word in str(value) for value in row)]


def findings() -> list[str]:
    return [found.text for found in doctor._erasures(settings())]


def _failing(server: Any, method: str, fault: Fault) -> Any:
    return lambda path: fault if server.api.asked[-1]["method"] == method else None


# Chatwoot: the contact with all its conversations


def test_an_erased_chat_is_erased_there_with_all_its_conversations_and_no_other(
    chatwoot, desk, database, customer, hook
) -> None:
    work_off(database, desk)
    chatwoot.post(hook, chatwoot.status_changed())
    write(customer, "再转人工")
    other = Customer(database)
    write(other, "转人工")
    work_off(database, desk)
    assert sorted(chatwoot.conversations) == [12, 13, 14]
    erase_chat(customer)
    assert findings() == ["erasures that wait for chatwoot: 2 (docs/desks/chatwoot.md)"]
    work_off(database, desk)
    assert list(chatwoot.contacts) == [other.id] and len(chatwoot.conversations) == 1
    assert names(database, customer.id) == [] and findings() == []


def test_what_is_just_being_told_does_not_outlive_an_erasure(chatwoot, desk, database, customer) -> None:
    work_off(database, desk)
    task_in_hand = write(customer, "一") or Relay(database, desk).claim()
    erase_chat(customer)
    assert Relay(database, desk).claim() is None
    Relay(database, desk).tell(task_in_hand)
    work_off(database, desk)
    assert chatwoot.contacts == {} == chatwoot.conversations and names(database, customer.id) == []


def test_a_contact_that_was_made_and_never_noted_is_erased_too(chatwoot, desk, database, customer) -> None:
    desk.tell(Relay(database, desk).claim())  # … and here the worker dies
    erase_chat(customer)
    make_due(database)
    work_off(database, desk)
    assert chatwoot.contacts == {} and names(database, customer.id) == []


def test_a_chat_that_chatwoot_never_heard_of_leaves_nothing(chatwoot, desk, database, customer) -> None:
    chatwoot.fail = lambda path: status(503)
    work_off(database, desk)
    erase_chat(customer)
    chatwoot.fail = lambda path: None
    make_due(database)
    work_off(database, desk)
    assert chatwoot.contacts == {} and names(database, customer.id) == []


def test_a_worker_killed_after_it_erased_there_ends_it_all_the_same(chatwoot, desk, database, customer) -> None:
    work_off(database, desk)
    erase_chat(customer)
    desk.tell(Relay(database, desk).claim())  # … and here the worker dies
    make_due(database)
    work_off(database, desk)
    assert chatwoot.contacts == {} and names(database, customer.id) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # nothing of a database in it
@pytest.mark.parametrize("fault", WRONG)
def test_whatever_chatwoot_answers_an_erasure_comes_to_its_end(chatwoot, desk, database, customer, fault) -> None:
    work_off(database, desk)
    erase_chat(customer)
    for when in ("fail", "fail_after"):
        for method in ("GET", "DELETE"):
            setattr(chatwoot, when, _failing(chatwoot, method, FAULTS[fault]))
            work_off(database, desk)
            make_due(database)
        assert (chatwoot.contacts == {}) is (when == "fail_after")
        setattr(chatwoot, when, lambda path: None)
    work_off(database, desk)
    assert chatwoot.contacts == {} and names(database, customer.id) == []


def test_a_token_that_may_not_erase_waits_up_to_an_hour_until_it_may(
    chatwoot, desk, database, customer, caplog: Any
) -> None:
    work_off(database, desk)
    erase_chat(customer)
    chatwoot.role, waits = "agent", []
    for _ in range(13):
        work_off(database, desk)
        waits.append(round(wait_s(database)))
        make_due(database)
    assert waits[0] == 60 and waits[-1] == 3600 and "chatwoot does not know us" in caplog.text
    chatwoot.role = "administrator"
    work_off(database, desk)
    assert chatwoot.contacts == {} and names(database, customer.id) == []


def test_an_inbox_that_is_not_found_is_no_contact_that_is_gone(chatwoot, desk, database, customer) -> None:
    work_off(database, desk)
    erase_chat(customer)
    chatwoot.fail = lambda path: status(404)
    work_off(database, desk)
    chatwoot.fail = lambda path: None
    make_due(database)
    work_off(database, desk)
    assert chatwoot.contacts == {} and names(database, customer.id) == []


def test_a_contact_who_is_online_just_now_is_erased_later(chatwoot, desk, database, customer) -> None:
    work_off(database, desk)
    erase_chat(customer)
    chatwoot.fail = lambda path: status(422) if "/accounts/3/contacts/" in path else None
    work_off(database, desk)
    chatwoot.fail = lambda path: None
    make_due(database)
    work_off(database, desk)
    assert chatwoot.contacts == {} and names(database, customer.id) == []


# Zammad: the ticket


def test_an_erased_case_takes_its_ticket_with_it_and_gets_no_other(zammad, tickets, database, case, teller) -> None:
    kept = opened(teller, waybill="SF9999999999999")
    work_off(database, tickets)
    erase_case(database, case)
    assert findings() == ["erasures that wait for zammad: 1 (docs/desks/zammad.md)"]
    work_off(database, tickets)
    assert [ticket["title"].split()[0] for ticket in zammad.tickets.values()] == [kept]
    assert work_off(database, tickets) == 0 and findings() == []


def test_what_is_still_done_to_the_ticket_of_an_erased_case_changes_nothing(
    zammad, tickets, database, case, zammad_hook
) -> None:
    erase_case(database, case)
    assert zammad.post(zammad_hook, zammad.put("open", body="您好")) == 200
    assert state(database, case) == "withdrawn"
    work_off(database, tickets)
    assert zammad.tickets == {}


def test_without_an_administrators_token_tickets_stay_and_the_doctor_says_it(
    zammad, tickets, database, case, monkeypatch
) -> None:
    monkeypatch.setenv("YIDA_ZAMMAD_ADMIN_TOKEN", "")
    settings.cache_clear()
    work_off(database, tickets)
    erase_case(database, case)
    asked = len(zammad.api.asked)
    assert work_off(database, Zammad(settings())) == 0 and len(zammad.api.asked) == asked
    assert findings() == ["erasures that wait for zammad: 1 (docs/desks/zammad.md)"]


@pytest.mark.parametrize("was_made", [True, False])
def test_a_ticket_that_may_have_been_made_is_looked_for_and_erased(
    zammad, tickets, database, teller, was_made
) -> None:
    number = opened(teller)
    fault = status(504)
    zammad.fail_after, zammad.fail = (
        (lambda path: fault, zammad.fail) if was_made else (zammad.fail_after, lambda path: fault)
    )
    work_off(database, tickets)
    zammad.fail = zammad.fail_after = lambda path: None
    erase_case(database, number)
    make_due(database)
    work_off(database, tickets)
    assert zammad.tickets == {} and work_off(database, tickets) == 0


def test_a_case_that_zammad_never_heard_of_leaves_nothing(zammad, tickets, database, teller) -> None:
    number = opened(teller)
    zammad.fail = lambda path: status(429, Retry_After="9")
    work_off(database, tickets)
    zammad.fail = lambda path: None
    erase_case(database, number)
    make_due(database)
    assert work_off(database, tickets) == 0 and zammad.tickets == {}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # nothing of a database in it
@pytest.mark.parametrize("fault", WRONG)
def test_whatever_zammad_answers_an_erasure_comes_to_its_end(zammad, tickets, database, case, fault) -> None:
    erase_case(database, case)
    for when in ("fail", "fail_after"):
        setattr(zammad, when, lambda path: FAULTS[fault])
        work_off(database, tickets)
        make_due(database)
        assert (zammad.tickets == {}) is (when == "fail_after")
        setattr(zammad, when, lambda path: None)
    work_off(database, tickets)
    assert findings() == []


def test_a_ticket_that_is_gone_already_is_erased_and_a_zammad_that_is_not_found_is_waited_for(
    zammad, tickets, database, case
) -> None:
    erase_case(database, case)
    zammad.fail = lambda path: status(404)
    work_off(database, tickets)
    assert findings() != [] and 55 < wait_s(database) <= 60
    zammad.fail = lambda path: None
    zammad.tickets.clear()
    make_due(database)
    work_off(database, tickets)
    assert findings() == [] and not link_of(database).is_open
