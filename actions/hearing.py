"""What a message says, read in the light of the question it answers. Pure: tracker in, plain values out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from rasa_sdk import Tracker

from bot.conversations.text import only_asks_for_person
from bot.shipments import waybill
from bot.shipments.waybill import Found

FALLBACK = "nlu_fallback"
REFUSAL = "refuse"
"""In place of the intent that the words refuse."""

# Asked inside a form these are answered, and the form comes back.
QUESTIONS = frozenset({
    "track_shipment", "ask_eta", "list_my_parcels", "quote_freight", "ask_transit_time", "find_outlet",
    "ask_service_area", "ask_proof_of_delivery", "ask_case_status", "track_request", "help", "ask_bot",
    "greet", "thank", "abuse",
})  # fmt: skip

_EDGE = r"(?=[\s,，。.!！~～、]|$|[啊吧呀的呢了哦嘛哈滴呐]|谢|謝|就|快|please|thank)"
_YES_WORDS = (
    "对|對|是|嗯|恩|好|行|可以|中|要|没错|沒錯|没问题|没有问题|沒問題|确认|確認|确定|確定|提交|同意|就这样|就這樣|无误|無誤"
    "|no problem|all good|fine|yes|yep|yeah|yup|sure|ok|okay|correct|right|confirm(?:ed)?|submit|that'?s right"
    "|looks? good|go ahead"
)
_YES = re.compile(rf"\W*(?:(?:{_YES_WORDS})+{_EDGE})", re.IGNORECASE)
_BY_THE_WAY = re.compile(r"\W*(?:对了|對了|是不是|好像|要不|right now|ok but|yes but)", re.IGNORECASE)
_NO = re.compile(
    r"\W*(?:不|先不|先别|等等|等一下|错|錯|没有$|否|别|no\b|nope|not\b|wrong|don'?t)(?!客气|好意思|用了|過|过)",
    re.IGNORECASE,
)
_NOTHING = re.compile(
    r"跳过|跳過|(?:没|沒|无|無)(?:有)?(?:运单|運單|快递)?(?:单号|單號|号码|號碼)|单号(?:没|不知道|找不到|丢)"
    r"|^\W*(?:没有|沒有|没|沒|无|不知道|不记得|忘了|找不到)(?:了|啊|呢|哦)?\W*$|不给|不給|不想给|不方便|不留|保密"
    r"|\bskip\b|\bno (?:number|waybill|tracking)|don'?t (?:have|know|remember|want)|do not have|rather not"
    r"|lost (?:it|the)",
    re.IGNORECASE,
)
_PHONE_ON_WAYBILL = re.compile(
    r"(?:单上|面单|单子上|單上|登记的|登記的|预留的|原来的|下单的|收件人的)"
    r"|on (?:the|my) (?:waybill|parcel|label|order|file|record)",
    re.IGNORECASE,
)
_WHY_CONTACT = re.compile(
    r"(?:为什么|为啥|凭什么|干嘛|干吗|為什麼|憑什麼|why|what.* for)"
    r".*(?:电话|手机|号码|信息|電話|手機|phone|number|data)"
    r"|隐私|隱私|泄露|洩露|privacy|\bleak",
    re.IGNORECASE,
)
_PUTS_OFF = re.compile(
    r"(?:等|稍)(?:一?下|一?会|等|候)|马上(?:找|发|给)|(?:找|查|看|翻)(?:一?下|一?找|一?看)"
    r"|hold on|\bwait\b|moment|let me|just a (?:sec|min)",
    re.IGNORECASE,
)
_CANCEL = re.compile(
    r"\W*(?:取消|算了|不弄了|不办了|退出|停|停止|cancel|stop|quit|exit|never ?mind|forget it)(?:吧|了|啦)?\W*",
    re.IGNORECASE,
)
_UNWANTED = re.compile(r"不想?要了|don'?t (?:want|need) (?:it|them)|no longer (?:want|need)", re.IGNORECASE)
_PLAIN_YES = re.compile(r"\W*[好行嗯对](?:[吧啊呀的嘛滴哒]|[好行嗯对])*\W*")
_REFUSES = re.compile(
    r"\W*(?:那|我|先|就|请|你们?|暂时|还是|都)*(?:不要|不用|不想|不需要|不必|不是要|别|不)(?:再|要|去|来|给|帮|替|我|你们?)*"
    r"(?:转|找|接)?(?:人工|真人|投诉|投訴|举报|催|理赔|索赔|拦截|退回|登记|回电)"
    r"(?:客服|服务|单|件|派送|电话|我|你们?|他们?)*[了吧啊呀哦的嘛]*(?:谢谢)?\W*"
    r"|\W*(?:no[, ]+|please |i )*(?:don'?t|do not|am not|'?m not|would(?:n'?t| not)|(?:'?d )?rather not|no need|not)"
    r"(?: (?:want|need|like|wish|going|trying|here|have|to|be|a|an|any|the|with|speak|talk|make|file|transferred|you))*"
    r" (?:person|human|agent|operator|complaint|complain(?:ing)?|claim|rush|hurry|chase|chasing|callback)"
    r"(?: (?:it|me|please|thanks|thank you|anymore|any more|now|yet))*\W*",
    re.IGNORECASE,
)
"""A whole message that refuses something we do."""
_ASKS = re.compile(
    r"[?？]|吗|嗎|嘛$|呢$|怎么|怎麼|什么|什麼|多少|几点|幾點|哪里|哪裡|哪儿|为啥|为什么|為什麼|可以不|能不能|是不是|有没有"
)
_ENGLISH_ASKS = re.compile(r"\W*(?:what|when|where|how|why|which|who|can|could|do|does|is|are|will|would)\b", re.I)
_BARE = re.compile(
    r"[\W_]|我|要|想|你们|你們|这个|一下|个|反映|反应|反馈|投诉|投訴|举报|情况|问题|i\b|want|would|like|need|to\b|a\b|make|file"
    r"|complain(?:t|ing)?|about|please|hello|hi\b|建议|建議|意见|意見|有|have\b|got\b|a few|suggestions?",
    re.IGNORECASE,
)
_PARTS = {
    "waybill": re.compile(r"单号|單號|运单|運單|waybill|tracking", re.IGNORECASE),
    "phone": re.compile(r"电话|電話|手机|手機|联系方式|号码|phone|contact", re.IGNORECASE),
    "category": re.compile(r"类型|類型|类别|分类|category|kind|type", re.IGNORECASE),
    "address": re.compile(r"地址|\baddress", re.IGNORECASE),
    "time": re.compile(r"时间|時間|日期|几点|哪天|\btime\b|\bdate\b|\bday\b|\bwhen\b", re.IGNORECASE),
    "item": re.compile(r"物品|东西|東西|\bitem|\bgoods", re.IGNORECASE),
    "place": re.compile(r"放哪|位置|备注|備註|\bplace\b|\bwhere\b", re.IGNORECASE),
    "person": re.compile(r"收件人|联系人|聯繫人|姓名|名字|\bname\b|recipient|receiver", re.IGNORECASE),
    "topic": re.compile(r"事项|什么事|\bwhat for\b|purpose", re.IGNORECASE),
    "kind": re.compile(r"情况|類型|类型|\bkind\b|\btype\b", re.IGNORECASE),
    "declared": re.compile(r"保价|保價|declared|insur", re.IGNORECASE),
    "value": re.compile(r"金额|金額|损失|損失|价值|價值|多少钱|\bvalue\b|\bworth\b|amount", re.IGNORECASE),
    "description": re.compile(r"内容|內容|描述|情况|经过|原因|description|what happened|words|details?", re.IGNORECASE),
}
_KEEP = re.compile(r"别撤|不撤|别取消|不取消|保留|继续处理|\bkeep\b|don'?t withdraw", re.IGNORECASE)
_TAKES_BACK = re.compile(
    r"(?:取消|撤回|撤销|撤銷|撤掉|收回|(?<![要还還分特收送能个個区级])(?:不用|不要|不想|不必|别|別|不))"
    r"(?:再|要|去|给|帮|(?:我|刚才|刚刚|之前|早上|昨天|那个|这个)的?)*"
    r"(?:改派|改地址|改址|改时间|改時間|改期|改约|拦截|攔截|退回|催|备注|申请|申請|请求|变更|[改催拦退]了)"
    r"|\b(?:cancel|withdraw|undo|retract|revoke|take back|call off|drop|(?:don'?t|no longer) (?:want|need)(?: to)?)"
    r"(?: (?:my|the|that|this|to|any|last|earlier|address|delivery|time|pending|change))*"
    r" (?:request|change|redirect\w*|rerout\w*|intercept\w*|reschedul\w*|instruction|rush|chase)",
    re.IGNORECASE,
)
_CALLS_OFF = re.compile(
    r"取消|撤[了掉回销]|不寄了|(?:不用|别|不要|不必)(?:来|上门|取)"
    r"|\bcancel\b|(?:don'?t|no need to|needn'?t) (?:come|collect|pick)|no longer",
    re.IGNORECASE,
)
_CHANGE = re.compile(r"改|换|換|错|錯|不对|不對|change|wrong|correct|edit|fix", re.IGNORECASE)
_ANOTHER = re.compile(
    r"(?:另|别的|別的|其他|其它|换个(?=单|單|件|快递|快遞|包裹|号|號)|还有一?[个件单]|another|other|different)",
    re.IGNORECASE,
)
_WISH = re.compile(
    r"(?:希望|要求|诉求[是:：]?|訴求[是:：]?|想要)(?P<wish>.{2,})|(?:请你们|i wish|i want|i'd like|would like).{2,}",
    re.IGNORECASE,
)
_TIME = re.compile(r"时间|時間|几点|什么时候|什麼時候|多久|\btime\b|\bwhen\b", re.IGNORECASE)
_WHEN = re.compile(
    r"(?:今天|今晚|明天|明早|后天|大后天|周[一二三四五六日末]|星期[一二三四五六日天]|下周\S?|\d+[号日])"
    r"?\s?(?:上午|早上|中午|下午|傍晚|晚上)?\s?(?:[\d一二三四五六七八九十两:：点半]+)?(?:以?[前后])?"
    r"|(?:(?:today|tomorrow|tonight|(?:mon|tues|wednes|thurs|fri|satur|sun)day|in the|after|before|at)\s*)*"
    r"(?:morning|afternoon|evening|\d{1,2}(?::\d\d)?\s*(?:am|pm)|today|tomorrow|tonight|\w+day)",
    re.IGNORECASE,
)
_NUMERALS = re.compile(r"[\s\d一二三四五六七八九十两半:：]*")
_ORDINAL = re.compile(
    r"第([一二三四五六七八九1-9])|(?<!\d)([1-9])(?!\d)|(最后|最後|末尾|\blast\b)|\b(first|second|third|fourth|fifth)\b",
    re.IGNORECASE,
)
_POINTING = re.compile(r"[\W_]|那|就|先|看|查|个|個|一|单|的|吧|呢|the\b|one\b|please|number|no\b", re.IGNORECASE)
_LATIN_ORDINALS = ("first", "second", "third", "fourth", "fifth")
_ODD_NUMBER = re.compile(r"(?<![a-z\d])[a-z]{0,4}\d{5,}(?![a-z\d])", re.IGNORECASE)
_FOUR_DIGITS = re.compile(r"(?<!\d)(\d{4})(?!\d)")
_SPELT_DIGITS = re.compile(r"\W*([零〇一二三四五六七八九幺]{4})\W*")
_DIGITS = str.maketrans("零〇一二三四五六七八九幺", "001234567891")

TAKEN_AS_COMPLAINT = {"abuse": 0.15, "provide_info": 0.25, FALLBACK: 0.4}
"""How likely complaints must be together for an insult, a message full of numbers or an unclear one to be one."""

_REFUSING = frozenset({"deny", "affirm", "cancel", "withdraw_case", "skip", "unsubscribe"})
"""Intents that refuse by themselves."""

GUESS_BELOW = 0.5
"""Confidence in an intent below which all others together are likelier."""

CLOSE_SECOND = 0.7
"""Share of the first reading's confidence from which on the second can hardly be told from it."""

