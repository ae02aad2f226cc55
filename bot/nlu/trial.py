"""A new model against the one in service, on the project's own lines: what changed, and whether it may serve.

The lines are our own and made up, so unlike customers' they may be quoted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot import catalog
from bot.nlu.evaluation import Figures, Line, evaluate, read_lines
from bot.nlu.parse import parse_lines
from bot.nlu.report import as_text, table

LINES = Path(__file__).with_name("lines.tsv")
FEWEST = 2
"""Understood lines from which it can be said that an intent was lost."""
QUOTED = 20


@dataclass(frozen=True)
class Reading:
    """What one line was taken for; `language` is the one the reader saw in it."""

    intent: str
    language: str | None


@dataclass(frozen=True)
class Measured:
    figures: Figures
    readings: list[Reading]


@dataclass(frozen=True)
class Trial:
    """Both models on the same lines; `present` is None where no model serves yet."""

    lines: Sequence[Line]
    present: Measured | None
    candidate: Measured

    @property
    def won(self) -> list[int]:
        """Numbers of the lines that only the candidate acts on rightly."""
        return [n for n, line in enumerate(self.lines) if self.present and self._is_right(self.candidate, n, line)
                and not self._is_right(self.present, n, line)]  # fmt: skip

    @property
    def lost(self) -> list[int]:
        """Numbers of the lines that only the present model acts on rightly."""
        return [n for n, line in enumerate(self.lines) if self.present and self._is_right(self.present, n, line)
                and not self._is_right(self.candidate, n, line)]  # fmt: skip

    def understood(self, model: Measured) -> Counter[str]:
        """By intent, how many of its lines are acted on rightly."""
        return Counter(line.intents[0] for n, line in enumerate(self.lines) if self._is_right(model, n, line))

    @staticmethod
    def _is_right(model: Measured, n: int, line: Line) -> bool:
        return model.readings[n].intent == line.intents[0]


def hold(present: Path | None, candidate: Path) -> Trial:
    """Reads the project's lines with both models: seconds, and the memory of both."""
    lines = read_lines(LINES)
    return Trial(lines, _measured(present, lines) if present else None, _measured(candidate, lines))


def _measured(model: Path, lines: Sequence[Line]) -> Measured:
    readings: list[Reading] = []

    def read(texts: Iterable[str]) -> Iterator[dict[str, Any]]:
        for reading in parse_lines(model, texts):
            readings.append(Reading(reading["intent"], reading["language"]))
            yield reading

    return Measured(evaluate(lines, read), readings)


def shares(trial: Trial) -> dict[str, float | None]:
    """What catalog/understanding.yml sets floors for; None where there are no such lines."""
    figures = trial.candidate.figures
    own = {"top3": figures.top3, "out_of_scope_recall": figures.out_of_scope_recall}
    return {**own, **{f"acted_on_{language}": _acted_on(trial, language) for language in ("zh", "en")}}


def _acted_on(trial: Trial, language: str) -> float | None:
    read = zip(trial.lines, trial.candidate.readings, strict=True)
    right = [reading.intent == line.intents[0] for line, reading in read if reading.language == language]
    return sum(right) / len(right) if right else None


def refusal(trial: Trial) -> str | None:
    """Why the candidate must not serve, in a sentence; None if it may."""
    rules = catalog.read("understanding")
    for name, share in shares(trial).items():
        floor = rules["floors"][name]
        if share is not None and share < floor["value"]:
            return f"{floor['unit']}: {share:.3f}, and the floor is {floor['value']}"
    if trial.present is None:
        return None
    lost, most = len(trial.lost) - len(trial.won), rules["losses"]["lines_lost"]["value"] * len(trial.lines)
    if lost > most:
        return f"{len(trial.lost)} lines are lost and {len(trial.won)} won; {most:.0f} may be lost on balance"
    before, after = trial.understood(trial.present), trial.understood(trial.candidate)
    kept = rules["losses"]["intent_lost"]["value"]
    gone = [name for name, count in sorted(before.items()) if count >= FEWEST and after[name] < count * kept]
    return f"most lines of {', '.join(gone)} are no longer understood" if gone else None


def told(trial: Trial, name: str) -> str:
    """What changed, for the terminal: figures side by side, lines won and lost, intents that moved."""
    columns = {"in service": trial.present.figures} if trial.present else {}
    parts = [as_text(table({**columns, name: trial.candidate.figures}))]
    if trial.present:
        parts += [_quoted("now right", trial.won, trial), _quoted("now wrong", trial.lost, trial), _moved(trial)]
    return "\n\n".join(parts)


def _quoted(title: str, numbers: Sequence[int], trial: Trial) -> str:
    assert trial.present
    rows = [
        f"  {trial.lines[n].text}  [{trial.lines[n].intents[0]}]  "
        f"{trial.present.readings[n].intent} → {trial.candidate.readings[n].intent}"
        for n in numbers[:QUOTED]
    ]
    more = [f"  … and {len(numbers) - QUOTED} more"] if len(numbers) > QUOTED else []
    return "\n".join([f"{title}: {len(numbers)}", *rows, *more])


def _moved(trial: Trial) -> str:
    assert trial.present
    before, after = trial.understood(trial.present), trial.understood(trial.candidate)
    of = Counter(line.intents[0] for line in trial.lines)
    rows = [f"  {name}: {before[name]} → {after[name]} of {of[name]}" for name in sorted(of)
            if before[name] != after[name]]  # fmt: skip
    return "\n".join([f"intents that moved: {len(rows)}", *rows])
