"""Dates and times in words, Chinese and English, found and worked out from the moment of asking.

A point or a window in time: 今晚六点后, 周六下午, 11月9日, by Friday 3pm. Durations (三天, a week) are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta


@dataclass(frozen=True)
class When:
    """Words at text[start:end]; `value` is ISO 8601: a day, a moment, or an interval "from/to" with ".." for open.

    Where the words tell no day that a calendar rule gives (春节, "Easter"), `value` is the words. `names_day`: they
    tell a day and not only an hour of one, which is then today's: 明天下午3点 does, 下午3点 does not.
    """

    value: str
    start: int
    end: int
    names_day: bool = True


_N = "[一二两三四五六七八九十]"
_DAY_ZH = (
    r"大后天|大前天|[今明昨后前][天日]|[今明昨后前]儿个?|[明今后]个(?!月)儿?|今朝|[今明昨后前当][早晚晨夜]"
    rf"|(?:(?:上上|下下|(?<![得能赶])[上下这本])个?)?(?:周|星期|礼拜)(?:[一二三四五六日天末]|[1-7](?![\d天]))|(?<![得能赶])[上下这本]个?(?:周|星期|礼拜)(?!\d)"
    rf"|(?:[上下这本]个?月|(?:\d{{4}}年)?(?:1[0-2]|0?[1-9])月|(?<!{_N})(?:十[一二]?|[一二三四五六七八九])月)份?"
    rf"(?:[初中底]|(?:3[01]|[12]\d|0?[1-9])[日号]?(?![\d.:：点公斤块元个])|初?{_N}{{1,3}}[日号]?)?|[上下这本]个?月|(?<![一-鿿\d]月)(?<![个每])月[初底](?!薪)"
    rf"|(?<![\d.a-z])(?:3[01]|[12]\d|0?[1-9])[号日](?![楼线店门柜院机段馆库口铺院仓桌位窗码键])"
    rf"|(?<!{_N})(?:三十一?|二?十{_N}?|二十|[一二三四五六七八九十])[号](?![楼线店门柜院机段馆库口铺仓位窗码])"
    r"|(?<![\d-])20\d\d[-/.](?:1[0-2]|0?[1-9])[-/.](?:3[01]|[12]\d|0?[1-9])(?!\d)"
    r"|(?<![\d./-])(?:1[0-2]|0?[1-9])[-/](?:3[01]|[12]\d|0[1-9]|[4-9])(?![\d./-]|个|次|天|折|块|公)"
    r"|(?:大年|正月|腊月|农历)?(?:初[一二三四五六七八九十])|(?:大年|正月|腊月|农历)(?:三十|二?十[一二三四五六七八九]?)"
    r"|除夕|春节|元旦|元宵节?|清明节?|端午节?|中秋节?|国庆节?|五一|双十[一二]|双1[12]|七夕|圣诞节?|情人节|腊八|过年|年[前底]|十一(?=[前假放])"
)
# 上午还是下午, 晚上开到几点, 从早上等到晚上, 第二天中午: hours in general, none in particular.
_IN_GENERAL = r"(?<!第二天..)(?<!等到..)(?!等到|休息|开[门到着]|营业|关门|上班|下班|还是)(?<!还是..)"
_PART_ZH = r"白天|凌晨|清晨|大?早上|早晨|上午|中午|正午|午后|下午|傍晚|晚上|晚间|夜里|半夜|大晚上"
_HOUR_ZH = r"(?:[01]?\d|2[0-4]|十[一二]?|二十[一二三四]?|[二两三四五六七八九]|(?<![快早晚慢好有大小宜多少差近远高低轻重])一(?=点[钟半前以之后到左]))"
_CLOCK_ZH = (
    rf"(?<![\d.:]){_HOUR_ZH}点?(?:到|至|-|~|—){_HOUR_ZH}点(?:半|钟)?"
    rf"|(?<![\d.:]){_HOUR_ZH}点(?!击|儿东|东西|建议|开外|意思|小)(?:钟|半|一刻|三刻|[0-5]?\d分?|[一二三四五]?十[一二三四五六七八九]?分?)?"
    r"|(?<![\d.:])(?:[01]?\d|2[0-3]):[0-5]\d(?![\d:])(?:\s?(?:到|至|-|~)\s?(?:[01]?\d|2[0-3]):[0-5]\d)?"
)
_AFTER_ZH = r"(?:(?:以|之)?前(?![台门排面座天续来])|(?:以|之)?后(?![台门排面座天续来]))"
_ZH = re.compile(
    rf"(?:(?P<day>{_DAY_ZH})(?:的|\s)?(?P<part>{_PART_ZH})?(?:的|\s)?(?P<clock>{_CLOCK_ZH})?"
    rf"|(?P<part2>{_PART_ZH})\s?(?P<clock2>{_CLOCK_ZH})|(?P<part3>[上下]午|[早晚]上(?!好)|傍晚|中午(?!好)){_IN_GENERAL}|(?P<clock3>{_CLOCK_ZH}))(?=(?P<side>{_AFTER_ZH})?)"
)

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?"
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
_NTH = r"(?:3[01]|[12]\d|[1-9])(?:st|nd|rd|th)"
_NUMBER = r"(?:3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?"
_DAY_EN = (
    r"the day after tomorrow|day after tomorrow|the day before yesterday|today|tomorrow|tmrw?|tmw|2moro|2day|tonight|yesterday|last night|2nite"
    rf"|(?:{_WEEKDAY},?\s)?{_MONTH}\.?\s{_NUMBER}(?!\d|:|\s?(?:kg|pm|am|boxes|parcels|yuan))"
    rf"|(?:{_WEEKDAY},?\s)?(?:the\s)?{_NUMBER}(?:\sof)?\s{_MONTH}(?![a-z])"
    rf"|(?:(?:this|next|last)\s)?(?<!been\s)(?<!was\s)(?<!is\s)(?:{_WEEKDAY})(?!s)(?:\s(?:the\s)?{_NTH})?"
    r"|(?:this|next|last)\s(?:week(?:end)?|month|morning|afternoon|evening)|(?:the|this coming)\sweekend|weekend"
    rf"|the\s{_NTH}(?!\s(?:time|one|floor|day|parcel|box|attempt|delivery|week|party|person|party|of\s(?!{_MONTH})|[a-z]*\s?(?:time|floor|attempt)))|(?<=\son\s){_NTH}(?!\s?floor)"
    r"|20\d\d-[01]?\d-[0-3]?\d|(?:3[01]|[12]\d|0?[1-9])/(?:1[0-2]|0?[1-9])(?:/(?:20)?\d\d)?(?![\d/])"
    rf"|(?<=\bin\s)(?:january|february|march|april|june|july|august|september|october|november|december)"
    rf"|(?<=\bsince\s){_MONTH}|(?<=\blast\s){_MONTH}"
    r"|christmas(?:\seve|\sday)?|xmas|easter|thanksgiving|chinese new year|cny|spring festival|national day|new year'?s?(?:\seve|\sday)?|black friday|valentine'?s(?:\sday)?|halloween|mid-autumn(?: festival)?|golden week|singles'? day"
)
_PART_EN = r"early morning|morning|afternoon|evening|night|noon|midnight|midday"
_TIME = r"(?:1[0-2]|0?[1-9])(?:[:.][0-5]\d)?\s?(?:am|pm|a\.m\.|p\.m\.)|(?:[01]?\d|2[0-3]):[0-5]\d|noon|midday|midnight"
_CLOCK_EN = rf"(?:{_TIME})(?:\s?(?:-|to|and|until|till)\s?(?:{_TIME}))?|(?:1[0-2]|[1-9])\s?(?:-|to)\s?(?:{_TIME})|(?:1[0-2]|[1-9])\so'?clock"
_EN = re.compile(
    rf"(?<![a-z0-9])(?:(?P<day>{_DAY_EN})(?:'s)?(?:,?\s(?:in the\s|at\s|around\s|before\s|after\s|by\s)?(?P<part>{_PART_EN})(?![a-z]))?"
    rf"(?:,?\s(?:at\s|around\s|before\s|after\s|between\s|by\s|from\s)?(?P<clock>{_CLOCK_EN}))?"
    rf"|(?P<clock2>{_CLOCK_EN})(?:\s(?:on\s)?(?P<day2>{_DAY_EN}))?|(?<=the\s)(?P<part2>morning|afternoon|evening))(?![a-z0-9])"
)

_FIXED = {  # (month, day); with what follows (节, Eve) taken off
    "元旦": (1, 1), "五一": (5, 1), "国庆": (10, 1), "十一": (10, 1), "双十一": (11, 11), "双11": (11, 11), "双十二": (12, 12),
    "双12": (12, 12), "圣诞": (12, 25), "情人节": (2, 14), "christmas eve": (12, 24), "christmas": (12, 25), "xmas": (12, 25),
    "national day": (10, 1), "halloween": (10, 31), "singles day": (11, 11), "singles' day": (11, 11),
}  # fmt: skip
_NUMERALS = {numeral: number for number, numeral in enumerate("一二三四五六七八九", 1)} | {"两": 2}
_HOURS = {
    "白天": (8, 18),
    "凌晨": (0, 6), "清晨": (5, 8), "早": (6, 9), "上午": (8, 12), "中午": (11, 13), "正午": (11, 13), "午后": (12, 14),
    "下午": (12, 18), "傍晚": (17, 19), "晚": (18, 22), "夜": (18, 24), "morning": (6, 12), "noon": (11, 13),
    "midday": (11, 13), "afternoon": (12, 18), "evening": (18, 22), "night": (18, 24),
}  # fmt: skip
_LATE = ("下午", "午后", "傍晚", "晚", "夜", "afternoon", "evening", "night")


def find_dates(text: str, now: datetime) -> list[When]:
    """Dates in `text`, which is folded and in simplified characters; `now` is when the customer asks, with zone."""
    found = [*_matches(_ZH, text, now), *_matches(_EN, text, now)]
    return sorted(found, key=lambda when: when.start)


def _matches(pattern: re.Pattern[str], text: str, now: datetime) -> Iterator[When]:
    for match in pattern.finditer(text):
        given = {name: words for name, words in match.groupdict().items() if words}
        day, part, clock = (_first(given, name) for name in ("day", "part", "clock"))
        end = match.start() + len(match[0].rstrip(" 的"))
        side = given.get("side", "") or _side_before(text[: match.start()])
        value = _value(day, part, clock, side, now.date()) or match[0].strip()
        yield When(value, match.start(), end, names_day=bool(day))


def _first(given: dict[str, str], name: str) -> str:
    return next((words for key, words in given.items() if key.rstrip("23") == name), "")


def _side_before(before: str) -> str:
    said = re.search(r"\b(before|by|after|until|till|from)\s(?:the\s)?$", before[-12:])
    return (
        {"before": "前", "by": "前", "until": "前", "till": "前", "after": "后", "from": "后"}.get(said[1], "")
        if said
        else ""
    )


def _value(day: str, part: str, clock: str, side: str, today: date) -> str | None:
    """ISO of what was said, or None."""
    on = _day(day, today) if day else (today, today)
    if on is None:
        return None
    first, last = on
    inside = part or day
    hours = _clock_hours(clock, inside) or _part_hours(inside)
    if hours is None or first != last:
        return _sided(first.isoformat(), last.isoformat(), side)
    begins, ends = (_moment(first, hour) for hour in hours)
    return _sided(begins, ends, side)


def _sided(first: str, last: str, side: str) -> str:
    if side.endswith("前"):
        return f"../{first}"
    if side.endswith("后"):
        return f"{last}/.."
    return first if first == last else f"{first}/{last}"


def _moment(day: date, hour: float) -> str:
    moment = datetime.combine(day, time()) + timedelta(hours=hour)
    return moment.isoformat(timespec="minutes")


def _part_hours(words: str) -> tuple[float, float] | None:
    return next((hours for part, hours in _HOURS.items() if part in words), None)


def _clock_hours(clock: str, part: str) -> tuple[float, float] | None:
    if not clock:
        return None
    times = [
        _hour(words, part)
        for words in re.split(r"到|至|-|~|—|\bto\b|\band\b|\buntil\b|\btill\b", clock)
        if words.strip()
    ]
    hours = [hour for hour in times if hour is not None]
    if not hours:
        return None
    if len(hours) == 2 and hours[0] < hours[1] - 12 and ("pm" in clock or any(late in part for late in _LATE)):
        hours[0] += 12
    return hours[0], hours[-1]


def _hour(words: str, part: str) -> float | None:
    if "noon" in words or "midday" in words:
        return 12.0
    if "midnight" in words:
        return 24.0
    numbers = re.findall(r"\d+|[一二两三四五六七八九十]+", words)
    if not numbers:
        return None
    hour = float(numeral(numbers[0]))
    minute = 30 if "半" in words else 15 if "一刻" in words else 45 if "三刻" in words else 0
    if len(numbers) > 1 and "刻" not in words:
        minute = numeral(numbers[1])
    late = any(said in part for said in _LATE) or "pm" in words or "p.m" in words
    if late and hour < 12:
        hour += 12
    elif ("am" in words or "a.m" in words) and hour == 12:
        hour = 0
    return hour + minute / 60


def numeral(words: str) -> int:
    """The number that Arabic digits or Chinese numerals below 1000 stand for."""
    if words.isdigit():
        return int(words)
    hundreds, hundred, words = words.rpartition("百")
    if hundred:
        return _NUMERALS.get(hundreds, 1) * 100 + numeral(words)
    tens, ten, ones = words.rpartition("十")
    return (_NUMERALS.get(tens, 1) * 10 if ten else 0) + _NUMERALS.get(ones, 0)


def _day(words: str, today: date) -> tuple[date, date] | None:
    """First and last day that the words name, or None where no calendar rule tells."""
    for read in (_relative, _week, _calendar, _festival):
        try:
            if days := read(words, today):
                return days
        except ValueError:  # 2月31号: no such day
            return None
    return None


_RELATIVE: tuple[tuple[str, int], ...] = (
    ("大后天", 3), ("大前天", -3), ("the day after tomorrow", 2), ("day after tomorrow", 2), ("the day before yesterday", -2),
    ("今", 0), ("当", 0), ("明", 1), ("次日", 1), ("隔天", 1), ("昨", -1), ("后", 2), ("前", -2),
    ("today", 0), ("2day", 0), ("tonight", 0), ("2nite", 0), ("this morning", 0), ("this afternoon", 0), ("this evening", 0),
    ("tomorrow", 1), ("tm", 1), ("2moro", 1), ("yesterday", -1), ("last night", -1),
)  # fmt: skip


def _relative(words: str, today: date) -> tuple[date, date] | None:
    for start, days in _RELATIVE:
        if words.startswith(start):
            day = today + timedelta(days=days)
            return day, day
    return None


def _week(words: str, today: date) -> tuple[date, date] | None:
    monday = today - timedelta(days=today.weekday())
    weeks = -2 if words.startswith("上上") else 2 if words.startswith("下下") else _shift(words)
    chinese = re.search(r"(?:周|星期|礼拜)([一二三四五六日天末1-7])?", words)
    english = re.search("|".join(_WEEKDAYS), words) if not chinese and re.search(_WEEKDAY, words) else None
    if re.search(r"周末|weekend|礼拜末", words):
        saturday = monday + timedelta(days=5, weeks=weeks or 0)
        return saturday, saturday + timedelta(days=1)
    if chinese and chinese[1]:
        index = (
            "一二三四五六日".find(chinese[1].replace("天", "日")) if not chinese[1].isdigit() else int(chinese[1]) - 1
        )
    elif english and not re.search(r"\d|[a-z]{3,}\s(?:of\s)?" + _MONTH, words):
        index = _WEEKDAYS.index(english[0])
    elif chinese or words.endswith("week"):
        first = monday + timedelta(weeks=weeks or 0)
        return first, first + timedelta(days=6)
    else:
        return None
    day = monday + timedelta(days=index, weeks=weeks or 0)
    if weeks is None and day < today:
        day += timedelta(weeks=1)
    return day, day


def _shift(words: str) -> int | None:
    """-1 for the last, 1 for the next, 0 for this week or month, None where nothing is said."""
    if words.startswith(("上", "last")):
        return -1
    if words.startswith(("下", "next")):
        return 1
    return 0 if words.startswith(("这", "本", "this")) else None


def _calendar(words: str, today: date) -> tuple[date, date] | None:
    whole = re.fullmatch(r"(20\d\d)[-/.年](\d{1,2})[-/.月](\d{1,2})[日号]?", words)
    if whole:
        day = date(int(whole[1]), int(whole[2]), int(whole[3]))
        return day, day
    month, number = _month_and_day(words, today)
    if month is None and number is None:
        return None
    year, month = _year_and_month(words, month, today)
    if number is None:
        following = date(year + month // 12, month % 12 + 1, 1)
        return date(year, month, 1), following - timedelta(days=1)
    day = date(year, month, number)
    return day, day


def _month_and_day(words: str, today: date) -> tuple[int | None, int | None]:
    if slashed := re.fullmatch(r"(\d{1,2})[-/](\d{1,2})(?:/\d+)?", words):
        one, two = int(slashed[1]), int(slashed[2])
        return (one, two) if one <= 12 else (two, one)
    chinese = re.search(
        r"(?:(\d{1,2}|[一二三四五六七八九十]+)月份?)?(?:(\d{1,2}|[一二三四五六七八九十]+)[日号]?)?$", words
    )
    if chinese and "月" in words or re.search("[日号]$", words):
        assert chinese is not None
        return _read(chinese[1]), _read(chinese[2])
    english = re.search(_MONTH, words)
    number = re.search(r"\d+", words)
    month = _MONTHS.index(english[0][:3]) + 1 if english else None
    return month, int(number[0]) if number else None


def _read(words: str | None) -> int | None:
    return numeral(words) if words else None


def _year_and_month(words: str, month: int | None, today: date) -> tuple[int, int]:
    if year := re.match(r"(20\d\d)年", words):
        return int(year[1]), month or 1
    if month:  # the nearer one: in December "January" is the next, in January "December" the last
        return today.year + (today.month - month > 6) - (month - today.month > 6), month
    place = today.year * 12 + today.month - 1 + (_shift(words) or 0)
    return place // 12, place % 12 + 1


def _festival(words: str, today: date) -> tuple[date, date] | None:
    known = _FIXED.get(words) or _FIXED.get(words.removesuffix("节"))
    if known is None:
        return None
    day = date(today.year, *known)
    day = day if (today - day).days < 60 else date(today.year + 1, *known)
    return day, day
