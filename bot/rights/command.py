"""`python -m bot erase`: what an operator does for somebody who asked by letter or at a counter."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from bot.db import Database, now
from bot.duework import Piece, plan
from bot.privacy import phone_digits
from bot.rights import erasing
from bot.rights.export import as_json
from bot.rights.models import Erasure
from bot.rights.scope import is_known

SHORTEST_PHONE = 7


class BadPhone(Exception):
    """Not a whole phone number, or nobody's we know; the text is one sentence."""


def checked(database: Database, given: str) -> str:
    """The phone as digits. Raises BadPhone."""
    phone = phone_digits(given)
    if len(phone) < SHORTEST_PHONE or "*" in given:
        raise BadPhone("a whole phone number is needed on standard input")
    with database.read() as session:
        if not is_known(session, phone):
            raise BadPhone("nothing is stored under this phone number")
    return phone


def export(database: Database, phone: str, path: Path) -> None:
    """Writes the person's copy; only its owner may read the file."""
    with database.read() as session:
        content = as_json(session, phone, now())
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def erase(database: Database, phone: str) -> bool:
    """Erases what may go at once; True where nothing is left, else due work comes back for the rest."""
    moment = now()
    with database.write() as session:
        erasure_id = erasing.ask(session, phone, moment)
        again = erasing.erase(session, Piece(erasing.ERASE, str(erasure_id), timedelta()), moment)
        if again is not None:
            plan(session, erasing.ERASE, str(erasure_id), again)
        finished = session.get(Erasure, erasure_id).finished_at is not None
        session.commit()
    return finished