GUESSES = 3
"""Readings of a message that count as likely."""

ENOUGH_WORDS = 4
"""A description of fewer characters says no more than that there is a complaint."""


@dataclass(frozen=True)
class Heard:
    """One message: its intent, its words without the numbers found in them, and those numbers."""

    intent: str
    text: str
    words: str
    waybills: tuple[Found, ...] = ()
    phones: tuple[str, ...] = ()
    phone_tail: str | None = None
    case_number: str | None = None
    order_number: str | None = None
    tapped: dict[str, str] = field(default_factory=dict)
    likely_complaint: str | None = None
    """The likeliest kind of complaint, where it is one of the first guesses: category without "complain_"."""
    refused: str | None = None
    """The intent that the model read in words that refuse just that: 不要转人工. `intent` is REFUSAL then."""
    is_guess: bool = False
    """The other intents together are likelier than this one."""

    @property
    def has_facts(self) -> bool:
        return bool(self.waybills or self.phones or self.phone_tail or self.case_number or self.tapped)

    @property
    def is_question(self) -> bool:
        """Something to answer before going on. A bare number is none, whatever intent it was given."""
        known = self.intent.startswith("faq_") or self.intent in QUESTIONS
        return known and len(self.words) >= ENOUGH_WORDS

    @property
    def asks(self) -> bool:
        """Worded as a question."""
        return bool(_ASKS.search(self.words) or _ENGLISH_ASKS.match(self.words))

    @property
    def unwanted(self) -> bool:
        """What is under way is no longer wanted."""
        return bool(_UNWANTED.search(self.words))

    @property
    def says_yes(self) -> bool:
        if _BY_THE_WAY.match(self.text) or self.asks:
            return False
        return self.intent == "affirm" or bool(_YES.match(self.text))

    @property
    def says_no(self) -> bool:
        refuses = self.intent == "deny" or bool(_NO.match(self.text))
        return refuses and not self.says_yes and not self.refused

    @property
    def has_none(self) -> bool:
        """The customer has not got what is asked for, or will not give it."""
        return self.intent == "skip" or self.intent == "deny" or bool(_NOTHING.search(self.words))

    @property
    def means_phone_on_waybill(self) -> bool:
        return bool(_PHONE_ON_WAYBILL.search(self.words))

    @property
    def asks_why_contact(self) -> bool:
        """Doubts about giving a number."""
        return bool(_WHY_CONTACT.search(self.words))

    @property
    def puts_off(self) -> bool:
        """The answer will come in a moment."""
        return bool(_PUTS_OFF.search(self.words))

    @property
    def tells_more(self) -> bool:
        """More than the bare wish to complain."""
        return len(self.own_words) >= ENOUGH_WORDS

    @property
    def own_words(self) -> str:
        """The words without those of the bare wish."""
        return _BARE.sub("", self.words)

    @property
    def wants_change(self) -> bool:
        return self.intent in ("correct", "change_part") or bool(_CHANGE.search(self.words))

    @property
    def takes_back(self) -> bool:
        """A request made earlier is no longer wanted: 取消改派, cancel my request."""
        return bool(_TAKES_BACK.search(self.words))

    @property
    def calls_off(self) -> bool:
        """Nobody need come: 取消, 别来了, don't come."""
        return bool(_CALLS_OFF.search(self.words))

    @property
    def means_another(self) -> bool:
        """Another parcel than the one just looked up."""
        return bool(_ANOTHER.search(self.words))

    @property
    def keeps(self) -> bool:
        """A case is not to be taken back after all."""
        return bool(_KEEP.search(self.words))

    @property
    def only_points(self) -> bool:
        """Nothing but a place in the list just shown: 第二个, the last one please."""
        return bool(_ORDINAL.search(self.words)) and not _POINTING.sub("", _ORDINAL.sub("", self.words))

    @property
    def names_time(self) -> bool:
        return bool(_TIME.search(self.words))

    @property
    def when(self) -> str | None:
        """The longest time the words name: 后天上午, tomorrow at 3 pm. A numeral alone is none."""
        named = (found for found in _WHEN.findall(self.words) if not _NUMERALS.fullmatch(found))
        return max(named, key=len, default="").strip() or None

    @property
    def wish(self) -> str | None:
        """What the customer wants done, in their own words."""
        found = _WISH.search(self.words)
        return (found["wish"] or found[0]) if found else None

    def part_of(self, parts: Iterable[str]) -> str | None:
        """The one of these parts of a form that was tapped or that the words name."""
        if "part" in self.tapped:
            return self.tapped["part"] if self.tapped["part"] in parts else None
        return next((part for part in parts if _PARTS[part].search(self.words)), None)

    @property
    def odd_number(self) -> bool:
        """Something number-like that is neither a waybill nor a phone."""
        return not self.waybills and bool(_ODD_NUMBER.search(self.text))

    @property
    def four_digits(self) -> str | None:
        """The last four digits of a phone: said as such, alone in the message, or of the whole number."""
        if self.phone_tail:
            return self.phone_tail
        if self.phones:
            return self.phones[-1][-4:]
        alone = _FOUR_DIGITS.search(self.text) or _SPELT_DIGITS.fullmatch(self.text)
        return alone[1].translate(_DIGITS) if alone else None

    @property
    def given_tail(self) -> str | None:
        """Four digits meant as a phone's last: said as such, or all there is beside a parcel's number."""
        beside = _FOUR_DIGITS.fullmatch(self.words.strip(" ,，。.:：")) if self.waybills else None
        return self.phone_tail or (beside and beside[1])

    def chosen(self, choices: list[str] | None) -> str | None:
        """The one of a shown list that the words point at: 第二个, the last one, 3."""
        found = _ORDINAL.search(self.words) if choices and not self.waybills else None
        if not choices or found is None:
            return None
        digit, alone, last, latin = found.groups()
        if last:
            return choices[-1]
        place = _LATIN_ORDINALS.index(latin.lower()) if latin else _number(digit or alone) - 1
        return choices[place] if place < len(choices) else None


