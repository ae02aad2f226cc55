"""A new model against the one in service: what changed, and whether it may serve.

Both read the project's test lines, which no model learns from, and witnesses: training lines of the project that labels
of reviewed lines may have made the new model unlearn. All of them are made up, so unlike customers' they may be quoted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import tee
from pathlib import Path

from bot import catalog
from bot.nlu import training
from bot.nlu.evaluation import Figures, Line, evaluate, read_lines
from bot.nlu.known import project_lines, witnesses
from bot.nlu.parse import parse_lines

LINES = Path(__file__).with_name("lines.tsv")
FEWEST = 2
"""Understood lines from which it can be said that an intent was lost."""


@dataclass(frozen=True)
class Reading:
    """What one line was taken for; `language` is the one the reader saw in it."""

    intent: str
    language: str | None


@dataclass(frozen=True)
class Measured:
    """What one model made of the lines, one after another; `known` are the witnesses' readings."""

    figures: Figures
    readings: list[Reading]
    known: list[Reading]


@dataclass(frozen=True)
class Trial:
    """Both models on the same lines; `present` is None where no model serves yet."""

    lines: Sequence[Line]
    known: Sequence[Line]
    present: Measured | None
    candidate: Measured

    @property
    def won(self) -> list[int]:
        """Numbers of the lines that only the candidate acts on rightly."""
        return sorted(self._right(self.candidate) - self._right(self.present)) if self.present else []

    @property
    def lost(self) -> list[int]:
        """Numbers of the lines that only the present model acts on rightly."""
        return sorted(self._right(self.present) - self._right(self.candidate)) if self.present else []

    @property
    def unlearnt(self) -> list[int]:
        """Numbers of the witnesses that only the present model acts on rightly."""
        if self.present is None:
            return []
        return sorted(right(self.known, self.present.known) - right(self.known, self.candidate.known))

    def understood(self, model: Measured) -> Counter[str]:
        """By intent, how many of its lines are acted on rightly."""
        return Counter(self.lines[n].intents[0] for n in self._right(model))

    def _right(self, model: Measured) -> set[int]:
        return right(self.lines, model.readings)


def right(lines: Sequence[Line], readings: Sequence[Reading]) -> set[int]:
    """Numbers of the lines that were acted on rightly."""
    pairs = zip(lines, readings, strict=True)
    return {n for n, (line, reading) in enumerate(pairs) if reading.intent == line.intents[0]}


def hold(present: Path | None, candidate: Path, reviewed: Sequence[str]) -> Trial:
    """Reads all lines with both models, a minute or less.

    `reviewed` are the lines learnt beside the project's, the newest first: those the present model does not know.
    """
    figures = catalog.read("understanding")["witnesses"]
    known = witnesses(project_lines(training.ROOT / "data"), reviewed, **figures)
    lines = read_lines(LINES)
    return Trial(lines, known, _measured(present, lines, known) if present else None,
                 _measured(candidate, lines, known))  # fmt: skip


def _measured(model: Path, lines: Sequence[Line], known: Sequence[Line]) -> Measured:
    timed, again = tee(parse_lines(model, [line.text for line in (*lines, *known)]))  # loads the model once
    figures = evaluate(lines, lambda _: timed)
    readings = [Reading(reading["intent"], reading["language"]) for reading in again]
    return Measured(figures, readings[: len(lines)], readings[len(lines) :])


def shares(trial: Trial) -> dict[str, float | None]:
    """What catalog/understanding.yml sets floors for; None where there are no such lines."""
    figures = trial.candidate.figures
    known = len(right(trial.known, trial.candidate.known)) / len(trial.known) if trial.known else None
    own = {"top3": figures.top3, "out_of_scope_recall": figures.out_of_scope_recall, "known": known}
    return {**own, **{f"acted_on_{language}": _acted_on(trial, language) for language in ("zh", "en")}}


def _acted_on(trial: Trial, language: str) -> float | None:
    fine = right(trial.lines, trial.candidate.readings)
    own = [n for n, reading in enumerate(trial.candidate.readings) if reading.language == language]
    return len(fine.intersection(own)) / len(own) if own else None


def refusal(trial: Trial) -> str | None:
    """Why the candidate must not serve, in a few words; None if it may."""
    return _below_floor(trial) or (_worse(trial) if trial.present else None)


def _below_floor(trial: Trial) -> str | None:
    floors = catalog.read("understanding")["floors"]
    for name, share in shares(trial).items():
        if share is not None and share < floors[name]["value"]:
            return f"{floors[name]['unit']}: {share:.3f}, and the floor is {floors[name]['value']}"
    return None


def _worse(trial: Trial) -> str | None:
    assert trial.present
    most = {name: rule["value"] for name, rule in catalog.read("understanding")["losses"].items()}
    allowed = most["lines_lost"] * len(trial.lines)
    if len(trial.lost) - len(trial.won) > allowed:
        return f"{len(trial.lost)} test lines are lost and {len(trial.won)} won; {allowed:.0f} may be lost on balance"
    if len(trial.unlearnt) > most["unlearnt"] * len(trial.known):
        return f"{len(trial.unlearnt)} of {len(trial.known)} training lines of the project are unlearnt"
    before, after = trial.understood(trial.present), trial.understood(trial.candidate)
    gone = [n for n, count in sorted(before.items()) if count >= FEWEST and after[n] < count * most["intent_lost"]]
    return f"most lines of {', '.join(gone)} are no longer understood" if gone else None
