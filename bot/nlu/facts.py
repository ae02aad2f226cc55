"""Facts read from a message by rule, before any model: numbers that identify something, weights, cities.

`\\b` does not work in Chinese text; customers type full width, mixed case and spaces: so every pattern runs
on folded text of the same length and guards its own edges.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bot import catalog
from bot.nlu.text import fold
from bot.shipments import waybill

_EDGE_LEFT, _EDGE_RIGHT = r"(?<![a-z0-9])", r"(?![a-z0-9])"


@dataclass(frozen=True)
class Fact:
    """A thing found at text[start:end]; `role` is from or to, where a city has one.

    `value` is normalised: numbers without separators in upper case, weights in kg ("2.5"), cities in Chinese.
    """

    kind: str
    value: str
    start: int
    end: int
    role: str | None = None


# Our own numbers are YD + yymmdd + 5 digits (11 digits tell them from Yunda's 13); the rest are shapes that
# customers bring from other desks.
_CASE = re.compile(_EDGE_LEFT + r"(?P<value>yd[- ]?\d{11}|(?:wo|gd|ts)[- ]?\d{8,13}|t-\d{8})" + _EDGE_RIGHT)
_ORDER = re.compile(
    r"(?:订单(?:编号|编码|号码|号)?|訂單(?:編號|號碼|號)?|order\s*(?:no\.?|number|num|id|#)?)[\s:#是为為]*(?:is\s+)?"
    r"(?P<value>[a-z]{0,3}\d[\d-]{6,24})" + _EDGE_RIGHT
)
_PHONE = re.compile(
    r"(?<![a-z0-9.])(?:(?:\+|00)?86[- ]?)?(?P<value>1[3-9]\d[- ]?\d{4}[- ]?\d{4}|0\d{2,3}[- ]\d{7,8})"
    + _EDGE_RIGHT
)
_TAIL = re.compile(
    r"(?<!单号)(?<!运单)"
    r"(?:尾号|尾號|尾数|[后後末][四4]位|last (?:four|4)(?: digits)?|end(?:s|ing)(?: in| with)?)"
    r"[\s:是为為]*(?:is |are )?(?P<value>\d{4})(?!\d)"
)
_BARE_TAIL = re.compile(
    r"\W*(?:是|就是|应该是|应该|it'?s|its)?\s*(?P<value>\d{4})\s*(?:吧|啊|哦|的|呢)?\W*"
)
_KILOGRAMS = {
    **dict.fromkeys(("kilograms", "kilos", "kilo", "kgs", "kg", "公斤", "千克"), 1.0),
    **dict.fromkeys(("pounds", "pound", "lbs", "lb"), 0.454),
    **dict.fromkeys(("grams", "gram", "g", "克"), 0.001),
    "斤": 0.5,
    "吨": 1000.0,
}
_NUMERALS = {**{numeral: float(number) for number, numeral in enumerate("一二三四五六七八九十", 1)},
             "两": 2.0, "兩": 2.0, "半": 0.5}
_WEIGHT = re.compile(
    rf"(?P<number>(?<![\d.])\d{{1,6}}(?:\.\d{{1,3}})?|[{''.join(_NUMERALS)}])\s*(?P<unit>{'|'.join(_KILOGRAMS)})(?![a-z])"
)
_FROM = re.compile(r"(?:从|從|由|自|from|ex|在)\s*$")
_FROM_AFTER = re.compile(r"\s*(?:市|这边|那边)?\s*(?:寄|发|發|出发|->|→|-|~|到|至|to\s)")
_TO = re.compile(r"(?:到|至|寄往|发往|寄|发|發|往|去|to|->|→|-|~)\s*$")


def find_facts(text: str) -> list[Fact]:
    """Every fact in the text, in reading order, none overlapping another."""
    found: list[Fact] = []
    for fact in _candidates(text, fold(text)):
        if all(fact.end <= other.start or fact.start >= other.end for other in found):
            found.append(fact)
    return sorted(found, key=lambda fact: fact.start)


def _candidates(text: str, folded: str) -> Iterator[Fact]:
    """What might be a fact; of two that overlap, the first offered stays."""
    yield from (_fact("case_id", match, _compact) for match in _CASE.finditer(folded))
    yield from (_fact("order_number", match, _compact) for match in _ORDER.finditer(folded))
    yield from (_fact("phone", match, _phone) for match in _PHONE.finditer(folded))
    yield from (Fact("waybill", hit.value, hit.start, hit.end) for hit in waybill.find(text))
    tails = [*_TAIL.finditer(folded), *filter(None, [_BARE_TAIL.fullmatch(folded)])]
    yield from (_fact("phone_tail", match, str) for match in tails)
    yield from (Fact("weight", _kilograms(match), *match.span()) for match in _WEIGHT.finditer(folded))
    yield from _cities(folded)


def _cities(folded: str) -> Iterator[Fact]:
    cities = catalog.cities()
    for match in cities.pattern.finditer(folded):
        yield Fact("city", cities.by_name[match[0]], match.start(), match.end(), _role(folded, match))


def _role(folded: str, match: re.Match[str]) -> str | None:
    before, after = folded[:match.start()], folded[match.end():]
    if _FROM.search(before):
        return "from"
    if _TO.search(before):
        return "to"
    return "from" if _FROM_AFTER.match(after) else None


def _fact(kind: str, match: re.Match[str], normalise: Callable[[str], str]) -> Fact:
    return Fact(kind, normalise(match["value"]), match.start("value"), match.end("value"))


def _kilograms(match: re.Match[str]) -> str:
    number = _NUMERALS.get(match["number"]) or float(match["number"])
    return f"{number * _KILOGRAMS[match['unit']]:g}"


def _compact(value: str) -> str:
    return re.sub(r"[\s-]", "", value).upper()


def _phone(value: str) -> str:
    """Mobiles without separators; a landline with a dash after its area code."""
    return value.replace(" ", "-") if value.startswith("0") else re.sub(r"[\s-]", "", value)
