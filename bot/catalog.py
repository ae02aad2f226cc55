"""The business facts in catalog/*.yml, read on first use and kept; each file names its source and date."""

import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from bot import divisions
from bot.settings import settings

FIGURE_FILES = ("compensation", "rates", "service_hours", "services", "sla")


class CatalogError(Exception):
    """The catalog lacks a file or a figure: a fault of the installation, never of the customer."""


@dataclass(frozen=True)
class Cities:
    """Places by folded Chinese or English name; `english` and `region` by Chinese name."""

    by_name: dict[str, str]
    english: dict[str, str]
    region: dict[str, str]
    pattern: re.Pattern[str]

    def name(self, city: str, language: str) -> str:
        """As customers of this language call it; a place that is not in the catalog by the name it was given."""
        return self.english.get(city, city) if language == "en" else city


@dataclass(frozen=True)
class Outlet:
    city: str
    name: str
    name_en: str
    address: str
    address_en: str
    phone: str
    hours: str

    @property
    def district(self) -> str:
        """浦东新区, as its address begins."""
        found = re.match(r".{1,6}?(?:新区|区|县|市)", self.address)
        return found[0] if found else ""


@dataclass(frozen=True)
class Remote:
    """A place that is served at a surcharge (yuan a parcel) and `extra_days` later than its lane."""

    surcharge: int
    extra_days: int


@dataclass(frozen=True)
class Item:
    """Something customers want to send: `verdict` is forbidden, conditional or allowed; `advice` says how."""

    zh: str
    en: str
    verdict: str
    words: tuple[str, ...]
    class_zh: str = ""
    class_en: str = ""
    advice: str = ""
    advice_en: str = ""


@dataclass(frozen=True)
class Quote:
    """An estimate of the standard service: yuan, and days from pickup to the door ("1" or "2-3")."""

    yuan: float
    days: str


@cache
def read(name: str) -> dict[str, Any]:
    """catalog/<name>.yml as it stands. Raises CatalogError when there is none."""
    try:
        content = yaml.safe_load((settings().catalog_folder / f"{name}.yml").read_text(encoding="utf-8"))
    except FileNotFoundError as missing:
        raise CatalogError(f"no catalog/{name}.yml") from missing
    return dict(content)


@cache
def figures() -> dict[str, Any]:
    """Every named figure by its name, for wording: {"result_days": 7, "near_first_kg": 12, "near_days": "2-3", …}."""
    named = {name: entry["value"] for file in FIGURE_FILES for name, entry in read(file)["figures"].items()}
    for name, band in read("rates")["bands"].items():
        named[f"{name}_first_kg"], named[f"{name}_days"] = band["first_kg"], _span(*band["days"])
    return named


def figure(name: str) -> Any:
    """One figure. Raises CatalogError when the catalog has none of that name."""
    if name not in figures():
        raise CatalogError(f"no figure {name!r} in the catalog")
    return figures()[name]


@cache
def carriers() -> dict[str, dict[str, str]]:
    """Carriers by short code: {"SF": {"zh", "en", "kuaidi100", "hotline", "code"}, …}."""
    return {carrier["code"]: carrier for carrier in read("carriers")["carriers"]}


@cache
def cities() -> Cities:
    english, region = {}, {}
    for name, places in read("cities")["regions"].items():
        for chinese, latin in places:
            english[chinese], region[chinese] = latin, name
    by_name = {chinese: chinese for chinese in english}
    by_name |= {latin.lower(): chinese for chinese, latin in english.items()}
    by_name |= {latin.lower().replace("'", ""): chinese for chinese, latin in english.items()}
    # 南京路 and 中山大道 are streets, not the cities they are named after.
    latin = [name for name in by_name if name not in english]
    street = "[东西南北中]?(?:路|街|大道|巷|广场)"
    pattern = f"(?:{_any_of(english)})(?!{street})|(?<![a-z])(?:{_any_of(latin)})(?![a-z])"
    return Cities(by_name, english, region, re.compile(pattern))


@cache
def outlets() -> tuple[Outlet, ...]:
    return tuple(Outlet(**entry) for entry in read("outlets")["outlets"])


def outlets_in(city: str) -> list[Outlet]:
    """Outlets of a city by its Chinese name; empty when we list none there."""
    return [outlet for outlet in outlets() if outlet.city == city]


@cache
def _items() -> tuple[Item, ...]:
    classes = read("prohibited")["classes"]
    return tuple(_item(entry, classes) for entry in read("prohibited")["items"])


def _item(entry: dict[str, Any], classes: dict[Any, list[str]]) -> Item:
    fields = {key: value for key, value in entry.items() if key not in ("class", "words")}
    class_zh, class_en = classes[entry["class"]] if "class" in entry else ("", "")
    return Item(**fields, words=tuple(entry["words"]), class_zh=class_zh, class_en=class_en)


