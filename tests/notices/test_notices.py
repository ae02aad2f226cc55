"""What is told before anybody asks: key nodes once, quiet at night, and what became of requests."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from bot.customers import subscriptions
from bot.db import Database
from bot.duework import do_due
from bot.notices import parcels
from bot.notices.handlers import HANDLERS
from bot.shipments import requests
from bot.shipments.models import Shipment, fingerprint
from bot.shipments.store import write_events
from tests.conversations.support import Customer

SF = "SF1409283746510"
NOON = datetime(2026, 11, 27, 4, 0, tzinfo=timezone.utc)  # 12:00 in Shanghai
NIGHT = datetime(2026, 11, 27, 15, 30, tzinfo=timezone.utc)  # 23:30
MORNING = datetime(2026, 11, 28, 0, 0, tzinfo=timezone.utc)  # 8:00 the next day


class Watcher(Customer):
    """A customer who watches a parcel, and the couriers who scan it."""

    def watch(self, waybill: str = SF, at: datetime = NOON) -> str:
        with self.database.write() as session:
            outcome = parcels.start(session, self.id, waybill, at)
            session.commit()
        return outcome

    def told(self) -> list[str]:
        return [message["text"] for message in self.sees() if message["from"] == "system"]

    def buttons(self) -> list[str]:
        return [choice["title"] for choice in self.sees()[-1]["choices"]]


def scan(database: Database, status: str, at: datetime, reason: str | None = None) -> None:
    row = {
        "waybill": SF, "at": at, "city": "杭州", "status": status, "reason": reason, "code": status,
        "text": status, "fingerprint": fingerprint(at, status, status),
    }  # fmt: skip
    with database.write() as session:
        write_events(session, [row])
        session.commit()


def pass_time(database: Database, to: datetime) -> None:
    do_due(database, HANDLERS, to)


@pytest.fixture
def parcel(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    clock = {"now": NOON}
    monkeypatch.setattr("bot.shipments.store.now", lambda: clock["now"])
    with database.write() as session:
        session.add(Shipment(waybill=SF, carrier="SF", status="unknown"))
        session.commit()
    scan(database, "in_transit", NOON - timedelta(hours=3))
    return database


def test_the_start_of_delivery_is_told_once_however_often_it_is_scanned_and_looked_at(parcel: Database) -> None:
    lin = Watcher(parcel)
    assert lin.watch() == "started"
    pass_time(parcel, NOON)
    assert lin.told() == []
    for _ in range(3):
        scan(parcel, "out_for_delivery", NOON)
        pass_time(parcel, NOON + timedelta(minutes=1))
    (text,) = lin.told()
    assert SF in text and "派送" in text
    assert "这单不用再提醒" in lin.buttons() and "查这一单" in lin.buttons()


@pytest.mark.parametrize(
    ("status", "reason", "words"),
    [
        ("exception", "delivery_failed", "派送没有成功"),
        ("customs", None, "清关"),
        ("returning", None, "退回"),
        ("at_pickup_point", None, "自提点"),
        ("delivered", None, "签收"),
    ],
)
def test_each_key_node_is_told_with_what_it_means(parcel: Database, status: str, reason: str, words: str) -> None:
    lin = Watcher(parcel)
    lin.watch()
    scan(parcel, status, NOON, reason)
    pass_time(parcel, NOON + timedelta(minutes=1))
    assert words in lin.told()[-1]


@pytest.mark.parametrize(
    ("status", "hours", "words"),
    [("out_for_delivery", 36, "比平时久"), ("in_transit", 5 * 24, "几天没动"), ("at_pickup_point", 18, "还在自提点")],
)
def test_a_parcel_that_waits_too_long_is_told_of_when_the_time_comes(
    parcel: Database, status: str, hours: int, words: str
) -> None:
    lin = Watcher(parcel)
    scan(parcel, status, NOON)
    lin.watch()
    before, after = NOON + timedelta(hours=hours - 0.1), NOON + timedelta(hours=hours + 0.1)
    pass_time(parcel, before)
    assert lin.told() == []
    pass_time(parcel, after)
    for quarter in range(1, 9):  # two days more, nights among them
        pass_time(parcel, after + timedelta(hours=6 * quarter))
    assert [words in text for text in lin.told()] == [True]


def test_a_new_promise_is_told_and_a_promise_that_passes_too(parcel: Database) -> None:
    lin = Watcher(parcel)
    lin.watch()
    with parcel.write() as session:
        session.get(Shipment, SF).promised_at = NOON + timedelta(hours=3)
        subscriptions.moved(session, [SF], NOON)
        session.commit()
    pass_time(parcel, NOON)
    pass_time(parcel, NOON + timedelta(hours=4))
    changed, late = lin.told()
    assert "有调整" in changed and "没到" in late


def test_at_night_only_what_is_urgent_is_told_the_rest_in_the_morning(parcel: Database) -> None:
    lin = Watcher(parcel)
    lin.watch()
    scan(parcel, "customs", NIGHT)
    pass_time(parcel, NIGHT)
    assert lin.told() == []
    scan(parcel, "returning", NIGHT + timedelta(minutes=5))
    pass_time(parcel, NIGHT + timedelta(minutes=5))
    assert len(lin.told()) == 1 and "退回" in lin.told()[0]
    scan(parcel, "exception", NIGHT + timedelta(minutes=9), "refused")
    pass_time(parcel, NIGHT + timedelta(minutes=10))
    pass_time(parcel, MORNING - timedelta(seconds=1))
    assert len(lin.told()) == 1
    pass_time(parcel, MORNING)
    assert len(lin.told()) == 2 and "拒收" in lin.told()[1]


def test_two_customers_who_watch_a_parcel_are_told_each_in_their_language(parcel: Database) -> None:
    lin, amy = Watcher(parcel), Watcher(parcel, "en")
    lin.watch()
    amy.watch()
    scan(parcel, "out_for_delivery", NOON)
    pass_time(parcel, NOON)
    assert "派送" in lin.told()[0] and "out for delivery" in amy.told()[0]


def test_who_opts_out_is_told_no_more(parcel: Database) -> None:
    lin = Watcher(parcel)
    lin.watch()
    with parcel.write() as session:
        assert subscriptions.unsubscribe(session, lin.id, SF) == 1
        session.commit()
    scan(parcel, "out_for_delivery", NOON)
    pass_time(parcel, NOON)
    assert lin.told() == []


def test_a_delivered_parcel_is_watched_three_days_more_and_then_forgotten(parcel: Database) -> None:
    lin = Watcher(parcel)
    lin.watch()
    scan(parcel, "delivered", NOON)
    pass_time(parcel, NOON)
    with parcel.read() as session:
        assert subscriptions.subscribed(session, lin.id) == [SF]
    pass_time(parcel, NOON + timedelta(hours=73))
    with parcel.read() as session:
        assert subscriptions.subscribed(session, lin.id) == []
    assert len(lin.told()) == 1


def test_an_unknown_parcel_and_one_too_many_are_refused(parcel: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    lin = Watcher(parcel)
    assert lin.watch("SF9999999999999") == "unknown"
    monkeypatch.setattr(subscriptions, "MOST_PER_CONVERSATION", 0)
    assert lin.watch() == "too_many"


def ask(database: Database, customer: Watcher, kind: str) -> dict[str, Any]:
    with database.write() as session:
        made = requests.ask_for(
            session, key=f"m-{kind}", kind=kind, conversation_id=customer.id, language="zh", details={}, waybill=SF,
            now=NOON,
        )  # fmt: skip
        requests.prove(session, made["number"], "receiver" if kind == "expedite" else "sender", NOON)
        session.commit()
    return made


def move(database: Database, number: str, *steps: str) -> None:
    with database.write() as session:
        for step in steps:
            requests.step(session, number, step, actor="lin", now=NOON, note="网点无法联系收件人")
        session.commit()


def test_each_step_of_a_request_is_told(parcel: Database) -> None:
    lin = Watcher(parcel)
    number = ask(parcel, lin, "intercept")["number"]
    move(parcel, number, "accept")
    pass_time(parcel, NOON)
    move(parcel, number, "finish")
    pass_time(parcel, NOON)
    accepted, done = lin.told()
    assert "已受理" in accepted and "已办好" in done
    pass_time(parcel, NOON + timedelta(days=2))
    assert len(lin.told()) == 2  # answered: nothing left to follow up


def test_a_refused_request_is_told_with_its_reason_and_a_way_to_a_person(parcel: Database) -> None:
    lin = Watcher(parcel)
    move(parcel, ask(parcel, lin, "intercept")["number"], "refuse")
    pass_time(parcel, NOON)
    assert "网点无法联系收件人" in lin.told()[0] and lin.buttons() == ["人工客服"]


def test_an_expedited_parcel_without_a_scan_gets_the_complaint_offered(parcel: Database) -> None:
    lin = Watcher(parcel)
    ask(parcel, lin, "expedite")
    pass_time(parcel, NOON + timedelta(hours=23))
    assert lin.told() == []
    pass_time(parcel, NOON + timedelta(hours=25))
    pass_time(parcel, NOON + timedelta(hours=26))
    (text,) = lin.told()
    assert "没有新的扫描" in text and lin.buttons()[0] == "登记延误投诉"


def test_an_expedited_parcel_that_was_scanned_is_said_to_move(parcel: Database) -> None:
    lin = Watcher(parcel)
    ask(parcel, lin, "expedite")
    scan(parcel, "in_transit", NOON + timedelta(hours=3))
    pass_time(parcel, NOON + timedelta(hours=25))
    assert "已经在动" in lin.told()[0]


def test_a_pickup_is_told_its_waybill_once_it_has_one(parcel: Database) -> None:
    lin = Watcher(parcel)
    with parcel.write() as session:
        made = requests.ask_for(
            session, key="p1", kind="pickup", conversation_id=lin.id, language="zh", details={}, phone="13900001234",
            now=NOON,
        )  # fmt: skip
        requests.step(session, made["number"], "accept", actor="lin", now=NOON, waybill=SF)
        session.commit()
    pass_time(parcel, NOON)
    assert SF in lin.told()[0] and lin.buttons() == ["查这一单"]
