"""Training with lines that people have reviewed: beside the project's own, in a model apart until it may serve."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import yaml

from bot.learning.masking import MARK
from bot.nlu import training
from bot.nlu.text import normalise
from bot.settings import settings

Reviewed = tuple[str, str, str]
"""A line with marks in place of what is personal, its intent, its language."""

STAND_INS = {
    "waybill": {"zh": "SF1234567890123", "en": "SF1234567890123"},
    "phone": {"zh": "13800138000", "en": "13800138000"},
    "phone_tail": {"zh": "1234", "en": "1234"},
    "case_id": {"zh": "YD26010100001", "en": "YD26010100001"},
    "order_number": {"zh": "202601011234", "en": "202601011234"},
    "address": {"zh": "人民路1号", "en": "1 Main Street"},
    "person": {"zh": "王先生", "en": "Mr Smith"},
    "number": {"zh": "20260101", "en": "20260101"},
    "email": {"zh": "name@mail.example", "en": "name@mail.example"},
}
"""What a mark reads as in training: made up, and of the shape that the readers know."""
APART, A_DAY_S = "candidate-", 24 * 3600
NO_ENTITIES = frozenset({"number", "email"})


@contextmanager
def trained_apart(lines: Sequence[Reviewed], folder: Path | None = None) -> Iterator[Path]:
    """A model of the present files and these lines, in a folder where no process looks for models; gone afterwards
    unless it was put in service. Takes as long as any training. Raises TrainingError.
    """
    models = folder or settings().models_folder
    models.mkdir(parents=True, exist_ok=True)
    _clear_up(models)
    apart = Path(tempfile.mkdtemp(prefix=APART, dir=models))  # two trainings at once do not meet
    try:
        file = apart / "reviewed.yml"
        file.write_text(as_training_file(lines), encoding="utf-8")
        model = apart / model_name(lines)
        training.train_into(model, [file] if lines else [])
        yield model
    finally:
        shutil.rmtree(apart, ignore_errors=True)


def _clear_up(models: Path) -> None:
    """What trainings left that were killed; one that still runs is younger."""
    for left in models.glob(f"{APART}*"):
        if time.time() - left.stat().st_mtime > A_DAY_S:
            shutil.rmtree(left, ignore_errors=True)


def model_name(lines: Sequence[Reviewed]) -> str:
    """As `present_model` names it, and with the fingerprint of the lines where there are any."""
    digest = hashlib.sha256(json.dumps(sorted(lines), ensure_ascii=False).encode()).hexdigest()[:8]
    return training.model_name(digest if lines else "")


def as_training_file(lines: Sequence[Reviewed]) -> str:
    """Rasa's YAML of training lines, written by a YAML library: nothing in a line can break out of it."""
    examples: dict[str, list[str]] = {}
    for line, intent, language in lines:
        examples.setdefault(intent, []).append(f"- {filled(line, language)}")
    entries = [{"intent": intent, "examples": "\n".join(said) + "\n"} for intent, said in sorted(examples.items())]
    return str(yaml.safe_dump({"version": "3.1", "nlu": entries}, allow_unicode=True))


def apart_from(tests: Iterable[str], lines: Sequence[Reviewed]) -> list[Reviewed]:
    """The lines that are no test line, however written: what a model is measured on it must not have learnt."""
    measured_on = {normalise(test) for test in tests}
    return [line for line in lines if normalise(plain(line[0], line[2])) not in measured_on]


def plain(line: str, language: str) -> str:
    """The line as a customer might have typed it."""
    return MARK.sub(lambda mark: STAND_INS[mark[1]][language], line)


def filled(line: str, language: str) -> str:
    """The line as Rasa reads training lines: entities marked, and no brackets but theirs."""
    parts = MARK.split(line)  # words, mark, words, …
    for n, part in enumerate(parts):
        if n % 2 == 0:
            parts[n] = part.translate({ord(bracket): " " for bracket in "[]\n\r"})
        else:
            stand_in = STAND_INS[part][language]
            parts[n] = stand_in if part in NO_ENTITIES else f"[{stand_in}]({part})"
    return "".join(parts).strip()
