"""The readers of language and facts as Rasa graph components; both keep no state and need no training."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.nlu.facts import find_facts
from bot.nlu.language import detect


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
    """Entities waybill, phone, phone_tail, case_id, order_number, weight, city (roles from, to)."""

    def read(self, text: str) -> list[dict[str, Any]]:
        return [_as_entity(fact) for fact in find_facts(text)]


def _as_entity(fact: Any) -> dict[str, Any]:
    entity = {"entity": fact.kind, "value": fact.value, "start": fact.start, "end": fact.end}
    return {**entity, "role": fact.role} if fact.role else entity
