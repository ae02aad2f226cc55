"""A case is a ticket in Zammad: told once, whatever fails on the way, and moved by its agents where it may move."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from bot.cases import service as cases
from bot.cases.models import Case
from bot.cases.states import STATES
from bot.db import Database, now
from bot.external.relay import Relay
from bot.external.tickets import SHOWN, STANDINGS
from tests.cases.support import Teller
from tests.channels.test_platforms import paths, replaced
from tests.external.fake_zammad import FakeZammad
from tests.external.support import link_of, make_due, wait_s, work_off
from tests.support.provider import FAULTS, SLOW, status


@pytest.fixture
def customer(database: Database) -> Teller:
    return Teller(database)


@pytest.fixture
def case(customer: Teller, zammad: FakeZammad, tickets: Any, database: Database) -> str:
    """The number of an acknowledged complaint that is ticket 31."""
    number = opened(customer)
    work_off(database, tickets)
    return number


def opened(customer: Teller, **facts: Any) -> str:
    told = {"phone": "13812345678", "contact_name": "王小明", "waybill": "SF1234567890123", "remedy": "赔钱"}
    return customer.open(now(), **{**told, **facts})


def step(database: Database, number: str, *names: str, message: str | None = None) -> None:
    with database.write() as session:
        for name in names:
            cases.transition(session, number, name, actor="小陈", message=message)
        session.commit()


def state(database: Database, number: str) -> str:
    with database.read() as session:
        return session.query(Case).filter_by(number=number).one().state


def events(database: Database, number: str) -> list[tuple[str, str, str | None]]:
    with database.read() as session:
        listed = cases.get(session, number)["events"]
        return [(each["actor"], each["transition"], each["note"]) for each in listed]


def by_zammad(database: Database, number: str) -> list[tuple[str, str, str | None]]:
    return [event for event in events(database, number) if event[0].startswith("Zammad")]


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


def test_cases_that_were_finished_long_ago_are_not_exported(zammad, tickets, database, customer) -> None:
    number = opened(customer)
    step(database, number, "withdraw")
    with database.write() as session:
        session.query(Case).one().updated_at = now() - timedelta(hours=2)
        session.commit()
    assert work_off(database, tickets) == 0 and zammad.api.asked == []


def test_a_case_that_was_over_before_it_was_looked_at_becomes_a_ticket(zammad, tickets, database, customer) -> None:
    step(database, opened(customer), "withdraw")
    work_off(database, tickets)
    assert zammad.tickets[31]["state"] == "closed"


# What goes wrong on the way


@pytest.mark.parametrize("fault", sorted(FAULTS.keys() - SLOW))
def test_whatever_zammad_answers_each_thing_arrives_once(zammad, tickets, database, customer, fault) -> None:
    number = opened(customer)
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


def test_a_ticket_that_may_have_been_made_is_looked_for_after_the_search_has_seen_it(
    zammad, tickets, database, customer
) -> None:
    opened(customer)
    zammad.fail_after = lambda path: status(504)
    work_off(database, tickets)
    zammad.fail_after = lambda path: None
    make_due(database)
    work_off(database, tickets)
    assert 25 < wait_s(database) <= 30 and not any("search" in asked["path"] for asked in zammad.api.asked)


def test_while_zammad_is_down_nothing_is_lost(zammad, tickets, database, customer) -> None:
    zammad.fail = lambda path: status(503)
    number = opened(customer)
    work_off(database, tickets)
    step(database, number, "investigate")
    zammad.fail = lambda path: None
    for _ in range(2):
        make_due(database)
        work_off(database, tickets)
    assert zammad.tickets[31]["state"] == "open" and "开始核实" in zammad.bodies()[-1]


def test_a_limit_is_waited_out_as_long_as_zammad_says(zammad, tickets, database, customer) -> None:
    opened(customer)
    zammad.fail = lambda path: status(429, {"error": "Too many requests"}, Retry_After="23")
    assert work_off(database, tickets) == 1
    assert 20 < wait_s(database) <= 23


def test_a_group_or_token_that_is_wrong_loses_no_case(zammad, tickets, database, customer) -> None:
    for wrong in (status(422, {"error": "Group can't be blank"}), status(401, {"error": "no"}), status(403)):
        zammad.fail = lambda path, wrong=wrong: wrong
        opened(customer)
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


def test_a_ticket_that_was_deleted_there_is_let_go(zammad, tickets, database, case) -> None:
    zammad.tickets.clear()
    step(database, case, "investigate")
    assert work_off(database, tickets) == 1 and work_off(database, tickets) == 0
    step(database, case, "ask_third_party")
    assert work_off(database, tickets) == 0


def test_a_worker_killed_after_any_step_repeats_nothing(zammad, tickets, database, customer, zammad_hook) -> None:
    number = opened(customer)
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


def test_ten_workers_at_once_tell_each_thing_once(zammad, tickets, database, customer) -> None:
    number = opened(customer)
    step(database, number, "investigate")
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda _: work_off(database, tickets), range(10)))
    work_off(database, tickets)
    step(database, number, "propose", message="赔")
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda _: work_off(database, tickets), range(10)))
    assert list(zammad.tickets) == [31] and len(zammad.bodies()) == 2


# In


def test_an_agents_article_is_kept_with_the_case_and_not_told_back(zammad, tickets, database, case, zammad_hook):
    before = len(zammad.bodies())
    written = zammad.put("open", body="<p>已联系网点&amp;司机</p><br>明天答复")
    for _ in range(2):
        assert zammad.post(zammad_hook, written) == 200
    assert by_zammad(database, case) == [("Zammad 赵 敏", "add_detail", "已联系网点&司机\n\n明天答复")]
    work_off(database, tickets)
    assert len(zammad.bodies()) == before


@pytest.mark.parametrize(("steps", "facts", "put", "becomes"), [
    (["investigate"], {}, "pending reminder", "waiting_third_party"),
    (["investigate", "ask_third_party"], {}, "open", "investigating"),
    (["investigate", "ask_customer"], {}, "open", "investigating"),
    (["investigate", "propose"], {}, "closed", "resolved"),
    ([], {"kind": "suggestion", "category": None}, "closed", "resolved"),
    (["investigate", "propose", "accept"], {}, "open", "investigating"),
])  # fmt: skip
def test_a_state_there_moves_the_case_where_it_may_move(
    zammad, tickets, database, customer, zammad_hook, steps, facts, put, becomes
) -> None:
    number = opened(customer, **facts)
    for name in steps:
        step(database, number, name, message="好")
    work_off(database, tickets)
    bodies = len(zammad.bodies())
    assert zammad.post(zammad_hook, zammad.put(put)) == 200
    assert state(database, number) == becomes and by_zammad(database, number)[-1][0] == "Zammad 赵 敏"
    work_off(database, tickets)
    assert zammad.tickets[31]["state"] == put and len(zammad.bodies()) == bodies


def test_a_step_that_is_not_allowed_is_noted_on_the_ticket_which_follows_the_case_again(
    zammad, tickets, database, case, zammad_hook
) -> None:
    assert zammad.post(zammad_hook, zammad.put("closed")) == 200
    assert state(database, case) == "acknowledged" and by_zammad(database, case) == []
    work_off(database, tickets)
    assert "没有照办" in zammad.bodies()[-1] and "开始核实" in zammad.bodies()[-1]
    assert zammad.articles[31][-1]["internal"] and zammad.tickets[31]["state"] == "open"


def test_a_case_that_is_too_old_to_be_opened_again_is_noted_too(zammad, tickets, database, case, zammad_hook) -> None:
    step(database, case, "investigate", "propose", "accept", message="好")
    with database.write() as session:
        session.query(Case).one().state_since = now() - timedelta(days=400)
        session.commit()
    work_off(database, tickets)
    assert zammad.post(zammad_hook, zammad.put("open")) == 200
    work_off(database, tickets)
    assert "请开新工单" in zammad.bodies()[-1] and state(database, case) == "resolved"
    assert zammad.tickets[31]["state"] == "closed"


def test_states_of_its_own_are_zammads_business(zammad, tickets, database, case, zammad_hook) -> None:
    assert zammad.post(zammad_hook, zammad.put("waiting for parts")) == 200
    work_off(database, tickets)
    assert zammad.tickets[31]["state"] == "waiting for parts" and by_zammad(database, case) == []


def test_webhooks_out_of_order_leave_the_newest_state(zammad, tickets, database, case, zammad_hook) -> None:
    step(database, case, "investigate")
    work_off(database, tickets)
    older, newer = zammad.put("open"), zammad.put("pending reminder")
    for event in (newer, older, newer):
        assert zammad.post(zammad_hook, event) == 200
    assert state(database, case) == "waiting_third_party"


def test_the_echo_of_what_we_told_moves_nothing_however_late_it_comes(
    zammad, tickets, database, case, zammad_hook
) -> None:
    step(database, case, "investigate")
    work_off(database, tickets)
    echo = {"ticket": dict(zammad.tickets[31]), "article": dict(zammad.articles[31][-1])}
    step(database, case, "propose", message="赔")
    assert zammad.post(zammad_hook, echo) == 200
    work_off(database, tickets)
    assert zammad.post(zammad_hook, echo) == 200
    work_off(database, tickets)
    assert state(database, case) == "proposed" and by_zammad(database, case) == [] and len(zammad.bodies()) == 3


def test_the_echo_of_what_is_just_being_told_moves_nothing(zammad, tickets, database, case, zammad_hook) -> None:
    step(database, case, "investigate", "ask_third_party")
    step(database, case, "third_party_answered")
    relay = Relay(database, tickets)
    relay.tell(relay.claim())
    task = relay.claim()  # ask_third_party
    result = tickets.tell(task)
    assert zammad.post(zammad_hook, {"ticket": dict(zammad.tickets[31]), "article": {}}) == 200
    assert result["state"] == "pending reminder" and by_zammad(database, case) == []


def test_a_webhook_that_comes_ten_times_at_once_has_one_effect(zammad, tickets, database, case, zammad_hook) -> None:
    event = zammad.put("open", body="已核实")
    with ThreadPoolExecutor(10) as pool:
        answers = set(pool.map(lambda _: zammad.post(zammad_hook, event, delivery="d-1"), range(10)))
    assert answers == {200} and len(by_zammad(database, case)) == 1


def test_a_ticket_whose_number_was_not_noted_yet_is_known_by_its_title(
    zammad, tickets, database, customer, zammad_hook
) -> None:
    number = opened(customer)
    tickets.tell(Relay(database, tickets).claim())  # … and here the worker dies
    assert zammad.post(zammad_hook, zammad.put("open", body="看到了")) == 200
    assert len(by_zammad(database, number)) == 1
    make_due(database)
    work_off(database, tickets)
    assert list(zammad.tickets) == [31]


@pytest.mark.parametrize("article", [
    {"sender": "Customer"}, {"sender": "System"}, {"body": ""}, {"body": None}, {"subject": "YD26113000001 #7"},
])  # fmt: skip
def test_what_is_no_agents_article_is_not_kept(zammad, tickets, database, case, zammad_hook, article) -> None:
    assert zammad.post(zammad_hook, zammad.put("open", **{"body": "您好", **article})) == 200
    assert by_zammad(database, case) == []


def test_tickets_that_are_not_ours_are_acknowledged_and_ignored(zammad, tickets, database, case, zammad_hook) -> None:
    event = zammad.put("closed", body="您好")
    event["ticket"] = {**event["ticket"], "id": 77, "title": "别的"}
    assert zammad.post(zammad_hook, event) == 200
    assert state(database, case) == "acknowledged"


def test_a_forged_webhook_is_refused_and_changes_nothing(zammad, tickets, database, case, zammad_hook) -> None:
    event = zammad.put("closed", body="您好")
    for forged in ("", "sha1=", "sha1=" + "0" * 40, "0" * 40, "sha256=abc", "签"):
        assert zammad.post(zammad_hook, event, X_Hub_Signature=forged) == 401
    assert state(database, case) == "acknowledged" and by_zammad(database, case) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # nothing of a database in it
@pytest.mark.parametrize("body", [
    b"", b"\xff\xfe{", b"[1, 2]", b"[" * 100_000, b"null", b"{}", b"\x00", '{"ticket": {}}'.encode("utf-16"),
    b'{"ticket": []}', b'{"ticket": {"id": "x", "state": "open"}}', b'{"ticket": {"id": 31}}',
    b'{"ticket": {"id": 31, "state": "open"}, "article": 5}',
])  # fmt: skip
def test_a_signed_body_that_is_no_event_is_one_clear_400(zammad, case, zammad_hook, body) -> None:
    assert zammad.post(zammad_hook, body) == 400


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # nothing of a database in it
def test_a_webhook_without_a_delivery_id_or_too_large_is_refused(zammad, case, zammad_hook) -> None:
    assert zammad.post(zammad_hook, zammad.put("open"), X_Zammad_Delivery="") == 400
    assert zammad.post(zammad_hook, b"x" * 1_200_000) == 413


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # nothing of a database in it
@pytest.mark.parametrize("wrong", [None, 5, [], {}, "x" * 400, True, -1, 10**30])
def test_fields_of_another_kind_than_documented_are_no_fault(zammad, case, zammad_hook, wrong) -> None:
    event = zammad.put("open", body="您好")
    for path in paths(event):
        assert zammad.post(zammad_hook, replaced(event, path, wrong)) in (200, 400), path


def test_no_secret_and_no_words_are_logged(zammad, tickets, database, case, zammad_hook, caplog: Any) -> None:
    zammad.post(zammad_hook, zammad.put("closed", body="这是秘密"))
    zammad.fail = lambda path: status(500)
    work_off(database, tickets)
    assert "秘密" not in caplog.text and "碎了" not in caplog.text
    assert "agents-token" not in caplog.text and "made-up-token" not in caplog.text
