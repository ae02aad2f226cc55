"""Somebody who guesses digits over many parcels gets exactly as far as the limits allow, however he varies his ways."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from random import Random

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.orm import Session

from bot.customers import codes
from bot.customers.guessing import PURGE, PURGE_EVERY, is_locked, limits, note_origin, purge
from bot.customers.models import Attempt, OneTimeCode, Origin, Verification
from bot.db import Database
from bot.duework import Piece
from bot.shipments.access import verify_tail
from bot.shipments.models import Shipment
from bot.shipments.store import party, write_parties

START = datetime(2026, 11, 24, 4, tzinfo=timezone.utc)
PARCELS, GUESSES = 1000, 10_000
SECOND = timedelta(seconds=1)
HOME, ELSEWHERE = "203.0.113.9", "198.51.100.7"


def waybill(number: int) -> str:
    return f"SF{1_000_000_000_000 + number}"


def tail(number: int) -> str:
    """Every fifth parcel has digits that the attacker tries sooner or later: 0000 to 0009."""
    return f"{number // 5 % 10:04d}" if number % 5 == 0 else f"{5000 + number:04d}"


@pytest.fixture
def parcels(database: Database) -> Database:
    with database.write() as session:
        session.add_all(Shipment(waybill=waybill(number), status="in_transit") for number in range(PARCELS))
        session.flush()
        write_parties(session, [party(waybill(n), "receiver", None, f"1390000{tail(n)}") for n in range(PARCELS)])
        session.commit()
    return database


Guess = tuple[int, str]


def guesses(order: int | None = None) -> list[Guess]:
    """Ten digits for each of a thousand parcels: all parcels with 0000, then with 0001 …, or in random order."""
    planned = [(number, f"{digits:04d}") for digits in range(GUESSES // PARCELS) for number in range(PARCELS)]
    if order:
        Random(order).shuffle(planned)
    return planned


def a_tenth(planned: list[Guess]) -> list[Guess]:
    return planned[: len(planned) // 10]


Address = Callable[[int], str]


def attack(database: Database, planned: list[Guess], address: Address, every: timedelta) -> Counter[str]:
    """A guess `every` so often, each in a new chat; gives how often which answer came."""
    answers: Counter[str] = Counter()
    with database.write() as session:
        for guess, (number, digits) in enumerate(planned):
            now, chat = START + guess * every, f"chat-{guess}"
            note_origin(session, chat, address(guess), now)
            answers[verify_tail(session, chat, waybill(number), digits, key=f"g{guess}", now=now)] += 1
        session.commit()
    return answers


def granted(database: Database) -> set[str]:
    with database.read() as session:
        return set(session.execute(select(Verification.waybill)).scalars())


def wrong_tries(database: Database) -> int:
    with database.read() as session:
        return session.execute(select(func.count()).select_from(Attempt)).scalar_one()


def right_before(planned: list[Guess], wrong: int) -> set[str]:
    """The parcels of the right guesses that come before so many wrong ones: all that the limits let through."""
    found = set()
    for number, digits in planned:
        if tail(number) == digits:
            found.add(waybill(number))
        else:
            wrong -= 1
        if wrong == 0:
            break
    return found


def tries_in(guesses: int, every: timedelta, by: str) -> int:
    """How many wrong tries a limit allows to somebody who tries `every` so often: some, a pause, and again."""
    limit = limits("digits")[by]
    cycle = limit.tries - 1 + limit.window // every
    return guesses // cycle * limit.tries + min(guesses % cycle, limit.tries)


@pytest.mark.parametrize("order", [None, 7], ids=["parcel by parcel", "in random order"])
def test_ten_thousand_guesses_from_one_address_within_its_window_show_what_its_first_sixty_show(
    parcels: Database, order: int | None
) -> None:
    planned, limit = guesses(order), limits("digits")["address"]
    if order or not parcels.is_sqlite:  # the same statements: fewer show that they are answered alike
        planned = a_tenth(planned)
    unlimited = {waybill(number) for number, digits in planned if tail(number) == digits}
    attack(parcels, planned, lambda _: HOME, every=limit.window / (2 * GUESSES))
    assert wrong_tries(parcels) == limit.tries
    assert granted(parcels) == right_before(planned, limit.tries)
    assert len(granted(parcels)) < len(unlimited) / 4


def test_an_honest_customer_elsewhere_gets_in_at_once_and_one_at_the_locked_address_after_the_window(
    parcels: Database,
) -> None:
    limit = limits("digits")["address"]
    attack(parcels, guesses()[:100], lambda _: HOME, every=SECOND)
    last = START + 100 * SECOND
    with parcels.write() as session:
        note_origin(session, "elsewhere", ELSEWHERE, last)
        assert verify_tail(session, "elsewhere", waybill(998), tail(998), key="h1", now=last) == "verified"
        note_origin(session, "home", HOME, last)
        assert verify_tail(session, "home", waybill(998), tail(998), key="h2", now=last) == "locked"
        later = last + limit.window
        assert verify_tail(session, "home", waybill(998), tail(998), key="h3", now=later) == "verified"


def test_who_guesses_every_ten_seconds_for_three_hours_gets_the_limit_once_a_window(parcels: Database) -> None:
    never_right, every = [(number, "9999") for number, _ in guesses(7)[:1080]], 10 * SECOND
    answers = attack(parcels, never_right, lambda _: HOME, every=every)
    allowed = tries_in(len(never_right), every, "address")
    assert wrong_tries(parcels) == allowed and answers["verified"] == 0


def test_an_address_for_every_guess_gets_what_all_together_may(parcels: Database) -> None:
    limit, planned = limits("digits")["all"], guesses(7)[:1500]
    attack(parcels, planned, lambda guess: f"10.0.{guess // 250}.{guess % 250}", every=SECOND)
    assert wrong_tries(parcels) == limit.tries
    assert granted(parcels) == right_before(planned, limit.tries)
    untouched = PARCELS - 1
    with parcels.write() as session:
        later = START + len(planned) * SECOND + limit.window
        assert verify_tail(session, "honest", waybill(untouched), tail(untouched), key="h", now=later) == "verified"


def test_an_address_for_every_guess_at_one_parcel_gets_what_the_parcel_allows(parcels: Database) -> None:
    limit = limits("digits")["parcel"]
    planned = [(1, f"{digits:04d}") for digits in range(200)]
    attack(parcels, planned, lambda guess: f"10.0.0.{guess}", every=timedelta(minutes=1))
    assert wrong_tries(parcels) == limit.tries and granted(parcels) == set()


def test_five_wrong_tries_lock_a_parcel_for_every_chat_of_the_address_and_for_no_other(parcels: Database) -> None:
    answers = attack(parcels, [(1, "9999")] * 5, lambda _: HOME, every=SECOND)
    assert answers == {"wrong": 4, "locked": 1}
    now = START + 6 * SECOND
    with parcels.write() as session:
        for chat, address in (("same", HOME), ("other", ELSEWHERE)):
            note_origin(session, chat, address, now)
        assert is_locked(session, "same", waybill(1), now) and not is_locked(session, "same", waybill(2), now)
        assert verify_tail(session, "other", waybill(1), tail(1), key="o", now=now) == "verified"


def test_guesses_at_the_same_moment_are_no_more_than_those_one_after_another(parcels: Database) -> None:
    def guess(number: int) -> None:
        with parcels.write() as session:
            verify_tail(session, f"chat-{number}", waybill(1), "9999", key=f"g{number}", now=START)
            session.commit()

    with parcels.write() as session:
        for number in range(40):
            note_origin(session, f"chat-{number}", HOME, START)
        session.commit()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(guess, range(40)))
    assert wrong_tries(parcels) == limits("digits")["parcel_from_address"].tries


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """What is asked of the database meanwhile."""
    seen: list[str] = []

    def note(*arguments: object) -> None:
        seen.append(str(arguments[2]))

    event.listen(database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.engine, "before_cursor_execute", note)


@pytest.mark.parametrize("tries_before", [0, 4, 5], ids=["first try", "last try", "locked"])
def test_unknown_and_wrong_cost_the_same_statements_and_get_the_same_answer(
    parcels: Database, tries_before: int
) -> None:
    asked, answers = [], []
    for number in (3, PARCELS + 5):
        with parcels.write() as session:
            note_origin(session, f"c{number}", ELSEWHERE, START)
            for before in range(tries_before):
                verify_tail(session, f"c{number}", waybill(number), "0000", key=f"{number}-{before}", now=START)
            with statements(parcels) as seen:
                answers.append(
                    verify_tail(session, f"c{number}", waybill(number), "0000", key=str(number), now=START)
                )
            asked.append(seen)
    assert asked[0] == asked[1] and 0 < len(asked[0]) <= 8
    assert answers == (["wrong"] * 2 if tries_before == 0 else ["locked"] * 2)


def test_every_limit_is_looked_up_in_an_index(database: Database) -> None:
    asked: list[tuple[str, object]] = []

    def note(*arguments: object) -> None:
        asked.append((str(arguments[2]), arguments[3]))

    with database.read() as session:
        if not database.is_sqlite:
            for way in ("seqscan", "sort", "bitmapscan"):  # cheaper in an empty table, but not in a large one
                session.execute(text(f"SET LOCAL enable_{way} = off"))
        event.listen(database.engine, "before_cursor_execute", note)
        is_locked(session, "chat", waybill(1), START)
        event.remove(database.engine, "before_cursor_execute", note)
        statement, given = asked[-1]
        explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
        rows = session.connection().exec_driver_sql(f"{explain} {statement}", given)
        plan = "\n".join(str(row[-1]) for row in rows)
    assert "Seq Scan" not in plan and "TEMP B-TREE" not in plan and "Sort" not in plan, plan
    for index in ("ix_attempts_session", "ix_attempts_origin", "ix_attempts_waybill", "ix_attempts_time"):
        assert index in plan, plan


def draw(session: Session, chat: str, phone: str, address: str, now: datetime = START) -> str | None:
    """A code for a request of this chat's own."""
    note_origin(session, chat, address, now)
    return codes.draw(session, chat, f"request:{chat}:{now}", phone=phone, key=f"{chat}:{phone}:{now}", now=now)


