"""How fast parcels are found, and told of, among very many of them.

Fills a database of its own (PostgreSQL: made and dropped on the server of --server; SQLite: a file that is removed)
with made-up shipments, ten scans each, and both parties; then measures look-up with events, "my parcels" of a phone,
and the due work of watched parcels, while a courier's scans keep coming in. Targets (issue C §7): look-up p95 10 ms,
my parcels 20 ms, the sweep 30 s, and no write that waits for the sweep.

Example: python -m benchmarks.shipments_scale --database sqlite --shipments 200000
Example: python -m benchmarks.shipments_scale --database postgresql --shipments 1000000
"""

from __future__ import annotations

import argparse
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from random import Random
from tempfile import TemporaryDirectory
from uuid import uuid4

from sqlalchemy import create_engine, text

from bot.conversations.inbox import open_conversation
from bot.customers.models import Subscription
from bot.db import Database, migrate, now
from bot.duework import DueWork, do_due
from bot.notices.handlers import HANDLERS
from bot.privacy import vault
from bot.shipments import owned, tracking
from bot.shipments.models import Party, Shipment, ShipmentEvent, fingerprint, hash_of_phone, hash_of_tail
from bot.shipments.store import write_events

SCANS = 10
BATCH = 20_000
LOOKS = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--server", default="postgresql://postgres@127.0.0.1:5432/postgres")
    parser.add_argument("--shipments", type=int, default=200_000)
    parser.add_argument("--watched", type=int, default=20_000, help="subscribed parcels")
    parser.add_argument("--due", type=int, default=5_000, help="of them, due in the sweep")
    parser.add_argument("--workers", type=int, default=1, help="threads that sweep at once, as so many workers would")
    wish = parser.parse_args()
    with _database(wish.database, wish.server) as database:
        seconds = _timed(lambda: _fill(database, wish.shipments))
        print(f"{wish.database}: {wish.shipments:,} shipments, {wish.shipments * SCANS:,} scans in {seconds:.0f} s")
        _look_up(database, wish.shipments)
        _my_parcels(database, wish.shipments)
        _sweep(database, wish)


@contextmanager
def _database(kind: str, server: str) -> Iterator[Database]:
    if kind == "sqlite":
        with TemporaryDirectory() as folder:
            yield from _migrated(f"sqlite:///{folder}/scale.db")
        return
    name = f"yida_scale_{uuid4().hex[:8]}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield from _migrated(f"{server.rpartition('/')[0]}/{name}")
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def _migrated(url: str) -> Iterator[Database]:
    migrate(url)
    database = Database(url)
    yield database
    database.dispose()


def _waybill(number: int) -> str:
    return f"SF{1_000_000_000_000 + number}"


def _phone(number: int) -> str:
    """Three parcels a phone on average."""
    return f"139{number // 3 % 100_000_000:08d}"


