"""What Zammad's agents do comes to the case once, and moves it where it may move; all else changes nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from bot.cases.models import Case
from bot.db import now
from bot.external.relay import Relay
from tests.channels.test_platforms import paths, replaced
from tests.external.complaints import by_zammad, opened, state, step
from tests.external.support import make_due, work_off
from tests.support.provider import status


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
    zammad, tickets, database, teller, zammad_hook, steps, facts, put, becomes
) -> None:
    number = opened(teller, **facts)
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


def test_a_webhook_that_somebody_sends_again_under_another_delivery_id_moves_nothing(
    zammad, tickets, database, case, zammad_hook
) -> None:
    step(database, case, "investigate")
    work_off(database, tickets)
    event = zammad.put("pending reminder", body="等网点")
    assert zammad.post(zammad_hook, event) == 200
    step(database, case, "third_party_answered")
    work_off(database, tickets)
    assert zammad.post(zammad_hook, event, delivery="another") == 200
    assert state(database, case) == "investigating" and len(by_zammad(database, case)) == 2


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


def test_what_an_agent_does_while_we_are_telling_is_not_forgotten(
    zammad, tickets, database, case, zammad_hook, monkeypatch
) -> None:
    step(database, case, "investigate")
    relay, tell = Relay(database, tickets), tickets.tell

    def tell_while_they_close_it(task: Any) -> Any:  # not allowed, and here before we wrote down ours
        result = tell(task)
        assert zammad.post(zammad_hook, zammad.put("closed")) == 200
        return result

    with monkeypatch.context() as patched:
        patched.setattr(tickets, "tell", tell_while_they_close_it)
        relay.tell(relay.claim())
    work_off(database, tickets)
    assert zammad.tickets[31]["state"] == "open" and "没有照办" in zammad.bodies()[-1]


def test_a_clock_of_zammads_that_goes_backwards_does_not_make_us_repeat_ourselves(
    zammad, tickets, database, case
) -> None:
    zammad._clock -= timedelta(hours=1)
    step(database, case, "investigate", "ask_third_party")
    assert work_off(database, tickets) == 2
    assert zammad.tickets[31]["state"] == "pending reminder"


def test_a_webhook_that_comes_ten_times_at_once_has_one_effect(zammad, tickets, database, case, zammad_hook) -> None:
    event = zammad.put("open", body="已核实")
    with ThreadPoolExecutor(10) as pool:
        answers = set(pool.map(lambda _: zammad.post(zammad_hook, event, delivery="d-1"), range(10)))
    assert answers == {200} and len(by_zammad(database, case)) == 1


def test_a_ticket_whose_number_was_not_noted_yet_is_known_by_its_title(
    zammad, tickets, database, teller, zammad_hook
) -> None:
    number = opened(teller)
    tickets.tell(Relay(database, tickets).claim())  # … and here the worker dies
    assert zammad.post(zammad_hook, zammad.put("open", body="看到了")) == 200
    assert len(by_zammad(database, number)) == 1
    make_due(database)
    work_off(database, tickets)
    assert list(zammad.tickets) == [31]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # nothing of a database in it
@pytest.mark.parametrize("article", [
    {"sender": "Customer"}, {"sender": "System"}, {"body": ""}, {"body": None}, {"subject": "YD26113000001 #7"},
])  # fmt: skip
def test_what_is_no_agents_article_is_not_kept(zammad, tickets, database, case, zammad_hook, article) -> None:
    assert zammad.post(zammad_hook, zammad.put("open", **{"body": "您好", **article})) == 200
    assert by_zammad(database, case) == []


def test_an_agents_email_with_our_subject_copied_is_kept(zammad, tickets, database, case, zammad_hook) -> None:
    copied = zammad.articles[31][0]["subject"]
    assert zammad.post(zammad_hook, zammad.put("open", body="您好", type="email", subject=copied)) == 200
    assert [note for _, _, note in by_zammad(database, case)] == ["您好"]


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
