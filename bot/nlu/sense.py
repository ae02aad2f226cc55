"""Which intents the meaning of a line speaks for: networks of one hidden layer over the sentence encoder's numbers.

Several that begin differently agree where the lines are clear and differ where they are not: their mean errs less
than any one of them.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from scipy.special import log_softmax, logsumexp
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

Layers = list[np.ndarray]

_SCALE = 5.0
"""Rows of length 1 are far smaller than the weights a network begins with."""


class Sense:
    """`intents` are in the order of the columns of `scores`."""

    def __init__(self, center: np.ndarray, networks: list[Layers], intents: list[str]):
        self._center = center
        self._networks = networks
        self.intents = intents

    @classmethod
    def fit(cls, meanings: np.ndarray, intents: Sequence[str], hidden: int, rounds: int, networks: int) -> Sense:
        """`meanings` as the encoder gives them, (lines, numbers); `rounds` over all of them, always the same way."""
        center = meanings.mean(axis=0)
        scaled, named = _scaled(meanings, center), [str(intent) for intent in intents]
        with ThreadPoolExecutor() as pool, threadpool_limits(1, "blas"):  # a network a core, not a matrix over all
            fitted = list(pool.map(lambda seed: _network(scaled, named, hidden, rounds, seed), range(networks)))
        return cls(center, fitted, sorted(set(named)))

    def scores(self, meanings: np.ndarray) -> np.ndarray:
        """Log probability of each intent, (texts, intents), by the mean of what the networks think likely."""
        scaled = _scaled(meanings, self._center)
        own = [_log_probabilities(scaled, layers) for layers in self._networks]
        return np.asarray(logsumexp(own, axis=0) - np.log(len(own)), dtype=np.float32)

    def write(self, folder: Path) -> None:
        layers = {
            f"network{number}_{place}": layer
            for number, network in enumerate(self._networks)
            for place, layer in enumerate(network)
        }
        np.savez(folder / "sense.npz", center=self._center, intents=np.array(self.intents), **layers)

    @classmethod
    def read(cls, folder: Path) -> Sense:
        with np.load(folder / "sense.npz", allow_pickle=False) as arrays:
            count = (len(arrays.files) - 2) // 4
            networks = [[arrays[f"network{number}_{place}"] for place in range(4)] for number in range(count)]
            return cls(arrays["center"], networks, arrays["intents"].tolist())


def _network(scaled: np.ndarray, intents: list[str], hidden: int, rounds: int, seed: int) -> Layers:
    """First weights and biases, second weights and biases; the columns of the second are the sorted intents."""
    network = MLPClassifier((hidden,), alpha=1e-3, batch_size=128, max_iter=rounds, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is stopped early on purpose
        network.fit(scaled, intents)
    pairs = zip(network.coefs_, network.intercepts_, strict=True)
    return [array.astype(np.float32) for pair in pairs for array in pair]


def _log_probabilities(scaled: np.ndarray, layers: Layers) -> np.ndarray:
    first, first_bias, second, second_bias = layers
    hidden = np.maximum(scaled @ first + first_bias, 0.0)
    return np.asarray(log_softmax(hidden @ second + second_bias, axis=1))


def _scaled(meanings: np.ndarray, center: np.ndarray) -> np.ndarray:
    away = meanings - center
    return np.asarray(_SCALE * away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-6), dtype=np.float32)
