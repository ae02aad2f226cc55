"""Text as the readers see it: one width, one case, the same length, so that offsets hold in the original."""

import re
import unicodedata

HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_BARE_NUMBER = re.compile(r"\W*\d{3,8}\W*")
_LONG_NUMBER = re.compile(r"[a-z]{0,4}\d{9,}")


def fold(text: str) -> str:
    """The text in half width and lower case, character for character: len(fold(text)) == len(text)."""
    return "".join(map(_fold_character, text))


def for_intent(text: str) -> str:
    """The text as the intent classifier sees it: folded, with long numbers (waybills, phones) made alike, and so
    messages of nothing but a few digits.
    """
    folded = fold(text)
    return "#digits" if _BARE_NUMBER.fullmatch(folded) else _LONG_NUMBER.sub(" #long ", folded)


def _fold_character(character: str) -> str:
    narrow = unicodedata.normalize("NFKC", character)
    lower = (narrow if len(narrow) == 1 else character).lower()
    return lower if len(lower) == 1 else character
