"""Service requests: noted once, done only for somebody who has shown who they are, moved on by known steps."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.customers import codes
from bot.customers.verification import grant
from bot.db import Database
from bot.shipments import requests
from bot.shipments.errors import StepNotAllowed, UnknownRequest
from bot.shipments.models import Shipment
from bot.shipments.request_states import OPEN, STATES, STEPS, after, allowed
from bot.shipments.store import party, write_parties

NOW = datetime.now(timezone.utc)
SF = "SF1409283746510"
SENDER, RECEIVER = "13900001234", "13800005821"


@pytest.fixture
def parcel(database: Database) -> Database:
    with database.write() as session:
        session.add(Shipment(waybill=SF, status="in_transit"))
        session.flush()
        write_parties(session, [party(SF, "sender", "陈小果", SENDER), party(SF, "receiver", "林一诺", RECEIVER)])
        session.commit()
    return database


def ask(database: Database, kind: str = "reschedule", key: str = "m1", **facts: Any) -> dict[str, Any]:
    given = {"waybill": SF, "details": {"time": {"words": "后天", "value": "2030-01-03"}}, "now": NOW, **facts}
    with database.write() as session:
        made = requests.ask_for(session, key=key, kind=kind, conversation_id="c1", language="zh", **given)
        session.commit()
    return made


def test_the_same_message_notes_one_request(parcel: Database) -> None:
    assert ask(parcel)["number"] == ask(parcel)["number"]
    with parcel.read() as session:
        assert len(requests.of_conversation(session, "c1")) == 1


def test_asking_again_before_the_answer_changes_the_request_in_place(parcel: Database) -> None:
    first = ask(parcel)
    second = ask(parcel, key="m2", details={"time": {"words": "周六", "value": "2030-01-05"}})
    assert second["number"] == first["number"] and second["details"]["time"]["words"] == "周六"


def test_a_request_is_not_accepted_before_its_customer_is_known(parcel: Database) -> None:
    number = ask(parcel)["number"]
    with parcel.write() as session, pytest.raises(StepNotAllowed) as refused:
        requests.step(session, number, "accept", actor="lin", now=NOW)
    assert refused.value.allowed == ["refuse", "cancel"]


def test_an_answer_is_promised_for_a_time_when_the_outlet_is_open(parcel: Database) -> None:
    number = ask(parcel)["number"]
    midnight = datetime(2026, 11, 30, 16, 16, tzinfo=timezone.utc)  # 0:16 in Shanghai
    with parcel.write() as session:
        requests.prove(session, number, "receiver", midnight)
        due = datetime.fromisoformat(requests.get(session, number)["due_at"])
    assert due == datetime(2026, 12, 1, 5, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("kind", "role", "outcome"),
    [
        ("reschedule", "receiver", "verified"), ("reschedule", "sender", "verified"),
        ("leave_instruction", "sender", "wrong_role"), ("intercept", "receiver", "wrong_role"),
        ("change_address", "sender", "verified"),
    ],
)  # fmt: skip
def test_the_role_decides_what_may_be_asked(parcel: Database, kind: str, role: str, outcome: str) -> None:
    number = ask(parcel, kind)["number"]
    with parcel.write() as session:
        assert requests.prove(session, number, role, NOW) == outcome
        assert requests.get(session, number)["proven"] == (outcome == "verified")


def test_digits_given_earlier_count_for_low_risk_changes_and_never_for_the_others(parcel: Database) -> None:
    with parcel.write() as session:
        grant(session, "c1", SF, "sender", NOW)
        session.commit()
    assert ask(parcel, "reschedule")["proven"]
    assert not ask(parcel, "intercept", key="m2")["proven"]


def test_an_unproven_request_lapses_and_a_new_one_is_made(parcel: Database) -> None:
    old = ask(parcel, now=NOW - timedelta(hours=25))
    with parcel.write() as session:
        assert requests.prove(session, old["number"], "receiver", NOW) == "lapsed"
        assert requests.get(session, old["number"])["lapsed"]
    assert ask(parcel, key="m2")["number"] != old["number"]


@pytest.mark.parametrize(("status", "obstacle"), [("in_transit", None), ("delivered", "delivered")])
def test_what_stands_in_the_way_is_the_status(parcel: Database, status: str, obstacle: str | None) -> None:
    with parcel.write() as session:
        session.get(Shipment, SF).status = status
        session.flush()
        assert requests.obstacle(session, SF, "intercept") == obstacle
        assert requests.obstacle(session, "SF1409283746999", "intercept") == "unknown"


def test_every_step_is_recorded_and_the_list_hides_numbers(parcel: Database) -> None:
    number = ask(parcel, phone=RECEIVER)["number"]
    with parcel.write() as session:
        requests.prove(session, number, "receiver", NOW)
        requests.step(session, number, "accept", actor="lin", now=NOW)
        requests.step(session, number, "refuse", actor="lin", now=NOW, note="当天线路已满")
        seen = requests.for_desk(session, number)
        (row,) = requests.listed(session, state="refused", after_id=None, limit=10)
        assert requests.listed(session, state=None, after_id=None, limit=10) == []
    assert [event["step"] for event in seen["events"]] == ["ask", "prove", "accept", "refuse"]
    assert seen["reason"] == "当天线路已满" and seen["allowed"] == []
    assert SF not in str(row) and RECEIVER not in str(row)


def test_a_pickup_moves_and_is_cancelled_once(database: Database) -> None:
    number = ask(database, requests.PICKUP, waybill=None, phone=SENDER)["number"]
    with database.write() as session:
        moved = requests.reschedule_pickup(session, number, {"words": "周日", "value": "2030-01-06"}, key="k", now=NOW)
        assert moved["details"]["time"]["words"] == "周日" and moved["proven"]
        assert requests.cancel(session, number, key="c", now=NOW)["state"] == "cancelled"
        assert requests.cancel(session, number, key="c", now=NOW)["state"] == "cancelled"
        assert requests.open_pickup(session, "c1") is None
        with pytest.raises(StepNotAllowed):
            requests.reschedule_pickup(session, number, {"words": "x", "value": "x"}, key="k2", now=NOW)


def test_an_unknown_number_is_an_error_with_a_name(database: Database) -> None:
    with database.read() as session, pytest.raises(UnknownRequest):
        requests.get(session, "FW00000000000")


@given(st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.booleans()), max_size=8))
def test_whatever_is_tried_a_finished_request_stays_finished(tries: list[tuple[str, bool]]) -> None:
    state = STATES[0]
    for name, proven in tries:
        if name not in allowed(state, proven=proven):
            with pytest.raises(StepNotAllowed):
                after(state, name, proven=proven)
            continue
        assert state in OPEN
        state = after(state, name, proven=proven)
        assert state in STATES and (proven or state in ("refused", "cancelled"))


class Codes:
    def __init__(self, database: Database) -> None:
        self.database, self.messages = database, 0

    def draw(
        self, minute: float = 0, chat: str = "c1", key: str | None = None, subject: str = "s"
    ) -> str | None:
        self.messages += 1
        with self.database.write() as session:
            at = NOW + timedelta(minutes=minute)
            code = codes.draw(session, chat, subject, phone=SENDER, key=key or f"d{self.messages}", now=at)
            session.commit()
        return code

    def check(self, code: str, minute: float = 1, chat: str = "c1", key: str | None = None) -> str:
        self.messages += 1
        with self.database.write() as session:
            at = NOW + timedelta(minutes=minute)
            outcome = codes.check(session, chat, "s", code, key=key or f"k{self.messages}", now=at)
            session.commit()
        return outcome


@pytest.fixture
def one_time(database: Database) -> Codes:
    return Codes(database)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_a_code_opens_once_and_only_in_its_own_conversation(one_time: Codes) -> None:
    code = one_time.draw()
    assert code is not None and len(code) == 6
    assert one_time.check(code, chat="c2") == codes.EXPIRED
    assert one_time.check(code) == codes.VERIFIED
    assert one_time.check(code) == codes.EXPIRED


def test_a_turn_run_again_draws_no_second_code_and_counts_no_second_try(one_time: Codes) -> None:
    code = one_time.draw(key="same")
    assert one_time.draw(key="same") == code
    assert code is not None
    for _ in range(9):
        assert one_time.check(wrong(code), key="same") == codes.WRONG
    assert one_time.check(code) == codes.VERIFIED


def test_five_wrong_tries_lock_a_code_and_ten_minutes_end_it(one_time: Codes) -> None:
    code = one_time.draw()
    assert code is not None
    assert one_time.check(code, minute=11) == codes.EXPIRED
    assert [one_time.check(wrong(code)) for _ in range(5)][-1] == codes.LOCKED
    assert one_time.check(code) == codes.LOCKED


def test_nobody_s_phone_is_flooded(one_time: Codes) -> None:
    sent = [one_time.draw(minute, chat=f"c{minute}", subject=f"s{minute}") for minute in range(5)]
    assert [code is not None for code in sent] == [True] * 3 + [False] * 2
    assert one_time.draw(62) is not None


def test_without_a_sender_and_with_a_broken_one_the_code_counts_as_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.settings import settings

    with pytest.raises(codes.NotSent):
        codes.send(SENDER, "123456")
    monkeypatch.setattr(settings(), "code_sender", "http://127.0.0.1:9/none")
    with pytest.raises(codes.NotSent):
        codes.send(SENDER, "123456")
