"""Number formats of carriers abroad, with their check digits. Pure.

Written from the formats that jkeen/tracking_number_data (MIT) publishes and tests, UPU S10, and DPD's label
specification. Half of them are bare digits that a Chinese number also is (every 14-digit number "is" one of DHL
E-Commerce): those count only where the customer names the carrier.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

Check = Callable[[str, str], bool]
"""Whether the check character fits the serial."""


def mod10(evens: int, odds: int, *, reverse: bool = False) -> Check:
    """Places from 0, weighted; a letter counts as (its ASCII code - 3) mod 10."""

    def fits(serial: str, check: str) -> bool:
        numbers = [int(c) if c.isdigit() else (ord(c) - 3) % 10 for c in (reversed(serial) if reverse else serial)]
        total = sum(number * (odds if place % 2 else evens) for place, number in enumerate(numbers))
        return int(check) == -total % 10

    return fits


def weighted(*weights: int, modulo: tuple[int, int] = (11, 10)) -> Check:
    """The sum of the weighted digits, modulo 11, modulo 10."""

    def fits(serial: str, check: str) -> bool:
        total = sum(int(digit) * weight for digit, weight in zip(serial, weights, strict=True))
        return int(check) == total % modulo[0] % modulo[1]

    return fits


def mod7(serial: str, check: str) -> bool:
    return int(serial) % 7 == int(check)


def luhn(serial: str, check: str) -> bool:
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(serial))]
    return (sum(number // 10 + number % 10 for number in doubled) + int(check)) % 10 == 0


def mod_37_36(serial: str, check: str) -> bool:
    """ISO 7064 MOD 37,36 over digits and capitals, as on DPD's labels."""
    left = 36
    for character in serial:
        left += int(character, 36)
        left = (left - 36 if left > 36 else left) * 2
        left = left - 37 if left > 36 else left
    return int(check, 36) == (37 - left) % 36


def s10(serial: str, check: str) -> bool:
    """UPU S10: eight digits, weighted, modulo 11."""
    rest = sum(int(digit) * weight for digit, weight in zip(serial, (8, 6, 4, 2, 3, 5, 9, 7), strict=True)) % 11
    return int(check) == {0: 5, 1: 0}.get(rest, 11 - rest)


@dataclass(frozen=True)
class ForeignFormat:
    """Numbers of one kind; the groups `serial` and `check` go to `fits`, the serial after `lead` where it lacks that.

    `shaped`: nothing else looks like it, so that it counts without the carrier's name.
    """

    name: str
    carrier: str
    pattern: re.Pattern[str]
    fits: Check | None = None
    lead: str = ""
    shaped: bool = False


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

_ROUTING = r"(?:420\d{5}(?:\d{4})?)?"
_MAILER = r"(?:9\d{8}(?:\d{15}|\d{11}|\d{7})|[0-8]\d{5}(?:\d{14}|\d{10}))"
"""USPS: nine digits of the mailer and 15, 11 or 7 of the parcel, or six and 14 or 10."""
_FEDEX_12 = weighted(3, 1, 7, 3, 1, 7, 3, 1, 7, 3, 1)
_FEDEX_34 = weighted(1, 7, 3, 1, 7, 3, 1, 7, 3, 1, 7, 3, 1)


def _form(
    name: str, carrier: str, pattern: str, fits: Check | None = None, *, lead: str = "", shaped: bool = False
) -> ForeignFormat:
    return ForeignFormat(name, carrier, re.compile(pattern), fits, lead, shaped)


