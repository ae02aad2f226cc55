"""The project's own training lines as witnesses: what reviewed lines, wrongly labelled, would make a model unlearn."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import yaml

from bot.nlu.evaluation import Line
from bot.nlu.text import normalise

_MARKED = re.compile(r"\[([^\]]*)\](?:\([^)]*\)|\{[^}]*\})")
"""[words](entity) or [words]{…} of training lines."""


def project_lines(folder: Path) -> list[Line]:
    """Every line of the training files below the folder, without its marks, in the order of the files."""
    lines = []
    for path in sorted(folder.rglob("nlu*.yml")):
        for entry in yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["nlu"]:
            texts = (_MARKED.sub(r"\1", row[2:]) for row in entry.get("examples", "").splitlines())
            lines += [Line(text, (entry["intent"],)) for text in texts if "intent" in entry]
    return lines


def witnesses(lines: Sequence[Line], reviewed: Sequence[str], *, sample: int, near: int, most: int) -> list[Line]:
    """`sample` lines from everywhere, and for each reviewed text the `near` lines that are most like it.

    Those are the first to be unlearnt. At most `most` of them are taken, those of the texts that come first.
    """
    chosen = set(_spread(len(lines), sample))
    if reviewed and lines:
        chosen.update(_first(_likest([line.text for line in lines], reviewed, near), most))
    return [lines[n] for n in sorted(chosen)]


def _spread(count: int, most: int) -> list[int]:
    """Numbers below `count`, evenly from everywhere."""
    most = min(most, count)
    return [n * count // most for n in range(most)]


def _first(numbers: Iterable[int], most: int) -> set[int]:
    found: set[int] = set()
    for number in numbers:
        if len(found) == most:
            break
        found.add(number)
    return found


def _likest(texts: Sequence[str], reviewed: Sequence[str], near: int) -> Iterator[int]:
    """Numbers of the texts most like each reviewed one, one of these after another: all at once fill gigabytes."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    reader = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3), preprocessor=normalise, sublinear_tf=True)
    known = reader.fit_transform(texts).T.tocsr()
    for row in reader.transform(reviewed):
        alike = row @ known
        yield from alike.indices[np.argsort(-alike.data)[:near]].tolist()
