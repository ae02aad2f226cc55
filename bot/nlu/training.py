"""Training the assistant: only when there is no model for the present files, and telling what is being done."""

import hashlib
import logging
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bot.settings import ROOT, settings

# What a model is made of: the readers of language and facts keep no trained state.
SOURCES = (
    "config.yml",
    "domain.yml",
    "data",
    *(f"bot/nlu/{name}.py" for name in ("classifier", "components", "encoder", "featurizers", "ngrams", "policy")),
    *(f"bot/nlu/{name}.py" for name in ("second", "sense", "text")),
)
KEPT_MODELS = 2
_RASA_STEPS = "rasa.engine.training.hooks"  # logs "Starting to train component 'X'." and its end


class TrainingError(Exception):
    """Rasa refused the training files; what it said is on the terminal."""


def model_fingerprint(paths: Iterable[Path]) -> str:
    """A short hash of names and contents of files; of a folder, all YAML and Python below it.

    Names count from the given path on, so that the same files elsewhere have the same fingerprint.
    """
    digest = hashlib.sha256()
    for name, file in sorted(_files(paths)):
        digest.update(name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def model_name(reviewed: str = "") -> str:
    """Of the model for the present files; `reviewed` is the fingerprint of the reviewed lines in it, if any."""
    fingerprint = model_fingerprint(ROOT / source for source in SOURCES)
    return f"yida-{fingerprint}{'-' if reviewed else ''}{reviewed}.tar.gz"


def present_model(folder: Path | None = None) -> Path:
    """Where the model for the present files alone is, or would be."""
    return (folder or settings().models_folder) / model_name()


def train(if_needed: bool = False, folder: Path | None = None) -> Path:
    """The model for the present configuration, domain and training lines, made now where needed.

    `if_needed` keeps a model whose files have not changed since, with the reviewed lines that it may have learnt. The
    last two models stay in `folder` (default: the settings' models folder). Takes one to two minutes on two cores, and
    the first time some five more, for the encoder to read all lines. Raises TrainingError.
    """
    model = (_kept(folder) if if_needed else None) or present_model(folder)
    if not (if_needed and model.exists()):
        model.parent.mkdir(parents=True, exist_ok=True)
        train_into(model)
    return put_in_service(model, model.parent)


def train_into(model: Path, more: Sequence[Path] = ()) -> None:
    """Trains from the present files and `more` files of lines. Raises TrainingError."""
    started = time.monotonic()
    _train_with_rasa(model, more)
    _seconds_file(model).write_text(f"{time.monotonic() - started:.0f}")


def put_in_service(model: Path, folder: Path) -> Path:
    """From now on `latest_model` names it, also if it was trained elsewhere on the same disk; gives where it is.

    It appears whole or not at all, already the newest: a worker that starts meanwhile loads the old one or this one.
    """
    os.utime(model)
    served = folder / model.name
    if served != model:
        os.replace(_seconds_file(model), _seconds_file(served))
        os.replace(model, served)
    for old in _newest_first(folder)[KEPT_MODELS:]:
        old.unlink()
        _seconds_file(old).unlink(missing_ok=True)
    return served


def is_of_reviewed_lines(model: Path) -> bool:
    return model.name.count("-") > 1


def _kept(folder: Path | None) -> Path | None:
    """The newest model of the present files, whatever reviewed lines are in it."""
    alone = present_model(folder)
    stem = alone.name.partition(".")[0]
    return next((model for model in _newest_first(alone.parent) if model.name.startswith(stem)), None)


def training_seconds(model: Path) -> str:
    """How long the model took to train, in words; not known of one that was brought from elsewhere."""
    file = _seconds_file(model)
    return f"{file.read_text()} s" if file.exists() else "not known"


def _seconds_file(model: Path) -> Path:
    return model.with_suffix(".seconds")


def latest_model(folder: Path | None = None) -> Path | None:
    """The model trained or confirmed last, or None."""
    return next(iter(_newest_first(folder or settings().models_folder)), None)


def _train_with_rasa(model: Path, more: Sequence[Path]) -> None:
    os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
    os.environ["LOG_LEVEL"] = "ERROR"  # or it draws a bar for every tracker and action, which tells nobody anything
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # Rasa imports TensorFlow, which is talkative and unused here
    os.environ.setdefault("RASA_MAX_CACHE_SIZE", "0")  # up to 1 GB in .rasa, which a forced training never reads
    with _told_steps():
        import rasa.model_training

        result = rasa.model_training.train(
            domain=str(ROOT / "domain.yml"),
            config=str(ROOT / "config.yml"),
            training_files=[str(ROOT / "data"), *map(str, more)],
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
    print("  reading the training lines", file=sys.stderr, flush=True)
    try:
        yield
    finally:
        log.removeHandler(teller)
        log.setLevel(level)
        log.propagate = passes_on


def _files(paths: Iterable[Path]) -> Iterator[tuple[str, Path]]:
    for path in paths:
        files = [file for file in path.rglob("*") if file.suffix in (".yml", ".py")] if path.is_dir() else [path]
        yield from ((file.relative_to(path.parent).as_posix(), file) for file in files)


def _newest_first(folder: Path) -> list[Path]:
    return sorted(folder.glob("yida-*.tar.gz"), key=lambda model: model.stat().st_mtime, reverse=True)
