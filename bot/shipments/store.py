"""Writing shipments, parties and scans in bulk, so that order and repetition do not matter.

A blank never replaces what is known. A shipment's status is that of its newest scan; a status given with the
shipment itself counts only until there is a scan.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import and_, case, func, literal_column, or_
from sqlalchemy.orm import Session

from bot.customers.subscriptions import moved
from bot.db import insert, now
from bot.shipments.models import Party, Shipment, ShipmentEvent, hash_of_phone, hash_of_tail
from bot.shipments.statuses import RANK, place_in_time

Row = dict[str, Any]
_SHIPMENTS, _PARTIES, _EVENTS = Shipment.__table__, Party.__table__, ShipmentEvent.__table__
_STATED = ("status", "reason", "last_event_at", "updated_at")
# Written out rather than bound: a bound constant would be processed and sent again with every row.
_UNKNOWN, _EMPTY = literal_column("'unknown'"), literal_column("''")


def write_shipments(session: Session, rows: list[Row]) -> None:
    """Upserts shipments. Rows have every column of the file but the parties', each waybill once."""
    statement = insert(session, _SHIPMENTS)
    new, known = statement.excluded, _SHIPMENTS.c
    facts = {c.name: func.coalesce(new[c.name], c) for c in known if c.name not in (*_STATED, "waybill")}
    stated = and_(known.last_event_at.is_(None), new.status != _UNKNOWN)
    changes = {
        **facts,
        "status": case((stated, new.status), else_=known.status),
        "reason": case((stated, new.reason), else_=known.reason),
        "updated_at": new.updated_at,
    }
    stamped = [{**row, "updated_at": now()} for row in rows]
    _run(session, statement.on_conflict_do_update(index_elements=["waybill"], set_=changes), stamped)
    moved(session, {row["waybill"] for row in rows}, now())


def write_parties(session: Session, rows: list[Row]) -> None:
    """Upserts senders and receivers of shipments that are there; a phone brings its hashes along."""
    statement = insert(session, _PARTIES)
    new = statement.excluded
    changes = {
        c.name: func.coalesce(new[c.name], c) for c in _PARTIES.c if c.name not in ("waybill", "role", "phone_hash")
    }
    # A number without its middle has no hash: it must not keep the hash of the number it replaces.
    changes["phone_hash"] = case((new.phone.is_(None), _PARTIES.c.phone_hash), else_=new.phone_hash)
    _run(session, statement.on_conflict_do_update(index_elements=["waybill", "role"], set_=changes), rows)


def write_events(session: Session, rows: list[Row]) -> None:
    """Adds scans not yet known, and the shipments they speak of, brought up to the newest scan."""
    _bring_up_to_date(session, rows)
    _run(session, insert(session, _EVENTS).on_conflict_do_nothing(), rows)
    moved(session, {row["waybill"] for row in rows}, now())


def party(waybill: str, role: str, name: str | None, phone: str | None, address: str | None = None) -> Row:
    return {
        "waybill": waybill, "role": role, "name": name, "phone": phone, "address": address,
        "phone_hash": hash_of_phone(phone), "tail_hash": hash_of_tail(waybill, phone),
    }  # fmt: skip


def add_what_was_asked_with(session: Session, waybill: str, carrier: str | None, phone: str | None) -> None:
    """The carrier and phone a provider was asked with. The phone may be either side's: it takes a free side."""
    shipment = session.get(Shipment, waybill)
    shipment.carrier = shipment.carrier or carrier
    parties = {known.role: known.tail_hash for known in session.query(Party).filter_by(waybill=waybill)}
    free = [role for role in ("receiver", "sender") if role not in parties]
    if phone and free and hash_of_tail(waybill, phone) not in parties.values():
        session.add(Party(**party(waybill, free[0], None, phone)))
        session.flush()


def _bring_up_to_date(session: Session, events: Iterable[Row]) -> None:
    newest: dict[str, Row] = {}
    for event in events:
        best = newest.get(event["waybill"])
        if best is None or _tells_more(event, best):
            newest[event["waybill"]] = event
    statement = insert(session, _SHIPMENTS)
    new, known = statement.excluded, _SHIPMENTS.c
    rank, known_rank = _rank(new.status), _rank(known.status)
    further = or_(
        rank > known_rank,
        and_(rank == known_rank, func.coalesce(new.reason, _EMPTY) > func.coalesce(known.reason, _EMPTY)),
    )
    newer = or_(
        and_(known.last_event_at.is_(None), new.last_event_at.isnot(None)),
        new.last_event_at > known.last_event_at,
        and_(new.last_event_at == known.last_event_at, further),
    )
    changes = {name: new[name] for name in _STATED}
    statement = statement.on_conflict_do_update(index_elements=["waybill"], set_=changes, where=newer)
    # One order of rows for everybody: two imports at once on PostgreSQL cannot lock each other out.
    _run(session, statement, [_as_shipment(newest[waybill]) for waybill in sorted(newest)])


def _rank(status: Any) -> Any:
    """RANK in SQL, written out: as bound values its figures would cost more than all the rest of a row."""
    return case(
        *((status == literal_column(f"'{name}'"), literal_column(str(rank))) for name, rank in RANK.items())
    )


def _tells_more(event: Row, best: Row) -> bool:
    """A scan of unknown meaning says nothing of the status, however new it is."""
    known = (event["status"] != "unknown", best["status"] != "unknown")
    return (known[0], place_in_time(event)) > (known[1], place_in_time(best))


def _as_shipment(event: Row) -> Row:
    known = event["status"] != "unknown"
    return {
        "waybill": event["waybill"],
        "status": event["status"],
        "reason": event["reason"],
        "last_event_at": event["at"] if known else None,
        "updated_at": now(),
    }


def _run(session: Session, statement: Any, rows: list[Row]) -> None:
    if rows:
        session.connection().execute(statement, rows)
