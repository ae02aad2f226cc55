"""Training the assistant: only when there is no model for the present files, and telling what is being done."""

import hashlib
import logging
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.settings import ROOT, settings

SOURCES = ("config.yml", "domain.yml", "data", "bot/nlu")
KEPT_MODELS = 2
_RASA_STEPS = "rasa.engine.training.hooks"  # logs "Starting to train component 'X'." and its end


class TrainingError(Exception):
    """Rasa refused the training files; what it said is on the terminal."""


def model_fingerprint(paths: Iterable[Path]) -> str:
    """A short hash of the files' names and contents (folders: all YAML and Python below them)."""
    digest = hashlib.sha256()
    for path in sorted(_files(paths)):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def train(if_needed: bool = False, folder: Path | None = None) -> Path:
    """The model for the present configuration, domain and training lines, made now where needed.

    `if_needed` keeps a model whose files have not changed since. The last two models stay in `folder` (default: the
    settings' models folder). Takes about 20 s on two cores. Raises TrainingError.
    """
    folder = folder or settings().models_folder
    model = folder / f"yida-{model_fingerprint(ROOT / source for source in SOURCES)}.tar.gz"
    if not (if_needed and model.exists()):
        folder.mkdir(parents=True, exist_ok=True)
        _train_with_rasa(model)
    os.utime(model)
    for old in _newest_first(folder)[KEPT_MODELS:]:
        old.unlink()
    return model


def latest_model(folder: Path | None = None) -> Path | None:
    """The model trained or confirmed last, or None."""
    return next(iter(_newest_first(folder or settings().models_folder)), None)


def _train_with_rasa(model: Path) -> None:
    os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
    import rasa.model_training

    with _told_steps():
        result = rasa.model_training.train(
            domain=str(ROOT / "domain.yml"),
            config=str(ROOT / "config.yml"),
            training_files=str(ROOT / "data"),
            output=str(model.parent),
            fixed_model_name=model.name,
            force_training=True,
        )
    if result.code or not result.model:
        raise TrainingError("the training files are not accepted")


@contextmanager
def _told_steps() -> Iterator[None]:
    """Each training step on the terminal with the seconds since the start."""
    started = time.monotonic()

    class Teller(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            print(f"  {time.monotonic() - started:4.0f} s  {record.getMessage()}", file=sys.stderr, flush=True)

    log = logging.getLogger(_RASA_STEPS)
    teller, level, passes_on = Teller(), log.level, log.propagate
    log.addHandler(teller)
    log.setLevel(logging.INFO)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(teller)
        log.setLevel(level)
        log.propagate = passes_on


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from (file for file in path.rglob("*") if file.suffix in (".yml", ".py"))
        else:
            yield path


def _newest_first(folder: Path) -> list[Path]:
    return sorted(folder.glob("yida-*.tar.gz"), key=lambda model: model.stat().st_mtime, reverse=True)
