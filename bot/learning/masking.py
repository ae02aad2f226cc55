"""A customer's line without what is personal: marks such as ⟨phone⟩ in its place, made-up ones at the next training.

What the extractors found is taken from the reading of the message (this room reads no text by itself). Besides, what
our records know of the people behind the conversation goes, and whatever looks like somebody's number, name or address
on the net. A name that nobody knows and nothing announces stays: whoever reviews the line drops it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.privacy import mask_text, vault
from bot.shipments.masking import masked

PERSONAL = ("waybill", "phone", "phone_tail", "case_id", "order_number", "address", "person")
"""Entities that are replaced; cities, goods and what is in KEPT name nobody and are what a reader learns from."""
KEPT = frozenset({"date", "weight", "money"})
"""Entities whose digits are nobody's number."""
MARKS = (*PERSONAL, "number", "email")
MARK = re.compile(f"⟨({'|'.join(MARKS)})⟩")

_HAN = "\u3400-\u9fff"
_LETTER = rf"[^\W\d_{_HAN}]"  # of a script whose words stand apart
_EDGE = rf"(?:(?<!{_LETTER})|(?!{_LETTER}))"  # not inside a word
_EMAIL = re.compile(rf"(?:(?:{_LETTER}|[\d_.+-])+|[{_HAN}]{{1,3}})@[a-z\d-]+(?:\.[a-z\d-]+)+", re.IGNORECASE)
_LINK = re.compile(r"(?:https?://|www\.|(?<![a-z\d.-])(?:[a-z\d-]+\.)+[a-z]{2,}/)[!-~]+", re.IGNORECASE)
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][a-z][ ·]?"
    r"(?=[a-z\d]{0,5}\d)[a-z\d]{5,6}(?![a-z\d])",
    re.IGNORECASE,
)
_HOTLINE = r"123\d\d(?![ .()（）/·–—-]{0,2}[a-z\d])"  # 12305, 12315, 12345: of authorities, and often asked about
_DIGITS = re.compile(
    rf"(?<![a-z\d])[+(（]*(?!{_HOTLINE})[a-z\d]*\d(?:[ .()（）/·–—-]{{0,2}}\d){{4,}}[a-z\d]*", re.IGNORECASE
)
_DIGITS_ZH = re.compile("[零〇一二三四五六七八九两幺壹贰叁肆伍陆柒捌玖]{6,}")
_HANDLE = re.compile(rf"@[a-z\d_.-]{{2,}}|@[{_HAN}]{{2,4}}(?![{_HAN}])|[a-z\d]+(?:_+[a-z\d]+)+", re.IGNORECASE)
_CALLED_ZH = re.compile(
    rf"(?<![帮给替为让]我叫)(?<=我叫)(?![了过不个你他她它]|什么|快递|顺丰|车|人|客服|师傅|小哥)[{_HAN}]{{2,4}}?(?=[^{_HAN}]|$|我|的|是)"
)
_CALLED_EN = re.compile(
    rf"(?<=my name is )(?!(?:on|in|not|too|wrong|missing|spelled|spelt|misspelled)\b){_LETTER}+"
    rf"(?: {_LETTER}+(?=$|[^\w ]| (?:and|but|from)\b))?",
    re.IGNORECASE,
)
_SOMEBODYS_PHONE = "13900000000"
_STARRED = re.compile(r"[A-Za-z\d]*\*+[A-Za-z\d]*")
_FEWEST_LETTERS = 2
_SHORTEST_WORD = 3  # of a Latin name that goes by itself: Li and Wu are too much like other words

# While a line is masked, characters of the range that Unicode leaves to us stand for marks, for digits that are kept
# and for the customer's own stars.
_SIGNS = {mark: chr(0xE000 + n) for n, mark in enumerate(MARKS)}
_SAFE_DIGITS = {ord(digit): chr(0xE100 + int(digit)) for digit in "0123456789"}
_OWN_STAR = chr(0xE200)
_READ_BACK = {
    ord(_OWN_STAR): "*",
    **{ord(sign): f"⟨{mark}⟩" for mark, sign in _SIGNS.items()},
    **{ord(safe): chr(digit) for digit, safe in _SAFE_DIGITS.items()},
}
_AS_WE_READ = {
    **{0xFEE0 + ord(wide): wide for wide in map(chr, range(0x21, 0x7F)) if wide.isalnum() or wide in "@._-/+"},
    **dict.fromkeys(range(0xE000, 0xF900), " "),
    **dict.fromkeys((ord("*"), ord("＊")), _OWN_STAR),
    ord("⟨"): "<",
    ord("⟩"): ">",
}
"""Letters and digits in half width, one for one so that offsets hold; a line brings no marks or signs of its own."""


