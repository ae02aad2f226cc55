"""How often somebody may guess, by whom he seems to be and where he comes from; figures in catalog/guessing.yml."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from bot.catalog import read
from bot.customers.models import Attempt, OneTimeCode, Origin
from bot.db import in_turn, insert
from bot.duework import Piece
from bot.privacy import phone_digits, vault

PURGE, PURGE_EVERY = "purge_tries", timedelta(minutes=15)
"""The kind of due work, and how often it comes."""
ORIGIN_KEPT = timedelta(hours=2)
"""After a conversation's message, which a turn looks at within seconds or, after a downtime, hours."""


@dataclass(frozen=True)
class Limit:
    """Wrong digits: `tries` within `window` lock for `window` after the last. Codes: so many are sent within it."""

    tries: int
    window: timedelta


@cache
def limits(of: str) -> dict[str, Limit]:
    """The limits `of` digits or codes, by whom they count."""
    rows = read("guessing")[of].items()
    return {by: Limit(row["tries"], timedelta(minutes=row["minutes"])) for by, row in rows}


def is_locked(session: Session, conversation_id: str, waybill: str, now: datetime) -> bool:
    """Whether there was too much guessing: by this conversation or address, here or at all; at this parcel; by all.

    One statement, whatever is locked and whether the parcel exists: the answer takes the same time.
    """
    given = {"conversation": conversation_id, "waybill": _hash(waybill)}
    row = session.execute(_newest_and_first(), given).one()
    return any(
        first is not None and latest - first < limit.window and now - latest < limit.window
        for limit, latest, first in zip(limits("digits").values(), row[::2], row[1::2], strict=True)
    )


@cache
def _newest_and_first() -> Any:
    """For each limit the time of the last wrong try, and of the one that is as many tries ago as the limit allows."""
    by_newest = select(Attempt.at).order_by(Attempt.at.desc()).limit(1)
    at_parcel = Attempt.waybill_hash == bindparam("waybill")
    in_chat = Attempt.conversation_id == bindparam("conversation")
    from_here = Attempt.origin_hash == _origin().scalar_subquery()
    counted = {
        "parcel_in_chat": (at_parcel, in_chat),
        "parcel_from_address": (at_parcel, from_here),
        "chat": (in_chat,),
        "address": (from_here,),
        "parcel": (at_parcel,),
        "all": (),
    }
    times = []
    for by, limit in limits("digits").items():
        newest = by_newest.where(*counted[by])
        times += [newest.scalar_subquery(), newest.offset(limit.tries - 1).scalar_subquery()]
    return select(*times)


def _origin() -> Any:
    return select(Origin.origin_hash).where(Origin.conversation_id == bindparam("conversation"))


def guess_in_turn(session: Session) -> None:
    """Until this transaction ends nobody else guesses: guesses at the same moment would all be within the limit."""
    in_turn(session, "guess")


def note_wrong_try(session: Session, conversation_id: str, waybill: str, now: datetime) -> None:
    origin = origin_of(session, conversation_id)
    session.add(Attempt(conversation_id=conversation_id, waybill_hash=_hash(waybill), origin_hash=origin, at=now))
    session.flush()


def knows_phone(
    session: Session, phone: str | None, guessed: str, conversation_id: str, digits: str, now: datetime
) -> bool:
    """Whether the digits are the phone's last four. Guesses count by chat, address, what is guessed, and over all."""
    guess_in_turn(session)
    if is_locked(session, conversation_id, guessed, now):
        return False
    if phone and hmac.compare_digest(phone_digits(phone)[-4:].encode(), digits.encode()):
        return True
    note_wrong_try(session, conversation_id, guessed, now)
    return False


def note_origin(session: Session, conversation_id: str, address: str, now: datetime) -> None:
    """Where a conversation's message comes from: a network address, or a platform's user. Written when it is new."""
    origin = vault().hash(f"origin:{address}")
    query = select(Origin.origin_hash, Origin.at).where(Origin.conversation_id == conversation_id)
    known = session.execute(query).first()
    if known is not None and known.origin_hash == origin and now - known.at < ORIGIN_KEPT / 2:
        return
    row = {"origin_hash": origin, "at": now}
    noted = insert(session, Origin.__table__).values(conversation_id=conversation_id, **row)
    session.execute(noted.on_conflict_do_update(index_elements=["conversation_id"], set_=row))


def origin_of(session: Session, conversation_id: str) -> str | None:
    """The keyed hash of where it comes from; none under `rasa shell`."""
    return session.execute(_origin(), {"conversation": conversation_id}).scalar_one_or_none()


def purge(session: Session, piece: Piece, now: datetime) -> datetime:
    """Due work: forgets tries, codes and addresses that no limit looks at any more."""
    digits, codes = limits("digits"), limits("codes")
    longest = max(limit.window for limit in digits.values())
    by_address = max(digits["address"].window, digits["parcel_from_address"].window)
    # A lock lasts a window from its last try, and the first of its tries may be a window older than that.
    session.execute(delete(Attempt).where(Attempt.at < now - 2 * longest))
    old = Attempt.at.between(now - 2 * longest, now - 2 * by_address) & Attempt.origin_hash.is_not(None)
    session.execute(update(Attempt).where(old).values(origin_hash=None).execution_options(synchronize_session=False))
    session.execute(delete(OneTimeCode).where(OneTimeCode.sent_at < now - max(lim.window for lim in codes.values())))
    session.execute(delete(Origin).where(Origin.at < now - ORIGIN_KEPT))
    return now + PURGE_EVERY


def _hash(waybill: str) -> str:
    return vault().hash(f"attempt:{waybill}")
