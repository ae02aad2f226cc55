"""Waybill numbers in what customers write: found, normalised, matched with carriers. Pure: no store, no network.

A number format is a row of FORMATS; a new carrier is a new row. Sources: domain-facts §2.8 (Chinese carriers,
which publish neither check digits nor patterns; those marked low there are ranked guesses); abroad: foreign.py.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bot.shipments import foreign

CHECK_DIGIT, TOO_SHORT, TOO_LONG = "check_digit", "too_short", "too_long"


@dataclass(frozen=True)
class Found:
    """A waybill at text[start:end]. `carriers` are candidates by short code, the likeliest first.

    `problem` says why the number cannot be right as written: check_digit, too_short or too_long. Carriers'
    patterns are not official: look the number up before telling a customer of a problem.
    """

    value: str
    start: int
    end: int
    carriers: tuple[str, ...]
    problem: str | None = None


@dataclass(frozen=True)
class Format:
    """Numbers of one kind. `near` matches numbers meant as such but shorter or longer than `lengths`.

    Where a carrier's name stands in front of its number, the pattern's group "number" is what is kept.
    """

    carriers: tuple[str, ...]
    pattern: re.Pattern[str]
    near: re.Pattern[str] | None = None
    lengths: tuple[int, int] = (0, 0)
    sound: Callable[[str], bool] | None = None


def _s10(value: str) -> bool:
    return foreign.judge(value, "S10")


def _prefixed(carrier: str, prefix: str, digits: int) -> Format:
    length = len(prefix) + digits
    return Format(
        (carrier,),
        re.compile(rf"{prefix}\d{{{digits}}}"),
        re.compile(rf"{prefix}\d{{6,20}}"),
        (length, length),
    )


def _named(carrier: str, names: str, least: int, most: int) -> Format:
    """Digits with the carrier's name written in front: the name is not part of the number."""
    return Format(
        (carrier,),
        re.compile(rf"(?:{names})(?P<number>\d{{{least},{most}}})"),
        re.compile(rf"(?:{names})(?P<number>\d{{6,20}})"),
        (least, most),
    )


def _digits(carriers: str, pattern: str) -> Format:
    return Format(tuple(carriers.split()), re.compile(pattern))


FORMATS = (
    _prefixed("SF", "SF", 13),
    _prefixed("YTO", "YT", 13),
    _prefixed("JTSD", "JT", 13),
    Format(
        ("JD",), re.compile(r"JD(?=[A-Z\d]{11,15}$)[A-Z]{0,2}\d+"), re.compile(r"JD[A-Z]{0,2}\d{6,20}"), (13, 17)
    ),
    _prefixed("DBL", "DPK", 12),
    _prefixed("DBL", "DPL", 12),
    Format(("EMS",), re.compile(r"E[A-Z]\d{9}CN"), re.compile(r"E[A-Z](?:\d{6,12}CN|\d{9})"), (13, 13), _s10),
    Format(("YZPY",), re.compile(r"[A-DF-Z][A-Z]\d{9}CN"), re.compile(r"[CLRUV][A-Z]\d{6,12}CN"), (13, 13), _s10),
    _named("ZTO", "ZTO?", 12, 14),
    _named("STO", "STO?", 12, 15),
    _named("YD", "YD|YUNDA", 13, 15),
    _named("YTO", "YTO", 10, 13),
    _named("EMS", "EMS", 13, 13),
    # Digits alone: the likelier carriers first.
    _digits("STO", r"(?:268|368|468)\d{9}|77\d{13}"),
    _digits("ZTO", r"7[3-68]\d{10,12}"),
    _digits("STO ZTO", r"77\d{10,11}"),
    _digits("ZTO", r"\d{14}"),
    _digits("YD", r"[34]\d{12}|(?:31|43)\d{13}"),
    _digits("EMS YZPY", r"[19]\d{12}"),
    _digits("SF ZTO STO YTO", r"\d{12}"),
    _digits("ZTO YD STO", r"\d{13}"),
    _digits("STO YD", r"\d{15}"),
)
_NEAR_ABROAD = (Format(("UPS",), re.compile(r"1Z[A-Z\d]{16}"), re.compile(r"1Z[A-Z\d]{7,24}"), (18, 18)),)
BARE_NEAR = re.compile(r"\d{8,11}|\d{16,20}")  # where the customer says that it is a waybill
BARE_LENGTHS = (12, 15)

