"""The rules of conduct.yml as a reader: which rules a text breaks, each by its name."""

import re
from pathlib import Path
from typing import Any

import yaml

from bot import catalog
from tests.wording.texts import Pair, Said

RULES: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("conduct.yml").read_text(encoding="utf-8"))
OUTSIDE = RULES["not_for_customers"]
HAN = re.compile("[\u4e00-\u9fff]")
PLACEHOLDER = re.compile(r"\{(\w+)\}")


def broken(key: str, said: Said) -> set[str]:
    """The rules that one text breaks in its language."""
    if said.text and any(words == "" for words in said.titles):
        return {"a_title_is_empty"}
    found = {rule for words in said.words for rule in _by_words(key, said.language, words)}
    return found | _by_conditions(said) | _too_long(said)


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


def is_for_customers(key: str) -> bool:
    return not key.startswith(OUTSIDE["prefix"]) and key not in OUTSIDE["programs"]


def screen_length(said: Said) -> int:
    """Characters on a screen: a figure counts as the catalog gives it, any other value as conduct.yml says."""
    figures = catalog.figures()
    filled = PLACEHOLDER.sub(lambda name: str(figures.get(name[1], "·" * RULES["phone"]["placeholder"])), said.text)
    return sum(len(line) for line in filled.splitlines())


def _by_words(key: str, language: str, words: str) -> set[str]:
    found = _in_the_other_language(key, language, words)
    if key.startswith(OUTSIDE["prefix"]):
        rules = ("chinese_marks",) if language == "zh" else ()
        return found | {rule for rule in rules if _says(RULES["never"][rule][language], words)}
    if key in OUTSIDE["programs"]:
        return set()
    skipped = {"orders"} if key in RULES["said_by_customers"] else set()
    plain = _without_names(key, language, words)
    found |= {name for name, rule in RULES["never"].items() if name not in skipped and _says(rule[language], plain)}
    figures = RULES["given_figures"]
    if key not in figures["texts"] and re.search(figures["pattern"][language], words):
        found.add("given_figures")
    return found


def _by_conditions(said: Said) -> set[str]:
    found = set()
    for name, rule in RULES["conditions"].items():
        when, says = (rule[said.language][part] for part in ("when", "says"))
        met = all(_says([pattern], said.text) for pattern in says) or (rule.get("buttons_will_do") and said.titles)
        if _says([when], said.text) and not met:
            found.add(name)
    return found


def _in_the_other_language(key: str, language: str, words: str) -> set[str]:
    if key in RULES["other_language"]:
        return set()
    left = _without_names(key, language, PLACEHOLDER.sub("", words))
    if language == "zh" and not key.startswith(OUTSIDE["prefix"]) and key not in OUTSIDE["programs"]:
        return {"latin_in_chinese"} if re.search(r"(?<!%)[A-Za-z]", left) else set()
    return {"chinese_in_english"} if language == "en" and HAN.search(left) else set()


def _too_long(said: Said) -> set[str]:
    phone = RULES["phone"]
    found = set()
    if screen_length(said) > phone["lines"] * phone["line"][said.language]:
        found.add("fits_a_phone")
    if any(len(title) > phone["title"][said.language] for title in said.titles):
        found.add("fits_a_button")
    return found


def _without_names(key: str, language: str, words: str) -> str:
    if language == "en":
        return re.sub("|".join(RULES["chinese_names"]), "", words)
    words = words.replace(RULES["latin_sentences"].get(key, "\0"), "")
    return re.sub(rf"(?<![A-Za-z])(?:{'|'.join(RULES['latin_names'])})(?![A-Za-z])", "", words)


def _says(patterns: list[str], words: str) -> bool:
    return any(re.search(pattern, words, re.IGNORECASE) for pattern in patterns)


def _placeholders(said: Said) -> set[str]:
    return set(PLACEHOLDER.findall(said.text))
