"""What is older than catalog/retention.yml allows goes by itself; what is younger or still needed stays."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.cases import service as cases
from bot.cases.models import Case
from bot.cases.surveys import record_survey
from bot.conversations.models import Conversation
from bot.db import Database, now
from bot.duework import do_due, plan
from bot.notices.handlers import HANDLERS, RECURRING
from bot.rights import retention
from bot.shipments.models import Party, Shipment
from tests.rights.people import Person

DAY = timedelta(days=1)


@pytest.fixture
def anna(database: Database) -> Person:
    return Person(database, "王秘密", "13800007777", "SF7777000000001", now())


def sweep_after(database: Database, span: timedelta) -> None:
    with database.write() as session:
        plan(session, retention.SWEEP, "", now() + span)
        session.commit()
    do_due(database, {retention.SWEEP: HANDLERS[retention.SWEEP]}, now() + span)


def test_the_sweep_comes_every_day_by_itself() -> None:
    assert retention.SWEEP in RECURRING


def test_each_kind_goes_after_its_own_time(anna: Person, database: Database) -> None:
    def left() -> set[str]:
        return set(anna.traces())

    sweep_after(database, timedelta())
    assert "parties" not in left() and "shipment_events" not in left()  # ended 400 days ago
    assert {"messages", "files", "rasa_events", "cases"} <= left()
    sweep_after(database, 181 * DAY)
    assert not left() & {"messages", "files", "rasa_events", "conversations", "handoffs", "operations"}
    assert "cases" in left()
    sweep_after(database, 1096 * DAY)
    assert not left() & {"cases", "case_events", "findings", "surveys"}
    with database.read() as session:
        assert session.query(Case).count() == 1 and session.query(Party).count() == 1  # as figures


def test_a_chat_with_an_open_case_outlives_its_time(anna: Person, database: Database) -> None:
    number = anna.case(finished=False, category="delay")
    sweep_after(database, 2000 * DAY)
    assert anna.is_there()
    with database.read() as session:
        assert session.query(Case).filter_by(number=number).one().contact_name == anna.mark


def test_more_than_a_batch_goes_in_one_night_a_batch_at_a_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    people = [Person(database, f"某人{n}号", f"1370000{n:04d}", f"SF555500000000{n}", now()) for n in range(7)]
    sweep_after(database, 181 * DAY)
    assert [person.is_there() for person in people] == [False] * 7


def test_in_the_end_nothing_is_left_of_anybody(anna: Person, database: Database) -> None:
    with database.write() as session:
        record_survey(session, key="s", scores={"speed": 1}, conversation_id=anna.id, comment=anna.mark)
        session.commit()
    sweep_after(database, timedelta())
    sweep_after(database, 3000 * DAY)
    assert anna.traces() == {}


def test_a_chat_that_cannot_go_yet_holds_up_no_other(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    people = [Person(database, f"某人{n}号", f"1370000{n:04d}", f"SF555500000000{n}", now()) for n in range(7)]
    with database.write() as session:
        session.get(Conversation, people[0].id).waiting_since = now()
        session.commit()
    sweep_after(database, 181 * DAY)
    assert [person.is_there() for person in people] == [True] + [False] * 6


def test_a_case_without_a_name_goes_too(anna: Person, database: Database) -> None:
    with database.write() as session:
        told = {"kind": "complaint", "category": "delay", "language": "zh", "description": anna.mark}
        opened = cases.open_case(session, key="n", waybill=anna.waybill, now=now(), **told)
        cases.withdraw(session, opened["number"], key="w", now=now())
        session.commit()
    sweep_after(database, 1096 * DAY)
    assert "cases" not in anna.traces()


@pytest.mark.parametrize("status", ["exception", "in_transit"])
def test_a_parcel_that_never_arrived_is_not_kept_for_ever(anna: Person, database: Database, status: str) -> None:
    with database.write() as session:
        session.get(Shipment, anna.waybill).status = status
        session.commit()
    sweep_after(database, timedelta())
    assert not {"parties", "shipment_events"} & set(anna.traces())


def test_couriers_words_go_where_no_party_is_known(anna: Person, database: Database) -> None:
    with database.write() as session:
        session.query(Party).delete()
        session.commit()
    sweep_after(database, timedelta())
    assert "shipment_events" not in anna.traces()
