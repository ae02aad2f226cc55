"""Reading the fields of an import file: each function gives the value or refuses the row in one sentence."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta, timezone
from decimal import Decimal, InvalidOperation
from functools import cache
from zoneinfo import ZoneInfo

from bot import catalog
from bot.privacy import phone_digits
from bot.settings import settings
from bot.shipments import statuses
from bot.shipments.errors import BadRow, UnknownCode
from bot.shipments.waybill import normalise

LONGEST_TEXT = 2000
_WAYBILL = re.compile(r"[A-Z0-9]{6,40}")
_UNCLEAN = re.compile("[\0\ud800-\udfff]")
_SLASHED = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")


def words(value: str | None, column: str, longest: int = LONGEST_TEXT) -> str | None:
    """A text without surrounding space; None for an empty one."""
    text = (value or "").strip()
    if not text:
        return None
    if len(text) > longest:
        raise BadRow(f"{column} is longer than {longest} characters")
    if _UNCLEAN.search(text):
        raise BadRow(f"{column} is not clean UTF-8 text")
    return text


def waybill(value: str | None) -> str:
    number = normalise(value or "")
    if not number:
        raise BadRow("waybill is missing")
    if not _WAYBILL.fullmatch(number):
        raise BadRow("waybill is not 6 to 40 letters and digits")
    return number


def status(value: str | None, column: str = "status") -> tuple[str, str | None]:
    code = words(value, column, 60)
    if code is None:
        raise BadRow(f"{column} is missing")
    try:
        return statuses.read_code(code)
    except UnknownCode as unknown:
        raise BadRow(f"{column} {code!r} is none we know (see bot/shipments/statuses.yml)") from unknown


def carrier(value: str | None) -> str | None:
    """Our short code, from that, Kuaidi100's code or the carrier's name; an unlisted carrier is kept as given."""
    name = words(value, "carrier", 20)
    return None if name is None else _carriers().get(name.lower(), name)


@cache
def _carriers() -> dict[str, str]:
    return {
        name.lower(): code
        for code, carrier in catalog.carriers().items()
        for name in (code, carrier["kuaidi100"], carrier["zh"], carrier["en"])
    }


def phone(value: str | None, column: str) -> str | None:
    """A whole number, one with stars in the middle, or the last four digits alone."""
    text = words(value, column, 40)
    if text is not None and not 4 <= len(phone_digits(text)) <= 20:
        raise BadRow(f"{column} is not a phone number")
    return text


def money(value: str | None, column: str, most: int = 10**8) -> Decimal | None:
    text = words(value, column, 40)
    if text is None:
        return None
    try:
        amount = Decimal(text.replace(",", ""))
    except InvalidOperation as error:
        raise BadRow(f"{column} {text!r} is not an amount of money") from error
    if not (amount.is_finite() and 0 <= amount < most):
        raise BadRow(f"{column} {text!r} is not an amount of money from 0 to {most}")
    return amount.quantize(Decimal("0.01"))


def moment(value: str | None, column: str, at_end_of_day: bool = False) -> datetime | None:
    """A time in UTC; without a zone it is in the zone of the settings. None for an empty field.

    `at_end_of_day`: a date alone means until its last second (a promise), not from its first.
    """
    text = words(value, column, 40)
    if text is None:
        return None
    try:
        at = _point(text)
        if at_end_of_day and len(text) <= 10:
            at = datetime.combine(at, time.max.replace(microsecond=0), at.tzinfo)
        return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(settings().timezone))).astimezone(timezone.utc)
    except (ValueError, OverflowError) as error:
        raise BadRow(f"{column} {text!r} is not a time such as 2026-11-24 08:30:00") from error


def past(value: str | None, column: str, now: datetime) -> datetime:
    """A time that must be there and not lie in the future: a scan has happened."""
    at = moment(value, column)
    if at is None:
        raise BadRow(f"{column} is missing")
    if at > now + timedelta(days=1):  # clocks differ, zones are mistaken: a day is forgiven
        raise BadRow(f"{column} {value!r} lies in the future")
    return at


def _point(text: str) -> datetime:
    slashed = _SLASHED.fullmatch(text)
    if slashed:
        return datetime(*(int(part or 0) for part in slashed.groups()))  # type: ignore[arg-type]
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
