"""Numbers that find a case, in the one form they are hashed in."""

import re
import unicodedata

from bot.privacy import vault


def compact(text: str) -> str:
    """Half width, upper case, without blanks and dashes: ｓｆ 1234-5678 → SF12345678."""
    return re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", text)).upper()


def waybill_hash(waybill: str) -> str:
    return vault().hash(compact(waybill))
