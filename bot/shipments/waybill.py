"""Waybill numbers in what customers write: found, normalised, matched with carriers. Pure: no store, no network.

A number format is a row of FORMATS; a new carrier is a new row. Sources: domain-facts §2.8 (Chinese carriers,
which publish neither check digits nor patterns; those marked low there are ranked guesses), UPU S10, UPS.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

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


# ISO 3166 codes of the countries whose posts issue S10 numbers.
COUNTRIES = (
    "AD|AE|AF|AG|AI|AL|AM|AO|AR|AT|AU|AW|AZ|BA|BB|BD|BE|BF|BG|BH|BI|BJ|BM|BN|BO|BR|BS|BT|BW|BY|BZ|CA|CD|CF|CG|CH|CI"
    "|CL|CM|CN|CO|CR|CU|CV|CW|CY|CZ|DE|DJ|DK|DM|DO|DZ|EC|EE|EG|ER|ES|ET|FI|FJ|FK|FM|FO|FR|GA|GB|GD|GE|GF|GG|GH|GI"
    "|GL|GM|GN|GP|GQ|GR|GT|GU|GW|GY|HK|HN|HR|HT|HU|ID|IE|IL|IM|IN|IQ|IR|IS|IT|JE|JM|JO|JP|KE|KG|KH|KI|KM|KN|KP|KR"
    "|KW|KY|KZ|LA|LB|LC|LI|LK|LR|LS|LT|LU|LV|LY|MA|MC|MD|ME|MG|MH|MK|ML|MM|MN|MO|MQ|MR|MS|MT|MU|MV|MW|MX|MY|MZ|NA"
    "|NC|NE|NG|NI|NL|NO|NP|NR|NZ|OM|PA|PE|PF|PG|PH|PK|PL|PR|PS|PT|PW|PY|QA|RE|RO|RS|RU|RW|SA|SB|SC|SD|SE|SG|SI|SK"
    "|SL|SM|SN|SO|SR|SS|ST|SV|SX|SY|SZ|TC|TD|TG|TH|TJ|TL|TM|TN|TO|TR|TT|TV|TW|TZ|UA|UG|US|UY|UZ|VA|VC|VE|VG|VI|VN"
    "|VU|WS|YE|YT|ZA|ZM|ZW"
)


def s10_check(value: str) -> bool:
    """The ninth digit of a UPU S10 number such as RB123456785GB."""
    rest = sum(int(digit) * weight for digit, weight in zip(value[2:10], (8, 6, 4, 2, 3, 5, 9, 7), strict=True)) % 11
    return int(value[10]) == {0: 5, 1: 0}.get(rest, 11 - rest)


def ups_check(value: str) -> bool:
    """The last digit of a UPS 1Z number; a letter counts as (its ASCII code - 3) mod 10."""
    numbers = [int(c) if c.isdigit() else (ord(c) - 3) % 10 for c in value[2:17]]
    total = sum(number * (2 if place % 2 else 1) for place, number in enumerate(numbers))
    return int(value[17]) == -total % 10


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
    _digits("YUNEXPRESS", r"YT\d{16}"),
    _prefixed("JTSD", "JT", 13),
    Format(
        ("JD",), re.compile(r"JD(?=[A-Z\d]{11,15}$)[A-Z]{0,2}\d+"), re.compile(r"JD[A-Z]{0,2}\d{6,20}"), (13, 17)
    ),
    _prefixed("DBL", "DPK", 12),
    _prefixed("DBL", "DPL", 12),
    Format(
        ("EMS",), re.compile(r"E[A-Z]\d{9}CN"), re.compile(r"E[A-Z](?:\d{6,12}CN|\d{9})"), (13, 13), s10_check
    ),
    Format(
        ("YZPY",), re.compile(r"[A-DF-Z][A-Z]\d{9}CN"), re.compile(r"[CLRUV][A-Z]\d{6,12}CN"), (13, 13), s10_check
    ),
    Format(("UPU",), re.compile(rf"[A-Z]{{2}}\d{{9}}(?!CN)(?:{COUNTRIES})"), sound=s10_check),
    Format(("UPS",), re.compile(r"1Z[A-Z\d]{15}\d"), re.compile(r"1Z[A-Z\d]{7,24}"), (18, 18), ups_check),
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
    return [found for run in _RUN.finditer(open_text) for found in _in_run(open_text, run)]


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


def _in_run(text: str, run: re.Match[str]) -> Iterator[Found]:
    """Waybills in a run of blocks: of those that begin at a block the longest sound one, else a near miss."""
    blocks = list(_BLOCK.finditer(text, *run.span()))
    first = 0
    while first < len(blocks):
        read = _longest(text, blocks[first : first + _MOST_BLOCKS])
        if read is None:
            first += 1
            continue
        yield read
        first = next((n for n, block in enumerate(blocks) if block.start() >= read.end), len(blocks))


def _longest(text: str, blocks: list[re.Match[str]]) -> Found | None:
    miss = None
    for last in range(len(blocks), 0, -1):
        parts = [block[0] for block in blocks[:last]]
        read = _read("".join(parts)) if _joinable(parts) else None
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
    if len(rest) > 1 and re.fullmatch(COUNTRIES, rest[-1]) and rest[-1] not in _ENGLISH_WORDS:  # ends an S10 number
        rest = rest[:-1]
    with_digits = all(any(c.isdigit() for c in part) for part in rest)
    return with_digits and (len(rest) == 1 or all(len(part) <= 8 for part in rest))


def _read(value: str) -> tuple[str, tuple[str, ...], str | None] | None:
    """Number, carriers and problem of a compact value, by the table."""
    if len(value) < _LEAST_LENGTH:
        return None
    fits = [(form, match) for form in FORMATS if (match := form.pattern.fullmatch(value))]
    sound = [(form, match) for form, match in fits if form.sound is None or form.sound(value)]
    if fits:
        kept = sound or fits
        carriers = tuple(dict.fromkeys(carrier for form, _ in kept for carrier in form.carriers))
        return _number(kept[0][1]), carriers, None if sound else CHECK_DIGIT
    for form in FORMATS:
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
