"""The readers of language and facts as Rasa graph components."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterator
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot import divisions
from bot.nlu.facts import find_facts
from bot.nlu.language import detect
from bot.nlu.text import MOST_CHARACTERS, fold, simplify


class _Reader(GraphComponent, EntityExtractorMixin):
    """Adds the entities that `read` finds in the text to a message."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> _Reader:
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            found = self.add_extractor_name(self.read(message.get(TEXT) or ""))
            message.set(ENTITIES, message.get(ENTITIES, []) + found, add_to_output=True)
        return messages

    def read(self, text: str) -> list[dict[str, Any]]:
        raise NotImplementedError


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class LanguageDetector(_Reader):
    """Entity `language`, so that the slot is set before the first policy prediction of a turn."""

    def read(self, text: str) -> list[dict[str, Any]]:
        language = detect(text)
        return [{"entity": "language", "value": language, "start": 0, "end": len(text)}] if language else []


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class FactExtractor(_Reader):
    """Entities waybill, phone, phone_tail, case_id, order_number, weight, money, date, city, address, person."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> FactExtractor:
        find_facts("上海 to london")  # reads the lists of places now, for a second, and not at the first message
        divisions.locate("Shanghai")
        return cls()

    def read(self, text: str) -> list[dict[str, Any]]:
        return [_as_entity(fact) for fact in find_facts(text)]


_VERBS = re.compile(r"\b(?:book|present|address|order)(?=\s+(?:a|an|the|me|my|one|it|this|your|pick)\b)")
"""Words of the list that are no goods here: book a pickup."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=True)
class WordListExtractor(GraphComponent, EntityExtractorMixin):
    """Finds words that training lines mark as `entity` wherever else they stand: no rule knows goods."""

    _words: dict[str, int]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"entity": "item"}

    def __init__(self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        self._config = config
        self._storage = model_storage
        self._resource = resource

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> WordListExtractor:
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        marked = (
            fold(line.get(TEXT)[mark["start"] : mark["end"]])
            for line in training_data.entity_examples
            for mark in line.get(ENTITIES)
            if mark["entity"] == self._config["entity"]
        )
        words = sorted({simplify(word) for word in marked if len(word) > (3 if word.isascii() else 1)})
        with self._storage.write_to(self._resource) as folder:
            (folder / "words.json").write_text(json.dumps(words, ensure_ascii=False), encoding="utf-8")
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            known = message.get(ENTITIES, [])
            taken = [(entity["start"], entity["end"]) for entity in known if entity["entity"] != "language"]
            text = simplify(fold(message.get(TEXT) or ""))[:MOST_CHARACTERS]
            taken += [match.span() for match in _VERBS.finditer(text)]
            found = [
                {"entity": self._config["entity"], "value": word, "start": start, "end": start + len(word)}
                for start, word in longest_words(text, self._words)
                if all(start >= end or start + len(word) <= begin for begin, end in taken)
            ]
            message.set(ENTITIES, known + self.add_extractor_name(found), add_to_output=True)
        return messages

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> WordListExtractor:
        extractor = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            extractor._words = dict.fromkeys(json.loads((folder / "words.json").read_text(encoding="utf-8")), 1)
        return extractor


def longest_words(text: str, words: Container[str], longest: int = 24) -> Iterator[tuple[int, str]]:
    """Where words of the list stand in the text, the longest at each place, Latin ones only as whole words."""
    place = 0
    while place < len(text):
        lengths = range(min(longest, len(text) - place), 1, -1)
        word = next(
            (
                text[place : place + n]
                for n in lengths
                if text[place : place + n] in words and _stands_alone(text, place, n)
            ),
            "",
        )
        if word:
            yield place, word
        place += len(word) or 1


def _stands_alone(text: str, start: int, length: int) -> bool:
    if not text[start].isascii():
        return True
    before, after = text[start - 1 : start], text[start + length : start + length + 1]
    return not (before.isalnum() and before.isascii()) and not (after.isalnum() and after.isascii() and after != "s")


def _as_entity(fact: Any) -> dict[str, Any]:
    entity = {"entity": fact.kind, "value": fact.value, "start": fact.start, "end": fact.end}
    return {**entity, "role": fact.role} if fact.role else entity
