"""Which intents the meaning of a line speaks for: one hidden layer over the sentence encoder's numbers."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.special import log_softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

_SCALE = 5.0
"""Rows of length 1 are far smaller than the weights a network begins with."""


class Sense:
    """`intents` are in the order of the columns of `scores`."""

    def __init__(self, center: np.ndarray, layers: list[np.ndarray], intents: list[str]):
        self._center = center
        self._layers = layers
        self.intents = intents

    @classmethod
    def fit(cls, meanings: np.ndarray, intents: Sequence[str], hidden: int, rounds: int) -> Sense:
        """`meanings` as the encoder gives them, (lines, numbers); `rounds` over all of them, always the same way."""
        center = meanings.mean(axis=0)
        network = MLPClassifier((hidden,), alpha=1e-3, batch_size=128, max_iter=rounds, random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # it is stopped early on purpose
            network.fit(_scaled(meanings, center), list(intents))
        layers = [
            array.astype(np.float32) for pair in zip(network.coefs_, network.intercepts_, strict=True) for array in pair
        ]
        return cls(center, layers, [str(intent) for intent in network.classes_])

    def scores(self, meanings: np.ndarray) -> np.ndarray:
        """Log probability of each intent, (texts, intents)."""
        first, first_bias, second, second_bias = self._layers
        hidden = np.maximum(_scaled(meanings, self._center) @ first + first_bias, 0.0)
        return np.asarray(log_softmax(hidden @ second + second_bias, axis=1), dtype=np.float32)

    def write(self, folder: Path) -> None:
        layers = {f"layer{place}": layer for place, layer in enumerate(self._layers)}
        np.savez(folder / "sense.npz", center=self._center, intents=np.array(self.intents), **layers)

    @classmethod
    def read(cls, folder: Path) -> Sense:
        with np.load(folder / "sense.npz", allow_pickle=False) as arrays:
            layers = [arrays[f"layer{place}"] for place in range(4)]
            return cls(arrays["center"], layers, arrays["intents"].tolist())


def _scaled(meanings: np.ndarray, center: np.ndarray) -> np.ndarray:
    away = meanings - center
    return np.asarray(_SCALE * away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-6), dtype=np.float32)
