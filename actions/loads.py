"""What a message says about a parcel to send: from where, to where, how heavy, how large, worth what. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any

from rasa_sdk import Tracker

from bot import catalog, divisions
from bot.divisions import Division
from bot.freight import Size

NO_WEIGHT = "none"
"""In place of a weight that the customer does not know."""

_NUMBER = r"(\d{1,4}(?:\.\d{1,2})?)"
_LENGTH_UNITS = {
    **dict.fromkeys(("厘米", "公分", "cm", "centimetres", "centimeters"), 1.0),
    **dict.fromkeys(("毫米", "mm"), 0.1),
    **dict.fromkeys(("分米", "dm"), 10.0),
    **dict.fromkeys(("英寸", "inches", "inch", "in", "寸"), 2.54),
    **dict.fromkeys(("米", "m"), 100.0),
}
_UNIT = rf"\s*({'|'.join(sorted(_LENGTH_UNITS, key=len, reverse=True))})?(?![a-z])"
_BY = r"\s*(?:[x×*✕乘]|by)\s*"
_TIMES = re.compile(rf"(?<![\d.]){_NUMBER}{_UNIT.replace('(?![a-z])', '')}{_BY}" * 2 + rf"{_NUMBER}{_UNIT}")
_SIDES = re.compile(
    "[^0-9]{0,6}".join(
        rf"(?:{side})[^0-9]{{0,4}}{_NUMBER}{_UNIT}" for side in ("长|long|length", "宽|width", "高|厚|height")
    )
)
_BARE_WEIGHT = re.compile(r"\W*(?:大概|大约|差不多|about|around)?\s*(\d{1,3}(?:\.\d{1,2})?)\W*")
_WORTH = re.compile(
    r"保价|保\s?[\d一二两三四五六七八九]|声明|价值|值\s?\d|投保|insur|declar|worth|value", re.IGNORECASE
)
_DIGIT = "[一二两三四五六七八九]"
_DECLARED = re.compile(rf"(?:保价?|价值|声明)\D{{0,2}}?(?P<amount>(?:\d+(?:\.\d+)?|{_DIGIT})[万千百k](?:\d|{_DIGIT})?)")
_SAME_CITY = re.compile(r"同城|市内|本市|same[- ]city|within|across town|\blocal", re.IGNORECASE)
_YUAN = re.compile(rf"(?P<whole>\d+(?:\.\d+)?|{_DIGIT})\s*(?P<times>[万千百k])?(?P<rest>\d|{_DIGIT})?", re.IGNORECASE)
_TIMES_WORTH = {"万": 10_000, "千": 1_000, "k": 1_000, "百": 100}


@dataclass(frozen=True)
class Named:
    """A place in the message: its words, the divisions they may mean, and its role (from, to or none)."""

    words: str
    meant: tuple[Division, ...]
    role: str | None = None

    @property
    def is_clear(self) -> bool:
        """One place that parcels reach without customs."""
        return len(self.meant) == 1 and not catalog.through_customs(self.meant[0].province)


@dataclass(frozen=True)
class Load:
    """What is known of a parcel to send."""

    origin: Division | None = None
    destination: Division | None = None
    kg: float | None = None
    size: Size | None = None
    value: int = 0


def load_of(slots: Mapping[str, Any]) -> Load:
    """The parcel as the quote_… slots keep it."""
    weight, size = slots.get("quote_weight"), slots.get("quote_size")
    return Load(
        origin=Division(*slots["quote_from"]) if slots.get("quote_from") else None,
        destination=Division(*slots["quote_to"]) if slots.get("quote_to") else None,
        kg=float(weight) if weight and weight != NO_WEIGHT else None,
        size=(size[0], size[1], size[2]) if size else None,
        value=slots.get("quote_value") or 0,
    )


def load_slots(tracker: Tracker, asked: str | None = None) -> dict[str, Any]:
    """New values of the quote_… slots. `asked` is the slot that was asked for: a place or number alone answers it.

    A message that names a whole route is about another parcel: nothing of the one before stays.
    """
    route, text = route_in(tracker, asked), _folded(tracker)
    anew = {"quote_weight": None, "quote_size": None, "quote_value": None} if len(route) == 2 else {}
    told = {
        **{f"quote_{end}": list(astuple(place)) for end, place in route.items()},
        "quote_weight": _weight(tracker, text, asked),
        "quote_size": size_in(text),
        "quote_value": declared_in(tracker),
    }
    return {**anew, **{slot: value for slot, value in told.items() if value is not None}}


def named_places(tracker: Tracker) -> list[Named]:
    message = tracker.latest_message
    found = [entity for entity in message.get("entities", []) if entity["entity"] in ("city", "address")]
    return [_named(message.get("text") or "", entity) for entity in found]


def route_in(tracker: Tracker, asked: str | None = None) -> dict[str, Division]:
    """{"from", "to"} as far as clear: by role, else in the order named; one alone is where it goes."""
    places = named_places(tracker)
    clear = [place for place in places if place.is_clear]
    if len(clear) >= 2:
        first, second = clear[:2]
        turned = (first.role == "to" and second.role != "to") or second.role == "from"
        ends = (second, first) if turned else (first, second)
        return {"from": ends[0].meant[0], "to": ends[1].meant[0]}
    if not clear:
        return {}
    if len(places) == 1 and is_same_city(tracker):
        return {"from": clear[0].meant[0], "to": clear[0].meant[0]}
    answered = {"quote_from": "from", "quote_route": "from"}.get(asked or "", "to")
    return {clear[0].role or answered: clear[0].meant[0]}


def is_same_city(tracker: Tracker) -> bool:
    """同城 and the like: where it goes is where it leaves from."""
    return bool(_SAME_CITY.search(_folded(tracker)))


def unclear_place(tracker: Tracker) -> Named | None:
    """The first place named that is several, none we know, or beyond customs."""
    return next((place for place in named_places(tracker) if not place.is_clear), None)


def size_in(text: str) -> list[float] | None:
    """Three sides in cm: 30x40x50厘米, 50*40*30cm, 长50宽40高30, 20 by 10 by 5 inches."""
    found = _TIMES.search(text) or _SIDES.search(text)
    if found is None:
        return None
    numbers, units = found.groups()[::2], found.groups()[1::2]
    unit = _LENGTH_UNITS[next(filter(None, reversed(units)), "cm")]
    sides = [round(float(number) * unit, 1) for number in numbers]
    return sides if all(sides) else None


def yuan_in(words: str) -> int | None:
    """1万2 → 12000, 五千 → 5000, 2000元 → 2000."""
    found = _YUAN.search(words.replace(",", ""))
    if found is None:
        return None
    numeral = found["whole"]
    whole = float(numeral) if numeral[0].isdigit() else _digit(numeral)
    times = _TIMES_WORTH.get((found["times"] or "").lower(), 1)
    return int(whole * times + _digit(found["rest"] or "0") * times / 10)


def _digit(numeral: str) -> int:
    return int(numeral) if numeral.isdigit() else "一二三四五六七八九".index(numeral.replace("两", "二")) + 1


def declared_in(tracker: Tracker) -> int | None:
    """The value in yuan that a message declares; money beside no such word is something else."""
    text = _folded(tracker)
    money = next(tracker.get_latest_entity_values("money"), None)
    spelled = _DECLARED.search(text)
    if spelled:  # 5千, of which the entity is only the 5
        return yuan_in(spelled["amount"])
    return yuan_in(str(money)) if money and _WORTH.search(text) else None


def _named(text: str, entity: dict[str, Any]) -> Named:
    value, start, end = str(entity["value"]), entity.get("start", 0), entity.get("end", 0)
    written = text[start:end] or value
    # A city's span leaves out the district behind it.
    district = divisions.locate(text[start:]) if entity["entity"] == "city" and end and not written.isascii() else []
    meant = district or divisions.locate(unicodedata.normalize("NFKC", written)) or divisions.locate(value)
    return Named(written, tuple(meant), entity.get("role"))


def _weight(tracker: Tracker, text: str, asked: str | None) -> str | None:
    told = next((value for value in tracker.get_latest_entity_values("weight") if float(value) > 0), None)
    alone = _BARE_WEIGHT.fullmatch(text) if asked == "quote_weight" and told is None else None
    return alone[1] if alone and float(alone[1]) > 0 else told


def _folded(tracker: Tracker) -> str:
    return unicodedata.normalize("NFKC", tracker.latest_message.get("text") or "").lower()
