"""Files of Chatwoot's agents reach the customer once, or their agent hears that not; nothing else is fetched."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.conversations import ownership
from bot.conversations.inbox import read_file
from bot.conversations.models import Conversation, Handoff, StoredFile
from bot.conversations.outbox import push_from_now_on
from bot.db import Database, now
from bot.external.chatwoot import Chatwoot
from bot.external.relay import Relay
from tests.conversations.support import Customer
from tests.external.support import BLOBS, erase_chat, link_of, make_due, work_off, write
from tests.support.images import png
from tests.support.provider import FAULTS, SLOW

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
PHOTO = png(4, 4)


@pytest.fixture
def customer(customer: Customer, desk: Chatwoot, database: Database) -> Customer:
    """Someone who waits for a person and whom Chatwoot knows of as conversation 12."""
    work_off(database, desk)
    return customer


def has_got(customer: Customer) -> list[tuple[str, str, bytes]]:
    """Files of agents, by who sent them, their name and what can be read of them."""
    shown = [(each["agent"], each["file"]) for each in customer.sees() if each["from"] == "agent" and "file" in each]
    with customer.database.read() as session:
        return [(who, it["name"], read_file(session, customer.id, it["id"]).content) for who, it in shown]


def move_to(database: Database, channel: str) -> None:
    """As if the customer had written from this channel."""
    with database.write() as session:
        chat = session.query(Conversation).one()
        chat.channel = channel
        push_from_now_on(session, chat)
        session.commit()


def is_told_that_it_was_not_sent(chatwoot: Any) -> bool:
    return "没有发给客户" in chatwoot.notes()[-1]


@pytest.mark.parametrize(("name", "content"), [("面单 1.png", PHOTO), ("理赔表.pdf", PDF)])
def test_an_agents_file_reaches_the_customer_once_after_the_words(
    chatwoot, customer, hook, database, desk, name, content
) -> None:
    event = chatwoot.reply_with_file(name, content)
    for _ in range(2):
        assert chatwoot.post(hook, {**event, "content": "请看"}) == 200
    work_off(database, desk)
    assert has_got(customer) == [("小周", name, content)]
    assert [each["text"] for each in customer.sees() if each["from"] == "agent"] == ["请看", ""]


def test_a_file_without_words_takes_the_chat_and_several_come_in_their_order(
    chatwoot, customer, hook, database, desk
) -> None:
    for message in (901, 902):
        chatwoot.post(hook, chatwoot.reply_with_file(f"{message}.png", PHOTO, message))
    work_off(database, desk)
    assert [name for _, name, _ in has_got(customer)] == ["901.png", "902.png"]


def test_chatwoot_itself_is_asked_without_a_key_whatever_address_is_named(
    chatwoot, customer, hook, database, desk
) -> None:
    chatwoot.post(hook, chatwoot.reply_with_file("图.png", PHOTO))
    work_off(database, desk)
    (asked,) = [each for each in chatwoot.api.asked if "active_storage" in each["path"]]
    assert asked["path"].startswith("/rails/active_storage/blobs/proxy/") and "api_access_token" not in asked["headers"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # nothing of a database in it
@pytest.mark.parametrize("url", [
    "https://bucket.example/uploads/1.png", "http://127.0.0.1:5432/", "file:///etc/passwd", "http://[", "", None, 5,
    f"{BLOBS}/redirect/../../../api/v1/accounts/3/x", f"{BLOBS}/redirect/eyJ/a/b", f"{BLOBS}/eyJ%2F..%2F/",
    "https://desk.example/rails/active_storage/representations/redirect/eyJ/eyK/1.png",
])  # fmt: skip
def test_what_is_no_file_of_chatwoots_is_not_asked_for(chatwoot, customer, hook, database, desk, url) -> None:
    chatwoot.post(hook, chatwoot.reply("看图", attachments=[{"id": 1, "file_type": "image", "data_url": url}]))
    before = len(chatwoot.api.asked)
    work_off(database, desk)
    asked = [each["path"] for each in chatwoot.api.asked[before:]]
    assert len(asked) == 1 and asked[0].endswith("/12/messages")  # the note
    assert has_got(customer) == [] and is_told_that_it_was_not_sent(chatwoot)


def test_a_file_that_is_not_there_yet_is_fetched_later(chatwoot, customer, hook, database, desk) -> None:
    event = chatwoot.reply_with_file("图.png", None)
    chatwoot.post(hook, event)
    work_off(database, desk)
    assert has_got(customer) == []
    chatwoot.reply_with_file("图.png", PHOTO)
    make_due(database)
    work_off(database, desk)
    assert len(has_got(customer)) == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # nothing of a database in it
@pytest.mark.parametrize("content", [b"<html>not a picture</html>", b"MZ program", b"", b"\x89PNG" * 3_200_000])
def test_what_is_no_photo_or_pdf_or_too_large_is_not_kept(chatwoot, customer, hook, database, desk, content) -> None:
    chatwoot.post(hook, chatwoot.reply_with_file("图.png", content))
    for _ in range(8):
        work_off(database, desk)
        make_due(database)
    assert has_got(customer) == [] and is_told_that_it_was_not_sent(chatwoot)
    with database.read() as session:
        assert session.query(StoredFile).count() == 0


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # nothing of a database in it
@pytest.mark.parametrize(("channel", "name", "content", "arrives"), [
    ("telegram", "图.png", PHOTO, True), ("telegram", "表.pdf", PDF, False), ("line", "图.png", PHOTO, False),
    ("wecom", "图.png", PHOTO + b"\0" * 2_200_000, False), ("rest", "图.png", PHOTO, False),
])  # fmt: skip
def test_only_what_the_customers_channel_can_show_is_sent(
    chatwoot, customer, hook, database, desk, channel, name, content, arrives
) -> None:
    move_to(database, channel)
    chatwoot.post(hook, chatwoot.reply_with_file(name, content))
    work_off(database, desk)
    assert bool(has_got(customer)) is arrives
    assert arrives or is_told_that_it_was_not_sent(chatwoot)
    with database.read() as session:
        assert session.query(StoredFile).count() == arrives


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # nothing of a database in it
@pytest.mark.parametrize("fault", sorted(FAULTS.keys() - SLOW))
def test_whatever_chatwoot_answers_a_file_arrives_once_or_is_not_kept(
    chatwoot, customer, hook, database, desk, fault
) -> None:
    chatwoot.fail = lambda path: FAULTS[fault] if "active_storage" in path else None
    chatwoot.post(hook, chatwoot.reply_with_file("图.png", PHOTO))
    work_off(database, desk)
    chatwoot.fail = lambda path: None
    make_due(database)
    work_off(database, desk)
    assert len(has_got(customer)) == 1 or (has_got(customer) == [] and is_told_that_it_was_not_sent(chatwoot))


def test_a_file_that_is_never_to_be_had_does_not_hold_up_the_chat_for_good(
    chatwoot, customer, hook, database, desk
) -> None:
    chatwoot.post(hook, chatwoot.reply_with_file("图.png", None))
    write(customer, "好的")
    for _ in range(8):
        work_off(database, desk)
        make_due(database)
    assert chatwoot.incoming() == ["好的"] and is_told_that_it_was_not_sent(chatwoot)
    assert link_of(database).files is None


def test_a_worker_killed_after_it_fetched_a_file_sends_it_once(chatwoot, customer, hook, database, desk) -> None:
    chatwoot.post(hook, chatwoot.reply_with_file("图.png", PHOTO))
    relay = Relay(database, desk)
    desk.tell(relay.claim())  # … and here the worker dies
    make_due(database)
    work_off(database, desk)
    assert len(has_got(customer)) == 1


def test_a_file_of_an_agent_who_no_longer_has_the_chat_is_not_sent(chatwoot, customer, hook, database, desk) -> None:
    chatwoot.post(hook, chatwoot.reply_with_file("图.png", PHOTO))
    with database.write() as session:
        ownership.take_over(session, customer.id, "小陈")
        session.commit()
    work_off(database, desk)
    assert has_got(customer) == [] and any("没有发给客户" in note for note in chatwoot.notes())


@pytest.mark.parametrize(("ago", "arrives"), [(timedelta(0), True), (timedelta(minutes=10), False)])
def test_a_file_that_is_overtaken_by_the_end_arrives_and_one_that_comes_later_does_not(
    chatwoot, customer, hook, database, desk, ago, arrives
) -> None:
    chatwoot.post(hook, chatwoot.reply_with_file("图.png", PHOTO))
    chatwoot.post(hook, chatwoot.status_changed())
    with database.write() as session:
        session.query(Handoff).one().ended_at = now() - ago
        session.commit()
    work_off(database, desk)
    assert bool(has_got(customer)) is arrives and (arrives or is_told_that_it_was_not_sent(chatwoot))
    assert not link_of(database).is_open


def test_a_chat_that_is_erased_while_its_file_is_fetched_leaves_nothing(
    chatwoot, customer, hook, database, desk
) -> None:
    chatwoot.post(hook, chatwoot.reply_with_file("图.png", PHOTO))
    relay = Relay(database, desk)
    task = relay.claim()
    erase_chat(customer)
    relay.tell(task)
    work_off(database, desk)
    with database.read() as session:
        assert session.query(StoredFile).count() == 0 and link_of(database) is None
