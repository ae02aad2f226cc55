"""One-time codes to the phone on record: drawn and checked here, carried by a sender that the settings name."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hmac import compare_digest

import requests
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.customers.guessing import guess_in_turn, limits, origin_of
from bot.customers.models import OneTimeCode
from bot.db import once
from bot.privacy import mask_phone, phone_digits, vault
from bot.settings import settings

VALID_FOR = timedelta(minutes=10)
MOST_WRONG = 5
"""Of one code; how many are sent is in catalog/guessing.yml."""
SEND_TIMEOUT_S = 3

VERIFIED, WRONG, EXPIRED, LOCKED = "verified", "wrong", "expired", "locked"


class NotSent(Exception):
    """No sender is set up, or it failed: a person has to check who it is."""


def draw(session: Session, conversation_id: str, subject: str, *, phone: str, key: str, now: datetime) -> str | None:
    """A new code of six digits for `subject`, to be sent to `phone`, once per `key`; none where there were too many.

    Too many for that phone, from this conversation or its address, or at all (catalog/guessing.yml).
    """

    def do() -> dict[str, str | None]:
        return {"code": _draw(session, conversation_id, subject, phone, now)}

    return once(session, key, f"code:{vault().hash(subject)[:24]}", do)["code"]


def _draw(session: Session, conversation_id: str, subject: str, phone: str, now: datetime) -> str | None:
    guess_in_turn(session)
    origin = origin_of(session, conversation_id)
    drawn = OneTimeCode(
        conversation_id=conversation_id,
        subject_hash=_hash(subject),
        phone_hash=hash_of_phone(phone),
        origin_hash=origin,
        sent_at=now,
    )
    if _too_many(session, drawn):
        return None
    code = f"{secrets.randbelow(1_000_000):06d}"
    drawn.code_hash = _hash(f"{subject}:{code}")
    session.add(drawn)
    session.flush()
    return code


def hash_of_phone(phone: str) -> str:
    """Under which codes sent to a phone are found."""
    return _hash(f"phone:{phone_digits(phone)}")


def _too_many(session: Session, drawn: OneTimeCode) -> bool:
    counted = {
        "phone": (OneTimeCode.phone_hash == drawn.phone_hash,),
        "chat": (OneTimeCode.conversation_id == drawn.conversation_id,),
        "address": (OneTimeCode.origin_hash == (drawn.origin_hash or "none"),),
        "all": (),
    }
    count = select(func.count()).select_from(OneTimeCode)
    full = [
        count.where(OneTimeCode.sent_at > drawn.sent_at - limit.window, *counted[by]).scalar_subquery() >= limit.tries
        for by, limit in limits("codes").items()
    ]
    return any(session.execute(select(*full)).one())


def require_sender() -> None:
    """Raises NotSent where no code can be sent at all: asked before anything depends on whether a phone is known."""
    if not settings().code_sender:
        raise NotSent


def send(phone: str, code: str) -> None:
    """Carries the code to the phone. No transaction may be open. Raises NotSent."""
    sender = settings().code_sender
    if sender == "print":
        print(f"[demo] one-time code for {mask_phone(phone)}: {code}", flush=True)
        return
    require_sender()
    try:
        message = {"phone": phone, "code": code, "minutes": int(VALID_FOR.total_seconds() // 60)}
        requests.post(sender, json=message, timeout=SEND_TIMEOUT_S).raise_for_status()
    except requests.RequestException as error:
        raise NotSent from error


def check(session: Session, conversation_id: str, subject: str, code: str, *, key: str, now: datetime) -> str:
    """VERIFIED, WRONG, EXPIRED or LOCKED; counts as one try per `key`."""

    def do() -> dict[str, str]:
        return {"outcome": _check(session, conversation_id, subject, code, now)}

    return str(once(session, key, "check_code", do)["outcome"])


def _check(session: Session, conversation_id: str, subject: str, code: str, now: datetime) -> str:
    query = select(OneTimeCode).where(
        OneTimeCode.conversation_id == conversation_id, OneTimeCode.subject_hash == _hash(subject)
    )
    sent = session.execute(query.order_by(OneTimeCode.id.desc()).limit(1).with_for_update()).scalar_one_or_none()
    if sent is None or sent.used or now - sent.sent_at > VALID_FOR:
        return EXPIRED
    if sent.wrong >= MOST_WRONG:
        return LOCKED
    if compare_digest(sent.code_hash, _hash(f"{subject}:{code}")):
        sent.used = True
        return VERIFIED
    sent.wrong += 1
    return LOCKED if sent.wrong >= MOST_WRONG else WRONG


def _hash(value: str) -> str:
    return vault().hash(f"code:{value}")
