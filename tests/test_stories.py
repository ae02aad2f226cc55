"""Rasa's own test tool works on our files: every story goes as written, with the sentences understood."""

import subprocess
import sys
from pathlib import Path

import pytest

from bot.settings import ROOT
from tests.support.model import trained_model_path


@pytest.mark.slow
def test_rasa_test_core_follows_every_story(tmp_path: Path) -> None:
    tool = [sys.executable, "-m", "rasa", "test", "core", "--model", str(trained_model_path())]
    stories = ["--stories", str(ROOT / "tests" / "stories"), "--out", str(tmp_path), "--fail-on-prediction-errors"]
    ended = subprocess.run([*tool, *stories], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
