"""Due work: done once, in time order, by one worker, through failures, restarts and downtime."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as given_settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from bot.db import Database
from bot.duework import DueWork, Piece, call_off, do_due, keep_doing, plan, plan_if_new

NOW = datetime(2026, 11, 27, 4, 0, tzinfo=timezone.utc)


class Diary:
    """A handler that writes down what it did."""

    def __init__(self, again: timedelta | None = None) -> None:
        self.done: list[str] = []
        self.again = again

    def __call__(self, session: Session, piece: Piece, at: datetime) -> datetime | None:
        self.done.append(piece.subject)
        return at + self.again if self.again else None


def planned(database: Database, *work: tuple[str, int], kind: str = "note") -> None:
    with database.write() as session:
        for subject, minutes in work:
            plan(session, kind, subject, NOW + timedelta(minutes=minutes))
        session.commit()


def waiting(database: Database) -> int:
    with database.read() as session:
        return session.execute(select(func.count()).select_from(DueWork)).scalar_one()


def test_what_is_due_is_done_once_and_oldest_first(database: Database) -> None:
    planned(database, ("b", -1), ("a", -5), ("later", 10))
    diary = Diary()
    assert do_due(database, {"note": diary}, NOW) == 2
    assert do_due(database, {"note": diary}, NOW) == 0
    assert diary.done == ["a", "b"] and waiting(database) == 1


def test_after_a_day_of_downtime_everything_missed_is_done_once(database: Database) -> None:
    planned(database, *((str(n), n) for n in range(20)))
    diary = Diary()
    assert do_due(database, {"note": diary}, NOW + timedelta(days=1)) == 20
    assert sorted(diary.done, key=int) == [str(n) for n in range(20)]


def test_planning_anew_moves_the_time_and_planning_if_new_does_not(database: Database) -> None:
    planned(database, ("a", 5))
    with database.write() as session:
        plan_if_new(session, "note", "a", NOW)
        session.commit()
    assert do_due(database, {"note": Diary()}, NOW) == 0
    planned(database, ("a", -5))
    assert do_due(database, {"note": Diary()}, NOW) == 1


def test_what_was_called_off_is_not_done(database: Database) -> None:
    planned(database, ("a", -1))
    with database.write() as session:
        call_off(session, "note", "a")
        session.commit()
    assert do_due(database, {"note": Diary()}, NOW) == 0


def test_a_handler_says_when_it_wants_to_be_asked_again(database: Database) -> None:
    planned(database, ("a", 0))
    diary = Diary(again=timedelta(hours=1))
    assert [do_due(database, {"note": diary}, NOW + timedelta(minutes=m)) for m in (0, 59, 60)] == [1, 0, 1]


def test_a_failing_piece_leaves_nothing_behind_waits_longer_and_stops_nobody(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    planned(database, ("bad", -2), ("good", -1))
    diary = Diary()

    def handler(session: Session, piece: Piece, at: datetime) -> datetime | None:
        plan(session, "other", piece.subject, at)
        if piece.subject == "bad":
            raise ValueError("its reason names a customer")
        return diary(session, piece, at)

    assert do_due(database, {"note": handler}, NOW) == 1
    assert diary.done == ["good"]
    with database.read() as session:
        rows = {row.subject: row for row in session.execute(select(DueWork)).scalars() if row.kind == "note"}
        others = [row.subject for row in session.execute(select(DueWork)).scalars() if row.kind == "other"]
    assert others == ["good"]
    assert rows["bad"].failures == 1 and rows["bad"].due_at > NOW
    do_due(database, {"note": handler}, rows["bad"].due_at)
    with database.read() as session:
        again = session.execute(select(DueWork).where(DueWork.subject == "bad")).scalar_one()
    assert again.failures == 2 and again.due_at - rows["bad"].due_at > rows["bad"].due_at - NOW


def test_a_kind_without_a_handler_here_waits_for_a_worker_that_has_one(database: Database) -> None:
    planned(database, ("a", -1), kind="newer")
    assert do_due(database, {"note": Diary()}, NOW) == 0 and waiting(database) == 1


def test_news_during_the_work_is_not_lost(database: Database) -> None:
    planned(database, ("a", -1))
    diary = Diary()

    def handler(session: Session, piece: Piece, at: datetime) -> datetime | None:
        diary(session, piece, at)
        if len(diary.done) == 1:
            plan(session, "note", "a", at)  # somebody has just changed what this is about
        return None

    assert do_due(database, {"note": handler}, NOW) == 2


def test_three_workers_at_once_do_each_piece_once(database: Database) -> None:
    planned(database, *((str(n), -1) for n in range(60)))
    diary = Diary()
    stopped = threading.Event()
    workers = [
        threading.Thread(target=keep_doing, args=(database, {"note": diary}, stopped), daemon=True) for _ in range(3)
    ]
    for worker in workers:
        worker.start()
    for _ in range(200):
        if not waiting(database):
            break
        threading.Event().wait(0.05)
    stopped.set()
    for worker in workers:
        worker.join(timeout=10)
    assert sorted(diary.done, key=int) == [str(n) for n in range(60)]


@given_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from("plan new off run".split()), st.sampled_from("abc"), st.integers(-3, 6)), max_size=25
    )
)
def test_any_order_of_planning_and_running_matches_a_plain_model(
    database: Database, steps: list[tuple[str, str, int]]
) -> None:
    with database.write() as session:
        session.execute(delete(DueWork))
        session.commit()
    model: dict[str, int] = {}
    diary, clock = Diary(), 0
    expected: list[str] = []
    for step, subject, minutes in steps:
        with database.write() as session:
            if step == "plan":
                plan(session, "note", subject, NOW + timedelta(minutes=minutes))
                model[subject] = minutes
            elif step == "new":
                plan_if_new(session, "note", subject, NOW + timedelta(minutes=minutes))
                model.setdefault(subject, minutes)
            elif step == "off":
                call_off(session, "note", subject)
                model.pop(subject, None)
            session.commit()
        if step == "run":
            clock += max(minutes, 0)
            due = [name for name, at in model.items() if at <= clock]
            expected += sorted(due)
            for name in due:
                del model[name]
            before = len(diary.done)
            do_due(database, {"note": diary}, NOW + timedelta(minutes=clock))
            diary.done[before:] = sorted(diary.done[before:])
    assert diary.done == expected and waiting(database) == len(model)
