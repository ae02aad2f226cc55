"""A customer's line without what is personal: marks such as ⟨phone⟩ in its place, made-up ones at the next training.

What the extractors found is taken from the reading of the message (this room reads no text by itself). Names that we
know, names beside roles and phones, e-mail addresses and whatever looks like somebody's number are found besides.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from bot.privacy import mask_text, vault
from bot.shipments.masking import masked

PERSONAL = ("waybill", "phone", "phone_tail", "case_id", "order_number", "address", "person")
"""Entities that are replaced; cities, dates, weights, sums and goods name nobody and are what a reader learns from."""
MARKS = (*PERSONAL, "number", "email")
MARK = re.compile(f"⟨({'|'.join(MARKS)})⟩")

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*\w", re.ASCII)
_LINK = re.compile(r"(?:https?://|www\.)[!-~]+", re.IGNORECASE)
_SOMEBODYS_PHONE = "13900000000"
_STARRED_PHONE = re.compile(r"(?<!\d)\d{2}\*{5,}\d{2}(?!\d)")
_STARRED_NAME = re.compile(r"[^\W\d_]\*+")
_STARRED = re.compile(r"[A-Za-z\d]*\*+[A-Za-z\d]*")
_FEWEST_LETTERS = 2


def template(text: str, entities: Iterable[Mapping[str, Any]], names: Iterable[str] = ()) -> str | None:
    """The line with marks, its spaces tidied; none where no words are left to learn from.

    `names` are of people known to be behind the conversation.
    """
    line = text.translate({ord("⟨"): "<", ord("⟩"): ">", ord("*"): " "})
    for entity in sorted(entities, key=lambda e: -e["start"]):  # from the end, so that the offsets before it hold
        if entity["entity"] in PERSONAL:
            line = f"{line[:entity['start']]}{_in_place_of(entity['entity'])}{line[entity['end']:]}"
    line = masked(_LINK.sub(" ", _EMAIL.sub("⟨email⟩", line)), names)
    line = _STARRED_NAME.sub("⟨person⟩", _STARRED_PHONE.sub("⟨phone⟩", line))
    line = " ".join(_STARRED.sub("⟨number⟩", mask_text(line)).split())
    return line if len(_letters(MARK.sub("", line))) >= _FEWEST_LETTERS else None


def _in_place_of(kind: str) -> str:
    """A phone stays one for the moment: a name is known by the phone behind it."""
    return _SOMEBODYS_PHONE if kind == "phone" else f"⟨{kind}⟩"


def key_of(line: str) -> str:
    """The keyed hash under which lines that differ in width, case, spaces and punctuation are one."""
    return vault().hash("learning:" + _letters(MARK.sub(lambda mark: f"#{mark[1]}#", line), keep="#"))


def _letters(line: str, keep: str = "") -> str:
    folded = unicodedata.normalize("NFKC", line).lower()
    return "".join(character for character in folded if character.isalnum() or character in keep)
