"""The intent of a message, from its n-grams and its meaning, with a confidence that can be trusted.

Two readers that err differently, mixed in the logarithm. How much each counts and how sure their mixture may be is
learnt on lines that neither has seen: a tenth is held back, then both learn from all.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import ENTITIES, INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from threadpoolctl import threadpool_limits

from bot.nlu.featurizers import MEANING, NGRAM_SCORES, PART_SCORES, Component, feature, fit_ngrams, lines_of, normal
from bot.nlu.second import TALK, both, joined
from bot.nlu.sense import Sense

_HELD_BACK = 10
"""One line in so many is kept for learning the mixture."""
_ENOUGH = 50
"""Lines from which a mixture can be learnt."""
_WELL_LABELLED = 0.98
"""Share of the lines held back that are believed: a label in fifty is a slip, and slips teach needless doubt."""


@dataclass(frozen=True)
class Mixture:
    """How much scores of n-grams and of the meaning count, and n-grams where they are alone."""

    ngrams: float = 1.0
    meaning: float = 1.0
    ngrams_alone: float = 1.0

    def confidences(self, ngrams: np.ndarray, meaning: np.ndarray | None) -> np.ndarray:
        """Probabilities of the intents, adding up to 1, of one text or of many."""
        if meaning is None:
            return np.asarray(softmax(self.ngrams_alone * ngrams, axis=-1))
        return np.asarray(softmax(self.ngrams * ngrams + self.meaning * meaning, axis=-1))

    @classmethod
    def fit(cls, ngrams: np.ndarray, meaning: np.ndarray, right: np.ndarray) -> Mixture:
        """The weights under which unseen lines are likeliest; `right` are columns of their intents."""
        both = _likeliest(lambda w: w[0] * ngrams + w[1] * meaning, [1.0, 1.0], right)
        alone = _likeliest(lambda w: w[0] * ngrams, [1.0], right)
        return cls(float(both[0]), float(both[1]), float(alone[0]))


def _likeliest(mix: Any, start: list[float], right: np.ndarray) -> np.ndarray:
    kept = max(1, int(len(right) * _WELL_LABELLED))

    def surprise(weights: np.ndarray) -> float:
        of_lines = -log_softmax(mix(weights), axis=1)[np.arange(len(right)), right]
        return float(np.partition(of_lines, kept - 1)[:kept].mean())

    return np.asarray(minimize(surprise, start, method="Nelder-Mead").x)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class MixedClassifier(Component, IntentClassifier):
    """Sets `intent`, `intent_ranking` (confidences of all intents add up to 1) and `also`, a second intent or None."""

    _sense: Sense
    _mixture: Mixture

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        # `strength` and `least_count` as those of NgramFeaturizer, for the copy that learns the mixture.
        return {"strength": 20.0, "least_count": 2, "hidden": 512, "rounds": 12, "networks": 4, "ranking_length": 10}

    def train(self, training_data: TrainingData) -> Resource:
        lines = lines_of(training_data)
        intents = [line.get(INTENT) for line in lines]
        meanings = np.concatenate([feature(line, MEANING) for line in lines])
        self._mixture = self._learn_mixture([normal(line) for line in lines], meanings, intents)
        self._sense = self._fit_sense(meanings, intents)
        with self._storage.write_to(self._resource) as folder:
            self._sense.write(folder)
            (folder / "mixture.json").write_text(json.dumps(asdict(self._mixture)), encoding="utf-8")
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            confidences = self._confidences(message)
            scores = feature(message, PART_SCORES)
            of_parts = np.zeros((0, len(confidences))) if scores is None else self._mixture.confidences(scores, None)
            main, also = both(confidences, of_parts, self._sense.intents, joined(normal(message)))
            ranking = self._ranking(confidences, main)
            message.set(INTENT, ranking[0], add_to_output=True)
            message.set("intent_ranking", ranking[: self._config["ranking_length"]], add_to_output=True)
            _set_also(message, also)
        return messages

    def _confidences(self, message: Message) -> np.ndarray:
        ngrams, meaning = feature(message, NGRAM_SCORES), feature(message, MEANING)
        assert ngrams is not None, "NgramFeaturizer must stand before the classifier"
        sense = None if meaning is None else self._sense.scores(meaning)
        return self._mixture.confidences(ngrams, sense)[0]

    def _ranking(self, confidences: np.ndarray, main: int) -> list[dict[str, Any]]:
        """All intents, `main` first with the highest confidence, the others as they follow."""
        order = [int(index) for index in np.argsort(-confidences, kind="stable")]
        ordered = sorted(confidences.tolist(), reverse=True)
        order.remove(main)
        names = (self._sense.intents[index] for index in (main, *order))
        return [{"name": name, "confidence": confidence} for name, confidence in zip(names, ordered, strict=True)]

    def _fit_sense(self, meanings: np.ndarray, intents: list[str]) -> Sense:
        chosen = self._config
        return Sense.fit(meanings, intents, chosen["hidden"], chosen["rounds"], chosen["networks"])

    def _learn_mixture(self, texts: list[str], meanings: np.ndarray, intents: list[str]) -> Mixture:
        held, learnt = _split(len(texts))
        ngrams = fit_ngrams(self._config, [texts[n] for n in learnt], [intents[n] for n in learnt])
        sense = self._fit_sense(meanings[learnt], [intents[n] for n in learnt])
        known = [n for n in held if intents[n] in ngrams.intents]
        if len(known) < _ENOUGH or ngrams.intents != sense.intents:
            return Mixture()  # a handful of lines, as in a try-out: nothing to learn it from
        right = np.array([ngrams.intents.index(intents[n]) for n in known])
        return Mixture.fit(ngrams.scores([texts[n] for n in known]), sense.scores(meanings[known]), right)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> MixedClassifier:
        # The encoder has threads of its own; with numpy's beside them one parse in seventy took 100 ms.
        threadpool_limits(1, "blas")
        classifier = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            classifier._sense = Sense.read(folder)
            classifier._mixture = Mixture(**json.loads((folder / "mixture.json").read_text(encoding="utf-8")))
        return classifier


def _set_also(message: Message, also: str | None) -> None:
    """As an entity too, if it can be offered: a slot filled by it is set before the turn's first policy prediction."""
    message.set("also", also, add_to_output=True)
    if also and also not in TALK:
        mark = {
            "entity": "also",
            "value": also,
            "start": 0,
            "end": len(message.get(TEXT)),
            "extractor": "MixedClassifier",
        }
        message.set(ENTITIES, [*message.get(ENTITIES, []), mark], add_to_output=True)


def _split(count: int) -> tuple[list[int], list[int]]:
    """Numbers of the lines held back and of the others; the same ones each time."""
    order = np.random.default_rng(0).permutation(count).tolist()
    kept = count // _HELD_BACK
    return order[:kept], order[kept:]
