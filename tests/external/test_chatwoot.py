"""A chat that is passed on to Chatwoot: what its agents are told, once and in order, whatever fails on the way."""

from __future__ import annotations

import asyncio

from bot.conversations import ownership
from bot.conversations.inbox import lock
from bot.external.relay import Relay
from tests.conversations.support import Customer, answer_all
from tests.external.support import link_of, make_due, send_photo, work_off, write
from tests.support.images import png
from tests.support.provider import status


def test_a_handoff_makes_a_contact_a_conversation_and_a_private_note_once(chatwoot, desk, database, customer) -> None:
    for _ in range(2):
        work_off(database, desk)
    assert list(chatwoot.contacts) == [customer.id] and list(chatwoot.conversations) == [12]
    (note,) = chatwoot.notes()
    assert "人工" in note and customer.id in note and chatwoot.incoming() == []


def test_the_note_stars_phones_and_keeps_what_the_agent_works_with(chatwoot, desk, database) -> None:
    customer = Customer(database)
    packet = {
        "summary": "包裹破了，电话13812345678", "tried": ["track_shipment", "complain_other"],
        "slots": {"complaint_phone": "13812345678", "complaint_name": "王小明"},
        "shipments": [{"waybill": "SF1234567890123", "status": "delivered", "headline": "已签收"}],
        "verified": [{"waybill": "SF1234567890123", "role": "receiver"}],
    }  # fmt: skip
    with database.write() as session:
        ownership.request_handoff(session, lock(session, customer.id), "customer_asked", packet)
        session.commit()
    work_off(database, desk)
    (note,) = chatwoot.notes()
    assert "SF1234567890123 · 已签收" in note and "查快递到哪了、投诉其他问题" in note and "客户要求人工" in note
    assert "13812345678" not in note and "13*******78" in note and "王小明" not in note


def test_words_while_waiting_and_with_an_agent_go_out_in_order(chatwoot, desk, database, customer, hook) -> None:
    write(customer, "在吗", "等了很久")
    work_off(database, desk)
    chatwoot.post(hook, chatwoot.reply("您好"))
    write(customer, "终于来了")
    work_off(database, desk)
    assert chatwoot.incoming() == ["在吗", "等了很久", "终于来了"]


def test_words_written_while_chatwoot_was_not_told_yet_are_not_missed(chatwoot, desk, database) -> None:
    customer = Customer(database)
    customer.send("转人工")
    customer.send("第二句")  # before the turn of the first is over
    write(customer, "第三句")
    work_off(database, desk)
    assert chatwoot.incoming() == ["第二句", "第三句"]


def test_a_photo_goes_out_with_its_content(chatwoot, desk, database, customer) -> None:
    send_photo(database, customer)
    work_off(database, desk)
    (message,) = [each for each in chatwoot.conversations[12]["messages"] if each["message_type"] == 0]
    assert png(4, 4) in message["attachment"]


def test_what_is_said_to_the_bot_before_and_after_is_not_sent(chatwoot, desk, database, hook) -> None:
    customer = Customer(database)
    write(customer, "查快递", "转人工")
    work_off(database, desk)
    chatwoot.post(hook, chatwoot.status_changed())
    write(customer, "谢谢")
    work_off(database, desk)
    assert chatwoot.incoming() == []


def test_each_handoff_has_a_conversation_of_its_own_and_only_its_own_words(chatwoot, desk, database, customer, hook):
    write(customer, "第一次")
    work_off(database, desk)
    chatwoot.post(hook, chatwoot.status_changed())
    write(customer, "再转人工", "第二次")
    work_off(database, desk)
    assert chatwoot.incoming(12) == ["第一次"] and chatwoot.incoming(13) == ["第二次"]
    assert list(chatwoot.contacts) == [customer.id]


def test_words_of_the_next_handoff_do_not_go_where_the_end_could_not_be_told(
    chatwoot, desk, database, customer
) -> None:
    work_off(database, desk)
    chatwoot.fail = lambda path: status(429, Retry_After="30") if path.endswith("/12/messages") else None
    customer.send(choice=customer.choice("不等了，继续问驿答"))
    answer_all(database)
    write(customer, "再转人工", "第二次")
    work_off(database, desk)
    chatwoot.fail = lambda path: None
    make_due(database)
    work_off(database, desk)
    assert chatwoot.incoming(12) == [] and chatwoot.incoming(13) == ["第二次"]
    assert chatwoot.conversations[12]["status"] == "resolved"


def test_a_customer_who_stops_waiting_ends_it_there_with_a_note(chatwoot, desk, database, customer) -> None:
    work_off(database, desk)
    customer.send(choice=customer.choice("不等了，继续问驿答"))
    answer_all(database)
    work_off(database, desk)
    assert chatwoot.conversations[12]["status"] == "resolved" and "客户取消等待" in chatwoot.notes()[-1]
    assert not link_of(database).is_open


def test_an_agent_of_our_own_desk_takes_the_chat_and_chatwoot_is_told(chatwoot, desk, database, customer) -> None:
    work_off(database, desk)
    with database.write() as session:
        ownership.claim(session, customer.id, "小陈")
        session.commit()
    work_off(database, desk)
    write(customer, "你好小陈")
    work_off(database, desk)
    assert "小陈" in chatwoot.notes()[-1] and chatwoot.incoming() == ["你好小陈"]


def test_the_crew_is_woken_by_a_handoff_and_stops_when_told(chatwoot, desk, database) -> None:
    customer = Customer(database)
    customer.send("转人工")

    async def run() -> None:
        stopped = asyncio.Event()
        running = asyncio.create_task(Relay(database, desk).run(stopped))
        await asyncio.to_thread(answer_all, database)
        for _ in range(100):
            if chatwoot.conversations and chatwoot.notes():
                break
            await asyncio.sleep(0.05)
        stopped.set()
        await asyncio.wait_for(running, 5)

    asyncio.run(run())
    assert len(chatwoot.notes()) == 1