def _fill(database: Database, shipments: int) -> None:
    cipher, moment = vault().encrypt("快件已到达杭州转运中心".encode()).decode(), now()
    for start in range(0, shipments, BATCH):
        numbers = range(start, min(start + BATCH, shipments))
        _insert(database, Shipment.__table__, [_shipment(number, moment) for number in numbers])
        _insert(database, Party.__table__, [_party(number, role) for number in numbers for role in _ROLES])
        for chunk in range(0, len(numbers), BATCH // 5):
            part = numbers[chunk : chunk + BATCH // 5]
            rows = [_event(number, scan, moment, cipher) for number in part for scan in range(SCANS)]
            _insert(database, ShipmentEvent.__table__, rows, raw_text=True)
    with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("ANALYZE")


_ROLES = ("sender", "receiver")


def _insert(database: Database, table, rows: list[dict], *, raw_text: bool = False) -> None:
    """Plain inserts; `raw_text` takes the text as ciphertext: encrypting ten million lines would measure nothing."""
    with database.write() as session:
        if raw_text:
            names = ", ".join(rows[0])
            values = ", ".join(f":{name}" for name in rows[0])
            session.execute(text(f"INSERT INTO {table.name} ({names}) VALUES ({values})"), rows)
        else:
            session.connection().execute(table.insert(), rows)
        session.commit()


def _shipment(number: int, moment) -> dict:
    return {
        "waybill": _waybill(number), "carrier": "SF", "status": "in_transit", "sender_city": "上海",
        "receiver_city": "杭州", "created_at": moment - timedelta(days=4),
        "last_event_at": moment - timedelta(hours=number % 90), "updated_at": moment,
    }  # fmt: skip


def _party(number: int, role: str) -> dict:
    waybill, phone = _waybill(number), _phone(number + (role == "sender") * 17)
    return {
        "waybill": waybill, "role": role, "name": None, "phone": None, "address": None,
        "phone_hash": hash_of_phone(phone), "tail_hash": hash_of_tail(waybill, phone),
    }  # fmt: skip


def _event(number: int, scan: int, moment, cipher: str) -> dict:
    at = (moment - timedelta(hours=number % 90 + 3 * scan)).replace(tzinfo=None)
    return {
        "waybill": _waybill(number), "at": at, "city": "杭州", "status": "in_transit", "reason": None, "code": "31",
        "text": cipher, "fingerprint": f"{number}-{scan}",
    }  # fmt: skip


def _timed(do: Callable[[], object]) -> float:
    started = time.perf_counter()
    do()
    return time.perf_counter() - started


def _report(name: str, times: list[float], target_ms: float) -> None:
    ordered = sorted(times)
    p95 = ordered[int(len(ordered) * 0.95)] * 1000
    verdict = "met" if p95 <= target_ms else "MISSED"
    p50 = statistics.median(ordered) * 1000
    print(f"{name:22} p50 {p50:6.2f} ms   p95 {p95:6.2f} ms   target {target_ms:g}: {verdict}")


def _look_up(database: Database, shipments: int) -> None:
    random, times = Random(1), []
    for _ in range(LOOKS):
        waybill = _waybill(random.randrange(shipments))
        with database.read() as session:
            look = partial(tracking.view, session, waybill, detailed=True, language="zh", now=now())
            times.append(_timed(look))
    _report("look-up with events", times, 10)


def _my_parcels(database: Database, shipments: int) -> None:
    """The list with its rights, as written after the code, without what the commit itself takes."""
    random, times = Random(2), []
    for look in range(LOOKS):
        phone = _phone(random.randrange(shipments))
        with database.write() as session:
            times.append(_timed(partial(owned.open_to, session, f"chat-{look}", phone, now())))
    _report("my parcels", times, 20)


def _sweep(database: Database, wish: argparse.Namespace) -> None:
    """`due` of the watched parcels have waited too long; meanwhile scans of others keep coming in."""
    shipments, watched, due = wish.shipments, wish.watched, wish.due
    moment, step = now(), max(1, shipments // watched)
    with database.write() as session:
        talks = [open_conversation(session, "web", f"bench-{number}").id for number in range(200)]
        session.commit()
    rows = [
        {"conversation_id": talks[n % len(talks)], "waybill": _waybill(n * step), "promised_at": None, "at": moment}
        for n in range(watched)
    ]
    _insert(database, Subscription.__table__, rows)
    work = [
        {"kind": "parcel_notice", "subject": row["waybill"], "failures": 0,
         "due_at": moment - timedelta(minutes=5) if n < due else moment + timedelta(days=2)}
        for n, row in enumerate(rows)
    ]  # fmt: skip
    _insert(database, DueWork.__table__, work)
    with database.write() as session:
        for row in rows[:due]:
            session.get(Shipment, row["waybill"]).last_event_at = moment - timedelta(days=6)
        session.commit()
    calm: list[float] = []
    _scan_some(database, shipments, 50, calm)
    noon = moment.replace(hour=4) + timedelta(days=moment.hour >= 4)  # in Shanghai: no quiet hours
    with _scans_coming_in(database.url, shipments) as writes:
        seconds = _timed(partial(_sweep_at_once, database, noon, wish.workers))
    verdict = "met" if seconds <= 30 else "MISSED"
    print(f"{'sweep':22} {due:,} notices by {wish.workers} in {seconds:.1f} s   target 30: {verdict}")
    _report("a write, calm", calm, 100)
    _report("a write in the sweep", writes, 100)


def _sweep_at_once(database: Database, at: datetime, workers: int) -> None:
    threads = [threading.Thread(target=do_due, args=(database, HANDLERS, at)) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@contextmanager
def _scans_coming_in(url: str, shipments: int) -> Iterator[list[float]]:
    """A process of its own writes scans meanwhile, as the server does beside its workers; afterwards its seconds."""
    apart, writes = get_context("spawn"), []
    ours, theirs = apart.Pipe()
    writer = apart.Process(target=_keep_scanning, args=(url, shipments, theirs))
    writer.start()
    ours.recv()  # it is up
    yield writes
    ours.send("stop")
    writes += ours.recv()
    writer.join()


def _keep_scanning(url: str, shipments: int, asked: Connection) -> None:
    database, times = Database(url), []
    asked.send("up")
    while not asked.poll(0.02):
        _scan_some(database, shipments, 1, times)
    asked.send(times)


def _scan_some(database: Database, shipments: int, count: int, times: list[float]) -> None:
    random = Random()
    for _ in range(count):
        at, waybill = now(), _waybill(random.randrange(shipments))
        row = {
            "waybill": waybill, "at": at, "city": "杭州", "status": "in_transit", "reason": None, "code": "31",
            "text": "到达", "fingerprint": fingerprint(at, "31", waybill),
        }  # fmt: skip

        def write(row: dict = row) -> None:
            with database.write() as session:
                write_events(session, [row])
                session.commit()

        times.append(_timed(write))


if __name__ == "__main__":
    main()
