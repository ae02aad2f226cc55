"""Waiting chats find the freest fitting agent, chats of agents who are gone find another, and nobody loses a place."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from bot.conversations import inbox, ownership
from bot.conversations.models import AgentState, Conversation, Message
from bot.conversations.wakeups import DESK, bus
from bot.customers.store import identify
from bot.db import Database, now
from bot.desk import assigning, presence, routing
from bot.desk.accounts import add_agent
from bot.desk.models import Agent
from bot.duework import do_due, plan
from tests.cases.support import Teller
from tests.conversations.support import Customer
from tests.desk.conftest import PACKET, PASSWORD, Desk

SECOND = timedelta(seconds=1)


def sweep(database: Database, at: datetime | None = None) -> None:
    moment = at or now()
    with database.write() as session:
        plan(session, routing.ROUTE, routing.ROUTE, moment)
        session.commit()
    do_due(database, routing.HANDLERS, moment)


def queue(database: Database, text: str = "在吗", packet: dict | None = None) -> Customer:
    customer = Customer(database)
    customer.send(text)
    with database.write() as session:
        conversation = inbox.lock(session, customer.id)
        ownership.request_handoff(session, conversation, "customer_asked", packet or {"last_text": text})
        session.commit()
    return customer


def entry(desk: Desk, customer: Customer) -> dict:
    chats = desk.get("/desk/api/queue").json()["conversations"]
    return next(chat for chat in chats if chat["id"] == customer.id)


def go_on(*desks: Desk) -> None:
    for desk in desks:
        assert desk.post("/desk/api/state", json={"state": "on"}).status_code == 200


def act(desk: Desk, customer: Customer, name: str, **body: object):
    return desk.post(f"/desk/api/conversations/{customer.id}/{name}", json=body)


def pass_silently(database: Database, customer: Customer, span: timedelta) -> None:
    """What was said in the chat was said that much earlier."""
    with database.write() as session:
        chat = session.get(Conversation, customer.id)
        for message in session.query(Message).filter_by(conversation_id=chat.id):
            message.at -= span
        for handoff in session.query(ownership.Handoff).filter_by(conversation_id=chat.id):
            handoff.requested_at -= span
            handoff.held_since = handoff.held_since and handoff.held_since - span
        session.commit()


def test_a_chat_is_offered_to_the_freest_who_is_on_and_anyone_may_still_pull_it(
    lin: Desk, chen: Desk, database: Database
) -> None:
    busy = queue(database)
    assert act(lin, busy, "claim").status_code == 200
    go_on(lin, chen)
    waiting = queue(database)
    sweep(database)
    assert entry(chen, waiting)["offered_to"] == "chen" and entry(lin, waiting)["position"] == 1
    assert act(lin, waiting, "claim").status_code == 200
    assert entry(lin, waiting)["agent"] == "lin" and entry(lin, waiting)["offered_to"] is None


def test_nobody_on_a_break_off_full_or_without_an_open_desk_is_offered_anything(
    lin: Desk, chen: Desk, database: Database
) -> None:
    waiting = queue(database)
    lin.post("/desk/api/state", json={"state": "break"})
    sweep(database)
    assert entry(lin, waiting)["offered_to"] is None
    go_on(lin)
    with database.write() as session:
        session.execute(update(Agent).where(Agent.name == "lin").values(capacity=0))
        session.commit()
    sweep(database)
    assert entry(lin, waiting)["offered_to"] is None
    go_on(chen)
    sweep(database, now() + presence.gone_after() + SECOND)
    assert entry(chen, waiting)["offered_to"] is None
    chen.post("/desk/logout", data={"csrf": chen.headers["X-CSRF-Token"]})
    sweep(database)
    assert entry(lin, waiting)["offered_to"] is None


def test_an_offer_that_goes_by_is_made_to_the_next_and_its_agent_is_on_a_break(
    lin: Desk, chen: Desk, database: Database
) -> None:
    go_on(lin, chen)
    waiting = queue(database)
    sweep(database)
    first = entry(lin, waiting)["offered_to"]
    sweep(database, now() + 31 * SECOND)
    second = entry(lin, waiting)["offered_to"]
    assert {first, second} == {"lin", "chen"}
    (missed, other) = (lin, chen) if first == "lin" else (chen, lin)
    assert missed.get("/desk/api/queue").json()["state"] == "break"
    assert act(missed, waiting, "decline").status_code == 409
    assert act(other, waiting, "decline").status_code == 200
    assert other.get("/desk/api/queue").json()["state"] == "on"
    assert entry(other, waiting)["offered_to"] is None


def test_an_offer_shows_how_long_it_stands(lin: Desk, database: Database) -> None:
    go_on(lin)
    waiting = queue(database)
    assert entry(lin, waiting)["offer_left_s"] is None
    sweep(database, now() - 10 * SECOND)
    left = entry(lin, waiting)["offer_left_s"]
    assert 10 < left <= 20 and "还剩" in lin.get("/desk/parts/queue").text


def test_nobody_is_offered_two_chats_at_once(lin: Desk, database: Database) -> None:
    go_on(lin)
    first, second = queue(database), queue(database)
    sweep(database)
    assert (entry(lin, first)["offered_to"], entry(lin, second)["offered_to"]) == ("lin", None)
    act(lin, first, "claim")
    sweep(database)
    assert entry(lin, second)["offered_to"] == "lin"


@pytest.mark.parametrize("work", ["claim", "reply"])
def test_who_took_or_answered_another_chat_during_an_offer_gets_no_break_and_is_not_offered_it_again(
    lin: Desk, database: Database, work: str
) -> None:
    other = queue(database)
    if work == "reply":
        act(lin, other, "claim")
        pass_silently(database, other, timedelta(minutes=1))
    go_on(lin)
    waiting = queue(database)
    with database.write() as session:  # the one that `lin` pulls is offered to nobody
        session.query(Conversation).filter_by(id=waiting.id).update({"queued_at": now() - timedelta(minutes=1)})
        session.commit()
    sweep(database)
    assert entry(lin, waiting)["offered_to"] == "lin"
    assert act(lin, other, work, text="您好").status_code == 200
    for late in (31, 33):
        sweep(database, now() + late * SECOND)
    assert lin.get("/desk/api/queue").json()["state"] == "on"
    assert entry(lin, waiting)["offered_to"] is None


def test_a_chat_that_was_declined_is_not_offered_to_the_same_again_and_may_still_be_pulled(
    lin: Desk, database: Database
) -> None:
    go_on(lin)
    waiting = queue(database)
    sweep(database)
    act(lin, waiting, "decline")
    for late in (1, 3, 5):
        sweep(database, now() + late * SECOND)
    assert entry(lin, waiting)["offered_to"] is None
    assert act(lin, waiting, "claim").status_code == 200


def test_who_was_put_on_a_break_is_told_until_they_are_back_on_and_is_asked_again(
    lin: Desk, database: Database
) -> None:
    go_on(lin)
    waiting = queue(database)
    sweep(database)
    assert "您没有接起" not in lin.get("/desk/parts/queue").text
    sweep(database, now() + 31 * SECOND)
    assert "您没有接起" in lin.get("/desk/parts/queue").text and "您没有接起" in lin.get("/desk/").text
    go_on(lin)
    assert "您没有接起" not in lin.get("/desk/parts/queue").text
    sweep(database)
    assert entry(lin, waiting)["offered_to"] == "lin"
    lin.post("/desk/api/state", json={"state": "break"})
    sweep(database)
    assert entry(lin, waiting)["offered_to"] is None  # on a break of one's own choice one need not wait it out
    assert "您没有接起" not in lin.get("/desk/parts/queue").text


def test_a_chat_waits_for_its_team_and_after_a_while_for_anyone(
    lin: Desk, login: Callable[[str], Desk], database: Database
) -> None:
    with database.write() as session:
        add_agent(session, "shen", PASSWORD, "agent", "complaints")
        session.commit()
    shen = login("shen")
    go_on(lin)
    complaint, other = queue(database, packet=PACKET), queue(database)
    sweep(database)
    assert entry(lin, complaint)["team"] == "complaints" and entry(lin, complaint)["offered_to"] is None
    assert entry(lin, other)["offered_to"] == "lin"
    go_on(shen)
    sweep(database)
    assert entry(lin, complaint)["offered_to"] == "shen"
    act(shen, complaint, "decline")
    act(lin, other, "claim")
    sweep(database, now() + 61 * SECOND)
    assert entry(lin, complaint)["offered_to"] == "lin"


def test_what_waits_for_supervisors_is_offered_to_nobody_else(
    lin: Desk, login: Callable[[str], Desk], database: Database
) -> None:
    go_on(lin)
    angry = queue(database, packet={"last_text": "气死了", "public_anger": True})
    sweep(database)
    assert (entry(lin, angry)["team"], entry(lin, angry)["offered_to"]) == ("supervisor", None)
    go_on(login("wu"))
    sweep(database)
    assert entry(lin, angry)["offered_to"] == "wu"


def test_a_customer_of_class_a_waits_for_vip(lin: Desk, database: Database) -> None:
    customer = Customer(database)
    customer.send("在吗")
    with database.write() as session:
        known = identify(session, customer.id, "13800001111", now())
        known.customer_class = "A"
        ownership.request_handoff(session, inbox.lock(session, customer.id), "customer_asked", PACKET)
        session.commit()
    assert entry(lin, customer)["team"] == "vip"


def test_a_customer_left_without_a_word_goes_back_to_the_front_of_the_queue_and_is_told(
    lin: Desk, chen: Desk, database: Database
) -> None:
    lost = queue(database)
    act(lin, lost, "claim")
    lost.send("还在吗")
    pass_silently(database, lost, timedelta(minutes=4))
    later = queue(database)
    sweep(database)
    assert entry(lin, lost)["agent"] == "lin"
    pass_silently(database, lost, timedelta(minutes=2))
    go_on(lin, chen)
    sweep(database)
    back = entry(chen, lost)
    assert (back["owner"], back["position"], entry(chen, later)["position"]) == ("queued", 1, 2)
    assert "换一位同事接手，您排在第 1 位" in lost.hears()[-1]
    assert back["offered_to"] == "chen"  # not to whom it was lost
    assert act(lin, lost, "reply", text="来了").status_code == 409
    assert act(chen, lost, "claim").status_code == 200


def test_an_agent_who_answered_is_not_silent_and_one_whose_desk_is_closed_is_gone(
    lin: Desk, chen: Desk, database: Database
) -> None:
    held = queue(database)
    act(lin, held, "claim")
    act(lin, held, "reply", text="您好")
    pass_silently(database, held, timedelta(minutes=9))
    sweep(database)
    assert entry(chen, held)["agent"] == "lin"
    with database.write() as session:
        session.execute(update(Agent).where(Agent.name == "lin").values(seen_at=now() - timedelta(minutes=3)))
        session.commit()
    sweep(database)
    assert entry(chen, held)["owner"] == "queued"


def test_chats_of_who_logs_out_go_back_to_the_front_of_the_queue_and_their_customers_are_told(
    lin: Desk, chen: Desk, database: Database
) -> None:
    first, second, theirs = queue(database), queue(database), queue(database)
    for chat in (first, second):
        act(lin, chat, "claim")
    act(chen, theirs, "claim")
    lin.post("/desk/logout", data={"csrf": lin.headers["X-CSRF-Token"]})
    left = [entry(chen, chat) for chat in (first, second)]
    assert [(chat["owner"], chat["position"]) for chat in left] == [("queued", 1), ("queued", 2)]
    assert "换一位同事接手" in first.hears()[-1] and entry(chen, theirs)["agent"] == "chen"


def test_a_closed_laptop_is_off_from_when_it_was_last_seen_and_its_agent_is_told(
    lin: Desk, login: Callable[[str], Desk], database: Database
) -> None:
    go_on(lin)
    moment = now()
    with database.write() as session:
        session.execute(update(Agent).where(Agent.name == "lin").values(seen_at=moment - timedelta(minutes=50)))
        session.execute(update(AgentState).where(AgentState.agent == "lin").values(since=moment - timedelta(hours=1)))
        session.commit()
    sweep(database)
    assert lin.get("/desk/api/queue").json()["state"] == "off" and "您现在离线" in lin.get("/desk/parts/queue").text
    days = {"from": f"{moment - timedelta(days=1):%Y-%m-%d}", "to": f"{moment + timedelta(days=1):%Y-%m-%d}"}
    page = login("wu").get("/desk/reports/shift", params={"format": "csv", **days}).text
    (row,) = [line.split(",") for line in page.splitlines() if line.startswith("lin,")]
    assert row[1] == "10 分钟"
    go_on(lin)
    sweep(database)
    assert lin.get("/desk/api/queue").json()["state"] == "on" and "您现在离线" not in lin.get("/desk/parts/queue").text


def test_a_chat_passed_to_a_team_keeps_its_place_and_its_note_is_for_colleagues_only(
    lin: Desk, chen: Desk, database: Database
) -> None:
    passed, later = queue(database), queue(database)
    act(lin, passed, "claim")
    assert act(lin, passed, "transfer", team="chefs").status_code == 400
    assert act(lin, passed, "transfer", team="complaints", note="要求赔杯子，电话 13812345678").status_code == 200
    assert (entry(lin, passed)["position"], entry(lin, later)["position"]) == (1, 2)
    assert entry(lin, passed)["team"] == "complaints"
    assert "已转给负责这类问题的同事，您排在第 1 位" in passed.hears()[-1]
    masked = chen.get(f"/desk/api/conversations/{passed.id}").json()["notes"]
    assert "13812345678" not in masked[0]["text"] and "赔杯子" in masked[0]["text"]
    act(chen, passed, "claim")
    (note,) = chen.get(f"/desk/api/conversations/{passed.id}").json()["notes"]
    assert (note["agent"], note["text"]) == ("lin", "要求赔杯子，电话 13812345678")
    assert not any("赔杯子" in text for text in passed.hears())


def test_who_leads_is_told_when_customers_wait_and_nobody_is_on(
    lin: Desk, login: Callable[[str], Desk], database: Database
) -> None:
    wu, words = login("wu"), "现在没有人在线"
    assert words not in wu.get("/desk/parts/team").text
    queue(database)
    assert words in wu.get("/desk/parts/team").text
    go_on(lin)
    assert words not in wu.get("/desk/parts/team").text


def test_no_chat_is_given_to_someone_who_is_not_there(
    lin: Desk, chen: Desk, login: Callable[[str], Desk], database: Database
) -> None:
    wu, held, waiting = login("wu"), queue(database), queue(database)
    act(lin, held, "claim")
    for state in ("off", "break", "on"):
        chen.post("/desk/api/state", json={"state": state})
        moved = [act(lin, held, "transfer", to="chen", note="交给你"), act(wu, waiting, "assign", to="chen")]
        assert [answer.status_code for answer in moved] == ([400, 400] if state == "off" else [200, 200])
        if state == "off":
            assert "chen 现在不在" in moved[0].json()["error"]
            assert not lin.get(f"/desk/api/conversations/{held.id}").json()["notes"]
            continue
        held, waiting = queue(database), queue(database)
        act(lin, held, "claim")
    with database.write() as session:
        session.execute(update(Agent).where(Agent.name == "chen").values(seen_at=now() - timedelta(minutes=3)))
        session.commit()
    assert act(wu, waiting, "assign", to="chen").status_code == 400


def test_colleagues_are_chosen_from_those_who_are_there_and_nobody_is_chosen_beforehand(
    lin: Desk, login: Callable[[str], Desk], database: Database
) -> None:
    wu, held = login("wu"), queue(database)
    act(lin, held, "claim")
    queue(database)
    go_on(lin, wu)
    pages = ((lin, "wu", f"/desk/conversations/{held.id}"), (wu, "lin", "/desk/parts/team"))
    for desk, other, page in pages:
        (_, _, rest) = desk.get(page).text.partition('name="to" required>')
        options = rest.partition("</select>")[0]
        assert options.index('value=""') < options.index(f'value="{other}"') < options.index("chen · 不在")


def test_a_new_case_goes_to_who_was_at_the_desk_of_late_before_one_who_never_was(
    lin: Desk, login: Callable[[str], Desk], database: Database
) -> None:
    with database.write() as session:
        for name in ("anna", "shen"):
            add_agent(session, name, PASSWORD, "agent", "complaints")
        session.commit()
    given = []
    for came in ([], ["shen"], ["shen"]):
        go_on(*map(login, came))
        number = Teller(database).open(now())
        do_due(database, assigning.HANDLERS, now())
        given.append(lin.get(f"/desk/api/cases/{number}").json()["assignee"])
    assert given == ["anna", "shen", "shen"]


def test_who_leads_sees_the_team_takes_over_assigns_whispers_and_sets_states(
    lin: Desk, chen: Desk, zhou: Desk, login: Callable[[str], Desk], database: Database
) -> None:
    wu, held, waiting = login("wu"), queue(database), queue(database)
    act(lin, held, "claim")
    for refused in (lin, zhou):
        assert refused.get("/desk/api/team").status_code == 403 and refused.get("/desk/team").status_code == 403
        assert act(refused, waiting, "assign", to="chen").status_code == 403
        assert act(refused, held, "take").status_code == 403
    assert lin.post("/desk/api/state", json={"state": "off", "name": "chen"}).status_code == 403
    team = wu.get("/desk/api/team").json()
    assert [chat["id"] for chat in team["waiting"]] == [waiting.id]
    (row,) = [one for one in team["agents"] if one["name"] == "lin"]
    assert [chat["id"] for chat in row["chats"]] == [held.id] and row["load"] == 1
    assert act(wu, held, "note", text="先道歉").status_code == 200
    assert lin.get(f"/desk/api/conversations/{held.id}").json()["notes"][0]["text"] == "先道歉"
    go_on(chen)
    assert act(wu, waiting, "assign", to="chen").status_code == 200 and entry(wu, waiting)["agent"] == "chen"
    assert act(wu, waiting, "assign", to="chen").status_code == 409
    assert act(wu, held, "take").status_code == 200 and entry(wu, held)["agent"] == "wu"
    assert wu.post("/desk/api/state", json={"state": "break", "name": "lin"}).status_code == 200
    assert lin.get("/desk/api/queue").json()["state"] == "break"
    assert "班组" in wu.get("/desk/team").text and "接待实况" in wu.get("/desk/parts/figures").text


def test_a_shift_report_counts_what_each_did(
    lin: Desk, chen: Desk, login: Callable[[str], Desk], database: Database
) -> None:
    go_on(lin, chen)
    one, two = queue(database), queue(database)
    for chat in (one, two):
        act(lin, chat, "claim")
    act(lin, one, "reply", text="您好")
    act(lin, one, "close", outcome="resolved")
    act(lin, two, "transfer", to="chen")
    page = login("wu").get("/desk/reports/shift", params={"format": "csv"})
    rows = {line.partition(",")[0]: line.split(",") for line in page.text.splitlines()}
    assert [rows["lin"][place] for place in (3, 5, 7, 8)] == ["2", "1", "1", "0"]
    assert [rows["chen"][place] for place in (3, 5, 7, 8)] == ["1", "0", "0", "0"]


def test_who_ends_a_chat_is_charged_only_for_their_own_time_with_it(
    lin: Desk, chen: Desk, login: Callable[[str], Desk], database: Database
) -> None:
    held = queue(database)
    act(lin, held, "claim")
    with database.write() as session:
        session.execute(update(ownership.Handoff).values(claimed_at=now() - timedelta(minutes=40)))
        session.commit()
    go_on(chen)
    act(lin, held, "transfer", to="chen")
    act(chen, held, "close", outcome="resolved")
    page = login("wu").get("/desk/reports/shift", params={"format": "csv"}).text
    (row,) = [line.split(",") for line in page.splitlines() if line.startswith("chen,")]
    assert row[5] == "1" and "分钟" not in row[6]


def test_a_note_for_an_agent_is_unread_in_the_queue_until_it_was_on_their_screen(
    lin: Desk, login: Callable[[str], Desk], database: Database
) -> None:
    held = queue(database)
    act(lin, held, "claim")
    act(lin, held, "note", text="自己的备注")
    act(lin, held, "read", seq=1)
    assert entry(lin, held)["unread"] == 0
    wu = login("wu")

    async def woken() -> set[str]:
        with bus().subscribe(DESK) as news:
            act(wu, held, "note", text="先道歉")
            return await news.wait(1)

    assert asyncio.run(woken()) == {DESK}
    assert entry(lin, held)["unread"] == 1
    last = lin.get(f"/desk/api/conversations/{held.id}").json()["notes"][-1]["id"]
    assert act(lin, held, "read", seq=1, note="x").status_code == 400
    assert act(lin, held, "read", seq=1, note=last).status_code == 200
    assert entry(lin, held)["unread"] == 0
    act(lin, held, "read", seq=1, note=999999999)  # no more than there are
    act(wu, held, "note", text="再道歉")
    assert entry(lin, held)["unread"] == 1


def test_whoever_a_chat_was_taken_from_reads_who_has_it_now(
    lin: Desk, login: Callable[[str], Desk], database: Database
) -> None:
    held = queue(database)
    act(lin, held, "claim")
    pane = f"/desk/parts/conversations/{held.id}"
    assert "已接手" not in lin.get(pane).text
    wu = login("wu")
    act(wu, held, "take")
    assert "wu 已接手这个会话" in lin.get(pane).text and "已接手" not in wu.get(pane).text
    act(wu, held, "return")
    assert "已接手" not in lin.get(pane).text


@pytest.mark.parametrize("state", ["asleep", ""])
def test_a_state_nobody_knows_is_refused(lin: Desk, state: str) -> None:
    assert lin.post("/desk/api/state", json={"state": state}).status_code == 400


@pytest.mark.parametrize("name", ["nobody", "zhou"])
def test_a_state_is_set_only_of_those_who_answer(login: Callable[[str], Desk], name: str) -> None:
    wu = login("wu")
    assert wu.post("/desk/api/state", json={"state": "on", "name": name}).status_code == 400
    assert wu.post("/desk/api/state", json={"state": "break", "name": "lin"}).status_code == 200
