"""One trained model for all tests, those running side by side included; as a command it is trained ahead of them."""

import fcntl
from pathlib import Path

from bot.nlu.training import present_model, train
from bot.settings import ROOT

FOLDER = ROOT / "var" / "test-models"


def trained_model_path() -> Path:
    """The model for the present files: the project's own where it is trained, else one trained once for tests."""
    own = present_model(ROOT / "models")
    if own.exists():
        return own
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return train(if_needed=True, folder=FOLDER)


if __name__ == "__main__":
    trained_model_path()