FORMATS = (
    _form("Amazon Logistics", "AMAZON", r"TB[ACM]\d{12}", shaped=True),
    _form("Amazon International", "AMAZON", r"[AFC]\d{10}"),
    _form("Canada Post (16)", "CANADAPOST", r"(?P<serial>\d{15})(?P<check>\d)", mod10(3, 1)),
    _form("Canpar (22)", "CANPAR", r"[CDKLSUXZ]\d{21}", shaped=True),
    _form("DHL Express", "DHL", r"(?P<serial>\d{9,10})(?P<check>\d)", mod7),
    _form("DHL Express (Piece ID)", "DHL", r"J[A-Z]{2,3}\d{9,10}"),
    _form("DHL E-Commerce", "DHL", r"(?:GM|LX|RX|UV|CN|SG|TH|IN|HK|MY)\d[0-9A-Z]{9,38}"),
    _form("DHL E-Commerce (14)", "DHL", r"\d{14}"),
    _form("DPD (28)", "DPD", r"(?P<serial>\d{27})(?P<check>[0-9A-Z])", mod_37_36, shaped=True),
    _form("DPD (14)", "DPD", r"(?P<serial>\d{14})(?P<check>[0-9A-Z])", mod_37_36),
    _form("FedEx Express (12)", "FEDEX", r"(?P<serial>\d{11})(?P<check>\d)", _FEDEX_12),
    _form("FedEx Express (34)", "FEDEX", r"[0-8]\d{19}(?P<serial>\d{13})(?P<check>\d)", _FEDEX_34, shaped=True),
    _form("FedEx ASTRA (32)", "FEDEX", r"3\d{15}(?P<serial>\d{11})(?P<check>\d)\d{4}", _FEDEX_12, shaped=True),
    _form("FedEx Ground", "FEDEX", r"(?P<serial>\d{14})(?P<check>\d)", mod10(1, 3)),
    _form("FedEx Ground (SSCC-18)", "FEDEX", r"\d{2}(?P<serial>\d{15})(?P<check>\d)", mod10(3, 1)),
    _form("FedEx Ground 96 (22)", "FEDEX", r"96\d{5}(?P<serial>\d{14})(?P<check>\d)", mod10(1, 3), shaped=True),
    _form("FedEx Ground GSN", "FEDEX", r"96\d{18}(?P<serial>\d{13})(?P<check>\d)", _FEDEX_34, shaped=True),
    _form("GOFO Express (US)", "GOFO", r"GFUS\d{14}", shaped=True),
    _form("Landmark Global LTN", "LANDMARK", r"LTN\d{8}N1", shaped=True),
    _form("LaserShip LX", "LASERSHIP", r"L[AIEHNX][1-3]\d{7}"),
    _form("LaserShip 1LS7 (15)", "LASERSHIP", r"1LS7[12]\d{10}", shaped=True),
    _form("LaserShip 1LS7 (18)", "LASERSHIP", r"1LS7[12]\d{2}01[1-4]\d{6}1", shaped=True),
    _form("LaserShip 1LSCX (15)", "LASERSHIP", r"1LSCX[0-9A-Z]{10}", shaped=True),
    _form("Old Dominion", "OLDDOMINION", r"(?P<serial>(?:77[78]|072|780)\d{7})(?P<check>\d)", luhn),
    _form("Old Dominion Guaranteed Shipment", "OLDDOMINION", r"(?P<serial>80\d{8})(?P<check>\d)", luhn),
    _form("OnTrac", "ONTRAC", r"C(?P<serial>\d{13})(?P<check>\d)", mod10(1, 2), lead="4", shaped=True),
    _form("OnTrac D", "ONTRAC", r"D(?P<serial>\d{13})(?P<check>\d)", mod10(1, 2), lead="5", shaped=True),
    _form("Purolator (12)", "PUROLATOR", r"(?P<serial>[0-5]\d{10})(?P<check>\d)", luhn),
    _form("Purolator (alpha + 9)", "PUROLATOR", r"[A-Z]{3}\d{9}"),
    _form("S10", "UPU", rf"[A-Z]{{2}}(?P<serial>\d{{8}})(?P<check>\d)(?:{COUNTRIES})", s10, shaped=True),
    _form("Spee-Dee (20)", "SPEEDEE", r"SP\d{18}", shaped=True),
    _form("UPS", "UPS", r"1Z(?P<serial>[A-Z0-9]{15})(?P<check>\d)", mod10(1, 2), shaped=True),
    _form("UPS Waybill", "UPS", r"[AHJKTV](?P<serial>\d{9})(?P<check>\d)", mod10(1, 2)),
    _form("USPS 20", "USPS", r"(?P<serial>\d{19})(?P<check>\d)", mod10(3, 1)),
    _form(
        "USPS IMpb N", "USPS", rf"{_ROUTING}(?P<serial>94\d{{3}}{_MAILER})(?P<check>\d)", mod10(3, 1, reverse=True),
        shaped=True,
    ),
    _form(
        "USPS Legacy", "USPS", r"(?:420\d{5}(?:\d{4})?)?(?P<serial>(?:91)?\d{19})(?P<check>\d)", mod10(3, 1), lead="91"
    ),
    _form(
        "USPS IMpb C", "USPS",
        rf"{_ROUTING}(?P<serial>(?:92\d{{3}}(?=9)|93\d{{3}}(?=[0-8])|95\d{{3}}){_MAILER})(?P<check>\d)", mod10(3, 1),
        shaped=True,
    ),
    _form("Yodel", "YODEL", r"J?JD\d{16}", shaped=True),
    _form("YunExpress", "YUNEXPRESS", r"YT\d{16}", shaped=True),
)  # fmt: skip
_BY_NAME = {form.name: form for form in FORMATS}

_NAMES = {
    "AMAZON": r"amazon|亚马逊",
    "CANADAPOST": r"canada ?post|加拿大邮政",
    "CANPAR": r"canpar",
    "DHL": r"dhl|敦豪",
    "DPD": r"dpd",
    "FEDEX": r"fed ?ex|联邦快递|联邦",
    "LASERSHIP": r"laser ?ship",
    "OLDDOMINION": r"old dominion|odfl",
    "ONTRAC": r"ontrac",
    "PUROLATOR": r"purolator",
    "UPS": r"ups",
    "USPS": r"usps|美国邮政",
    "YODEL": r"yodel",
}
_NAMED = re.compile(
    "|".join(rf"(?P<{carrier}>(?<![a-z])(?:{names})(?![a-z]))" for carrier, names in _NAMES.items()), re.IGNORECASE
)


def judge(number: str, name: str) -> bool:
    """Whether a compact number is right in the format of that name. Raises KeyError for an unknown name."""
    return _is_sound(_BY_NAME[name], number)


def named_in(text: str) -> tuple[str, ...]:
    """Carriers abroad that the customer names in words, in that order."""
    return tuple(dict.fromkeys(found.lastgroup for found in _NAMED.finditer(text) if found.lastgroup))


def carriers_of(number: str, named: tuple[str, ...] = ()) -> tuple[tuple[str, ...], bool]:
    """Carriers whose format the number has, and whether a check digit fits; shaped formats, and those of `named`."""
    fits = [form for form in FORMATS if (form.shaped or form.carrier in named) and form.pattern.fullmatch(number)]
    sound = [form for form in fits if _is_sound(form, number)]
    return tuple(dict.fromkeys(form.carrier for form in sound or fits)), bool(sound)


def _is_sound(form: ForeignFormat, number: str) -> bool:
    match = form.pattern.fullmatch(number)
    if match is None or form.fits is None:
        return match is not None
    serial = match["serial"]
    return form.fits(serial if serial.startswith(form.lead) else form.lead + serial, match["check"])
