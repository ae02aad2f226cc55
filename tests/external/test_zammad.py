"""A case is a ticket in Zammad: told once and in order, whatever fails on the way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from bot.cases import service as cases
from bot.cases.models import Case
from bot.cases.states import STATES
from bot.db import now
from bot.external.relay import Relay
from bot.external.tickets import SHOWN, STANDINGS
from tests.external.complaints import by_zammad, opened, step
from tests.external.fake_zammad import FakeZammad
from tests.external.support import link_of, make_due, wait_s, work_off
from tests.support.provider import FAULTS, SLOW, status

# The table


def test_every_state_of_ours_is_shown_as_exactly_one_of_zammads() -> None:
    listed = [ours for standing in STANDINGS.values() for ours in standing.ours]
    assert sorted(listed) == sorted(STATES) and set(SHOWN) == set(STATES)


# Out


def test_a_case_becomes_a_ticket_once_with_what_is_needed_and_no_more(zammad, tickets, database, case) -> None:
    work_off(database, tickets)
    (ticket,) = zammad.tickets.values()
    assert ticket["title"] == f"{case} 投诉 破损" and ticket["state"] == "open"
    (body,) = zammad.bodies()
    assert "杯子碎了两个" in body and "赔钱" in body and "SF1234567890123" in body
    assert "13812345678" not in body and "王小明" not in body and "王**" in body


def test_numbers_in_what_people_wrote_are_starred(zammad, tickets, database, teller) -> None:
    number = opened(teller, description="打我电话13812345678", remedy="退到13812345678")
    work_off(database, tickets)
    step(database, number, "investigate", "propose", message="已打13812345678")
    with database.write() as session:
        cases.add_detail(session, number, "换成13812345678", key=uuid4().hex)
        session.commit()
    work_off(database, tickets)
    assert len(zammad.bodies()) == 4 and not any("13812345678" in body for body in zammad.bodies())


def test_what_the_customer_and_the_desk_see_of_it_becomes_articles_in_order(zammad, tickets, database, case) -> None:
    step(database, case, "investigate")
    step(database, case, "propose", message="赔您 50 元，可以吗？")
    with database.write() as session:
        cases.add_detail(session, case, "还有一个盘子", key=uuid4().hex)
        session.commit()
    work_off(database, tickets)
    _, begun, proposed, more = zammad.bodies()
    assert "开始核实" in begun and "赔您 50 元" in proposed and "盘子" in more
    assert [each["internal"] for each in zammad.articles[31]] == [False, True, False, False]
    assert zammad.tickets[31]["state"] == "pending reminder"


@pytest.mark.parametrize(("steps", "shown"), [
    (["triage"], "open"), (["investigate", "ask_third_party"], "pending reminder"),
    (["investigate", "propose"], "pending reminder"), (["investigate", "propose", "accept"], "closed"),
    (["investigate", "propose", "accept", "close"], "closed"), (["withdraw"], "closed"), (["reject"], "closed"),
    (["investigate", "propose", "accept", "reopen"], "open"),
])  # fmt: skip
def test_each_state_is_shown_there(zammad, tickets, database, case, steps, shown) -> None:
    for name in steps:
        step(database, case, name, message="好")
        work_off(database, tickets)
    assert zammad.tickets[31]["state"] == shown


def test_a_case_that_is_opened_again_after_all_was_told_goes_on_in_its_ticket(zammad, tickets, database, case) -> None:
    step(database, case, "investigate", "propose", "accept", message="好")
    work_off(database, tickets)
    assert not link_of(database).is_open
    step(database, case, "reopen")
    work_off(database, tickets)
    assert list(zammad.tickets) == [31] and zammad.tickets[31]["state"] == "open"


def test_cases_that_were_finished_long_ago_are_not_exported(zammad, tickets, database, teller) -> None:
    number = opened(teller)
    step(database, number, "withdraw")
    with database.write() as session:
        session.query(Case).one().updated_at = now() - timedelta(hours=2)
        session.commit()
    assert work_off(database, tickets) == 0 and zammad.api.asked == []


def test_a_case_that_was_over_before_it_was_looked_at_becomes_a_ticket(zammad, tickets, database, teller) -> None:
    step(database, opened(teller), "withdraw")
    work_off(database, tickets)
    assert zammad.tickets[31]["state"] == "closed"


# What goes wrong on the way


@pytest.mark.parametrize("fault", sorted(FAULTS.keys() - SLOW))
def test_whatever_zammad_answers_each_thing_arrives_once(zammad, tickets, database, teller, fault) -> None:
    number = opened(teller)
    for make_it_fail in ("/api/v1/tickets", "/api/v1/tickets/31"):
        zammad.fail_after = lambda path, only=make_it_fail: FAULTS[fault] if path == only else None
        work_off(database, tickets)
        zammad.fail_after = lambda path: None
        for _ in range(3):
            make_due(database)
            work_off(database, tickets)
        if make_it_fail == "/api/v1/tickets":
            step(database, number, "investigate")
    assert list(zammad.tickets) == [31] and len(zammad.bodies()) == 2


def test_a_ticket_that_may_have_been_made_is_looked_for_after_the_search_has_seen_it_however_often(
    zammad, tickets, database, teller
) -> None:
    opened(teller)
    zammad.fail_after = lambda path: status(504) if path == "/api/v1/tickets" else None
    for _ in range(4):
        zammad.tickets.clear()  # this one was not made after all
        work_off(database, tickets)
        assert 25 < wait_s(database) <= 30
        make_due(database)


def test_a_customers_mail_with_a_cases_number_is_not_taken_for_its_ticket(
    zammad, tickets, database, teller, zammad_hook
) -> None:
    number = opened(teller)
    zammad.fail_after = lambda path: status(504) if path == "/api/v1/tickets" else None
    work_off(database, tickets)
    zammad.fail_after = lambda path: None
    zammad.tickets[30] = {"id": 30, "title": f"{number} 怎么还没回复", "create_article_type": "email"}
    assert zammad.post(zammad_hook, zammad.put("closed", 30, body="您好")) == 200
    make_due(database)
    work_off(database, tickets)
    assert link_of(database).external_id == "31" and by_zammad(database, number) == []


def test_while_zammad_is_down_nothing_is_lost(zammad, tickets, database, teller) -> None:
    zammad.fail = lambda path: status(503)
    number = opened(teller)
    work_off(database, tickets)
    step(database, number, "investigate")
    zammad.fail = lambda path: None
    for _ in range(2):
        make_due(database)
        work_off(database, tickets)
    assert zammad.tickets[31]["state"] == "open" and "开始核实" in zammad.bodies()[-1]


def test_a_limit_is_waited_out_as_long_as_zammad_says(zammad, tickets, database, teller) -> None:
    opened(teller)
    zammad.fail = lambda path: status(429, {"error": "Too many requests"}, Retry_After="23")
    assert work_off(database, tickets) == 1
    assert 20 < wait_s(database) <= 23


def test_a_group_or_token_that_is_wrong_loses_no_case(zammad, tickets, database, teller) -> None:
    for wrong in (status(422, {"error": "Group can't be blank"}), status(401, {"error": "no"}), status(403)):
        zammad.fail = lambda path, wrong=wrong: wrong
        opened(teller)
        work_off(database, tickets)
        make_due(database)
    zammad.fail = lambda path: None
    for _ in range(2):
        make_due(database)
        work_off(database, tickets)
    assert len(zammad.tickets) == 1  # the same parcel and category: one case


def test_an_article_that_zammad_will_not_take_does_not_hold_up_the_next(zammad, tickets, database, case) -> None:
    faults = [status(422, {"error": "Article body is too long"})]
    zammad.fail = lambda path: faults.pop() if faults else None
    step(database, case, "investigate")
    step(database, case, "propose", message="赔")
    work_off(database, tickets)
    assert "提出方案" in zammad.bodies()[-1] and link_of(database).refused == 1
    assert zammad.tickets[31]["state"] == "pending reminder"


def test_a_state_that_zammad_will_not_have_is_not_asked_for_without_end(zammad, tickets, database, case) -> None:
    zammad.fail = lambda path: status(422, {"error": "state is not allowed"})
    step(database, case, "investigate", "ask_third_party")
    assert work_off(database, tickets) == 3 and work_off(database, tickets) == 0


def test_a_zammad_that_is_not_found_has_deleted_no_ticket(zammad, tickets, database, case) -> None:
    zammad.fail = lambda path: status(404)
    step(database, case, "investigate")
    work_off(database, tickets)
    zammad.fail = lambda path: None
    make_due(database)
    work_off(database, tickets)
    assert "开始核实" in zammad.bodies()[-1]


def test_a_ticket_that_was_deleted_there_is_let_go(zammad, tickets, database, case) -> None:
    zammad.tickets.clear()
    step(database, case, "investigate")
    assert work_off(database, tickets) == 1 and work_off(database, tickets) == 0
    step(database, case, "ask_third_party")
    assert work_off(database, tickets) == 0


def test_a_worker_killed_after_any_step_repeats_nothing(zammad, tickets, database, teller, zammad_hook) -> None:
    number = opened(teller)
    for make in (lambda: None, lambda: step(database, number, "investigate"), lambda: _refused(zammad, zammad_hook)):
        make()
        task = Relay(database, tickets).claim()
        assert task is not None
        tickets.tell(task)  # … and here the worker dies
        for _ in range(3):
            make_due(database)
            work_off(database, tickets)
    assert list(zammad.tickets) == [31] and len(zammad.bodies()) == 3 and link_of(database).attempts == 0


def _refused(zammad: FakeZammad, hook: Any) -> None:
    """An agent there asks for what is not allowed: a note is due."""
    assert zammad.post(hook, zammad.put("closed")) == 200


def test_ten_workers_at_once_tell_each_thing_once(zammad, tickets, database, teller) -> None:
    number = opened(teller)
    step(database, number, "investigate")
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda _: work_off(database, tickets), range(10)))
    work_off(database, tickets)
    step(database, number, "propose", message="赔")
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda _: work_off(database, tickets), range(10)))
    assert list(zammad.tickets) == [31] and len(zammad.bodies()) == 2