@pytest.mark.parametrize(("by", "new"), [
    ("phone", ("chat", "address")), ("chat", ("phone", "address")), ("address", ("chat", "phone")),
])
def test_codes_are_limited_by_phone_by_chat_and_by_address_whatever_else_is_new(
    database: Database, by: str, new: tuple[str, str]
) -> None:
    limit, same = limits("codes")[by], {"chat": "c", "phone": "13800138000", "address": HOME}
    with database.write() as session:
        drawn = [
            draw(session, **{**same, **{name: f"{name}{number}" for name in new}}, now=START + number * SECOND)
            for number in range(limit.tries + 3)
        ]
        later = START + limit.window + 10 * SECOND
        again = draw(session, **{**same, **{name: f"{name}-later" for name in new}}, now=later)
    assert [code is not None for code in drawn] == [True] * limit.tries + [False] * 3
    assert again is not None


def test_codes_are_limited_over_all(database: Database) -> None:
    limit = limits("codes")["all"]
    with database.write() as session:
        drawn = {"phone_hash": "p", "subject_hash": "s", "code_hash": "c", "sent_at": START}
        session.add_all(OneTimeCode(conversation_id=f"c{number}", **drawn) for number in range(limit.tries - 1))
        session.flush()
        assert draw(session, "one", "13800138000", HOME) is not None
        assert draw(session, "two", "13900139000", ELSEWHERE) is None


