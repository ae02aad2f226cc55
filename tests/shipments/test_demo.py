"""Demo parcels: every interesting state, fresh at each loading, five to try."""

from datetime import timedelta

from sqlalchemy import func, select

from bot.db import Database, now
from bot.shipments import tracking, waybill
from bot.shipments.access import verify_tail
from bot.shipments.demo import load_demo
from bot.shipments.models import Shipment, ShipmentEvent


def test_five_parcels_to_try_open_with_the_digits_shown(database: Database) -> None:
    parcels = load_demo(database)
    assert len(parcels) == 5
    with database.write() as session:
        for parcel in parcels:
            assert verify_tail(session, "a", parcel.waybill, parcel.tail, key=parcel.waybill, now=now()) == "verified"


def test_demo_parcels_show_every_verdict_a_newcomer_should_see(database: Database) -> None:
    load_demo(database)
    with database.read() as session:
        numbers = session.execute(select(Shipment.waybill)).scalars().all()
        shown = [tracking.view(session, n, detailed=True, language="zh", now=now()) for n in numbers]
    assert {view["verdict"] for view in shown if view} >= {"on_time", "late", "stuck", "waiting", "problem", "done"}
    assert {view["status"] for view in shown if view} >= {"customs", "returned", "at_pickup_point", "exception"}
    assert len(shown) >= 12


def test_demo_numbers_are_recognised_when_a_customer_types_them(database: Database) -> None:
    load_demo(database)
    with database.read() as session:
        for number, carrier in session.execute(select(Shipment.waybill, Shipment.carrier)):
            (found,) = waybill.find(f"帮我查 {number}")
            assert (found.value, found.problem) == (number, None) and carrier in found.carriers


def test_loading_again_refreshes_without_adding(database: Database) -> None:
    def state() -> tuple[int, int]:
        with database.read() as session:
            count = select(func.count())
            return (
                session.execute(count.select_from(Shipment)).scalar_one(),
                session.execute(count.select_from(ShipmentEvent)).scalar_one(),
            )

    load_demo(database)
    first = state()
    load_demo(database)
    assert state() == first
    with database.read() as session:
        newest = session.execute(select(func.max(Shipment.last_event_at))).scalar_one()
    assert now() - newest < timedelta(hours=3)