def _number(numeral: str) -> int:
    return int(numeral) if numeral.isdigit() else "一二三四五六七八九".index(numeral) + 1


def hear(tracker: Tracker) -> Heard:
    """The latest message. A tapped button has no words: its facts stand in the payload."""
    message = tracker.latest_message
    text = message.get("text") or ""
    entities = [entity for entity in message.get("entities", []) if entity["entity"] not in ("language", "also")]
    intent = _intent(message)
    refused = intent if _REFUSES.fullmatch(text) and intent not in _REFUSING else None
    if text.startswith("/"):
        tapped = {entity["entity"]: str(entity["value"]) for entity in entities}
        found = waybill.recognise(tapped.get("waybill", ""))
        return Heard(intent, "", "", waybills=(found,) if found else (), tapped=tapped)
    return Heard(
        intent=REFUSAL if refused else intent,
        refused=refused,
        text=text,
        words=_without(text, entities),
        waybills=tuple(dict.fromkeys(waybill.find(text))),
        phones=_values(entities, "phone"),
        phone_tail=next(iter(_values(entities, "phone_tail")), None),
        case_number=next(iter(_values(entities, "case_id")), None),
        order_number=next(iter(_values(entities, "order_number")), None),
        likely_complaint=_likely_complaint(message),
        is_guess=float((message.get("intent") or {}).get("confidence") or 0.0) < GUESS_BELOW,
    )


