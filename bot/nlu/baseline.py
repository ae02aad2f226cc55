"""The stock Rasa pipeline, trained on the same lines: the measure of what our own components are worth."""

from __future__ import annotations

from pathlib import Path

from bot.nlu.training import TrainingError, model_fingerprint
from bot.settings import ROOT

CONFIG = Path(__file__).with_name("baseline.yml")


def baseline_model(lines: Path = ROOT / "data", folder: Path = ROOT / "var" / "baseline") -> Path:
    """A model of stock Rasa for the lines, kept until they change. Takes minutes to an hour. Raises TrainingError."""
    model = folder / f"baseline-{model_fingerprint([CONFIG, lines])}.tar.gz"
    if not model.exists():
        import rasa.model_training

        folder.mkdir(parents=True, exist_ok=True)
        trained = rasa.model_training.train_nlu(
            config=str(CONFIG), nlu_data=str(lines), output=str(folder), fixed_model_name=model.name,
            domain=str(ROOT / "domain.yml"),
        )  # fmt: skip
        if not trained:
            raise TrainingError("the stock pipeline does not take these lines")
    return model
