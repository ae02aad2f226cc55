"""Proof of delivery, cash on delivery and declared value: for a verified conversation only."""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from bot.customers.verification import grant
from bot.db import Database
from bot.shipments.models import Shipment, ShipmentEvent, fingerprint
from bot.shipments.particulars import Particulars, particulars
from bot.shipments.store import party, write_parties

NOW = datetime(2026, 11, 27, 4, tzinfo=timezone.utc)  # a Friday
SF = "SF1409283746510"


def ask(database: Database, role: str | None = "sender", now: datetime = NOW, **facts: Any) -> Particulars | None:
    """What a conversation of this role hears of a parcel with these facts."""
    with database.write() as session:
        session.merge(Shipment(waybill=SF, **facts))
        session.flush()
        if role:
            grant(session, "c1", SF, role, NOW)
        session.commit()
    with database.read() as session:
        return particulars(session, "c1", SF, now)


def test_without_the_digits_nothing_is_said_be_there_a_parcel_or_not(database: Database) -> None:
    assert ask(database, role=None, status="delivered", cod_amount=100) is None
    with database.read() as session:
        assert particulars(session, "c1", "SF1409283746528", NOW) is None


def test_another_conversation_s_right_is_not_mine(database: Database) -> None:
    assert ask(database, status="delivered") is not None
    with database.read() as session:
        assert particulars(session, "c2", SF, NOW) is None


@pytest.mark.parametrize(
    ("status", "reason", "proof"),
    [
        ("in_transit", None, "not_yet"),
        ("delivered", None, "signed"),
        ("delivered", "by_proxy", "by_proxy"),
        ("delivered", "locker_or_station", "locker_or_station"),
        ("returned", None, "returned"),
    ],
)
def test_how_it_was_signed_for_is_told(database: Database, status: str, reason: str | None, proof: str) -> None:
    told = ask(database, status=status, reason=reason, last_event_at=NOW)
    assert told is not None and told.proof == proof
    assert told.signed_at == (NOW if status == "delivered" else None)


@pytest.mark.parametrize(
    ("role", "status", "cod"),
    [
        ("receiver", "in_transit", "to_pay"),
        ("receiver", "delivered", "paid"),
        ("sender", "in_transit", "waiting"),
        ("sender", "delivered", "payout_due"),
        ("sender", "returning", "off"),
    ],
)
def test_each_side_hears_its_own_half_of_cash_on_delivery(database: Database, role: str, status: str, cod: str) -> None:
    told = ask(database, role, status=status, cod_amount=199, last_event_at=NOW)
    assert told is not None and (told.cod, told.cod_amount) == (cod, Decimal(199))


def test_a_payout_is_due_three_working_days_after_collection_and_past_after_that(database: Database) -> None:
    facts: dict[str, Any] = {"status": "delivered", "cod_amount": 199, "last_event_at": NOW}
    told = ask(database, **facts)
    assert told is not None and told.payout_by == date(2026, 12, 2), "Friday and three working days is Wednesday"
    late = ask(database, now=NOW + timedelta(days=6), **facts)
    assert late is not None and late.cod == "payout_past"


def test_a_parcel_without_either_says_so(database: Database) -> None:
    told = ask(database, status="in_transit")
    assert told is not None and (told.cod, told.value, told.payout_by) == ("none", "undeclared", None)
    declared = ask(database, declared_value=3000)
    assert declared is not None and (declared.value, declared.declared_value) == ("declared", Decimal(3000))


def test_the_courier_s_record_of_the_sign_off_is_told_with_people_masked(database: Database) -> None:
    ask(database, status="delivered", reason="by_proxy", last_event_at=NOW)
    text = "已签收，签收人：李雷，快递员电话13800138000"
    with database.write() as session:
        write_parties(session, [party(SF, "receiver", "李雷", "13900135821")])
        session.add(
            ShipmentEvent(waybill=SF, at=NOW, status="delivered", text=text, fingerprint=fingerprint(NOW, "3", text))
        )
        session.commit()
    with database.read() as session:
        told = particulars(session, "c1", SF, NOW)
    assert told is not None and told.record.startswith("已签收，签收人：")
    assert "李雷" not in told.record and "13800138000" not in told.record
