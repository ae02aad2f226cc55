"""Whoever asks to be erased is found nowhere any more; others, and what is still needed, are left alone."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from bot.cases import service as cases
from bot.cases.surveys import record_survey
from bot.conversations.inbox import lock
from bot.conversations.models import QUEUED, Conversation
from bot.db import Database, now
from bot.duework import do_due
from bot.notices.handlers import HANDLERS
from bot.rights import command, erasing
from bot.rights.models import Erasure
from bot.schema import metadata
from bot.shipments.models import Party, Shipment, hash_of_phone
from tests.conversations.support import Customer
from tests.rights.people import Person

NOT_PERSONAL = {
    "agents": "people of ours",
    "desk_sessions": "people of ours",
    "channel_keys": "shops, and only hashes of their keys",
    "incidents": "places, not people",
    "provider_queries": "when a waybill was asked for",
    "shipments": "cities, money and times; the people are in `parties`",
    "due_work": "numbers and waybills with a time",
    "wishes": "a photo still to be fetched, gone within hours",
    "pull_cursors": "a platform's page mark",
    "canned_replies": "words of ours",
    "chat_reads": "how far people of ours have read; goes with its conversation",
    "unmaskings": "who of us looked at what, by an id that names nobody",
    "told": "found by its conversation",
    "agent_states": "people of ours",
    "handoff_moves": "who of us had a chat when; goes with its conversation",
    "external_links": "numbers at another desk, and a chat's id until that desk has erased it too",
}
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def anna(database: Database) -> Person:
    return Person(database, "王秘密", "13800007777", "SF7777000000001", now())


@pytest.fixture
def berta(database: Database) -> Person:
    return Person(database, "李无关", "13900006666", "SF6666000000001", now())


def ask(person: Person) -> None:
    with person.database.write() as session:
        erasing.ask(session, person.phone, now())
        session.commit()


def pass_time(database: Database, span: timedelta) -> None:
    do_due(database, {erasing.ERASE: HANDLERS[erasing.ERASE]}, now() + span)


def test_a_person_has_something_in_every_table_that_can_hold_a_persons_data(anna: Person) -> None:
    ask(anna)
    left_out = {table.name for table in metadata.sorted_tables} - set(anna.traces())
    # Rows that belong to one of the above by its id, and are walked with it:
    by_id = {"customer_identities", "customer_consents", "customer_events", "deliveries"}
    assert left_out - by_id <= set(NOT_PERSONAL), left_out


def test_after_an_erasure_nothing_names_the_person_and_another_loses_nothing(anna: Person, berta: Person) -> None:
    before = berta.traces()
    ask(anna)
    pass_time(anna.database, MINUTE)
    assert anna.is_there()  # the last answer is to be read
    pass_time(anna.database, 15 * MINUTE)
    assert anna.traces() == {} and berta.traces() == before
    with anna.database.read() as session:
        (erasure,) = session.query(Erasure)
        assert erasure.phone is None and erasure.finished_at is not None
        case = cases.get(session, anna.number)
        assert (case["category"], case["state"], case["summary"]) == ("damage", "withdrawn", "damage")


def test_an_open_case_and_its_chat_stay_until_it_is_done(anna: Person) -> None:
    number = anna.case(finished=False, category="delay")
    ask(anna)
    pass_time(anna.database, 15 * MINUTE)
    with anna.database.read() as session:
        assert cases.get(session, number)["contact_name"] == anna.mark
        assert cases.get(session, anna.number)["contact_name"] is None
    assert anna.is_there()
    with anna.database.write() as session:
        cases.withdraw(session, number, key="later", now=now())
        session.commit()
    pass_time(anna.database, 2 * DAY)
    assert anna.traces() == {}


def test_a_chat_that_a_person_is_working_on_waits(anna: Person) -> None:
    with anna.database.write() as session:
        lock(session, anna.id).owner = QUEUED
        session.commit()
    ask(anna)
    pass_time(anna.database, 15 * MINUTE)
    assert anna.is_there()
    with anna.database.write() as session:
        session.get(Conversation, anna.id).owner = "closed"
        session.commit()
    pass_time(anna.database, 2 * DAY)
    assert anna.traces() == {}


def test_a_waybill_that_the_law_keeps_stays_and_its_couriers_words_go(anna: Person) -> None:
    with anna.database.write() as session:
        session.get(Shipment, anna.waybill).last_event_at = now() - 30 * DAY
        session.commit()
    ask(anna)
    pass_time(anna.database, 15 * MINUTE)
    assert set(anna.traces()) == {"parties"}


def test_a_parcel_under_way_is_erased_once_it_has_arrived(anna: Person) -> None:
    with anna.database.write() as session:
        session.get(Shipment, anna.waybill).status = "in_transit"
        session.commit()
    ask(anna)
    pass_time(anna.database, 15 * MINUTE)
    assert {"parties", "shipment_events"} <= set(anna.traces())
    with anna.database.write() as session:
        session.get(Shipment, anna.waybill).status = "delivered"
        session.commit()
    pass_time(anna.database, 2 * DAY)
    assert anna.traces() == {}


def test_an_erasure_that_fails_in_the_middle_is_done_again_and_whole(
    anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(anna)
    before = anna.traces()
    with monkeypatch.context() as broken:
        broken.setattr("bot.rights.erasing.conversations.ripe", lambda *_: 1 / 0)
        pass_time(anna.database, MINUTE)
    assert anna.traces() == before
    pass_time(anna.database, DAY)
    assert anna.traces() == {}


def test_the_copy_holds_what_is_theirs_and_nobody_elses(anna: Person, berta: Person, tmp_path) -> None:
    command.export(anna.database, anna.phone, tmp_path / "copy.json")
    text = (tmp_path / "copy.json").read_text(encoding="utf-8")
    copy = json.loads(text)
    assert copy["customer"]["name"] == anna.mark and copy["cases"][0]["number"] == anna.number
    assert copy["parcels"][0]["address"] == f"{anna.mark}路1号" and copy["chats"][0]["files"] == [f"{anna.mark}.png"]
    assert berta.mark not in text and berta.phone not in text
    assert (tmp_path / "copy.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("given", ["", "1234", "138****7777", "没有号码", "13700001111"])
def test_an_operator_who_gives_no_known_phone_hears_it_in_one_sentence(anna: Person, given: str) -> None:
    with pytest.raises(command.BadPhone, match="phone number"):
        command.checked(anna.database, given)
    assert anna.is_there()


def stranger_who_names(phone: str, database: Database) -> tuple[Customer, str]:
    """Somebody else, who gives Anna's phone as the one to call; gives their chat and their finished case."""
    stranger = Customer(database)
    stranger.send("陌生人的秘密")
    with database.write() as session:
        lock(session, stranger.id).waiting_since = None
        opened = cases.open_case(
            session, key=stranger.id, kind="complaint", category="delay", language="zh", description="陌生人的秘密",
            conversation_id=stranger.id, phone=phone, contact_name="赵六", now=now(),
        )  # fmt: skip
        cases.withdraw(session, opened["number"], key=f"{stranger.id}:w", now=now())
        session.commit()
    return stranger, str(opened["number"])


