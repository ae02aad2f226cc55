"""Readings of training lines by the encoder, kept on disk: only lines that are new cost time at the next training.

What a training did not use is forgotten, or lines of people who were erased would stay, and every wording ever tried.
"""

from __future__ import annotations

import hashlib
import sqlite3
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from bot.nlu.encoder import Encoder

_BATCH = 200
_TELL_EVERY_S = 10.0


def encode_cached(encoder: Encoder, texts: Sequence[str], file: Path) -> np.ndarray:
    """One row a text. `file` keeps the rows of these texts alone, under hashes of encoder and text: none can be read in
    it, though who guesses a text can tell that it is there.
    """
    keys = [hashlib.sha256(f"{encoder.name}\0{text}".encode()).digest() for text in texts]
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file)) as store, store:
        store.execute("CREATE TABLE IF NOT EXISTS embeddings (key BLOB PRIMARY KEY, numbers BLOB) WITHOUT ROWID")
        known = {key: np.frombuffer(row, np.float16) for key, row in store.execute("SELECT * FROM embeddings")}
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        _encode_new(encoder, new, known, store)
        unused = known.keys() - set(keys)
        store.executemany("DELETE FROM embeddings WHERE key = ?", [(key,) for key in unused])
    return np.stack([known[key] for key in keys]).astype(np.float32)


def _encode_new(
    encoder: Encoder, new: dict[bytes, str], known: dict[bytes, np.ndarray], store: sqlite3.Connection
) -> None:
    started = told = time.monotonic()
    waiting = list(new.items())
    for first in range(0, len(waiting), _BATCH):
        batch = waiting[first : first + _BATCH]
        rows = encoder.encode([text for _, text in batch]).astype(np.float16)
        known.update((key, row) for (key, _), row in zip(batch, rows, strict=True))
        store.executemany(
            "INSERT OR IGNORE INTO embeddings VALUES (?, ?)",
            [(key, row.tobytes()) for (key, _), row in zip(batch, rows, strict=True)],
        )
        store.commit()  # a training that is stopped goes on where it was
        if time.monotonic() - told > _TELL_EVERY_S:
            told = time.monotonic()
            done = first + len(batch)
            left = (told - started) / done * (len(waiting) - done)
            print(
                f"         {done} of {len(waiting)} new lines encoded, about {left:.0f} s to go",
                file=sys.stderr,
                flush=True,
            )
