"""Which of our two languages a message is written in, when its text tells."""

import re

from bot.nlu.text import HAN, fold

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
