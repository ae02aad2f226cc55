"""How well lines are understood: figures of a model against lines whose reading is known. Quotes no line."""

from __future__ import annotations

import json
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

OUT_OF_SCOPE, FALLBACK = "out_of_scope", "nlu_fallback"
BINS = 15


class BadLine(ValueError):
    """A line of a file that cannot be read; the text names file, line number and reason."""


@dataclass(frozen=True)
class Line:
    """What is expected: one intent or two, and entities as (type, start, end); None where the file does not say."""

    text: str
    intents: tuple[str, ...]
    entities: frozenset[tuple[str, int, int]] | None = None


@dataclass(frozen=True)
class Score:
    """Precision, recall and F1 of one intent or type of entity; `count` is how often it was expected."""

    precision: float
    recall: float
    f1: float
    count: int

    @classmethod
    def of(cls, right: int, found: int, expected: int) -> Score:
        f1 = 2 * right / (found + expected) if found + expected else 0.0
        return cls(right / found if found else 0.0, right / expected if expected else 0.0, f1, expected)


@dataclass(frozen=True)
class Figures:
    """All that is measured over one set of lines. Shares are between 0 and 1, times in ms."""

    lines: int
    accuracy: float
    acted_on: float
    """As `accuracy`, but a line too unsure to act on is wrong."""
    macro_f1: float
    top3: float
    calibration_error: float
    out_of_scope_recall: float | None
    turned_away: float | None
    """In-scope lines taken for out of scope or not understood."""
    both_named: float | None
    """Of lines with two intents, those where both are named."""
    p50_ms: float
    p95_ms: float
    max_ms: float
    intents: dict[str, Score] = field(default_factory=dict)
    entities: dict[str, Score] = field(default_factory=dict)
    confusions: Counter[tuple[str, str]] = field(default_factory=Counter)


def read_lines(path: Path) -> list[Line]:
    """Lines of a TSV: text, intent (`main|second` where two are asked), optionally entities as JSON. Raises BadLine."""
    with path.open(encoding="utf-8", errors="strict") as file:
        try:
            return [
                _line(row.rstrip("\r\n"), f"{path.name}:{number}") for number, row in enumerate(file, 1) if row.strip()
            ]
        except UnicodeDecodeError as error:
            raise BadLine(f"{path.name} is not UTF-8") from error


def _line(row: str, place: str) -> Line:
    columns = row.split("\t")
    if len(columns) not in (2, 3) or not columns[1]:
        raise BadLine(f"{place}: expected text, intent and optionally entities, separated by tabs")
    if len(columns) == 2 or not columns[2]:
        return Line(columns[0], tuple(columns[1].split("|")))
    try:
        marks = frozenset((mark["entity"], int(mark["start"]), int(mark["end"])) for mark in json.loads(columns[2]))
    except (ValueError, TypeError, KeyError) as error:
        raise BadLine(f"{place}: the third column is no JSON list of entities with start and end") from error
    return Line(columns[0], tuple(columns[1].split("|")), marks)


def evaluate(lines: Sequence[Line], read: Callable[[Iterable[str]], Iterator[dict[str, Any]]]) -> Figures:
    """Figures of what `read` makes of the lines; it gives one reading a line, as bot.nlu.parse does."""
    readings, times = _timed(lines, read)
    guesses = [reading["ranking"][0][0] for reading in readings]
    wanted = [line.intents[0] for line in lines]
    right = [guess == want for guess, want in zip(guesses, wanted, strict=True)]
    away = [reading["intent"] in (OUT_OF_SCOPE, FALLBACK) for reading in readings]
    scores = _intent_scores(wanted, guesses)
    two = [
        {*line.intents} <= {r["intent"], r.get("also")}
        for line, r in zip(lines, readings, strict=True)
        if len(line.intents) > 1
    ]
    return Figures(
        lines=len(lines),
        accuracy=_share(right),
        acted_on=_share([reading["intent"] == want for reading, want in zip(readings, wanted, strict=True)]),
        macro_f1=statistics.fmean(score.f1 for score in scores.values() if score.count),
        top3=_share([want in [name for name, _ in r["ranking"][:3]] for want, r in zip(wanted, readings, strict=True)]),
        calibration_error=calibration_error([reading["ranking"][0][1] for reading in readings], right),
        out_of_scope_recall=_optional([a for a, want in zip(away, wanted, strict=True) if want == OUT_OF_SCOPE]),
        turned_away=_optional([a for a, want in zip(away, wanted, strict=True) if want != OUT_OF_SCOPE]),
        both_named=_optional(two),
        p50_ms=_percentile(times, 50),
        p95_ms=_percentile(times, 95),
        max_ms=max(times),
        intents=scores,
        entities=_entity_scores(lines, readings),
        confusions=Counter((want, guess) for want, guess in zip(wanted, guesses, strict=True) if want != guess),
    )


def calibration_error(confidences: Sequence[float], right: Sequence[bool]) -> float:
    """Expected calibration error over 15 bins: how far, on average, confidence is from being right."""
    bins: dict[int, list[tuple[float, bool]]] = {}
    for confidence, is_right in zip(confidences, right, strict=True):
        bins.setdefault(min(int(confidence * BINS), BINS - 1), []).append((confidence, is_right))
    gaps = (abs(sum(c for c, _ in held) - sum(r for _, r in held)) for held in bins.values())
    return sum(gaps) / len(confidences)


def _timed(
    lines: Sequence[Line], read: Callable[[Iterable[str]], Iterator[dict[str, Any]]]
) -> tuple[list[dict[str, Any]], list[float]]:
    readings, times = [], []
    reader = read(line.text for line in lines)
    for _ in lines:
        started = time.perf_counter()
        readings.append(next(reader))
        times.append((time.perf_counter() - started) * 1000)
    return readings, times[1:] or times  # the first one loads what is loaded on first use


def _intent_scores(wanted: Sequence[str], guesses: Sequence[str]) -> dict[str, Score]:
    expected, found = Counter(wanted), Counter(guesses)
    hits = Counter(want for want, guess in zip(wanted, guesses, strict=True) if want == guess)
    return {intent: Score.of(hits[intent], found[intent], expected[intent]) for intent in sorted({*expected, *found})}


def _entity_scores(lines: Sequence[Line], readings: Sequence[dict[str, Any]]) -> dict[str, Score]:
    """Only of types that the lines mark somewhere: readers find more than files mark."""
    expected, found, hits = Counter[str](), Counter[str](), Counter[str]()
    for line, reading in zip(lines, readings, strict=True):
        if line.entities is None:
            continue
        read = {(entity["entity"], entity["start"], entity["end"]) for entity in reading["entities"]}
        expected.update(kind for kind, *_ in line.entities)
        found.update(kind for kind, *_ in read)
        hits.update(kind for kind, *_ in line.entities & read)
    return {kind: Score.of(hits[kind], found[kind], expected[kind]) for kind in sorted(expected)}


def _share(values: Sequence[bool]) -> float:
    return sum(values) / len(values)


def _optional(values: Sequence[bool]) -> float | None:
    return _share(values) if values else None


def _percentile(values: Sequence[float], percent: int) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]
