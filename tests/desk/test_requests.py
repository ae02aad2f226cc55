"""Service requests at the desk: list, page, steps."""

from __future__ import annotations

import pytest

from bot.db import Database, now
from bot.shipments import requests
from bot.shipments.models import Shipment
from bot.shipments.request_states import STEPS
from tests.desk.conftest import PHONE, WAYBILL, Desk


@pytest.fixture
def number(database: Database) -> str:
    with database.write() as session:
        session.add(Shipment(waybill=WAYBILL, status="in_transit"))
        session.flush()
        made = requests.ask_for(
            session, key="m1", kind="reschedule", conversation_id="c" * 32, language="zh", waybill=WAYBILL, phone=PHONE,
            details={"time": {"words": "后天", "value": "2030-01-03"}}, now=now(),
        )  # fmt: skip
        session.commit()
    return str(made["number"])


def prove(database: Database, number: str) -> None:
    with database.write() as session:
        assert requests.prove(session, number, "receiver", now()) == "verified"
        session.commit()


def test_the_list_shows_open_requests_without_personal_data(lin: Desk, number: str) -> None:
    assert [request["number"] for request in lin.get("/desk/api/requests").json()["requests"]] == [number]
    assert lin.get("/desk/api/requests", params={"state": "done"}).json()["requests"] == []
    for seen in (lin.get("/desk/api/requests").text, lin.get("/desk/requests").text):
        assert number in seen and PHONE not in seen and WAYBILL not in seen


def test_a_page_offers_the_steps_its_state_and_proof_allow(lin: Desk, database: Database, number: str) -> None:
    def offered() -> set[str]:
        page = lin.get(f"/desk/requests/{number}").text
        assert "后天" in page and PHONE in page
        return {name for name in STEPS if f"/desk/api/requests/{number}/{name}" in page}

    assert offered() == {"refuse", "cancel"}
    prove(database, number)
    assert offered() == {"accept", "refuse", "cancel"}


def test_an_unproven_request_cannot_be_accepted(lin: Desk, number: str) -> None:
    refused = lin.post(f"/desk/api/requests/{number}/accept", json={})
    assert refused.status_code == 409 and refused.json()["allowed"] == ["refuse", "cancel"]


def test_a_refusal_needs_its_reason_and_the_customer_gets_it(lin: Desk, database: Database, number: str) -> None:
    assert lin.post(f"/desk/api/requests/{number}/refuse", json={}).status_code == 400
    told = lin.post(f"/desk/api/requests/{number}/refuse", json={"note": "当天线路已满"}).json()
    assert told["state"] == "refused" and told["reason"] == "当天线路已满"
    event = lin.get(f"/desk/api/requests/{number}").json()["events"][-1]
    assert (event["actor"], event["step"]) == ("lin", "refuse")


def test_an_unknown_number_is_404(lin: Desk) -> None:
    assert lin.get("/desk/api/requests/FW1").status_code == 404
    assert lin.get("/desk/requests/FW1").status_code == 404


def test_a_pickup_is_given_its_waybill_and_a_wrong_one_is_refused(lin: Desk, database: Database) -> None:
    with database.write() as session:
        made = requests.ask_for(
            session, key="p1", kind="pickup", conversation_id="c" * 32, language="zh", phone=PHONE, details={},
            now=now(),
        )  # fmt: skip
        session.commit()
    number = made["number"]
    assert "waybill" in lin.get(f"/desk/requests/{number}").text
    assert lin.post(f"/desk/api/requests/{number}/accept", json={"waybill": "RB123456786GB"}).status_code == 400
    told = lin.post(f"/desk/api/requests/{number}/accept", json={"waybill": "sf 1409283746510"}).json()
    assert told["state"] == "accepted" and told["waybill"] == "SF1409283746510"