# What is certainly something else is struck out before waybills are looked for. (Folded text: half width, capitals.)
_NUMBER_WORD = r"(?:单号|單號|编号|編號|编码|号码|號碼|号|號|NO\.?|NUMBER|NUM|ID|#)"
_ANY_NUMBER = r"(?:\d[\d-]{5,24}|\d{1,6}(?:[ -]\d{1,6})+)"
_ELSE = re.compile(
    r"(?<![A-Z0-9])(?:(?:\+|00)?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?![A-Z0-9])"  # mobile phones
    r"|(?<![A-Z0-9])0\d{2,3}-\d{7,8}(?![A-Z0-9])"  # landlines
    r"|\+\d[\d -]{6,}"  # phones abroad
    rf"|(?:订单|訂單|工单|工單|ORDER|TICKET)\s*{_NUMBER_WORD}?[\s:#是为為]*{_ANY_NUMBER}"
    rf"|(?:投诉|投訴|案件|理赔|賠償|商品|CASE|CLAIM|COMPLAINT)\s*{_NUMBER_WORD}[\s:#是为為]*{_ANY_NUMBER}"
    r"|(?<![A-Z0-9])(?:YD[ -]?\d{8,12}|(?:WO|GD|TS)[ -]?\d{8,13})(?![A-Z0-9])"  # case numbers, ours and others'
    r"|(?<!\d)(?:19|20)\d\d-\d{1,2}-\d{1,2}(?!\d)(?: \d{1,2}(?!\d))?"  # dates
)
_CUE = re.compile(
    r"(?:[运快物]?[单递流]?单号|運單號?|运单号?|單號|WAYBILL|TRACKING|AWB|CONSIGNMENT|DOCKET)"
    r"\s*(?:NO\.?|NUMBER|NUM|ID|#|号码|號碼)?[\s:#是为為]*$"
)
_RUN = re.compile(r"[A-Z0-9]+(?:[ -]{1,2}[A-Z0-9]+)*")
_BLOCK = re.compile(r"[A-Z0-9]+")
_PIECES = re.compile(r"(?:-\d{1,3}){1,2}-?(?![A-Z0-9])")  # JD writes piece and pieces behind: JDVC09876543210-1-2-
_ENGLISH_WORDS = {"AM", "AS", "AT", "BE", "BY", "DO", "IN", "IS", "IT", "ME", "MY", "NO", "SO", "TO"}
_MOST_BLOCKS = 12
_LEAST_LENGTH = 8


def fold(text: str) -> str:
    """Half width and capitals, character for character: offsets stay."""
    if text.isascii():
        return text.upper().replace("\t", " ")
    return "".join(map(_fold_character, text))


def _fold_character(character: str) -> str:
    if character.isascii():
        return fold(character)
    if unicodedata.category(character) == "Zs":
        return " "
    if unicodedata.category(character) == "Pd":
        return "-"
    narrow = unicodedata.normalize("NFKC", character)
    return narrow.upper() if len(narrow) == 1 and narrow.isascii() else character


def normalise(text: str) -> str:
    """A number as it is stored: half width, capitals, without spaces and hyphens. Idempotent."""
    return re.sub(r"[\s\-\u200b-\u200f\ufeff]", "", fold(text))


def find(text: str) -> list[Found]:
    """Every waybill in the text, in reading order. Phones, order numbers and case numbers are none."""
    folded = fold(text)
    open_text = _ELSE.sub(lambda struck: "|" * len(struck[0]), folded)
    named = foreign.named_in(folded)
    return [found for run in _RUN.finditer(open_text) for found in _in_run(open_text, run, named)]


def recognise(value: str) -> Found | None:
    """The waybill that `value` as a whole is meant to be, or None. Digits too few or too many are a problem here."""
    stripped = value.strip()
    found = find(stripped)
    if len(found) == 1 and (found[0].start, found[0].end) == (0, len(stripped)):
        return found[0]
    number = normalise(stripped)
    if _ELSE.fullmatch(fold(stripped)) or not BARE_NEAR.fullmatch(number):
        return None
    return Found(number, 0, len(stripped), (), _wrong_length(number, BARE_LENGTHS))


def _in_run(text: str, run: re.Match[str], named: tuple[str, ...]) -> Iterator[Found]:
    """Waybills in a run of blocks: of those that begin at a block the longest sound one, else a near miss."""
    blocks = list(_BLOCK.finditer(text, *run.span()))
    first = 0
    while first < len(blocks):
        read = _longest(text, blocks[first : first + _MOST_BLOCKS], named)
        if read is None:
            first += 1
            continue
        yield read
        first = next((n for n, block in enumerate(blocks) if block.start() >= read.end), len(blocks))


