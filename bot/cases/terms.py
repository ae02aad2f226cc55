"""What a text is found by: its words, and for Chinese, which has no blanks, its characters and pairs of them."""

from __future__ import annotations

import re
import unicodedata

_HAN = "\u3400-\u9fff"
_RUNS = re.compile(f"[{_HAN}]+|[^\\W{_HAN}]+")


def terms_of(text: str) -> str:
    """Each once, by blanks: 杯子碎 cup → cup 子 子碎 杯 杯子 碎."""
    return " ".join(sorted({term for run in _runs(text) for term in _of_run(run)}))


def narrow_terms(words: str) -> list[list[str]]:
    """For each run of what is looked for the terms that say most: single characters only where they stand alone."""
    return [[term for term in _of_run(run) if len(term) > 1 or len(run) == 1] for run in _runs(words)]


def _runs(text: str) -> list[str]:
    return _RUNS.findall(unicodedata.normalize("NFKC", text).lower())


def _of_run(run: str) -> list[str]:
    if not re.match(f"[{_HAN}]", run):
        return [run]
    return [*run, *(run[at : at + 2] for at in range(len(run) - 1))]
