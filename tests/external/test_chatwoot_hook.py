"""What Chatwoot's agents do reaches the customer once; what is not theirs, or not signed, changes nothing."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from bot.app import create_app
from bot.conversations import ownership, views
from bot.conversations.errors import Conflict
from bot.conversations.models import Conversation, Handoff, Message
from bot.conversations.text import MAX_STORED
from bot.db import Database, now
from bot.desk import presence
from bot.desk.accounts import add_agent
from bot.external.chatwoot import FRESH_S, OPEN, Chatwoot
from bot.external.chosen import configured
from bot.external.relay import Relay
from bot.settings import settings
from tests.channels.test_platforms import paths, replaced
from tests.conversations.support import Customer, answer_all
from tests.desk.conftest import PASSWORD
from tests.desk.test_routing import sweep
from tests.external.support import make_due, owner, signed, work_off, write


@pytest.fixture
def customer(customer: Customer, desk: Chatwoot, database: Database) -> Customer:
    """Someone who waits for a person and whom Chatwoot knows of as conversation 12."""
    work_off(database, desk)
    return customer


def by_agents(customer: Customer) -> list[tuple[str, str]]:
    return [(each["agent"], each["text"]) for each in customer.sees() if each["from"] == "agent"]


def outcome(database: Database) -> str | None:
    with database.read() as session:
        return session.query(Handoff).order_by(Handoff.id.desc()).first().outcome


def end_ago(database: Database, **ago: float) -> None:
    with database.write() as session:
        session.query(Handoff).one().ended_at = now() - timedelta(**ago)
        session.commit()


def claim_here(database: Database, customer: Customer, agent: str) -> None:
    with database.write() as session:
        ownership.claim(session, customer.id, agent)
        session.commit()


# Agents at work


def test_the_first_words_take_the_chat_for_their_agent(chatwoot, customer, hook, database) -> None:
    assert chatwoot.post(hook, chatwoot.reply("您好，我来帮您看。")) == 200
    assert owner(database) == ("agent", "小周")
    assert customer.hears()[-2:] == ["客服 小周 已接入，您前面说的内容都能看到，不用重复。", "您好，我来帮您看。"]


def test_a_colleague_who_writes_there_takes_the_chat_over(chatwoot, customer, hook, database) -> None:
    chatwoot.post(hook, chatwoot.reply("您好", 900))
    chatwoot.post(hook, chatwoot.reply("我接着帮您", 901, "老李"))
    assert owner(database) == ("agent", "老李")
    assert by_agents(customer) == [("小周", "您好"), ("老李", "我接着帮您")]


def test_resolved_there_is_back_with_the_bot(chatwoot, customer, hook, database, desk) -> None:
    chatwoot.post(hook, chatwoot.reply("办好了"))
    assert chatwoot.post(hook, chatwoot.status_changed()) == 200
    assert owner(database) == ("bot", None) and outcome(database) == "resolved"
    assert "客服已把对话交回给我" in customer.hears()[-1]
    customer.send("我的快递呢")
    answer_all(database)
    assert customer.hears()[-1] == "您说：我的快递呢"
    work_off(database, desk)
    assert chatwoot.asked("/toggle_status") == 0  # it knows


def test_resolved_without_a_word_is_back_with_the_bot_too(chatwoot, customer, hook, database) -> None:
    assert chatwoot.post(hook, chatwoot.status_changed()) == 200
    assert owner(database) == ("bot", None) and outcome(database) == "resolved"


def test_opened_pending_and_snoozed_change_nothing(chatwoot, customer, hook, database) -> None:
    for status in ("open", "pending", "snoozed"):
        assert chatwoot.post(hook, chatwoot.status_changed(status)) == 200
    assert owner(database) == ("queued", None)


def test_a_chat_that_our_own_agent_has_is_not_talked_into_and_its_agent_hears_why(
    chatwoot, customer, hook, database, desk
) -> None:
    claim_here(database, customer, "小陈")
    assert chatwoot.post(hook, chatwoot.reply("您好")) == 200
    chatwoot.post(hook, chatwoot.status_changed())
    assert owner(database) == ("agent", "小陈") and by_agents(customer) == []
    work_off(database, desk)
    assert any("没有发给客户" in note and "小陈" in note for note in chatwoot.notes())


def test_a_namesake_at_our_own_desk_is_somebody_else(chatwoot, customer, hook, database, desk) -> None:
    claim_here(database, customer, "小周")
    work_off(database, desk)
    chatwoot.post(hook, chatwoot.reply("您好"))
    assert by_agents(customer) == []


def test_who_has_the_same_name_here_neither_has_the_chat_nor_loses_it_for_them(
    chatwoot, customer, hook, database
) -> None:
    with database.write() as session:
        add_agent(session, "小周", PASSWORD)
        presence.seen(session, "小周")
        session.commit()
    chatwoot.post(hook, chatwoot.reply("您好"))
    sweep(database, now() + presence.gone_after() + timedelta(seconds=1))
    assert owner(database) == ("agent", "小周")
    with database.write() as session:
        for act in (ownership.reply, ownership.close):
            with pytest.raises(Conflict):
                act(session, customer.id, "小周", "好")
        with pytest.raises(Conflict):
            ownership.claim(session, customer.id, "小周")
        assert [chat["agent"] for chat in views.queue(session)] == ["小周 (chatwoot)"]
        assert presence.colleagues(session)[0].load == 0


def test_an_agent_there_who_leaves_the_customer_without_a_word_loses_the_chat(
    chatwoot, customer, hook, database, desk
) -> None:
    chatwoot.post(hook, chatwoot.reply("您好"))
    customer.send("在吗")
    sweep(database, now() + timedelta(minutes=6))
    assert owner(database) == ("queued", None)
    claim_here(database, customer, "小周")
    work_off(database, desk)
    assert "已由 小周 在驿答座席接入" in chatwoot.notes()[-1]
    chatwoot.post(hook, chatwoot.reply("来了", 901))
    assert by_agents(customer) == [("小周", "您好")]


def test_words_after_the_end_do_not_reach_the_customer_and_their_agent_hears_it(
    chatwoot, customer, hook, database, desk
) -> None:
    chatwoot.post(hook, chatwoot.reply("好了", 900))
    chatwoot.post(hook, chatwoot.status_changed())
    end_ago(database, minutes=10)
    chatwoot.post(hook, chatwoot.reply("还有一件事", 901))
    assert by_agents(customer) == [("小周", "好了")] and owner(database) == ("bot", None)
    work_off(database, desk)
    assert "没有发给客户" in chatwoot.notes()[-1]


def test_words_a_day_after_the_end_are_answered_by_a_note_too(chatwoot, customer, hook, database, desk) -> None:
    chatwoot.post(hook, chatwoot.status_changed())
    work_off(database, desk)
    end_ago(database, hours=25)
    chatwoot.post(hook, chatwoot.reply("还有一件事"))
    work_off(database, desk)
    assert "没有发给客户" in chatwoot.notes()[-1] and work_off(database, desk) == 0


def test_words_of_the_customers_that_come_after_the_end_leave_it_resolved(
    chatwoot, customer, hook, database, desk
) -> None:
    chatwoot.post(hook, chatwoot.reply("您好"))
    write(customer, "还在吗")
    chatwoot.conversations[12]["status"] = "resolved"
    chatwoot.post(hook, chatwoot.status_changed())
    work_off(database, desk)
    assert chatwoot.incoming() == ["还在吗"] and chatwoot.conversations[12]["status"] == "resolved"


def test_last_words_that_were_overtaken_by_the_end_arrive(chatwoot, customer, hook, database) -> None:
    chatwoot.post(hook, chatwoot.status_changed())
    chatwoot.post(hook, chatwoot.reply("已为您登记，再见"))
    assert by_agents(customer) == [("小周", "已为您登记，再见")] and owner(database) == ("bot", None)


def test_words_longer_than_one_message_of_ours_come_in_several(chatwoot, customer, hook) -> None:
    chatwoot.post(hook, chatwoot.reply("长" * (MAX_STORED + 10)))
    assert [len(text) for _, text in by_agents(customer)] == [MAX_STORED, 10]


def test_a_name_of_any_length_and_kind_is_no_fault(chatwoot, customer, hook, database) -> None:
    chatwoot.post(hook, chatwoot.reply("您好", agent="名\x00" * 200))
    assert owner(database) == ("agent", "名" * 60)


# Once


def test_a_webhook_that_comes_ten_times_at_once_has_one_effect(chatwoot, customer, hook) -> None:
    event = chatwoot.reply("您好")
    with ThreadPoolExecutor(10) as pool:
        answers = set(pool.map(lambda _: chatwoot.post(hook, event, delivery="d-1"), range(10)))
    assert answers == {200} and by_agents(customer) == [("小周", "您好")]


def test_a_message_that_is_changed_or_delivered_again_is_one(chatwoot, customer, hook) -> None:
    for event in ("message_created", "message_created", "message_updated"):
        chatwoot.post(hook, chatwoot.reply("您好", event=event))
    assert by_agents(customer) == [("小周", "您好")]


def test_a_message_whose_webhook_failed_arrives_when_its_agent_presses_retry(chatwoot, customer, hook) -> None:
    again = chatwoot.reply("您好", event="message_updated")
    assert chatwoot.post(hook, {**again, "status": "failed"}) == 200
    assert by_agents(customer) == []
    assert chatwoot.post(hook, {**again, "status": "sent"}) == 200
    assert by_agents(customer) == [("小周", "您好")]


def test_who_tidies_up_old_messages_gets_no_note_and_who_retries_one_too_late_does(
    chatwoot, customer, hook, database, desk
) -> None:
    chatwoot.post(hook, chatwoot.status_changed())
    work_off(database, desk)
    notes = len(chatwoot.notes())
    deleted = {"content_attributes": {"deleted": True}, "event": "message_updated"}
    for message, ago, changed in ((901, 1, deleted), (902, 30, {"event": "message_updated"})):
        end_ago(database, hours=ago)
        assert chatwoot.post(hook, chatwoot.reply("此消息已删除", message, **changed)) == 200
    work_off(database, desk)
    assert len(chatwoot.notes()) == notes
    end_ago(database, hours=1)
    chatwoot.post(hook, chatwoot.reply("您好", 903, event="message_updated"))
    work_off(database, desk)
    assert "没有发给客户" in chatwoot.notes()[-1]


def test_an_end_that_is_repeated_later_does_not_end_the_next_handoff(chatwoot, customer, hook, database, desk) -> None:
    for _ in range(2):
        chatwoot.post(hook, chatwoot.status_changed(), delivery="d-9")
        if owner(database)[0] == "bot":
            customer.send("再转人工")
            answer_all(database)
            work_off(database, desk)
    assert owner(database) == ("queued", None)


def test_messages_in_the_wrong_order_each_arrive_once(chatwoot, customer, hook) -> None:
    for message in (903, 901, 902, 901):
        chatwoot.post(hook, chatwoot.reply(f"第{message}条", message))
    assert [text for _, text in by_agents(customer)] == ["第903条", "第901条", "第902条"]


def test_without_a_delivery_id_a_repetition_is_known_by_what_it_says(chatwoot, customer, hook) -> None:
    for _ in range(2):
        assert chatwoot.post(hook, chatwoot.reply("您好"), X_Chatwoot_Delivery="") == 200
    assert by_agents(customer) == [("小周", "您好")]


def test_words_to_a_conversation_whose_number_was_not_noted_yet_are_not_lost(
    chatwoot, hook, database, desk
) -> None:
    customer = Customer(database)
    customer.send("转人工")
    answer_all(database)
    task = Relay(database, desk).claim()
    assert task is not None and task.what == OPEN
    desk.tell(task)  # … and here the worker dies
    chatwoot.post(hook, chatwoot.reply("您好"))
    assert by_agents(customer) == [("小周", "您好")]
    make_due(database)
    work_off(database, desk)
    assert list(chatwoot.conversations) == [12] and len(chatwoot.notes()) == 1


def test_late_words_of_the_last_handoff_do_not_take_the_next_one(chatwoot, customer, hook, database, desk) -> None:
    chatwoot.post(hook, chatwoot.status_changed())
    end_ago(database, minutes=10)
    customer.send("再转人工")
    answer_all(database)
    assert Relay(database, desk).claim().what == OPEN  # its conversation is not made yet
    chatwoot.post(hook, chatwoot.reply("还有一件事"))
    assert owner(database) == ("queued", None) and by_agents(customer) == []


def test_webhooks_and_workers_at_once_do_not_hold_each_other_up(chatwoot, customer, hook, database, desk) -> None:
    for round_number in range(4):
        newest = max(chatwoot.conversations)
        ended = [chatwoot.status_changed(conversation=newest) for _ in range(3)]
        with ThreadPoolExecutor(8) as pool:
            answers = [pool.submit(chatwoot.post, hook, event) for event in ended]
            customer.send("再转人工")
            workers = [pool.submit(work_off, database, desk) for _ in range(2)]
            turns = [pool.submit(answer_all, database)]
            late = [pool.submit(chatwoot.post, hook, chatwoot.reply("再见", 1000 + round_number)) for _ in range(2)]
        assert {each.result() for each in (*answers, *late)} == {200}
        assert all(each.result() is not None for each in (*workers, *turns))
        customer.send("再转人工")
        answer_all(database)
        work_off(database, desk)


# What is not an agent's


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # nothing of a database in it
@pytest.mark.parametrize("changed", [
    {"message_type": "incoming"}, {"message_type": 0}, {"message_type": "activity"}, {"message_type": "template"},
    {"private": True}, {"sender": None}, {"sender": {"id": 1, "name": "规则", "type": "agent_bot"}},
    {"sender": {"id": 1, "name": "客户", "type": "contact"}}, {"account": {"id": 4}},
    {"event": "conversation_created"}, {"content": " \n"}, {"content": None},
])  # fmt: skip
def test_echoes_notes_rules_bots_and_empty_messages_reach_nobody(chatwoot, customer, hook, database, changed) -> None:
    before = customer.hears()
    assert chatwoot.post(hook, {**chatwoot.reply("您好"), **changed}) == 200
    assert customer.hears() == before and owner(database) == ("queued", None)


def test_conversations_that_are_not_ours_are_acknowledged_and_ignored(chatwoot, customer, hook, database) -> None:
    elsewhere = {"id": 77, "contact_inbox": {"source_id": "somebody"}}
    assert chatwoot.post(hook, chatwoot.reply("您好", conversation=elsewhere)) == 200
    assert chatwoot.post(hook, chatwoot.status_changed(conversation=77)) == 200
    assert owner(database) == ("queued", None)


# Forged and malformed


def test_a_forged_webhook_is_refused_and_changes_nothing(chatwoot, customer, hook, database) -> None:
    event = chatwoot.reply("您好")
    other_body = chatwoot.status_changed()
    for forged in ("", "sha256=", "sha256=" + "0" * 64, "0" * 64, "sha1=abc", "\xff"):
        assert chatwoot.post(hook, event, X_Chatwoot_Signature=forged) == 401
    for stamp in ("", "x", "0", str(int(time.time()) - 1)):
        assert chatwoot.post(hook, other_body, X_Chatwoot_Timestamp=stamp) == 401
    assert owner(database) == ("queued", None)


@pytest.mark.parametrize("seconds", [-FRESH_S - 5, FRESH_S + 5, -86_400])
def test_an_old_or_future_webhook_is_refused_however_well_signed(chatwoot, customer, hook, database, seconds) -> None:
    assert chatwoot.post(hook, chatwoot.reply("您好"), at=time.time() + seconds) == 401
    assert chatwoot.post(hook, chatwoot.reply("您好"), at=time.time() - FRESH_S + 30) == 200


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # nothing of a database in it
@pytest.mark.parametrize("body", [
    b"", b"\xff\xfe{", b"[1, 2]", b"[" * 100_000, b'"text"', b"null", b"{}", b"\x00", '{"event": "x"}'.encode("utf-16"),
    b'{"event": 5}', b'{"event": "message_created"}', b'{"event": "conversation_status_changed", "id": "x"}',
    '{"event": "message_created", "content": "您好"}'.encode("gbk"),
])  # fmt: skip
def test_a_signed_body_that_is_no_event_is_one_clear_400(chatwoot, customer, hook, database, body) -> None:
    assert chatwoot.post(hook, body) == 400
    assert owner(database) == ("queued", None)


def test_what_a_400_says_is_a_sentence(chatwoot, customer, hook) -> None:
    refused = hook.post("/hooks/chatwoot", content=b"{}", headers=signed(b"{}"))
    assert refused.json() == {"error": "事件缺少约定的字段，没能处理。", "code": "bad_event"}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # nothing of a database in it
def test_a_webhook_of_more_than_a_megabyte_is_refused(chatwoot, customer, hook) -> None:
    assert chatwoot.post(hook, b"x" * 1_200_000) == 413


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # nothing of a database in it
@pytest.mark.parametrize("wrong", [None, 5, [], {}, "x" * 400, True, -1, 10**30])
def test_fields_of_another_kind_than_documented_are_no_fault(chatwoot, customer, hook, wrong) -> None:
    for make in (chatwoot.reply("您好"), chatwoot.status_changed()):
        for path in paths(make):
            assert chatwoot.post(hook, replaced(make, path, wrong)) in (200, 400), path


def test_no_secret_and_no_words_are_logged(chatwoot, customer, hook, database, desk, caplog: Any) -> None:
    chatwoot.post(hook, chatwoot.reply("这是秘密"), X_Chatwoot_Signature="sha256=x")
    chatwoot.post(hook, chatwoot.reply("这是秘密"))
    work_off(database, desk)
    assert "秘密" not in caplog.text and "made-up-secret" not in caplog.text and "agents-token" not in caplog.text


def test_without_being_named_there_is_no_address_and_nothing_is_told(database: Database) -> None:
    with TestClient(create_app(database, settings(), lambda: True)) as client:
        assert client.post("/hooks/chatwoot", content=b"{}").status_code == 404
    assert configured(settings()) == []
    with database.read() as session:
        assert session.query(Conversation).count() == 0 == session.query(Message).count()
