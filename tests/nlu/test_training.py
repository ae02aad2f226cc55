"""A model belongs to the files it was trained from."""

import os
from pathlib import Path

import pytest

from bot.nlu import training


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "nlu.yml").write_text("one")
    return folder


def make_model(path: Path, age_s: int) -> Path:
    path.write_bytes(b"")
    os.utime(path, (path.stat().st_mtime - age_s,) * 2)
    return path


def test_the_fingerprint_changes_with_a_word_and_with_a_file_name_only(source: Path) -> None:
    before = training.model_fingerprint([source])
    (source / "notes.txt").write_text("not read")
    assert training.model_fingerprint([source]) == before
    (source / "nlu.yml").write_text("two")
    changed = training.model_fingerprint([source])
    (source / "nlu.yml").rename(source / "other.yml")
    assert len({before, changed, training.model_fingerprint([source])}) == 3


def test_the_same_files_elsewhere_have_the_same_fingerprint(source: Path, tmp_path: Path) -> None:
    before = training.model_fingerprint([source])
    (tmp_path / "elsewhere").mkdir()
    moved = source.rename(tmp_path / "elsewhere" / "data")
    assert training.model_fingerprint([moved]) == before


def test_a_model_of_the_present_files_is_kept_and_only_the_last_two_stay(tmp_path: Path) -> None:
    present = make_model(training.present_model(tmp_path), age_s=300)
    newer, oldest = (make_model(tmp_path / f"yida-{age}.tar.gz", age_s=age) for age in (100, 900))
    assert training.train(if_needed=True, folder=tmp_path) == present
    assert training.latest_model(tmp_path) == present
    assert newer.exists() and not oldest.exists()


def test_without_models_there_is_no_latest_one(tmp_path: Path) -> None:
    assert training.latest_model(tmp_path / "none") is None
