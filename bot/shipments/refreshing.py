"""Fresh scans from the providers when they are due: asked once in a while, within a budget, and never required.

What is stored is always enough for an answer; how old it is, is told (`staleness`). No transaction is open while a
provider is asked.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot import catalog
from bot.db import Database, insert
from bot.privacy import phone_digits
from bot.settings import settings
from bot.shipments import store
from bot.shipments.models import OVER, Party, ProviderQuery, Shipment
from bot.shipments.providers.base import Answer, PhoneNeeded, Provider, ProviderError, Question, Unreachable
from bot.shipments.providers.chosen import configured
from bot.shipments.waybill import normalise, recognise

log = logging.getLogger(__name__)

ASKED, ANSWERED = "asked", "answered"


def refresh(database: Database, number: str, now: datetime, *, tail: str | None = None) -> None:
    """Asks the providers about a parcel where it is due, and keeps what they say. Never raises for their faults.

    `tail`: four digits the customer has just given, for a carrier that told nothing without them.
    """
    if not configured():
        return
    waybill = normalise(number)
    with database.write() as session:
        question = _due(session, waybill, now, tail)
        watched = _is_watched(session, waybill)
        session.commit()
    if question is None:
        return
    outcome, answer, watched = _ask_all(question, watched)
    with database.write() as session:
        _keep(session, question, outcome, answer, watched, now)
        session.commit()


def staleness(session: Session, waybill: str) -> tuple[str, datetime | None] | None:
    """(outcome, time of the last good answer) where the newest query failed; None while all is well."""
    if not configured():
        return None
    query = session.get(ProviderQuery, waybill)
    return None if query is None or query.outcome in (ASKED, ANSWERED) else (query.outcome, query.answered_at)


def take(session: Session, answers: list[Answer], now: datetime) -> None:
    """What a provider pushed: scans in any order, any number of times; it counts as a good answer."""
    store.write_events(session, [event for answer in answers for event in answer.events])
    for answer in answers:
        _note(session, answer.waybill, ANSWERED, now, answered_at=now, again_at=_again(ANSWERED, now), watched=True)


def _due(session: Session, waybill: str, now: datetime, tail: str | None) -> Question | None:
    """The question, where nobody else is asking it and it is time; the claim is the row itself."""
    found = recognise(waybill)
    shipment = session.get(Shipment, waybill)
    if (found is None or found.problem) and shipment is None:
        return None
    if shipment is not None and _is_settled(shipment, now):
        return None
    with_digits = tail is not None and _needs_phone(session, waybill)
    if not (with_digits or _claim(session, waybill, now)):
        return None
    carrier = shipment.carrier if shipment else None
    if carrier is None and found is not None and len(found.carriers) == 1:
        carrier = found.carriers[0]
    return Question(waybill, carrier, tail if with_digits else _tail_on_record(session, waybill))


def _is_settled(shipment: Shipment, now: datetime) -> bool:
    settled = timedelta(days=_figure("settled_days"))
    return shipment.status in OVER and shipment.last_event_at is not None and now - shipment.last_event_at > settled


def _is_watched(session: Session, waybill: str) -> bool:
    query = session.get(ProviderQuery, waybill)
    return query is not None and query.watched


def _needs_phone(session: Session, waybill: str) -> bool:
    query = session.get(ProviderQuery, waybill)
    return query is not None and query.outcome == PhoneNeeded.outcome


def _claim(session: Session, waybill: str, now: datetime) -> bool:
    row = {"waybill": waybill, "outcome": ASKED, "asked_at": now, "again_at": _again(ASKED, now), "watched": False}
    fresh = session.execute(insert(session, ProviderQuery.__table__).values(**row).on_conflict_do_nothing())
    if fresh.rowcount:
        return True
    due = update(ProviderQuery).where(ProviderQuery.waybill == waybill, ProviderQuery.again_at <= now)
    return bool(session.execute(due.values(asked_at=now, again_at=_again(ASKED, now))).rowcount)


def _tail_on_record(session: Session, waybill: str) -> str | None:
    query = select(Party.phone).where(Party.waybill == waybill, Party.phone.is_not(None)).order_by(Party.role)
    phone = session.execute(query.limit(1)).scalars().first()
    return phone_digits(phone)[-4:] if phone else None


def _ask_all(question: Question, watched: bool) -> tuple[str, Answer | None, bool]:
    """The first provider that has scans decides; else one that has none yet; else how the last one failed."""
    deadline = time.monotonic() + _figure("budget_s")
    outcome: str = Unreachable.outcome
    empty: Answer | None = None
    for provider, breaker in configured().values():
        if not breaker.lets_through():
            continue
        try:
            answer = provider.query(question, deadline)
        except ProviderError as error:
            breaker.note(fine=not isinstance(error, Unreachable))
            outcome = error.outcome
            log.info("provider %s: %s (%s)", provider.name, error.outcome, error)
            continue
        breaker.note(fine=True)
        if answer.events:
            return ANSWERED, answer, watched or _watch(provider, question, answer, deadline)
        empty = answer
    return (ANSWERED, empty, watched) if empty else (outcome, None, watched)


def _watch(provider: Provider, question: Question, answer: Answer, deadline: float) -> bool:
    """Asks the provider to push changes, where it can reach us; without, the parcel is only asked about."""
    address = settings().public_url.rstrip("/")
    if not address:
        return False
    asked = Question(question.waybill, question.carrier or answer.carrier, question.tail)
    try:
        provider.subscribe(asked, f"{address}/hooks/tracking/{provider.name}", deadline)
    except ProviderError as error:
        log.info("provider %s does not push: %s", provider.name, error)
        return False
    return True


def _keep(
    session: Session, question: Question, outcome: str, answer: Answer | None, watched: bool, now: datetime
) -> None:
    if answer is not None and answer.events:
        store.write_events(session, answer.events)
        store.add_what_was_asked_with(session, question.waybill, question.carrier or answer.carrier, question.tail)
    answered = {"answered_at": now} if outcome == ANSWERED else {}
    _note(session, question.waybill, outcome, now, again_at=_again(outcome, now), watched=watched, **answered)


def _note(session: Session, waybill: str, outcome: str, now: datetime, **values: Any) -> None:
    row = {"outcome": outcome, "asked_at": now, **values}
    query = insert(session, ProviderQuery.__table__).values(waybill=waybill, **row)
    session.execute(query.on_conflict_do_update(index_elements=["waybill"], set_=row))


def _again(outcome: str, now: datetime) -> datetime:
    name = "again_after_fault_minutes" if outcome == Unreachable.outcome else "again_minutes"
    return now + timedelta(minutes=_figure(name))


def _figure(name: str) -> int:
    return int(catalog.read("providers")["figures"][name]["value"])