def _likely_complaint(message: dict[str, Any]) -> str | None:
    first = (message.get("intent_ranking") or ())[:GUESSES]
    kinds = (str(rank["name"]).removeprefix("complain_") for rank in first if rank["name"].startswith("complain_"))
    return next(kinds, None)


def told(tracker: Tracker, kind: str) -> str | None:
    """The first entity of this kind in the message: a weight in kg, the rest in the customer's own words."""
    message = tracker.latest_message
    found = (entity for entity in message.get("entities", []) if entity["entity"] == kind)
    entity = next(found, None)
    if entity is None or kind == "weight" or "start" not in entity:
        return entity and str(entity["value"])
    return str(message["text"])[entity["start"] : entity["end"]]


def _intent(message: dict[str, Any]) -> str:
    """As the model reads it, but for what must not be missed: the plain words that lead out of a form, a bare yes,
    and an insult or unsure guess that most likely complains."""
    text = message.get("text") or ""
    if _CANCEL.fullmatch(text):
        return "cancel"
    if only_asks_for_person(text):
        return "request_human"
    if _PLAIN_YES.fullmatch(text):
        return "affirm"
    intent = str((message.get("intent") or {}).get("name") or FALLBACK)
    ranking = message.get("intent_ranking") or ()
    complaints = [rank for rank in ranking if rank["name"].startswith("complain_")]
    if intent == "complain_other" and _kind_is_close(complaints):
        return str(complaints[1]["name"])
    likely = sum(float(rank["confidence"]) for rank in complaints)
    if not complaints or likely < TAKEN_AS_COMPLAINT.get(intent, 2):
        return intent
    clear = complaints[0]["confidence"] >= likely / 2
    return str(complaints[0]["name"]) if clear else "complain_other"


def _kind_is_close(complaints: list[dict[str, Any]]) -> bool:
    """A kind of complaint is nearly as likely as "another complaint", which is for what is none of the kinds."""
    return len(complaints) > 1 and bool(complaints[1]["confidence"] >= CLOSE_SECOND * complaints[0]["confidence"])


def _values(entities: list[dict[str, Any]], kind: str) -> tuple[str, ...]:
    return tuple(str(entity["value"]) for entity in entities if entity["entity"] == kind)


def _without(text: str, entities: list[dict[str, Any]]) -> str:
    """The text without its numbers; names of cities and goods are part of what is told."""
    numbers = {"waybill", "phone", "phone_tail", "case_id", "order_number"}
    for entity in sorted(entities, key=lambda entity: -int(entity["start"])):
        if entity["entity"] in numbers:
            text = text[: entity["start"]] + " " + text[entity["end"] :]
    return " ".join(text.split())
