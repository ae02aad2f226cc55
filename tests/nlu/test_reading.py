"""The trained model on lines of our own: floors that a change of lines or settings must not fall below."""

import csv
from pathlib import Path

import pytest

from bot import catalog
from bot.nlu.parse import parse_lines
from bot.nlu.trial import LINES

pytestmark = pytest.mark.slow


QUOTE, COMMAND, UNSURE = "从上海寄到北京3公斤多少钱", '/faq_hours{"language": "en"}', "那边的桌子"


@pytest.fixture(scope="module")
def lines() -> list[list[str]]:
    """[text, intent, …] of lines.tsv."""
    with LINES.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter="\t"))


@pytest.fixture(scope="module")
def by_line(trained_model: Path, lines: list[list[str]]) -> dict[str, dict]:
    """The reading of every line here; the model is loaded once for all."""
    said = [*(row[0] for row in lines), QUOTE + "\n", COMMAND, UNSURE]
    return dict(zip(said, parse_lines(trained_model, said), strict=True))


@pytest.fixture(scope="module")
def readings(lines: list[list[str]], by_line: dict[str, dict]) -> list[tuple[str, dict]]:
    """(expected intent, reading) of every line in lines.tsv."""
    return [(row[1], by_line[row[0]]) for row in lines]


def floor(name: str) -> float:
    """What `train --with-reviewed` refuses a model below, too."""
    return catalog.read("understanding")["floors"][name]["value"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_most_lines_get_their_intent(readings: list, language: str) -> None:
    right = [reading["intent"] == expected for expected, reading in readings if reading["language"] == language]
    assert sum(right) / len(right) >= floor(f"acted_on_{language}")


def test_the_right_intent_is_nearly_always_among_the_first_three(readings: list) -> None:
    found = [expected in [intent for intent, _ in reading["ranking"][:3]] for expected, reading in readings]
    assert sum(found) / len(found) >= floor("top3")


def test_what_is_out_of_scope_is_not_taken_for_a_request(readings: list) -> None:
    strange = [reading["intent"] for expected, reading in readings if expected == "out_of_scope"]
    assert sum(intent in ("out_of_scope", "nlu_fallback") for intent in strange) / len(strange) >= floor(
        "out_of_scope_recall"
    )


def test_a_reading_has_the_shape_of_the_contract(by_line: dict[str, dict]) -> None:
    line, reading = QUOTE, by_line[QUOTE + "\n"]
    assert list(reading) == ["text", "intent", "confidence", "ranking", "also", "entities", "language"]
    assert reading["text"] == line and reading["intent"] == "quote_freight" and reading["language"] == "zh"
    assert len(reading["ranking"]) == 5 and reading["ranking"][0] == ["quote_freight", reading["confidence"]]
    assert [(entity["entity"], entity["value"]) for entity in reading["entities"]] == [
        ("city", "上海"), ("city", "北京"), ("weight", "3公斤")
    ]
    assert all(line[entity["start"]:entity["end"]] == entity["value"] for entity in reading["entities"])


def test_a_command_of_rasa_in_a_line_is_text(by_line: dict[str, dict]) -> None:
    reading = by_line[COMMAND]
    assert reading["confidence"] < 1 and reading["text"].startswith("/")


def test_an_unsure_reading_says_so_and_still_names_its_guesses(by_line: dict[str, dict]) -> None:
    reading = by_line[UNSURE]
    assert reading["intent"] == "nlu_fallback"
    assert "nlu_fallback" not in [intent for intent, _ in reading["ranking"]]