@dataclass(frozen=True)
class Known:
    """What our records say of the people behind a conversation."""

    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


def template(text: str, entities: Iterable[Mapping[str, Any]], known: Known) -> str | None:
    """The line with marks, its spaces tidied; none where no words are left to learn from."""
    line = text.translate(_AS_WE_READ)
    line = _with_signs(line, _with_addresses(entities, line, known))
    line = _LINK.sub(" ", _EMAIL.sub(_SIGNS["email"], line))
    line = masked(line, name=lambda _: _SIGNS["person"], phone=lambda _: _SIGNS["phone"])
    for pattern in (_PLATE, _DIGITS, _DIGITS_ZH):
        line = pattern.sub(_SIGNS["number"], line)
    names = _any_of(part for name in known.names for part in _parts(name.strip()))
    for pattern in (names, _HANDLE, _CALLED_ZH, _CALLED_EN):
        line = pattern.sub(_SIGNS["person"], line)
    line = _STARRED.sub(_SIGNS["number"], mask_text(line))
    line = " ".join(line.translate(_READ_BACK).split())
    return line if len(_letters(MARK.sub("", line))) >= _FEWEST_LETTERS else None


def _with_addresses(entities: Iterable[Mapping[str, Any]], line: str, known: Known) -> list[Mapping[str, Any]]:
    """Addresses that we know are entities in place of whatever was found in them."""
    ours = [{"entity": "address", "start": a.start(), "end": a.end()} for a in _any_of(known.addresses).finditer(line)]
    others = (e for e in entities if all(e["end"] <= own["start"] or own["end"] <= e["start"] for own in ours))
    return [*ours, *others]


def _with_signs(line: str, entities: Iterable[Mapping[str, Any]]) -> str:
    """A sign in place of each personal entity, and of each digit in those that are kept."""
    for entity in sorted(entities, key=lambda e: -e["start"]):  # from the end, so that the offsets before it hold
        start, end = entity["start"], entity["end"]
        line = f"{line[:start]}{_in_place_of(entity['entity'], line[start:end])}{line[end:]}"
    return line


def _in_place_of(kind: str, words: str) -> str:
    if kind == "phone":
        return _SOMEBODYS_PHONE  # for the moment: a name is known by the phone behind it
    if kind in KEPT:
        return words.translate(_SAFE_DIGITS)
    return _SIGNS[kind] if kind in PERSONAL else words


def _parts(name: str) -> Iterator[str]:
    """The name, and what somebody is called for short: 明月 of 诸葛明月, Zoe and Quill of Zoe Quill."""
    if len(name) > 1:
        yield name
    if re.fullmatch(f"[{_HAN}]{{3,}}", name):
        yield name[-2:]
    yield from (word for word in re.findall(f"{_LETTER}+", name) if len(word) >= _SHORTEST_WORD)


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    """In any case and with any spaces, no part of a longer word, and the longest where one holds another."""
    spelt = (r"\s*".join(map(re.escape, one.split())) for one in sorted(words, key=len, reverse=True) if one.strip())
    return re.compile(f"{_EDGE}(?:{'|'.join(spelt) or '(?!)'}){_EDGE}", re.IGNORECASE)


def key_of(line: str) -> str:
    """The keyed hash under which lines that differ in width, case, spaces and punctuation are one."""
    parts = MARK.split(line)  # words, mark, words, …
    return vault().hash("learning:" + "".join(f"#{part}#" if n % 2 else _letters(part) for n, part in enumerate(parts)))


def _letters(line: str) -> str:
    folded = unicodedata.normalize("NFKC", line).lower()
    return "".join(filter(str.isalnum, folded))
