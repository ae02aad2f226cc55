"""Somebody who guesses digits over many parcels gets no further than the limits allow, however he varies his ways."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from random import Random

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from bot.customers import codes
from bot.customers.models import Attempt, OneTimeCode, Origin, Verification
from bot.customers.verification import AT_PARCEL, FROM_ORIGIN, OVERALL, PURGE, note_origin, purge
from bot.db import Database
from bot.duework import Piece
from bot.shipments.access import verify_tail
from bot.shipments.models import Shipment
from bot.shipments.store import party, write_parties

START = datetime(2026, 11, 24, 4, tzinfo=timezone.utc)
PARCELS = 1000
SECOND = timedelta(seconds=1)


def waybill(number: int) -> str:
    return f"SF{1_000_000_000_000 + number}"


@pytest.fixture
def parcels(database: Database) -> Database:
    """A thousand parcels whose tails nobody guesses by chance: the attacker tries digits below 5000 only."""
    with database.write() as session:
        session.add_all(Shipment(waybill=waybill(number), status="in_transit") for number in range(PARCELS))
        session.flush()
        rows = [party(waybill(n), "receiver", None, f"1390000{5000 + n % 5000}") for n in range(PARCELS)]
        write_parties(session, rows)
        session.commit()
    return database


def guesses(database: Database, most: int) -> int:
    """All of them on SQLite; PostgreSQL runs the same statements, and a part shows that they do the same there."""
    return most if database.is_sqlite else most // 10


def attack(database: Database, count: int, address_of: Callable[[int], str]) -> int:
    """So many guesses, one a second, in random order, each in a new chat; gives how many were looked at at all."""
    random = Random(7)
    with database.write() as session:
        for guess in range(count):
            now, chat = START + guess * SECOND, f"chat-{guess}"
            note_origin(session, chat, address_of(guess), now)
            digits = f"{random.randrange(5000):04d}"
            verify_tail(session, chat, waybill(random.randrange(PARCELS)), digits, key=f"g{guess}", now=now)
        session.commit()
        return session.execute(select(func.count()).select_from(Attempt)).scalar_one()


def windows(count: int, window: timedelta) -> int:
    """How many windows an attack of so many seconds touches."""
    return int(count * SECOND / window) + 1


def test_one_address_gets_no_more_tries_than_its_limit_and_an_honest_customer_still_gets_in(parcels: Database) -> None:
    count = guesses(parcels, 10_000)
    looked_at = attack(parcels, count, address_of=lambda _: "203.0.113.9")
    assert FROM_ORIGIN.tries <= looked_at <= FROM_ORIGIN.tries * windows(count, FROM_ORIGIN.window)
    with parcels.write() as session:
        assert session.execute(select(func.count()).select_from(Verification)).scalar_one() == 0
        afterwards = START + count * SECOND
        note_origin(session, "honest", "198.51.100.7", afterwards)
        assert verify_tail(session, "honest", waybill(3), "5003", key="h1", now=afterwards) == "verified"


def test_many_addresses_at_once_get_no_more_than_the_limits_for_all_and_for_a_parcel(parcels: Database) -> None:
    count = guesses(parcels, 1500)
    looked_at = attack(parcels, count, address_of=lambda guess: f"10.{guess}")
    assert looked_at <= OVERALL.tries * windows(count, OVERALL.window)
    with parcels.write() as session:
        tries = func.count(Attempt.id)
        per_parcel = select(tries).group_by(Attempt.waybill_hash).order_by(tries.desc()).limit(1)
        assert session.execute(per_parcel).scalar_one() <= AT_PARCEL.tries
        assert session.execute(select(func.count()).select_from(Verification)).scalar_one() == 0
        over = START + count * SECOND + OVERALL.window
        assert verify_tail(session, "honest", waybill(3), "5003", key="h1", now=over) == "verified"


def test_unknown_and_wrong_cost_the_same_statements_and_get_the_same_answer(parcels: Database) -> None:
    counts: list[int] = []
    for number, key in ((waybill(3), "known"), (waybill(PARCELS + 5), "unknown")):
        statements: list[str] = []
        with parcels.write() as session:
            note_origin(session, key, "203.0.113.9", START)
            session.flush()

            def count(*arguments: object, seen: list[str] = statements) -> None:
                seen.append(str(arguments[2]))

            event.listen(parcels.engine, "before_cursor_execute", count)
            answer = verify_tail(session, key, number, "0000", key=key, now=START)
            event.remove(parcels.engine, "before_cursor_execute", count)
        assert answer == "wrong"
        counts.append(len(statements))
    assert counts[0] == counts[1] > 0


def test_codes_are_limited_by_address_and_over_all(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    with database.write() as session:
        for number in range(codes.MOST_FROM_ORIGIN + 5):
            chat = f"chat-{number}"
            note_origin(session, chat, "203.0.113.9", START)
            drawn.append(codes.draw(session, chat, f"phone:{number}", key=f"k{number}", now=START))
        note_origin(session, "elsewhere", "198.51.100.7", START)
        assert codes.draw(session, "elsewhere", "phone:x", key="x", now=START) is not None
        monkeypatch.setattr(codes, "MOST_OVERALL", 3)
        assert codes.draw(session, "elsewhere", "phone:y", key="y", now=START) is None
    assert sum(code is not None for code in drawn) == codes.MOST_FROM_ORIGIN


def rows(session: Session) -> list[int]:
    tables = (Attempt, OneTimeCode, Origin)
    return [session.execute(select(func.count()).select_from(table)).scalar_one() for table in tables]


def test_tries_codes_and_addresses_are_forgotten_when_no_limit_looks_at_them(database: Database) -> None:
    with database.write() as session:
        note_origin(session, "chat", "203.0.113.9", START)
        verify_tail(session, "chat", waybill(1), "0000", key="a", now=START)
        codes.draw(session, "chat", "phone:1", key="b", now=START)
        purge(session, Piece(PURGE, PURGE, timedelta(0)), START + timedelta(hours=1))
        assert rows(session) == [1, 1, 1]
        again = purge(session, Piece(PURGE, PURGE, timedelta(0)), START + timedelta(days=3))
        assert rows(session) == [0, 0, 0] and again > START + timedelta(days=3)


def test_the_address_is_kept_as_a_keyed_hash_only(database: Database) -> None:
    with database.write() as session:
        note_origin(session, "chat", "203.0.113.9", START)
        (kept,) = session.execute(select(Origin.origin_hash)).scalars()
    assert "203" not in kept[:3] and len(kept) == 64
