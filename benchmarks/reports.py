"""How long the reports take over many cases, on SQLite and on PostgreSQL.

Fills a new database with a month of cases (200,000 by default, about five audit lines each, some with a finding or a
survey), conversations and handoffs, and times each report with its files. `--postgres` names a server on which a
database may be made and dropped. The limit is ours: "in seconds" (issue D), here ten for the monthly statistics.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

LIMIT_S = 10
MONTH = datetime(2026, 9, 30, 16, tzinfo=timezone.utc)
"""The first of October in Shanghai."""
AREAS = [f"城市{number}" for number in range(300)]
BATCH = 5000


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cases", type=int, default=200_000)
    arguments.add_argument("--postgres", default="", help="postgresql://postgres@127.0.0.1:5432/postgres")
    given = arguments.parse_args()
    os.environ["YIDA_SECRET_KEY"] = "k" * 40
    slow = False
    with tempfile.TemporaryDirectory() as folder:
        slow |= measure(f"sqlite:///{folder}/yida.db", given.cases)
    if given.postgres:
        with own_database(given.postgres) as url:
            slow |= measure(url, given.cases)
    sys.exit(1 if slow else 0)


@contextmanager
def own_database(server: str) -> Iterator[str]:
    name = f"yida_bench_{uuid4().hex[:8]}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        try:
            yield make_url(server).set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


def measure(url: str, cases: int) -> bool:
    """Prints a line for each report; whether the monthly one took too long."""
    from bot.db import Database, migrate, now
    from bot.reports import files
    from bot.reports.making import OF_A_PERIOD
    from bot.reports.period import between

    migrate(url)
    data = Database(url)
    started = time.perf_counter()
    fill(data, cases)
    name = "SQLite" if data.is_sqlite else "PostgreSQL"
    print(f"{name}: {cases:,} cases filled in {time.perf_counter() - started:.0f} s")
    took = {}
    for kind, days in (("monthly", ("2026-10", None)), ("exceptions", ("2026-10-15", None))):
        started = time.perf_counter()
        with data.read() as session:
            report = OF_A_PERIOD[kind](session, between(*days, usual=None), now())  # type: ignore[arg-type]
        took[kind] = time.perf_counter() - started
        sizes = []
        for form in files.FORMATS:
            started = time.perf_counter()
            size = len(files.write(report, form, "en"))
            sizes.append(f"{form} {size / 1024:.0f} KB {time.perf_counter() - started:.2f} s")
        print(f"  {kind:10} {took[kind]:5.1f} s   {', '.join(sizes)}   {report.facts[0]}")
    data.dispose()
    return took["monthly"] > LIMIT_S


def fill(data: Any, cases: int) -> None:
    """Made-up rows; the ciphertext is one and the same, for no report of many cases reads it."""
    from bot.cases.findings import causes
    from bot.cases.states import CATEGORIES
    from bot.db import Database
    from bot.privacy import vault

    assert isinstance(data, Database)
    chance, secret = random.Random(7), vault().encrypt("杯子碎了两个，希望尽快处理".encode()).decode()
    tables = {name: _table(name) for name in ("cases", "case_events", "findings", "surveys", "conversations",
                                              "inbox", "messages", "handoffs")}  # fmt: skip
    for first in range(0, cases, BATCH):
        rows: dict[str, list[dict[str, Any]]] = {name: [] for name in tables}
        for number in range(first, min(first + BATCH, cases)):
            _case(rows, number, chance, secret, CATEGORIES, list(causes()))
            if number % 4 == 0:
                _chat(rows, number, chance, secret)
        with data.engine.begin() as connection:
            for name, table in tables.items():
                for part in _parts(rows[name]):
                    connection.execute(table.insert(), part)
    with data.engine.begin() as connection:
        connection.execute(text("ANALYZE"))


def _table(name: str) -> Any:
    """The bare table: bound values are stored as they are, without encrypting each."""
    from sqlalchemy import Column, DateTime, MetaData, Table, Text

    from bot.db import UTCDateTime
    from bot.privacy import EncryptedText
    from bot.schema import metadata

    def bare(column: Any) -> Any:
        if isinstance(column.type, EncryptedText):
            return Text()
        return DateTime() if isinstance(column.type, UTCDateTime) else column.type

    columns = metadata.tables[name].columns
    return Table(name, MetaData(), *(Column(c.name, bare(c), primary_key=c.primary_key) for c in columns))


def _parts(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]


def _case(
    rows: dict[str, list[dict[str, Any]]], number: int, chance: random.Random, secret: str, categories: Any, causes: Any
) -> None:
    at = (MONTH + timedelta(seconds=chance.random() * 31 * 86400)).replace(tzinfo=None)
    steps = [("submit", None, "new", 0.0), ("acknowledge", "new", "acknowledged", 0.0)]
    if chance.random() < 0.9:
        steps.append(("investigate", "acknowledged", "investigating", chance.random() * 30))
        steps.append(("propose", "investigating", "proposed", 30 + chance.random() * 150))
        steps.append(("accept", "proposed", "resolved", 190.0))
    case_id = number + 1
    rows["cases"].append({
        "id": case_id, "number": f"YD2610{case_id:08d}", "kind": chance.choice(("complaint", "complaint", "claim")),
        "category": chance.choice(categories), "state": steps[-1][2], "escalation": 0,
        "reopened": int(chance.random() < 0.05), "language": "zh", "description": secret, "remedy": secret,
        "phone": secret, "phone_hash": f"{number:064d}", "waybill": secret, "waybill_hash": f"{number:064d}",
        "area": chance.choice(AREAS), "files": secret, "summary": "damage: 杯子碎了两个", "created_at": at,
        "first_check_due_at": at + timedelta(hours=24), "result_due_at": at + timedelta(days=7),
        "updated_at": at + timedelta(hours=steps[-1][3]),
    })  # fmt: skip
    for place, (name, before, state, hours) in enumerate(steps):
        rows["case_events"].append({
            "id": case_id * 8 + place, "case_id": case_id,
            "at": at + timedelta(hours=hours), "actor": "lin", "transition": name, "from_state": before,
            "to_state": state, "note": None,
        })  # fmt: skip
    if chance.random() < 0.5:
        rows["findings"].append({
            "case_id": case_id, "cause": chance.choice(causes), "remedy": secret, "prevention": secret,
            "found_by": "lin", "at": at,
        })  # fmt: skip
    if chance.random() < 0.3:
        scores = {name: chance.randint(1, 5) for name in ("speed", "quality", "price", "transparency")}
        rows["surveys"].append({
            "id": case_id, "case_id": case_id, **scores, "problem_solving": None, "comment": None,
            "follow_up": min(scores.values()) <= 2, "at": at + timedelta(days=8),
        })  # fmt: skip


def _chat(rows: dict[str, list[dict[str, Any]]], number: int, chance: random.Random, secret: str) -> None:
    """Ten messages of a customer and the bot; every third chat is passed on."""
    chat, at = f"{number:032d}", (MONTH + timedelta(seconds=chance.random() * 31 * 86400)).replace(tzinfo=None)
    rows["conversations"].append({
        "id": chat, "channel": "web", "sender_hash": f"{number:064d}", "sender": secret, "language": "zh",
        "owner": "bot", "epoch": 0, "last_seq": 10, "created_at": at, "last_message_at": at,
    })  # fmt: skip
    for seq in range(1, 11):
        moment = at + timedelta(seconds=20 * seq + chance.random() * 10)
        if seq % 2:
            rows["inbox"].append({
                "id": number * 10 + seq, "conversation_id": chat, "channel": "web", "external_id": f"{number}-{seq}",
                "seq": seq, "payload": None, "state": "answered", "attempts": 1, "received_at": moment,
                "finished_at": moment,
            })  # fmt: skip
        rows["messages"].append({
            "conversation_id": chat, "seq": seq, "sender": "customer" if seq % 2 else "bot", "text": secret,
            "choices": None, "card": None, "file_id": None, "agent": None, "epoch": 0, "answers": None,
            "undelivered": False, "at": moment,
        })  # fmt: skip
    if number % 3 == 0:
        claimed = at + timedelta(seconds=chance.random() * 200) if chance.random() < 0.9 else None
        rows["handoffs"].append({
            "id": number + 1, "conversation_id": chat, "epoch": 1, "reason": "customer_asked", "packet": secret,
            "requested_at": at, "claimed_at": claimed, "agent": claimed and "lin",
            "ended_at": at + timedelta(minutes=15), "outcome": "resolved" if claimed else "cancelled",
        })  # fmt: skip


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parent.parent)
    main()
