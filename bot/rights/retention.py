"""Nothing personal is kept longer than catalog/retention.yml says: a sweep a day, in small batches."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.cases import erasing as cases
from bot.conversations import erasing as conversations
from bot.customers import erasing as customers
from bot.duework import Piece
from bot.learning import erasing as learning
from bot.rights.erasing import forget, period
from bot.shipments import erasing as shipments

SWEEP = "retention"
BATCH = 50
"""Rows of a kind in one transaction: on SQLite, everybody who writes waits for it."""
A_DAY = timedelta(days=1)


def sweep(session: Session, piece: Piece, now: datetime) -> datetime:
    """Due work: one batch of each kind; again at once while there was a full one."""
    counts = (
        cases.erase_old(session, now - period("case_days"), BATCH, now),
        shipments.erase_old(session, now - period("waybill_days"), BATCH, now),
        shipments.erase_old_requests(session, now - period("waybill_days"), BATCH),
        _erase_silent_chats(session, now - period("chat_days")),
        customers.erase_forgotten(session, now - period("chat_days"), BATCH),
        _erase_old_lines(session, now),
    )
    conversations.erase_results(session, now - period("operation_days"))
    return now if BATCH in counts else now + A_DAY


def _erase_old_lines(session: Session, now: datetime) -> int:
    return learning.erase_old(
        session,
        assigned_before=now - period("learnt_line_days"),
        dropped_before=now - period("dropped_line_days"),
        rare_before=now - period("rare_line_days"),
        most=BATCH,
    )


def _erase_silent_chats(session: Session, silent_since: datetime) -> int:
    gone = conversations.ripe(session, conversations.silent(session, silent_since, BATCH), silent_since)
    learning.expire(session, gone)
    forget(session, gone)
    return len(gone)
