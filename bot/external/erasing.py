"""Due work, once a day: links of cases that were erased here have something to tell again, that the ticket is to go.

Found by what the case is, whatever erased it: the rooms that do know nothing of other desks.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from bot.duework import Handler, Piece
from bot.external import zammad
from bot.external.models import ExternalLink
from bot.settings import settings

ERASURES = "other_desks_erasures"
EVERY = timedelta(days=1)


def wake(session: Session, piece: Piece, now: datetime) -> datetime:
    """Due work of the kind ERASURES."""
    if settings().zammad_admin_token:
        links = update(ExternalLink.__table__).where(*zammad.erased())
        session.execute(links.values(is_open=True, is_ended=False, notes=None))
    return now + EVERY


HANDLERS: Mapping[str, Handler] = {ERASURES: wake}
