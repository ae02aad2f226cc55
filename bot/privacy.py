"""Encryption at rest, look-up hashes and masks for personal data.

One installation secret, three keys derived from it (HKDF): encryption (Fernet), look-up hashes
(HMAC-SHA256) and signatures. A new secret is put in front of the old ones; `rotate` rewrites the rows.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import LargeBinary, Text
from sqlalchemy.types import TypeDecorator

from bot.settings import settings


class PrivacyError(Exception):
    """Stored data cannot be read with the keys at hand."""


def _derive(secret: str, purpose: str) -> bytes:
    return HKDF(SHA256(), length=32, salt=b"yida", info=purpose.encode()).derive(secret.encode())


class Vault:
    """The keys of one installation, newest secret first."""

    def __init__(self, secrets: list[str]) -> None:
        self._fernet = MultiFernet(
            [Fernet(base64.urlsafe_b64encode(_derive(secret, "encryption"))) for secret in secrets]
        )
        self._hash_key = _derive(secrets[0], "look-up")
        self.signing_keys = [_derive(secret, "signature").hex() for secret in reversed(secrets)]

    def encrypt(self, data: bytes) -> bytes:
        return self._fernet.encrypt(data)

    def decrypt(self, token: bytes) -> bytes:
        try:
            return self._fernet.decrypt(token)
        except InvalidToken as error:
            raise PrivacyError("stored data cannot be decrypted: is YIDA_SECRET_KEY the right one?") from error

    def hash(self, value: str) -> str:
        """Keyed hash for equality look-up of a personal value (64 hex digits)."""
        return hmac.new(self._hash_key, value.encode(), hashlib.sha256).hexdigest()


@lru_cache(maxsize=1)
def vault() -> Vault:
    return Vault(settings().key_ring)


class EncryptedText(TypeDecorator):
    """A text column that is ciphertext in the database."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        return None if value is None else vault().encrypt(value.encode()).decode()

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:
        return None if value is None else vault().decrypt(value.encode()).decode()


class EncryptedJSON(EncryptedText):
    """A JSON value that is ciphertext in the database."""

    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> str | None:
        return None if value is None else super().process_bind_param(json.dumps(value, ensure_ascii=False), dialect)

    def process_result_value(self, value: str | None, dialect: Any) -> Any:
        return None if value is None else json.loads(super().process_result_value(value, dialect) or "null")


class EncryptedBytes(TypeDecorator):
    """A file's content that is ciphertext in the database."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Any) -> bytes | None:
        return None if value is None else vault().encrypt(value)

    def process_result_value(self, value: bytes | None, dialect: Any) -> bytes | None:
        return None if value is None else vault().decrypt(bytes(value))


def hash_of(column: str, how: Callable[[str], str]) -> dict[str, Any]:
    """The `info` of a look-up column that is `how` of another column of its row: a new key makes it anew."""
    return {"rehash": lambda row: how(row[column]) if row[column] else None}


def phone_digits(phone: str) -> str:
    """A phone number as its bare digits, without the country code of mainland China."""
    digits = re.sub(r"\D", "", phone)
    return digits[2:] if len(digits) == 13 and digits.startswith("86") else digits


def phone_hash(phone: str) -> str:
    return vault().hash(phone_digits(phone))


def mask_phone(phone: str) -> str:
    """Hides at least six digits (GB/T 41833, domain-facts §3.8): 13812345678 → 13*******78."""
    digits = phone_digits(phone)
    if len(digits) < 9:
        return "*" * len(digits)
    return digits[:2] + "*" * (len(digits) - 4) + digits[-2:]


def mask_name(name: str) -> str:
    """Hides everything after the first character (GB/T 41833): 王小明 → 王**."""
    name = name.strip()
    return name[:1] + "*" * max(len(name) - 1, 1) if name else ""


def mask_waybill(waybill: str) -> str:
    """For logs and lists: SF1234567890123 → SF12*******0123; a short number keeps its last two only."""
    if len(waybill) < 10:
        return "*" * max(len(waybill) - 2, 0) + waybill[-2:]
    return waybill[:4] + "*" * (len(waybill) - 8) + waybill[-4:]


_PERSONAL = re.compile(r"[A-Za-z]{0,4}\d[\d \-]{5,}\d")


_ROOM = re.compile(
    r"((?:栋|幢|座|号楼|(?<![a-z])(?:room|unit|flat|suite|apartment|apt\.?)\s*#?)\s*)[a-z]?\d+[a-z]?(?![a-z\d])"
    r"|[a-z]?\d+[a-z]?(?=\s*(?:单元|号?房|室|户))",
    re.IGNORECASE,
)


def mask_text(text: str) -> str:
    """For summaries and lists: every long number (phone, waybill, card) starred, and of an address unit and room."""
    text = _ROOM.sub(lambda found: (found[1] or "") + "*", text)
    return _PERSONAL.sub(lambda found: _star(re.sub(r"[ \-]", "", found.group())), text)


def _star(number: str) -> str:
    """Up to twelve digits may be a phone, of which at least six must go."""
    return mask_phone(number) if number.isdecimal() and len(number) <= 12 else mask_waybill(number)
