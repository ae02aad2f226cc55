"""What the bot says: both languages, brief, courteous, and with figures that exist."""

import re
from typing import Any

import pytest
import yaml

from bot import catalog
from bot.settings import ROOT

DOMAIN = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))
RESPONSES: dict[str, list[dict[str, Any]]] = DOMAIN["responses"]
ENGLISH = [{"type": "slot", "name": "language", "value": "en"}]
LONGEST_CHINESE, LONGEST_ENGLISH = 140, 70  # characters, words: what a phone screen shows at once

# 五个不说 (seed 002): nothing that hurts, blames, argues, lectures or provokes; and no promise beyond the rules.
UNSAID = re.compile(
    r"不归我|不关我|不知道|没办法|你自己|您自己(?:的问题|没|不)|谁让|早干嘛|急什么|等着吧|爱.不.|闭嘴|规定就是|听不懂|看不懂"
    r"|必须|不可能|随便您|怪您|您的错|保证|一定(?:会|能)|肯定|绝对|百分之百|包赔|全额赔"
    r"|calm down|your (?:own )?fault|you should have|you must|not my|not our problem|we guarantee|guaranteed|for sure"
    r"|impossible|shut up|stupid|as i said|obviously|will definitely",
    re.IGNORECASE,
)

each_response = pytest.mark.parametrize("name", sorted(RESPONSES))


def texts(name: str) -> list[str]:
    return [variation.get("text", "") for variation in RESPONSES[name]]


@each_response
def test_a_response_has_a_chinese_default_first_and_an_english_variation(name: str) -> None:
    chinese, english = RESPONSES[name][0], RESPONSES[name][-1]
    assert "condition" not in chinese and english.get("condition") == ENGLISH
    own_words = re.sub(r"\{\w+\}", "", chinese.get("text", "")).strip()
    assert not own_words or re.search("[\u4e00-\u9fff]", own_words)


@each_response
def test_both_languages_offer_the_same_buttons(name: str) -> None:
    offered = [[button["payload"] for button in variation.get("buttons", [])] for variation in RESPONSES[name]]
    assert all(buttons == offered[0] for buttons in offered)


@each_response
def test_a_button_asks_for_an_intent_the_bot_knows(name: str) -> None:
    for variation in RESPONSES[name]:
        for button in variation.get("buttons", []):
            assert re.split(r"[/{]", button["payload"])[1] in DOMAIN["intents"]


@each_response
def test_a_response_fits_a_phone_screen(name: str) -> None:
    assert len(re.sub(r"\s", "", texts(name)[0])) <= LONGEST_CHINESE
    assert len(texts(name)[-1].split()) <= LONGEST_ENGLISH


@each_response
def test_a_response_says_none_of_the_five_things_not_to_say(name: str) -> None:
    for text in texts(name):
        assert not (said := UNSAID.search(text)), said


@each_response
def test_the_customer_is_addressed_politely(name: str) -> None:
    assert "你" not in texts(name)[0]


def test_every_compensation_figure_is_called_an_estimate_subject_to_review() -> None:
    for name, variations in RESPONSES.items():
        if "{uninsured_" in variations[0].get("text", ""):
            assert "预估" in variations[0]["text"] and "审核" in variations[0]["text"], name
            assert "estimate, subject to review" in variations[-1]["text"], name


def test_the_figures_of_action_answer_are_all_in_the_catalog() -> None:
    rules = yaml.safe_load((ROOT / "data/faq/rules.yml").read_text(encoding="utf-8"))["rules"]
    answered = [rule["steps"][0]["intent"] for rule in rules if rule["steps"][1]["action"] == "action_answer"]
    assert answered
    for intent in answered:
        for text in texts(f"utter_{intent}"):
            assert set(re.findall(r"\{(\w+)\}", text)) <= set(catalog.figures())


def test_every_question_of_the_design_has_an_answer() -> None:
    rules = yaml.safe_load((ROOT / "data/faq/rules.yml").read_text(encoding="utf-8"))["rules"]
    answered = {rule["steps"][0]["intent"] for rule in rules}
    assert {intent for intent in DOMAIN["intents"] if intent.startswith("faq_")} <= answered


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_text_outside_rasa_is_written_twice(language: str) -> None:
    lines = (ROOT / "bot" / "wording" / f"{language}.yml").read_text(encoding="utf-8").splitlines()
    keys = [match[1] for line in lines if (match := re.match(r"(\w+):", line))]
    assert len(keys) == len(set(keys)), sorted(key for key in keys if keys.count(key) > 1)