def _longest(text: str, blocks: list[re.Match[str]], named: tuple[str, ...]) -> Found | None:
    miss = None
    for last in range(len(blocks), 0, -1):
        parts = [block[0] for block in blocks[:last]]
        read = _read("".join(parts), named) if _joinable(parts) else None
        if read is None:
            continue
        found = Found(read[0], blocks[0].start(), blocks[last - 1].end(), *read[1:])
        if found.problem is None:
            return _with_pieces(text, found)
        miss = miss or found
    return miss or _bare_near(text, blocks[0])


def _joinable(parts: list[str]) -> bool:
    """Whether blocks are one number typed in parts: SF 1409 2837 46510, and not two numbers side by side."""
    if len(parts) == 1:
        return True
    rest = parts[1:] if parts[0].isalpha() else parts
    ends_s10 = re.fullmatch(foreign.COUNTRIES, rest[-1]) and rest[-1] not in _ENGLISH_WORDS
    if len(rest) > 1 and ends_s10:
        rest = rest[:-1]
    with_digits = all(any(c.isdigit() for c in part) for part in rest)
    return with_digits and (len(rest) == 1 or all(len(part) <= 8 for part in rest))


Reading = tuple[str, "tuple[str, ...]", "str | None"]
"""Number, carriers and problem."""


def _read(value: str, named: tuple[str, ...]) -> Reading | None:
    """A compact value by the tables; a carrier abroad that the customer names goes first."""
    if len(value) < _LEAST_LENGTH:
        return None
    by_name = _abroad(value, named) if named else None
    if by_name and set(by_name[1]) & set(named):
        return by_name
    return _fit(value) or _abroad(value, ()) or _fit(_with_digits(value)) or _near(value)


def _fit(value: str) -> Reading | None:
    fits = [(form, match) for form in FORMATS if (match := form.pattern.fullmatch(value))]
    sound = [(form, match) for form, match in fits if form.sound is None or form.sound(value)]
    if not fits:
        return None
    kept = sound or fits
    carriers = tuple(dict.fromkeys(carrier for form, _ in kept for carrier in form.carriers))
    return _number(kept[0][1]), carriers, None if sound else CHECK_DIGIT


def _abroad(value: str, named: tuple[str, ...]) -> Reading | None:
    carriers, sound = foreign.carriers_of(value, named)
    return (value, carriers, None if sound else CHECK_DIGIT) if carriers else None


_LETTERS_FOR_DIGITS = str.maketrans("OIL", "011")
_PREFIX = re.compile(r"(SF|YT|JT|DPK|DPL|JD[A-Z]{0,2}?)([\dOIL]{11,15})")
_LEAST_DIGITS = 8


def _with_digits(value: str) -> str:
    """O, I and L typed for 0 and 1 behind a carrier's prefix: SF14O92837465L0 → SF1409283746510."""
    match = _PREFIX.fullmatch(value)
    if match is None or sum(character.isdigit() for character in match[2]) < _LEAST_DIGITS:
        return ""
    return match[1] + match[2].translate(_LETTERS_FOR_DIGITS)


def _near(value: str) -> Reading | None:
    for form in (*FORMATS, *_NEAR_ABROAD):
        if form.near and (match := form.near.fullmatch(value)):
            return _number(match), form.carriers, _wrong_length(_number(match), form.lengths)
    return None


def _number(match: re.Match[str]) -> str:
    return match.groupdict().get("number") or match[0]


def _wrong_length(number: str, lengths: tuple[int, int]) -> str:
    return TOO_SHORT if len(number) < lengths[0] else TOO_LONG


def _bare_near(text: str, block: re.Match[str]) -> Found | None:
    """A wrong number of digits is a near miss only where the customer has just said "waybill"."""
    if not BARE_NEAR.fullmatch(block[0]) or not _CUE.search(text[max(0, block.start() - 40) : block.start()]):
        return None
    return Found(block[0], block.start(), block.end(), (), _wrong_length(block[0], BARE_LENGTHS))


def _with_pieces(text: str, found: Found) -> Found:
    pieces = _PIECES.match(text, found.end) if found.carriers == ("JD",) else None
    return Found(found.value, found.start, pieces.end(), found.carriers) if pieces else found
