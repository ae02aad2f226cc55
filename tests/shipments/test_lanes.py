"""How long parcels of a lane really took."""

from datetime import datetime, timedelta, timezone
from typing import Any

from sqlalchemy import event

from bot.db import Database
from bot.shipments.lanes import LaneTimes, lane_times
from bot.shipments.models import Shipment

NOW = datetime(2026, 11, 24, 4, tzinfo=timezone.utc)


def deliver(database: Database, took_days: list[float], *, origin: str = "上海", days_ago: float = 3) -> None:
    """Stores one delivered parcel to Beijing for each time it took."""
    there = NOW - timedelta(days=days_ago)
    with database.write() as session:
        for number, days in enumerate(took_days):
            session.add(
                Shipment(
                    waybill=f"SF{origin}{days_ago}{number}", status="delivered", sender_city=origin,
                    receiver_city="北京市", created_at=there - timedelta(days=days), last_event_at=there,
                )
            )  # fmt: skip
        session.commit()


def times(database: Database, origin: str = "上海", destination: str = "北京") -> LaneTimes | None:
    with database.read() as session:
        return lane_times(session, origin, destination, NOW)


def test_nine_of_ten_parcels_count_however_the_files_spell_the_city(database: Database) -> None:
    deliver(database, [1.5, 1.8, 2.2, 2.5, 2.6])
    deliver(database, [2.1, 2.3, 2.4, 2.9, 9.0], origin="上海市")
    assert times(database) == LaneTimes(parcels=10, least=2, most=3)


def test_a_few_parcels_or_old_ones_tell_nothing_and_a_lane_has_a_direction(database: Database) -> None:
    deliver(database, [2, 2, 2, 2])
    deliver(database, [2, 2, 2, 2, 2, 2], days_ago=70)
    assert times(database) is None
    deliver(database, [2, 2, 2, 2, 2], days_ago=1)
    assert times(database) is not None and times(database, "北京", "上海") is None


def test_it_is_one_query_by_the_lane_s_index(database: Database) -> None:
    deliver(database, [2, 2, 2, 2, 2])
    said: list[tuple[str, Any]] = []
    with database.read() as session:
        connection = session.connection()
        event.listen(connection, "before_cursor_execute", lambda *call: said.append((call[2], call[3])))
        lane_times(session, "上海", "北京", NOW)
        [(statement, values)] = said
        if connection.dialect.name == "sqlite":  # with a handful of rows PostgreSQL reads the whole table
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
            assert "ix_shipments_lane" in str(plan)