def test_whoever_only_names_a_phone_is_in_nobodys_copy(anna: Person, tmp_path) -> None:
    stranger_who_names(anna.phone, anna.database)
    command.export(anna.database, anna.phone, tmp_path / "copy.json")
    text = (tmp_path / "copy.json").read_text(encoding="utf-8")
    assert anna.mark in text and "赵六" not in text and "陌生人的秘密" not in text


def test_a_case_of_somebody_else_loses_the_phone_and_keeps_its_words(anna: Person) -> None:
    stranger, number = stranger_who_names(anna.phone, anna.database)
    ask(anna)
    pass_time(anna.database, 15 * MINUTE)
    assert anna.traces() == {}
    with anna.database.read() as session:
        case = cases.get(session, number)
        assert (case["description"], case["contact_name"], case["phone"]) == ("陌生人的秘密", "赵六", None)
        assert session.get(Conversation, stranger.id) is not None


def test_who_sends_to_themselves_is_erased_as_sender_and_as_receiver(anna: Person) -> None:
    with anna.database.write() as session:
        hashed = hash_of_phone(anna.phone)
        session.add(Party(waybill=anna.waybill, role="sender", name=anna.mark, phone=anna.phone, phone_hash=hashed))
        session.commit()
    ask(anna)
    pass_time(anna.database, 15 * MINUTE)
    assert anna.traces() == {}


def test_a_survey_of_a_chat_without_a_case_loses_its_words(anna: Person) -> None:
    with anna.database.write() as session:
        record_survey(session, key="s", scores={"speed": 1}, conversation_id=anna.id, comment=anna.mark)
        session.commit()
    ask(anna)
    pass_time(anna.database, 15 * MINUTE)
    assert anna.traces() == {}
