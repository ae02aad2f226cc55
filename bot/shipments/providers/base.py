"""What a provider of scans can be asked, what it answers, and how it fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from bot.shipments.errors import BadRow, ShipmentsError, UnknownCode
from bot.shipments.models import fingerprint
from bot.shipments.statuses import read_code

Row = dict[str, Any]


class ProviderError(ShipmentsError):
    """A provider gave no answer; `outcome` is kept with the query and decides when it may be asked again."""

    outcome = "failed"


class Unreachable(ProviderError):
    """Down, slow, cut off, or no answer of the documented shape: worth another try before long."""

    outcome = "unreachable"


class Declined(ProviderError):
    """The account, its quota or the carrier's name was declined: an operator has to look, asking again is no use."""

    outcome = "declined"


class PhoneNeeded(ProviderError):
    """This carrier tells nothing without the last four digits of a phone on the parcel."""

    outcome = "phone_needed"


class Forged(ProviderError):
    """A push whose signature does not fit."""


@dataclass(frozen=True)
class Question:
    """A parcel to ask about. `tail` are the last four digits of a phone on it, where they are known."""

    waybill: str
    carrier: str | None = None
    tail: str | None = None


@dataclass(frozen=True)
class Answer:
    """The scans of a parcel as rows of shipment_events; none where the provider has no record yet."""

    waybill: str
    carrier: str | None = None
    phone: str | None = None
    events: list[Row] = field(default_factory=list)


@dataclass(frozen=True)
class Push:
    """A request of a provider as it came: signatures are checked on the raw body and the form as decoded."""

    body: bytes
    form: Mapping[str, str]
    headers: Mapping[str, str]


class Provider(Protocol):
    name: str

    def missing(self) -> list[str]:
        """Settings without which it cannot work."""

    def query(self, question: Question, deadline: float) -> Answer:
        """Asks, until `deadline` (time.monotonic). Raises ProviderError."""

    def subscribe(self, question: Question, callback: str, deadline: float) -> None:
        """Asks to be told of changes at `callback`, where the provider knows this. Raises ProviderError."""

    def read_push(self, push: Push, now: datetime) -> list[Answer]:
        """Raises Forged, BadRow."""

    def receipt(self, fine: bool) -> Row:
        """The JSON that the provider expects in answer to a push."""


def scan(
    provider: str, waybill: str, at: datetime, code: str | None, text: str, city: str | None, *, strict: bool = False
) -> Row:
    """A row of shipment_events. A code that nobody has mapped yet is an unknown status, or BadRow where `strict`."""
    status, reason = "unknown", None
    if code:
        try:
            status, reason = read_code(code, provider)
        except UnknownCode as unknown:
            if strict:
                problem = f"status code {code!r} is none we know (see bot/shipments/statuses.yml)"
                raise BadRow(problem) from unknown
    return {
        "waybill": waybill, "at": at, "city": city, "status": status, "reason": reason, "code": code,
        "text": text, "fingerprint": fingerprint(at, code, text),
    }  # fmt: skip
