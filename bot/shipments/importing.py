"""Files into the store: shipments and scans from CSV, Kuaidi100's answers from JSON lines.

Files of any size in constant memory: rows are written in batches, each a short transaction, so customers are
served meanwhile, and a broken import keeps what it wrote. Importing a file again changes nothing.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from sqlalchemy.orm import Session
from tqdm import tqdm

from bot.db import Database, now
from bot.shipments import fields, store
from bot.shipments.errors import BadRow
from bot.shipments.models import fingerprint
from bot.shipments.providers import kuaidi100
from bot.shipments.providers.base import Answer
from bot.shipments.store import Row

BATCH_ROWS = 5000
BATCH_ANSWERS = 100  # each holds many scans
SHIPMENT_COLUMNS = (
    "waybill", "carrier", "status", "sender_name", "sender_phone", "sender_city", "receiver_name", "receiver_phone",
    "receiver_city", "receiver_address", "service", "declared_value", "freight", "cod_amount", "created_at",
    "promised_at", "courier_relay",
)  # fmt: skip
EVENT_COLUMNS = ("waybill", "time", "city", "code", "text")

Record = TypeVar("Record")
Parsed = TypeVar("Parsed")


@dataclass
class Report:
    """Rows taken and rows refused. Each refusal is told on stderr as it comes, with its line and reason."""

    file: str
    good: int = 0
    bad: int = 0

    def refuse(self, line: int, reason: object) -> None:
        self.bad += 1
        tqdm.write(f"{self.file}, line {line}: {reason}", file=sys.stderr)


def import_shipments(database: Database, path: Path) -> Report:
    """Upserts shipments from a CSV file with SHIPMENT_COLUMNS, of which only waybill is required."""
    report = Report(path.name)
    with _open(path) as (file, rows_done):
        rows = _csv_rows(file, report, SHIPMENT_COLUMNS, ("waybill",))
        _load(database, report, rows_done(rows), _shipment_and_parties, _write_shipments, BATCH_ROWS)
    return report


def import_events(database: Database, path: Path) -> Report:
    """Adds scans from a CSV file with EVENT_COLUMNS, in any order, before or after their shipments."""
    report = Report(path.name)
    with _open(path) as (file, rows_done):
        rows = _csv_rows(file, report, EVENT_COLUMNS, ("waybill", "time", "code"))
        _load(database, report, rows_done(rows), _event, store.write_events, BATCH_ROWS)
    return report


def import_kuaidi100(database: Database, path: Path) -> Report:
    """Takes Kuaidi100's answers to queries, one JSON object a line, each with an optional "phone" added."""
    report = Report(path.name)
    with _open(path) as (file, rows_done):
        rows = ((number, line) for number, line in enumerate(file, start=1) if line.strip())
        _load(database, report, rows_done(rows), _answer, _write_answers, BATCH_ANSWERS)
    return report


def _load(
    database: Database,
    report: Report,
    rows: Iterable[tuple[int, Record]],
    parse: Callable[[Record], Parsed],
    write: Callable[[Session, list[Parsed]], None],
    batch_size: int,
) -> None:
    parsed = _parsed(report, rows, parse)
    while batch := list(islice(parsed, batch_size)):
        with database.write() as session:
            write(session, batch)
            session.commit()
        report.good += len(batch)


def _parsed(
    report: Report, rows: Iterable[tuple[int, Record]], parse: Callable[[Record], Parsed]
) -> Iterator[Parsed]:
    for line, row in rows:
        try:
            yield parse(row)
        except BadRow as reason:
            report.refuse(line, reason)


@contextmanager
def _open(path: Path) -> Iterator[tuple[BinaryIO, Callable[[Iterable[Record]], Iterator[Record]]]]:
    """The file, and a wrapper that moves the progress bar (by the file's bytes) as its rows are used."""
    with (
        path.open("rb") as file,
        tqdm(total=path.stat().st_size, unit="B", unit_scale=True, desc=path.name, file=sys.stderr) as bar,
    ):

        def rows_done(rows: Iterable[Record]) -> Iterator[Record]:
            for row in rows:
                yield row
                bar.update(file.tell() - bar.n)

        yield file, rows_done


