"""What customers read, in both languages, against the rules of conduct (conduct.yml): and each rule can fail."""

import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from bot import catalog
from bot.customers import codes
from bot.settings import ROOT
from tests.wording import conduct, texts
from tests.wording.conduct import RULES, broken, broken_between, says, silent, unfilled
from tests.wording.texts import Pair, Said

EVERYTHING = texts.everything()
BY_KEY = {pair.key: pair for pair in EVERYTHING}
SPOKEN = [pair for pair in EVERYTHING if conduct.is_for_customers(pair.key) and pair.key not in RULES["formats"]]
# Of each kind a few; what is put into the customer's mouth may give orders.
HERE_AND_THERE = [pair for pair in SPOKEN if pair.key not in RULES["said_by_customers"]][::40]
LANGUAGES = ("zh", "en")
GREETING = BY_KEY["utter_greet"]


def examples(section: str, kind: str) -> list[Any]:
    """(rule, language, text) of each example of that kind in a section of conduct.yml."""
    return [
        pytest.param(name, language, text, id=f"{name}: {text}")
        for name, rule in RULES[section].items()
        for language in LANGUAGES
        for text in rule.get(kind, {}).get(language, ())
    ]


def longer(said: Said, text: str) -> Said:
    """A sentence more: without the stop, 发送 and 给我 would make a word that is allowed."""
    return replace(said, text=f"{said.text} {text}".strip() if said.language == "en" else f"{said.text}。{text}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_key_is_worded_twice(language: str) -> None:
    keys = re.findall(r"^(\w+):", (ROOT / "bot" / "wording" / f"{language}.yml").read_text("utf-8"), re.MULTILINE)
    assert [key for key, count in Counter(keys).items() if count > 1] == []  # YAML would take the last one silently


# Every text


@pytest.mark.parametrize("source", [texts.responses, texts.spoken_outside_rasa, texts.widget, texts.from_the_catalog])
def test_every_text_keeps_every_rule_in_its_language(source: Any) -> None:
    pairs = source()
    assert pairs
    said = [(pair.key, each) for pair in pairs for each in pair.both]
    assert {(key, each.text): found for key, each in said if (found := broken(key, each))} == {}


@pytest.mark.parametrize("source", [texts.responses, texts.spoken_outside_rasa, texts.widget, texts.from_the_catalog])
def test_both_languages_are_there_with_the_same_placeholders_and_buttons(source: Any) -> None:
    assert {pair.key: found for pair in source() if (found := broken_between(pair))} == {}


def test_customers_are_greeted_answered_and_seen_off() -> None:
    assert silent(BY_KEY) == set()


def test_every_intent_is_answered_and_the_three_voices_by_their_own_texts() -> None:
    answers = texts.first_answers()
    assert {name for name in RULES["answered"] if RULES["answered"][name] not in answers.get(name, ())} == set()
    assert set(texts.intents()) - set(answers) == set()


def test_every_placeholder_has_someone_who_fills_it() -> None:
    assert unfilled(EVERYTHING) == set()


def test_the_times_written_out_in_texts_are_those_of_the_code() -> None:
    sources = {
        "bot/customers/codes.py VALID_FOR": codes.VALID_FOR,
        "catalog/guessing.yml parcel_in_chat": timedelta(
            minutes=catalog.read("guessing")["digits"]["parcel_in_chat"]["minutes"]
        ),
    }
    for key, given in RULES["given_figures"]["texts"].items():
        assert timedelta(minutes=given["figure"]) == sources[given["source"]]
        for said in BY_KEY[key].both:
            figures = re.findall(RULES["given_figures"]["pattern"][said.language], said.text)
            assert [int(re.match(r"\d+", each)[0]) for each in figures] == [given["figure"]]  # type: ignore[index]


def test_every_exception_is_for_a_text_that_exists() -> None:
    sections = ("said_by_customers", "other_language", "own_placeholders", "formats", "latin_sentences")
    named = {key for section in sections for key in RULES[section]}
    named |= {*RULES["not_for_customers"]["programs"], *RULES["given_figures"]["texts"]}
    assert named - set(BY_KEY) == set()
    assert all(sentence in BY_KEY[key].zh.text for key, sentence in RULES["latin_sentences"].items())


# Each rule catches a text that breaks it


@pytest.mark.parametrize(("rule", "language", "text"), examples("never", "caught"))
def test_a_text_that_is_never_said_is_caught_wherever_it_stands(rule: str, language: str, text: str) -> None:
    for pair in HERE_AND_THERE:
        assert rule in broken(pair.key, longer(pair.zh if language == "zh" else pair.en, text)), pair.key
    assert rule in broken("utter_greet", replace(GREETING.zh, language=language, text="", titles=(text,)))


@pytest.mark.parametrize(("rule", "language", "text"), examples("conditions", "caught"))
def test_a_text_without_what_it_has_to_say_is_caught(rule: str, language: str, text: str) -> None:
    assert rule in broken("utter_greet", Said(language, text))


@pytest.mark.parametrize(("rule", "language", "text"), [*examples("never", "fine"), *examples("conditions", "fine")])
def test_a_good_text_near_a_bad_one_passes(rule: str, language: str, text: str) -> None:
    assert rule not in broken("utter_greet", Said(language, text))


@pytest.mark.parametrize(("rule", "language"), product(RULES["never"], LANGUAGES))
def test_every_pattern_has_a_bad_text_that_it_catches(rule: str, language: str) -> None:
    patterns, caught = RULES["never"][rule][language], RULES["never"][rule]["caught"][language]
    assert [pattern for pattern in patterns if not any(says([pattern], text) for text in caught)] == []


def test_a_button_is_a_way_on_where_the_words_are_none() -> None:
    bare = Said("zh", "这个单号查不到。")
    assert broken("utter_greet", bare) == {"a_no_has_a_way_on"}
    assert broken("utter_greet", replace(bare, titles=("转人工",), payloads=("/request_human",))) == set()


def test_a_promise_in_figures_that_no_rule_gives_is_caught() -> None:
    for language, caught in RULES["given_figures"]["caught"].items():
        for text in caught:
            assert "given_figures" in broken("utter_greet", Said(language, text)), text


def test_the_other_language_left_in_a_text_is_caught() -> None:
    assert "latin_in_chinese" in broken("utter_thank", Said("zh", "请发您的 waybill。"))
    assert "chinese_in_english" in broken("utter_thank", Said("en", "Please send the 运单号."))
    assert broken("utter_thank", Said("zh", "请发运单号，比如“SF1234567890123”，或 PDF 文件。")) == set()


def test_a_text_or_a_title_too_long_for_a_phone_is_caught_and_one_that_just_fits_is_not() -> None:
    for language, letter in (("zh", "好"), ("en", "o")):
        most, title = RULES["phone"]["lines"] * RULES["phone"]["line"][language], RULES["phone"]["title"][language]
        assert "fits_a_phone" in broken("utter_thank", Said(language, letter * (most + 1)))
        assert "fits_a_phone" in broken("utter_thank", Said(language, letter * (most - 7) + "{number}"))
        assert "fits_a_button" in broken("utter_thank", Said(language, "", (letter * (title + 1),)))
        assert broken("utter_thank", Said(language, letter * most, (letter * title,))) == set()


def test_what_one_language_lacks_is_caught() -> None:
    pair = BY_KEY["utter_not_found"]
    lacking = {
        "missing_language": replace(pair, en=replace(pair.en, text=" ")),
        "same_placeholders": replace(pair, en=replace(pair.en, text=pair.en.text.replace("{waybill}", "it"))),
        "same_buttons": replace(pair, en=replace(pair.en, payloads=pair.en.payloads[::-1])),
        "same_lines": replace(pair, en=replace(pair.en, text=f"{pair.en.text}\n")),
    }
    assert broken_between(pair) == set()
    for rule, changed in lacking.items():
        assert rule in broken_between(changed)


@pytest.mark.parametrize("voice", RULES["voices"])
def test_a_voice_that_falls_silent_is_heard_to(voice: str) -> None:
    for key, language in product(RULES["voices"][voice]["texts"], LANGUAGES):
        muted = replace(BY_KEY[key], **{language: Said(language, "……")})
        assert (voice, key, language) in silent({**BY_KEY, key: muted})


def test_a_placeholder_that_nobody_fills_is_caught() -> None:
    forgotten = Pair("utter_thank", Said("zh", "好的，{nobody_gives_this}。"), Said("en", "Fine, {nobody_gives_this}."))
    assert unfilled([forgotten]) == {("utter_thank", "nobody_gives_this")}