def counts(session: Session) -> list[int]:
    """Wrong tries, those that know where they came from, codes, and origins of conversations."""
    tries = select(func.count(Attempt.id), func.count(Attempt.origin_hash))
    others = [session.execute(select(func.count()).select_from(table)).scalar_one() for table in (OneTimeCode, Origin)]
    return [*session.execute(tries).one(), *others]


def test_tries_codes_and_addresses_are_forgotten_when_no_limit_looks_at_them(database: Database) -> None:
    piece = Piece(PURGE, PURGE, timedelta(0))
    with database.write() as session:
        note_origin(session, "chat", HOME, START)
        verify_tail(session, "chat", waybill(1), "0000", key="a", now=START)
        codes.draw(session, "chat", "phone:1", phone="13800138000", key="b", now=START)
        for hours, left in ((0.9, [1, 1, 1, 1]), (2.1, [1, 0, 0, 0]), (47, [1, 0, 0, 0]), (49, [0, 0, 0, 0])):
            at = START + timedelta(hours=hours)
            assert purge(session, piece, at) == at + PURGE_EVERY
            assert counts(session) == left, hours


def test_the_address_of_a_chat_that_goes_on_is_kept_and_follows_it(database: Database) -> None:
    piece = Piece(PURGE, PURGE, timedelta(0))
    with database.write() as session:
        for hour in range(5):
            note_origin(session, "chat", HOME, START + timedelta(hours=hour))
            purge(session, piece, START + timedelta(hours=hour + 1))
            assert counts(session)[-1] == 1
        at_home = session.execute(select(Origin.origin_hash)).scalar_one()
        note_origin(session, "chat", ELSEWHERE, START + timedelta(hours=5))
        assert session.execute(select(Origin.origin_hash)).scalar_one() != at_home


def test_the_address_is_kept_as_a_keyed_hash_only(database: Database) -> None:
    with database.write() as session:
        note_origin(session, "chat", HOME, START)
        kept = session.execute(select(Origin.origin_hash)).scalar_one()
    assert HOME not in kept and len(kept) == 64
