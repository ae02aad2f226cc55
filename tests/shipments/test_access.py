"""Four digits open a parcel for one conversation; guessing locks, and tells nothing."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import event

from bot.customers.guessing import limits
from bot.customers.verification import role_for, verified_shipments
from bot.db import Database
from bot.shipments.access import verify_tail
from bot.shipments.store import party, write_parties, write_shipments

NOW = datetime(2026, 11, 24, 4, tzinfo=timezone.utc)
SF, NO_PHONE, UNKNOWN = "SF1409283746510", "SF1409283746511", "SF1409283746999"


class Chats:
    """Tries digits in conversations at given minutes; each try is a message of its own."""

    def __init__(self, database: Database) -> None:
        self.database, self.messages = database, 0

    def says(self, digits: str, waybill: str = SF, chat: str = "a", minute: float = 0, key: str | None = None) -> str:
        self.messages += 1
        with self.database.write() as session:
            at = NOW + timedelta(minutes=minute)
            said = verify_tail(session, chat, waybill, digits, key=key or f"m{self.messages}", now=at)
            session.commit()
        return said

    def role(self, chat: str = "a", waybill: str = SF) -> str | None:
        with self.database.read() as session:
            return role_for(session, chat, waybill)


@pytest.fixture
def chats(database: Database) -> Chats:
    blank = dict.fromkeys((
        "carrier", "reason", "service", "sender_city", "receiver_city", "declared_value", "freight", "cod_amount",
        "created_at", "promised_at",
    ))  # fmt: skip
    with database.write() as session:
        write_shipments(session, [{**blank, "waybill": waybill, "status": "unknown"} for waybill in (SF, NO_PHONE)])
        write_parties(session, [
            party(SF, "sender", "王小明", "13800138000"), party(SF, "receiver", "李雷", "139****5821"),
            party(NO_PHONE, "receiver", "韩梅梅", None),
        ])  # fmt: skip
        session.commit()
    return Chats(database)


@pytest.mark.parametrize(("digits", "role"), [("5821", "receiver"), ("8000", "sender"), ("13800138000", "sender")])
def test_the_digits_of_either_phone_open_the_parcel_for_this_conversation_only(
    chats: Chats, database: Database, digits: str, role: str
) -> None:
    assert chats.says(digits) == "verified"
    assert chats.role() == role and chats.role("b") is None and chats.role(waybill=NO_PHONE) is None
    with database.read() as session:
        assert verified_shipments(session, "a") == [{"waybill": SF, "role": role}]


@pytest.mark.parametrize("digits", ["0000", "821", "", "abcd", "None", "none", "NULL"])
@pytest.mark.parametrize("waybill", [SF, NO_PHONE, UNKNOWN])
def test_wrong_digits_no_digits_no_phone_and_no_such_parcel_get_one_answer(
    chats: Chats, digits: str, waybill: str
) -> None:
    assert chats.says(digits, waybill) == "wrong"
    assert chats.role(waybill=waybill) is None


def test_an_unknown_parcel_costs_the_same_queries_as_wrong_digits(chats: Chats, database: Database) -> None:
    statements: list[str] = []

    def note(*arguments: Any) -> None:
        statements.append(arguments[2])

    event.listen(database.engine, "before_cursor_execute", note)
    chats.says("0000", SF)
    known = list(statements)
    statements.clear()
    chats.says("0000", UNKNOWN, chat="b")
    assert statements == known


@pytest.mark.parametrize("waybill", [SF, UNKNOWN])
def test_five_wrong_tries_lock_the_parcel_for_fifteen_minutes_after_the_last(chats: Chats, waybill: str) -> None:
    said = [chats.says("0000", waybill, minute=minute) for minute in (0, 3, 6, 9, 14)]
    assert said == ["wrong", "wrong", "wrong", "wrong", "locked"]
    assert chats.says("5821", waybill, minute=28) == "locked"
    assert chats.says("5821", waybill, minute=30) == ("verified" if waybill == SF else "wrong")


def test_a_locked_parcel_leaves_other_parcels_and_other_conversations_open(chats: Chats) -> None:
    for _ in range(5):
        chats.says("0000")
    assert chats.says("5821", chat="b") == "verified" and chats.says("0000", NO_PHONE) == "wrong"


def test_tries_hours_apart_do_not_lock(chats: Chats) -> None:
    assert [chats.says("0000", minute=60 * hour) for hour in range(7)] == ["wrong"] * 7


def test_a_message_that_is_handled_again_counts_as_one_try(chats: Chats) -> None:
    assert {chats.says("0000", key="inbox-7") for _ in range(9)} == {"wrong"}
    assert chats.says("5821") == "verified"


def test_a_new_chat_for_every_guess_locks_the_parcel_for_all(chats: Chats) -> None:
    tries = limits("digits")["parcel"].tries
    said = [chats.says("0000", chat=f"c{n}", minute=30 * n) for n in range(tries)]
    assert said == ["wrong"] * (tries - 1) + ["locked"]
    assert chats.says("5821", chat="new", minute=30 * tries) == "locked"


def test_a_new_parcel_for_every_guess_locks_the_conversation(chats: Chats) -> None:
    said = [chats.says("0000", f"SF{n:013d}") for n in range(limits("digits")["chat"].tries)]
    assert said[-1] == "locked" and chats.says("5821") == "locked"
    assert chats.says("5821", chat="b") == "verified"
