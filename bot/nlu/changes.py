"""What a trial found, for the terminal: figures side by side, lines won and lost, intents that moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bot.nlu.evaluation import Line
from bot.nlu.report import as_text, table
from bot.nlu.trial import Measured, Reading, Trial

QUOTED = 20


def told(trial: Trial, name: str) -> str:
    """`name` is what the new model is called in the head of the table."""
    present = trial.present
    if present is None:
        return as_text(table({name: trial.candidate.figures}))
    after = trial.candidate
    return "\n\n".join([
        as_text(table({"in service": present.figures, name: after.figures})),
        _quoted("now right", trial.won, trial.lines, present.readings, after.readings),
        _quoted("now wrong", trial.lost, trial.lines, present.readings, after.readings),
        _quoted(f"unlearnt, of {len(trial.known)} training lines looked at", trial.unlearnt, trial.known,
                present.known, after.known),
        _moved(trial, present),
    ])  # fmt: skip


def _quoted(
    title: str, numbers: Sequence[int], lines: Sequence[Line], before: Sequence[Reading], after: Sequence[Reading]
) -> str:
    rows = [f"  {lines[n].text}  [{lines[n].intents[0]}]  {before[n].intent} → {after[n].intent}"
            for n in numbers[:QUOTED]]  # fmt: skip
    more = [f"  … and {len(numbers) - QUOTED} more"] if len(numbers) > QUOTED else []
    return "\n".join([f"{title}: {len(numbers)}", *rows, *more])


def _moved(trial: Trial, present: Measured) -> str:
    before, after = trial.understood(present), trial.understood(trial.candidate)
    of = Counter(line.intents[0] for line in trial.lines)
    rows = [f"  {name}: {before[name]} → {after[name]} of {of[name]}" for name in sorted(of)
            if before[name] != after[name]]  # fmt: skip
    return "\n".join([f"intents that moved: {len(rows)}", *rows])
