"""The rules of conduct.yml as a reader: which rules a text breaks, each by its name."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bot import catalog
from bot.settings import ROOT
from tests.wording.texts import WIDGET, Pair, Said

RULES: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("conduct.yml").read_text(encoding="utf-8"))
OUTSIDE = RULES["not_for_customers"]
PLACEHOLDER = re.compile(r"\{(\w+)\}")


def broken(key: str, said: Said) -> set[str]:
    """The rules that one text breaks in its language."""
    if key in RULES["formats"]:
        return set()
    found = {rule for words in said.words for rule in _by_words(key, said.language, words)}
    return found | _too_long(said) | (_by_conditions(key, said) if is_for_customers(key) else set())


def broken_between(pair: Pair) -> set[str]:
    """The rules that break between the two languages."""
    found = set()
    for said in pair.both:
        if not said.text.strip():
            found.add("missing_language")
    if pair.zh.payloads != pair.en.payloads or len(pair.zh.titles) != len(pair.en.titles):
        found.add("same_buttons")
    if pair.key not in RULES["own_placeholders"] and _placeholders(pair.zh) != _placeholders(pair.en):
        found.add("same_placeholders")
    if pair.zh.text.count("\n") != pair.en.text.count("\n"):
        found.add("same_lines")
    return found


def silent(texts: dict[str, Pair]) -> set[tuple[str, str, str]]:
    """Voice, text and language where one of the three voices is not heard."""
    return {
        (voice, key, said.language)
        for voice, rule in RULES["voices"].items()
        for key in rule["texts"]
        for said in texts[key].both
        if not re.search(rule[said.language], said.text)
    }


def unfilled(pairs: list[Pair]) -> set[tuple[str, str]]:
    """Texts with a placeholder that is neither a figure of the catalog nor named anywhere in the code that speaks."""
    known = _words_of_the_code() | set(catalog.figures())
    return {(pair.key, name) for pair in pairs for said in pair.both for name in _placeholders(said) - known}


def says(patterns: list[str], words: str) -> bool:
    return any(re.search(pattern, words, re.IGNORECASE) for pattern in patterns)


def is_for_customers(key: str) -> bool:
    return not key.startswith(OUTSIDE["prefix"]) and key not in OUTSIDE["programs"]


def screen_length(said: Said) -> int:
    """Characters on a screen: a figure counts as the catalog gives it, any other value as conduct.yml says."""
    figures = catalog.figures()
    filled = PLACEHOLDER.sub(lambda name: str(figures.get(name[1], "·" * RULES["phone"]["placeholder"])), said.text)
    return sum(len(line) for line in filled.splitlines())


def _by_words(key: str, language: str, words: str) -> set[str]:
    own = _own_words(key, language, words)
    if not is_for_customers(key):
        return _in_the_other_language(key, language, own) if key.startswith(OUTSIDE["prefix"]) else set()
    skipped = {"orders"} if key in RULES["said_by_customers"] else set()
    found = {name for name, rule in RULES["never"].items() if name not in skipped and says(rule[language], own)}
    figures = RULES["given_figures"]
    if key not in figures["texts"] and says([figures["pattern"][language]], words):
        found.add("given_figures")
    return found | _in_the_other_language(key, language, own)


def _by_conditions(key: str, said: Said) -> set[str]:
    found = set()
    for name, rule in RULES["conditions"].items():
        when, must = (rule[said.language][part] for part in ("when", "says"))
        met = all(says([pattern], said.text) for pattern in must) or (rule.get("buttons_will_do") and said.titles)
        if not key.startswith(tuple(rule.get("parts", ()))) and says([when], said.text) and not met:
            found.add(name)
    return found


def _in_the_other_language(key: str, language: str, own: str) -> set[str]:
    if key in RULES["other_language"]:
        return set()
    if language == "en":
        return {"chinese_in_english"} if re.search("[\u4e00-\u9fff]", own) else set()
    return {"latin_in_chinese"} if is_for_customers(key) and re.search("[A-Za-z]", own) else set()


def _too_long(said: Said) -> set[str]:
    phone = RULES["phone"]
    found = set()
    if screen_length(said) > phone["lines"] * phone["line"][said.language]:
        found.add("fits_a_phone")
    if any(len(title) > phone["title"][said.language] for title in said.titles):
        found.add("fits_a_button")
    return found


def _own_words(key: str, language: str, words: str) -> str:
    """Without the names the other language may lend; a word stands where a value will."""
    if language == "en":
        return re.sub("|".join(RULES["chinese_names"]), "", PLACEHOLDER.sub("x", words))
    words = PLACEHOLDER.sub("值", words).replace(RULES["latin_sentences"].get(key, "\0"), "")
    return re.sub(rf"(?<![A-Za-z])(?:{'|'.join(RULES['latin_names'])})(?![A-Za-z])", "", words)


def _placeholders(said: Said) -> set[str]:
    return set(PLACEHOLDER.findall(said.text))


@cache
def _words_of_the_code() -> set[str]:
    rooms = [*(ROOT / "actions").rglob("*.py"), *(ROOT / "bot").rglob("*.py"), *(WIDGET / "static").glob("**/*.js")]
    return {word for path in rooms for word in re.findall(r"\w+", path.read_text(encoding="utf-8"))}
