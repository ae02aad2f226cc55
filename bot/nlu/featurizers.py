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
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, FEATURE_TYPE_SEQUENCE, INTENT, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.embeddings import encode_cached
from bot.nlu.encoder import MOST_CHARACTERS, check, identity, present_encoder
from bot.nlu.ngrams import Ngrams
from bot.nlu.second import parts
from bot.nlu.text import for_encoder, normalise

NORMAL = "normal_text"
"""Attribute of a message: its text as `normalise` makes it."""
NGRAM_SCORES, PART_SCORES, MEANING = "ngram_scores", "part_scores", "meaning"
"""Origins of the features: scores by n-grams of the message and of each of its parts, and the encoder's numbers."""


def lines_of(training_data: TrainingData) -> list[Message]:
    return [line for line in training_data.intent_examples if line.get(TEXT)]


def normal(message: Message) -> str:
    text = message.get(NORMAL)
    return text if text is not None else normalise(message.get(TEXT) or "")


def feature(message: Message, origin: str) -> np.ndarray | None:
    """The rows that one of the featurizers here put on the message, or None."""
    return next((np.asarray(held.features) for held in message.features if held.origin == origin), None)


def _add(message: Message, origin: str, rows: np.ndarray, kind: str = FEATURE_TYPE_SENTENCE) -> None:
    message.add_features(Features(np.atleast_2d(rows), kind, TEXT, origin))


class Component(GraphComponent):
    """What every component here keeps: its configuration and its place in the model."""

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
    ) -> Any:
        return cls(config, model_storage, resource)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class Normaliser(Component):
    """Sets the attribute `normal_text`. The text itself stays: entities are marked in what the customer wrote."""

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        self.process(training_data.training_examples)
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            message.set(NORMAL, normalise(message.get(TEXT) or ""))
        return messages


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class NgramFeaturizer(Component):
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
        for message in messages:
            text = normal(message)
            whole, *of_parts = self._ngrams.scores([text, *parts(text)])
            _add(message, NGRAM_SCORES, whole)
            if of_parts:
                _add(message, PART_SCORES, np.stack(of_parts), FEATURE_TYPE_SEQUENCE)
        return messages

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> NgramFeaturizer:
        featurizer = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            featurizer._ngrams = Ngrams.read(folder)
        return featurizer


def fit_ngrams(config: dict[str, Any], texts: Sequence[str], intents: Sequence[str]) -> Ngrams:
    return Ngrams.fit(texts, intents, config["strength"], config["least_count"])


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class SentenceEncoder(Component):
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
        if scores is None or scores.shape[1] < 2:
            return False
        second, best = np.partition(scores[0], -2)[-2:]
        return bool(best - second > self._config["sure"])

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> SentenceEncoder:
        with model_storage.read_from(resource) as folder:
            check(present_encoder(), json.loads((folder / "encoder.json").read_text(encoding="utf-8")))
        return cls(config, model_storage, resource)
