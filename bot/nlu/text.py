"""Text as the readers see it: one width, one case, the same length, so that offsets hold in the original."""

import re
import unicodedata
from functools import cache
from typing import Any

HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
MOST_CHARACTERS = 500
"""Of a longer message intent readers see the beginning and the end; people put what they want in either."""

_HAN = re.compile(f"[{HAN}]")
_BARE_NUMBER = re.compile(r"\W*\d{3,8}\W*")
_LONG_NUMBER = re.compile(r"[a-z]{0,4}\d{9,}")
# What shop and messaging apps paste in front of the customer's own words.
_CARD = re.compile(
    r"(?:咨询)?订单(?:编号|号)\s*:\s*[\d-]+|订单金额\s*:\s*[\d.]+元?|下单时间\s*:\s*[\d月日年:/-]+"
    r"|商品\s*:\s*[^\s,]+|order\s*(?:id|no\.?|number)\s*:\s*[\d-]+|\border total\s*:\s*\S+"
)
_MENU_LABEL = re.compile(r"[\[【〔「]([^\[\]【】〔〕「」]{1,20})[\]】〕」]")
_SPACES = re.compile(r"\s+")
_REPEATED = re.compile(r"(\W)\1{2,}")


def fold(text: str) -> str:
    """The text in half width and lower case, character for character: len(fold(text)) == len(text)."""
    return text.lower() if text.isascii() else "".join(map(_fold_character, text))


def simplify(folded: str) -> str:
    """Simplified characters, as many as before: a phrase whose length would change stays as it is."""
    simple = _to_simplified().convert(folded) if _HAN.search(folded) else folded
    return simple if len(simple) == len(folded) else folded


def normalise(text: str) -> str:
    """The customer's own words in one spelling, for readers of intents: width, case, simplified characters.

    Cards pasted by apps become "#card", brackets of menu labels go, bubbles stay apart by one space, long numbers
    (waybills, phones) become "#long" and messages of nothing but a few digits "#digits". At most 500 characters.
    """
    folded = fold(_both_ends(text, MOST_CHARACTERS))
    if _BARE_NUMBER.fullmatch(folded):
        return "#digits"
    folded = _CARD.sub(" #card ", simplify(folded))
    folded = _MENU_LABEL.sub(r" \1 ", folded)
    folded = _LONG_NUMBER.sub(" #long ", folded)
    folded = _REPEATED.sub(r"\1\1", folded)
    return _SPACES.sub(" ", folded).strip()


def for_encoder(normal: str, most: int) -> str:
    """A normalised text as a sentence encoder reads it best: no marks of ours, at most `most` characters."""
    return _both_ends(_SPACES.sub(" ", normal.replace("#card", "").replace("#long", "")).strip(), most)


def _both_ends(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    tail = most // 3
    return f"{text[: most - tail - 1]} {text[-tail:]}"


@cache
def _to_simplified() -> Any:
    import opencc

    return opencc.OpenCC("t2s")


def _fold_character(character: str) -> str:
    narrow = unicodedata.normalize("NFKC", character)
    lower = (narrow if len(narrow) == 1 else character).lower()
    return lower if len(lower) == 1 else character
