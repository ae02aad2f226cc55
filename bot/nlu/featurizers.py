"""What the intent classifier reads, as Rasa features: scores of n-grams, and what the sentence encoder makes of a line.

The n-grams come first and are nearly free; a line they are sure of is not sent through the encoder, which takes most
of the time of a reading.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, INTENT, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.embeddings import encode_cached
from bot.nlu.encoder import MOST_CHARACTERS, check, identity, present_encoder
from bot.nlu.ngrams import Ngrams
from bot.nlu.text import for_encoder, normalise

NORMAL = "normal_text"
"""Attribute of a message: its text as `normalise` makes it."""
NGRAM_SCORES, MEANING = "ngram_scores", "meaning"
"""Origins of the two kinds of features."""


def lines_of(training_data: TrainingData) -> list[Message]:
    return [line for line in training_data.intent_examples if line.get(TEXT)]


def normal(message: Message) -> str:
    text = message.get(NORMAL)
    return text if text is not None else normalise(message.get(TEXT) or "")


def feature(message: Message, origin: str) -> np.ndarray | None:
    """The row that one of the featurizers here put on the message, or None."""
    return next((np.asarray(held.features[0]) for held in message.features if held.origin == origin), None)


def _add(message: Message, origin: str, row: np.ndarray) -> None:
    message.add_features(Features(row.reshape(1, -1), FEATURE_TYPE_SENTENCE, TEXT, origin))


class _Component(GraphComponent):
    """What every component here keeps: its configuration and its place in the model."""

    def __init__(self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        self._config = config
        self._storage = model_storage
        self._resource = resource

    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> Any:
        return cls(config, model_storage, resource)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class Normaliser(_Component):
    """Sets the attribute `normal_text`. The text itself stays: entities are marked in what the customer wrote."""

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        self.process(training_data.training_examples)
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            message.set(NORMAL, normalise(message.get(TEXT) or ""))
        return messages


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class NgramFeaturizer(_Component):
    """Puts each intent's score by n-grams on a message. Training lines get none: they were learnt by heart."""

    _ngrams: Ngrams

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"strength": 20.0, "least_count": 2}

    def train(self, training_data: TrainingData) -> Resource:
        lines = lines_of(training_data)
        self._ngrams = fit_ngrams(self._config, [normal(line) for line in lines], [line.get(INTENT) for line in lines])
        with self._storage.write_to(self._resource) as folder:
            self._ngrams.write(folder)
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        if messages:
            scores = self._ngrams.scores([normal(message) for message in messages])
            for message, row in zip(messages, scores, strict=True):
                _add(message, NGRAM_SCORES, row)
        return messages

    @classmethod
    def load(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> NgramFeaturizer:
        featurizer = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            featurizer._ngrams = Ngrams.read(folder)
        return featurizer


def fit_ngrams(config: dict[str, Any], texts: Sequence[str], intents: Sequence[str]) -> Ngrams:
    return Ngrams.fit(texts, intents, config["strength"], config["least_count"])


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class SentenceEncoder(_Component):
    """Puts what the pretrained encoder makes of a message on it; "training" keeps which encoder that was."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        # `sure`: how far (in log odds) the best intent must lead by n-grams for the encoder to be spared.
        return {"sure": 2.3}

    def train(self, training_data: TrainingData) -> Resource:
        with self._storage.write_to(self._resource) as folder:
            (folder / "encoder.json").write_text(json.dumps(identity(present_encoder())), encoding="utf-8")
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        from bot.settings import settings

        lines = lines_of(training_data)
        texts = [for_encoder(normal(line), MOST_CHARACTERS) for line in lines]
        rows = encode_cached(present_encoder(), texts, settings().models_folder / "embeddings.db")
        for line, row in zip(lines, rows, strict=True):
            _add(line, MEANING, row)
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        unsure = [message for message in messages if not self._is_sure(message)]
        if unsure:
            texts = [for_encoder(normal(message), MOST_CHARACTERS) for message in unsure]
            for message, row in zip(unsure, present_encoder().encode(texts), strict=True):
                _add(message, MEANING, row)
        return messages

    def _is_sure(self, message: Message) -> bool:
        scores = feature(message, NGRAM_SCORES)
        if scores is None or len(scores) < 2:
            return False
        second, best = np.partition(scores, -2)[-2:]
        return bool(best - second > self._config["sure"])

    @classmethod
    def load(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> SentenceEncoder:
        with model_storage.read_from(resource) as folder:
            check(present_encoder(), json.loads((folder / "encoder.json").read_text(encoding="utf-8")))
        return cls(config, model_storage, resource)
