"""Erasing a person: asked for once, done as due work until nothing is left that may go."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import catalog
from bot.cases import erasing as cases
from bot.cases.models import Case
from bot.conversations import erasing as conversations
from bot.customers import erasing as customers
from bot.db import once
from bot.duework import Piece, plan
from bot.learning import erasing as learning
from bot.rights.models import Erasure
from bot.rights.scope import Scope, scope
from bot.shipments import erasing as shipments

ERASE = "erase"
"""The kind of due work; its subject is the erasure's id."""
AGAIN = timedelta(days=1)
"""Until an erasure looks again at what was still needed."""


def period(name: str) -> timedelta:
    """Of catalog/retention.yml."""
    return timedelta(days=catalog.read("retention")["periods"][name]["value"])


def ask(session: Session, phone: str, now: datetime) -> int:
    """From now on the person is being erased; gives the erasure's id. The caller commits."""
    erasure = Erasure(phone=phone, asked_at=now)
    session.add(erasure)
    session.flush()
    plan(session, ERASE, str(erasure.id), now)
    return int(erasure.id)


def ask_once(session: Session, phone: str, *, key: str, now: datetime) -> int:
    """The same, once per `key`."""
    return int(once(session, key, ERASE, lambda: {"id": ask(session, phone, now)})["id"])


def erase(session: Session, piece: Piece, now: datetime) -> datetime | None:
    """Due work: erases what may go now, and comes back for the rest."""
    erasure = session.get(Erasure, int(piece.subject))
    if erasure is None or erasure.phone is None:
        return None
    own = scope(session, erasure.phone)
    left = _erase(session, own, now)
    if not any(left.values()):
        customers.erase_customer(session, own.customer_id, own.phone)
        erasure.phone, erasure.finished_at = None, now
        return None
    return now + (_read_time() if left["chats"] and not left["cases"] else AGAIN)


def _erase(session: Session, own: Scope, now: datetime) -> dict[str, list[str]]:
    """What is still needed: open cases, unfinished requests, parcels under way, and chats these were told in.

    `named` are open cases of others which name the phone as theirs to call.
    """
    left: dict[str, list[str]] = {
        "cases": cases.erase_cases(session, own.cases, now),
        "named": cases.erase_phone(session, own.phone),
        "requests": shipments.erase_requests(session, own.conversations),
        "parcels": shipments.erase_texts(session, own.waybills),
    }
    shipments.erase_parties(session, own.parties, now - period("waybill_days"))
    needed = _told_in(session, left["cases"])
    free = [chat for chat in own.conversations if chat not in needed] if not left["requests"] else []
    gone = conversations.ripe(session, free, now - _read_time())
    learning.erase(session, own.conversations)  # what a chat must stay for is not that
    forget(session, gone)
    return {**left, "chats": conversations.present(session, own.conversations)}


def forget(session: Session, chats: list[str]) -> None:
    """Chats with all that every room keeps under their ids."""
    cases.erase_surveys(session, chats)
    customers.erase_conversations(session, chats)
    conversations.erase(session, chats)


def _told_in(session: Session, numbers: list[str]) -> set[Any]:
    return set(session.execute(select(Case.conversation_id).where(Case.number.in_(numbers))).scalars())


def _read_time() -> timedelta:
    return timedelta(minutes=catalog.read("retention")["chat_read_minutes"])
