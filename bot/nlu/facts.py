"""Facts read from a message by rule, before any model: numbers that identify something, weights, cities.

`\\b` does not work in Chinese text; customers type full width, mixed case and spaces: so every pattern runs
on folded text of the same length and guards its own edges.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.nlu.dates import find_dates, numeral
from bot.nlu.places import find_places
from bot.nlu.text import MOST_CHARACTERS, fold, simplify
from bot.settings import settings
from bot.shipments import waybill

_EDGE_LEFT, _EDGE_RIGHT = r"(?<![a-z0-9])", r"(?![a-z0-9])"


@dataclass(frozen=True)
class Fact:
    """A thing found at text[start:end]; `role` is from or to of a city, and hour of a date without a day.

    `value` is normalised: numbers without separators in upper case, weights in kg ("2.5"), cities in Chinese.
    """

    kind: str
    value: str
    start: int
    end: int
    role: str | None = None


# Our own numbers are YD or, of requests, FW + yymmdd + 5 digits (11 digits tell them from Yunda's 13); the rest are
# shapes that customers bring from other desks.
_CASE = re.compile(_EDGE_LEFT + r"(?P<value>(?:yd|fw)[- ]?\d{11}|(?:wo|gd|ts)[- ]?\d{8,13}|t-\d{8})" + _EDGE_RIGHT)
_NAMED_CASE = re.compile(
    r"(?:工单|案件|投诉|理赔|赔偿|case|claim|complaint|ticket|reference|ref)(?:单|编号|单号|号|\s?number|\s?no\.?|\s?id)?\s?[:#是为]?\s?"
    r"(?P<value>(?!sf|yt|jt|jd|ems|zt|st|yd|dp|1z|1[3-9]\d{9})(?=[a-z\d-]*\d{5})[a-z]{0,3}-?\d{5,11})"
    + _EDGE_RIGHT
    + rf"|{_EDGE_LEFT}(?P<coded>(?:clm|cs|cp|ref|case)-?\d{{5,12}})"
    + _EDGE_RIGHT
)
_ORDER = re.compile(
    r"(?:订单(?:编号|编码|号码|号)?|訂單(?:編號|號碼|號)?|order\s*(?:no\.?|number|num|id|#)?)[\s:#是为為]*(?:is\s+)?"
    r"(?P<value>[a-z]{0,3}\d[\d-]{6,24})" + _EDGE_RIGHT
)
_PHONE = re.compile(
    r"(?<![a-z0-9.])(?:(?:\+|00)?86[- ]?)?(?P<value>1[3-9]\d[- ]?\d{4}[- ]?\d{4}|0\d{2,3}[- ]\d{7,8})" + _EDGE_RIGHT
)
_TAIL = re.compile(
    r"(?<!单号)(?<!运单)"
    r"(?:尾号|尾號|尾数|[后後末][四4]位|last (?:four|4)(?: digits)?|end(?:s|ing)(?: in| with)?)"
    r"[\s:是为為]*(?:is |are )?(?P<value>\d{4})(?!\d)"
)
_BARE_TAIL = re.compile(r"\W*(?:是|就是|应该是|应该|it'?s|its)?\s*(?P<value>\d{4})\s*(?:吧|啊|哦|的|呢)?\W*")
_KILOGRAMS = {
    **dict.fromkeys(("kilograms", "kilos", "kilo", "kgs", "kg", "公斤", "千克"), 1.0),
    **dict.fromkeys(("pounds", "pound", "lbs", "lb"), 0.454),
    **dict.fromkeys(("grams", "gram", "g", "克"), 0.001),
    "斤": 0.5,
    "吨": 1000.0,
}
_NUMERAL = r"[一二两三四五六七八九十百半]{1,4}来?"
_WEIGHT = re.compile(
    r"(?<!多少钱)(?<!块钱)(?<!胖了)(?<!瘦了)(?<!minus )(?<!负)(?<!^-)(?<!\s-)"
    rf"(?P<number>(?<![\d.])\d{{1,6}}(?:\.\d{{1,3}})?|(?<![一二三四五六七八九十]){_NUMERAL})\s*"
    rf"(?P<unit>{'|'.join(_KILOGRAMS)})(?![a-z])(?P<half>半(?![价天日年月小个路]))?"
)
_COUNT = r"(?:\d{1,3}(?:,\d{3})+|\d{1,7})(?:\.\d{1,2})?"
_COUNT_ZH = r"[一二两三四五六七八九十百千万几]{1,6}"
_MONEY = re.compile(
    rf"(?:人民币|rmb\s?|cny\s?|usd\s?|us\$|hk\$|aed\s?|[$£€¥₹])\s?{_COUNT}(?:\s?(?:k|元|块))?"
    rf"|(?<![\d.a-z-]){_COUNT}\s?(?:多)?(?:万\d?|千|百)?(?:多)?(?:元|块(?!布|砖|板|地|表|玻璃|小|儿)(?:钱)?(?:\d毛?|五|半)?|毛钱|人民币|rmb|yuan|刀|美金|美元|港币|欧元"
    r"|dollars?|bucks|pounds? sterling|quid|euros?|riyals?|usd|cny)(?![a-z])"
    rf"|(?<![\d.a-z-])\d{{1,4}}(?:\.\d)?万\d?(?:多)?(?:元|块)?|(?<![一-鿿]){_COUNT_ZH}多?(?:元|块(?:钱)?)(?![布砖板地表玻])"
    rf"|(?<=[要收付花赔退]){_COUNT_ZH}多?(?:元|块(?:钱)?)|[一二两三四五六七八九十百千万几]{{1,6}}多?(?:元|块钱)"
    r"|(?:one|two|three|four|five|six|seven|eight|nine|ten|twenty|thirty|fifty|a)(?: (?:hundred|thousand))? (?:dollars|pounds|yuan|bucks|quid|euros)"
)
# A bare number is money behind a word that asks for it.
_BARE_MONEY = re.compile(
    r"(?:金额|价值|保价|保了|保的|售价|标价|总价|货款|运费|费用|买的时候|多收了?我?|收了?我?费?|只?赔了?我?|花了?|付了?|退了?我?|扣了?我?|补了?"
    r"|declared(?: it| value)?(?: at| for| of| is)?|insured(?: it)?(?: for| at)?|worth|order total|accept|charged(?: me)?|paid|cost)[:是为了就\s]{0,3}"
    rf"(?P<value>{_COUNT}(?:多)?)(?![\d:%个天件单号点.年月日次张箱台条袋小分来a-z]|\s?(?:kg|公斤|斤|days|boxes|times|parcels|hours|weeks))"
)
_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭"
    "廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢路岳齐梅莫庄辛管祝左涂谷祁时舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单包司柏宁柯阮桂闵"
)
_NOT_GIVEN = "的了是在不我你他她们这那有没说要就还都也给到和个啥么吗呢吧啊去来送收寄发打改单件快递号元块"
_NAME_ZH = rf"[{_SURNAMES}](?:(?![{_NOT_GIVEN}])[一-鿿]){{1,2}}"
_TITLE_ZH = r"(?:先生|女士|师傅|小姐|老师|经理|阿姨|大爷|大姐|大哥|老板|主任|医生|同学)"
_PERSON = re.compile(
    rf"(?:收件人|收货人|寄件人|发件人|联系人|姓名|名字)(?:姓名)?(?:改成|改为|换成|写的?是?|应该是|不对|是|叫|为|[:,，\s])*(?P<receiver>{_NAME_ZH})(?![一-鿿]{{2}}[路街])"
    rf"|(?:我叫|他叫|她叫|名叫|叫做)(?P<called>{_NAME_ZH})(?=[,，。\s]|$|的|收)"
    rf"|(?P<titled>(?<![一-鿿]老)(?<!宿)[{_SURNAMES}](?:{_TITLE_ZH}|[姐哥总叔婶姨](?![一-鿿]))|小[{_SURNAMES}](?=[师哥,，。\s]|$)|老[{_SURNAMES}](?=[,，。\s]|$))"
    rf"|(?:^|[,，。;；\s\d])(?P<alone>{_NAME_ZH})(?=[,，;；:\s]*收(?![到件货了])|[,，;；:\s]*(?:\+?86)?1[3-9]\d)"
    rf"|(?<=\d{{8}})[,，;；\s]*(?P<behind>{_NAME_ZH})(?=[,，。\s]|$|收)"
)
# English names are known by their capitals: read from the text as it was written.
_PERSON_EN = re.compile(
    r"(?:[Mm]y name is|[Nn]ame(?:'s| is)?:?|[Rr]eceiver(?: is)?:?|[Rr]ecipient(?: is)?:?|[Aa]ttn:?|c/o|[Cc]ontact)\s(?P<called>[A-Z][a-z'-]+(?:\s[A-Z][a-z'-]+)?)"
    r"|(?P<titled>(?:Mrs?|Ms|Miss|Dr)\.?\s[A-Z][a-z'-]+)|^(?P<alone>[A-Z][a-z'-]+\s[A-Z][a-z'-]+)(?=,?\s(?:\+?[\d(])|,\s\d)"
)


def find_facts(text: str, now: datetime | None = None) -> list[Fact]:
    """Every fact in the text, in reading order, none overlapping another.

    `now` is when the customer asks (default: now, in the settings' time zone): dates in words count from there.
    """
    found: list[Fact] = []
    for fact in _candidates(text[:MOST_CHARACTERS], now or datetime.now(ZoneInfo(settings().timezone))):
        if all(fact.end <= other.start or fact.start >= other.end for other in found):
            found.append(fact)
    return sorted(found, key=lambda fact: fact.start)


def _candidates(text: str, now: datetime) -> Iterator[Fact]:
    """What might be a fact; of two that overlap, the first offered stays."""
    folded = simplify(fold(text))
    yield from (_fact("case_id", match, _compact) for match in _CASE.finditer(folded))
    yield from (_fact("order_number", match, _compact) for match in _ORDER.finditer(folded))
    yield from (_named(match) for match in _NAMED_CASE.finditer(folded))
    yield from (_fact("phone", match, _phone) for match in _PHONE.finditer(folded))
    yield from (Fact("waybill", hit.value, hit.start, hit.end) for hit in waybill.find(text))
    tails = [*_TAIL.finditer(folded), *filter(None, [_BARE_TAIL.fullmatch(folded)])]
    yield from (_fact("phone_tail", match, str) for match in tails)
    yield from (Fact("weight", _kilograms(match), *match.span()) for match in _WEIGHT.finditer(folded))
    yield from (Fact("money", match[0], *match.span()) for match in _MONEY.finditer(folded))
    yield from (_fact("money", match, str) for match in _BARE_MONEY.finditer(folded))
    places = find_places(folded)
    yield from (Fact("address", place.value, place.start, place.end) for place in places if place.kind == "address")
    for when in find_dates(folded, now):
        yield Fact("date", when.value, when.start, when.end, None if when.names_day else "hour")
    yield from (Fact("city", p.value, p.start, p.end, p.role) for p in places if p.kind == "city")
    people = [*_PERSON.finditer(folded), *_PERSON_EN.finditer(text)]
    yield from (Fact("person", who[who.lastgroup or 0], *who.span(who.lastgroup or 0)) for who in people)


def _fact(kind: str, match: re.Match[str], normalise: Callable[[str], str]) -> Fact:
    return Fact(kind, normalise(match["value"]), match.start("value"), match.end("value"))


def _named(match: re.Match[str]) -> Fact:
    group = "value" if match["value"] else "coded"
    return Fact("case_id", _compact(match[group]), *match.span(group))


def _kilograms(match: re.Match[str]) -> str:
    said = match["number"].rstrip("来")
    number = float(said) if said[0].isdigit() else 0.5 if said == "半" else float(numeral(said))
    if match["half"]:
        number += 0.5
    return f"{number * _KILOGRAMS[match['unit']]:g}"


def _compact(value: str) -> str:
    return re.sub(r"[\s-]", "", value).upper()


def _phone(value: str) -> str:
    """Mobiles without separators; a landline with a dash after its area code."""
    return value.replace(" ", "-") if value.startswith("0") else re.sub(r"[\s-]", "", value)