def _csv_rows(
    file: BinaryIO, report: Report, columns: tuple[str, ...], required: tuple[str, ...]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows by column name, with the line each begins on. A file without a required column is refused whole."""
    reader = csv.reader(io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline=""))
    header: list[str] | None = None
    begins = 1
    while True:
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            report.refuse(begins, f"not CSV: {error}")
            row = []
        line, begins = begins, reader.line_num + 1
        if header is None:
            header = [name.strip().lower() for name in row]
            missing = [name for name in required if name not in header]
            if missing:
                report.refuse(line, f"the column {missing[0]} is missing (columns may be: {', '.join(columns)})")
                return
        elif any(row):
            yield line, dict(zip(header, row, strict=False))
    if header is None:
        report.refuse(1, "the file is empty")


def _shipment_and_parties(row: dict[str, str]) -> tuple[Row, list[Row]]:
    waybill = fields.waybill(row.get("waybill"))
    given = row.get("status", "").strip()
    status, reason = fields.status(given) if given else ("unknown", None)
    shipment = {
        "waybill": waybill,
        "carrier": fields.carrier(row.get("carrier")),
        "status": status,
        "reason": reason,
        "service": fields.words(row.get("service"), "service", 40),
        "sender_city": fields.words(row.get("sender_city"), "sender_city", 60),
        "receiver_city": fields.words(row.get("receiver_city"), "receiver_city", 60),
        **{name: fields.money(row.get(name), name) for name in ("declared_value", "freight", "cod_amount")},
        "courier_relay": fields.phone(row.get("courier_relay"), "courier_relay"),
        "created_at": fields.moment(row.get("created_at"), "created_at"),
        "promised_at": fields.moment(row.get("promised_at"), "promised_at", at_end_of_day=True),
    }
    return shipment, [party for role in ("sender", "receiver") if (party := _party(waybill, role, row))]


def _party(waybill: str, role: str, row: dict[str, str]) -> Row | None:
    name = fields.words(row.get(f"{role}_name"), f"{role}_name", 200)
    phone = fields.phone(row.get(f"{role}_phone"), f"{role}_phone")
    address = fields.words(row.get(f"{role}_address"), f"{role}_address")
    return store.party(waybill, role, name, phone, address) if name or phone or address else None


def _write_shipments(session: Session, rows: list[tuple[Row, list[Row]]]) -> None:
    for once in _each_waybill_once(rows):
        store.write_shipments(session, [shipment for shipment, _ in once])
        store.write_parties(session, [party for _, parties in once for party in parties])


def _each_waybill_once(rows: list[tuple[Row, list[Row]]]) -> Iterator[list[tuple[Row, list[Row]]]]:
    """A statement can touch a shipment once only: what comes twice in a batch is written in a second round."""
    while rows:
        first: dict[str, tuple[Row, list[Row]]] = {}
        again = []
        for row in rows:
            if first.setdefault(row[0]["waybill"], row) is not row:
                again.append(row)
        yield [first[waybill] for waybill in sorted(first)]
        rows = again


def _event(row: dict[str, str]) -> Row:
    at = fields.past(row.get("time"), "time", now())
    status, reason = fields.status(row.get("code"), "code")
    code = row["code"].strip()
    text = fields.words(row.get("text"), "text") or ""
    return {
        "waybill": fields.waybill(row.get("waybill")),
        "at": at,
        "city": fields.words(row.get("city"), "city", 60),
        "status": status,
        "reason": reason,
        "code": code,
        "text": text,
        "fingerprint": fingerprint(at, code, text),
    }


def _answer(line: bytes) -> Answer:
    try:
        record: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadRow("the line is not JSON in UTF-8") from error
    return kuaidi100.read_answer(record, now())


def _write_answers(session: Session, answers: list[Answer]) -> None:
    store.write_events(session, [event for answer in answers for event in answer.events])
    for answer in answers:
        store.add_what_was_asked_with(session, answer.waybill, answer.carrier, answer.phone)
