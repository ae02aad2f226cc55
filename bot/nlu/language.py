"""Which of our two languages a message is written in, when its text tells."""

import re

from bot.nlu.text import HAN, fold, simplify

_HAN = re.compile(f"[{HAN}]")
# Addresses and codes belong to no language.
_HIDDEN = re.compile(
    r"https?://\S+|\S+@\S+"
    r"|(?<![a-z])[a-z]{1,4}[ -]\d{3}[\d -]*(?:[a-z]{2}(?![a-z]))?|[a-z0-9-]*\d[a-z0-9-]*"
)
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")

# Latin words that Chinese customers type as a matter of course: alone they tell nothing.
_SHARED_WORDS = frozenset(
    "ok okk okay yes no yep nope sure bye byebye thx thanks thank you cancel stop help app vip ems yto zto sto"
    " ups cod pod eta id wifi iphone ipad ai emo".split()
)
# English words that could be read as pinyin, but hardly are.
_ENGLISH_WORDS = frozenset(
    "do does can me he she here see fee take like hi hiya hello home human anyone single menu late again"
    " are have the".split()
)
_VOWEL = re.compile(r"[aeiouy]")
# Initials and finals of Mandarin syllables: a message of nothing else may well be Chinese in pinyin.
_PINYIN = re.compile(
    r"(?:(?:[zcs]h|[bpmfdtnlgkhjqxrzcsyw])?(?:iang|iong|uang|ang|eng|ing|ong|ian|iao|uai|uan|ai|an|ao|ei|en"
    r"|er|ia|ie|in|iu|ou|ua|ue|ui|un|uo|a|e|i|o|u|v))+"
)

_ASKED_FOR = re.compile(
    r"\W*(?:请|麻烦|可不可以|可以|能不能|能|你们?|您|我们?|给我|跟我|改|切|帮我)*(?:换|切换|转|转换|改|说|讲|用|会说)?(?:成|到|回|为|用)?"
    r"(?:(?P<zh>中文|汉语|普通话|国语)|英文|英语)(?:跟我)?(?:回答|回复|说|讲|沟通|交流|聊)?(?:吗|吧|好吗|行吗|可以吗|谢谢)?\W*"
    r"|\W*(?:(?:please|can|could|would|do|you|we|i|want|to|sorry|hi|hello|let'?s|now)\W+)*"
    r"(?:speak|use|talk|write|(?:switch|change)(?: back)? to|(?:reply|answer|speak|talk|write) (?:to me )?in|in)?"
    r" ?(?:(?P<chinese>chinese|mandarin)|english)(?: (?:with me|to me|please|now|instead|thanks|thank you))*\W*"
)
"""A whole message that asks for one of our languages."""


def asked_for(text: str) -> str | None:
    """"zh" or "en", where the message asks for nothing but to be answered in it."""
    found = _ASKED_FOR.fullmatch(simplify(fold(text)))
    if found is None:
        return None
    return "zh" if found["zh"] or found["chinese"] else "en"


def detect(text: str) -> str | None:
    """"zh", "en", or None when the text tells nothing (bare numbers, emoji, waybills, words both use).

    Mixed text is Chinese, save an English sentence that merely quotes a Chinese name.
    """
    folded = _HIDDEN.sub(" ", fold(text))
    han = len(_HAN.findall(folded))
    words = _WORD.findall(folded)
    if han:
        return "en" if len(words) >= 4 and len(words) > han else "zh"
    return "en" if any(_is_english(word) for word in words) else None


def _is_english(word: str) -> bool:
    if len(word) == 1 or word in _SHARED_WORDS or not _VOWEL.search(word):
        return False
    return word in _ENGLISH_WORDS or not _PINYIN.fullmatch(word)
