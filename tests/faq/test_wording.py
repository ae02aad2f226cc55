"""What the bot says: both languages, buttons and figures that exist. How it says it: tests/wording."""

import re
from typing import Any

import pytest
import yaml

from bot import catalog
from bot.settings import ROOT

DOMAIN = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))
RESPONSES: dict[str, list[dict[str, Any]]] = DOMAIN["responses"]
ENGLISH = [{"type": "slot", "name": "language", "value": "en"}]

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
def test_a_button_asks_for_an_intent_the_bot_knows(name: str) -> None:
    for variation in RESPONSES[name]:
        for button in variation.get("buttons", []):
            assert re.split(r"[/{]", button["payload"])[1] in DOMAIN["intents"]


def answers() -> list[tuple[str, str]]:
    """Intent and action of each rule that answers a question at once."""
    rules = yaml.safe_load((ROOT / "data/faq/rules.yml").read_text(encoding="utf-8"))["rules"]
    return [
        (first["intent"], second["action"])
        for first, second, *_ in (rule["steps"] for rule in rules)
        if "intent" in first and "action" in second
    ]


def test_the_figures_of_action_answer_are_all_in_the_catalog() -> None:
    answered = [intent for intent, action in answers() if action == "action_answer"]
    assert answered
    for intent in answered:
        for text in texts(f"utter_{intent}"):
            assert set(re.findall(r"\{(\w+)\}", text)) <= set(catalog.figures())


def test_every_question_of_the_design_has_an_answer() -> None:
    answered = {intent for intent, _ in answers()}
    assert {intent for intent in DOMAIN["intents"] if intent.startswith("faq_")} <= answered


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_text_outside_rasa_is_written_twice(language: str) -> None:
    lines = (ROOT / "bot" / "wording" / f"{language}.yml").read_text(encoding="utf-8").splitlines()
    keys = [match[1] for line in lines if (match := re.match(r"(\w+):", line))]
    assert len(keys) == len(set(keys)), sorted(key for key in keys if keys.count(key) > 1)