@cache
def _item_words() -> tuple[dict[str, Item], re.Pattern[str]]:
    by_word = {word: item for item in _items() for word in item.words}
    latin = [word for word in by_word if word.isascii()]
    han = [word for word in by_word if not word.isascii()]
    return by_word, re.compile(f"{_any_of(han)}|(?<![a-z])(?:{_any_of(latin)})(?![a-z])")


def item_named_in(text: str) -> Item | None:
    """The item that a customer's words name: of several the longest word; None if none we know."""
    by_word, pattern = _item_words()
    words = pattern.findall(unicodedata.normalize("NFKC", text).lower())
    return by_word[max(words, key=len)] if words else None


def quote(origin: str, destination: str, kg: float) -> Quote:
    """What `kg` kilogrammes cost between two cities. Raises KeyError for one that is not in the catalog."""
    band = read("rates")["bands"][_band(origin, destination)]
    further = max(0, math.ceil(kg) - 1)
    return Quote(band["first_kg"] + further * band["next_kg"], _span(*band["days"]))


def days_between(origin: str, destination: str) -> tuple[int, int]:
    """Days from pickup to the door, at least and at most. Raises KeyError for a place the rates do not know."""
    least, most = read("rates")["bands"][_band(origin, destination)]["days"]
    return least, most


@cache
def remotes() -> dict[str, Remote]:
    """Remote places by the name they are listed by."""
    entries = read("service_areas")["remote"]
    return {entry["place"]: Remote(entry["surcharge"], entry["extra_days"]) for entry in entries}


def remote(city: str, province: str) -> Remote:
    """What a place takes on top; nothing where it is not remote. The city's own entry counts before its province's."""
    return remotes().get(city) or remotes().get(province) or Remote(0, 0)


def through_customs(province: str) -> bool:
    """Whether parcels reach this part of the country only through customs."""
    return province in read("service_areas")["through_customs"]


def _span(least: int, most: int) -> str:
    return str(least) if least == most else f"{least}-{most}"


def _band(origin: str, destination: str) -> str:
    regions = {_region(origin), _region(destination)}
    if origin == destination and not divisions.is_province(origin):
        return "same_city"
    if "far_west" in regions:
        return "far_west"
    if len(regions) == 1:
        return "same_region"
    return "near" if any(regions == set(pair) for pair in read("rates")["neighbours"]) else "distant"


def _region(name: str) -> str:
    """The region of the rate table: listed, else that of the province. KeyError for what lies in none."""
    if name in cities().region:
        return cities().region[name]
    provinces = {place.province for place in divisions.locate(name)}
    if len(provinces) != 1:
        raise KeyError(name)
    return cities().region[provinces.pop()]


def service_open(now: datetime) -> bool:
    """Whether human agents are on duty. `now` must carry a time zone."""
    opens, closes = _desk_hours()
    return opens <= _local(now).time() < closes


def quiet_until(now: datetime) -> datetime | None:
    """When the quiet hours that `now` falls in are over; none outside them. They run past midnight."""
    quiet, local = read("service_hours")["quiet"], _local(now)
    begins, ends = time.fromisoformat(quiet["from"]), time.fromisoformat(quiet["until"])
    if ends <= local.time() < begins:
        return None
    end = _on_the_day(local, ends)
    return end if local < end else end + timedelta(days=1)


def next_opening(now: datetime) -> datetime:
    """When agents are next on duty, in the desk's time zone; `now` itself while they are."""
    local = _local(now)
    if service_open(now):
        return local
    opens, _ = _desk_hours()
    today = _on_the_day(local, opens)
    return today if local < today else today + timedelta(days=1)


def outlets_open_for(hours: float, since: datetime) -> datetime:
    """When outlets have been open for so many hours since then: at night nobody there answers."""
    opens, closes = _outlet_hours()
    begins, left = _local(since), timedelta(hours=hours)
    while True:
        opening, closing = _on_the_day(begins, opens), _on_the_day(begins, closes)
        begins = max(begins, opening)
        if begins + left <= closing:
            return begins + left
        left -= max(closing - begins, timedelta(0))
        begins = opening + timedelta(days=1)


def _on_the_day(day: datetime, at: time) -> datetime:
    return day.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)


def _outlet_hours() -> tuple[time, time]:
    opens, closes = figure("outlet_hours").split("-")
    return time.fromisoformat(opens.zfill(5)), time.fromisoformat(closes.zfill(5))


def _desk_hours() -> tuple[time, time]:
    desk = read("service_hours")["desk"]
    return time.fromisoformat(desk["opens"]), time.fromisoformat(desk["closes"])


def _local(now: datetime) -> datetime:
    if now.tzinfo is None:
        raise ValueError("a time without time zone says nothing about opening hours")
    return now.astimezone(ZoneInfo(read("service_hours")["timezone"]))


def _any_of(words: Iterable[str]) -> str:
    """A pattern of the words, longest first, so that 吉林 does not win over 吉林省."""
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))
