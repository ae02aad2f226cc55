"""`train --with-reviewed` as an operator meets it: good labels serve, bad ones are refused, no start is confused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.__main__ import cli
from bot.db import Database, now
from bot.learning.masking import key_of
from bot.learning.models import ASSIGNED, Candidate
from bot.nlu import training, trial
from bot.nlu.evaluation import read_lines
from bot.nlu.parse import parse_lines
from bot.settings import settings
from tests.learning.small import small_project

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]
"""On one database: what is read of it is tested on both in test_reviewing.py."""
NEW_WORDS = "老规矩走一个"
NEAR_IT = ["老规矩走一个 ⟨waybill⟩", "还是老规矩走一个", "老规矩再走一个", "按老规矩走一个吧", "老规矩走起"]
WHERE = "到哪了 走到哪里了 到哪个城市了 现在在哪 的物流 怎么还没到 的位置 有没有更新 的进度 什么情况 到站了吗"
TRACKED = [
    f"{asking}{what}{where}"
    for asking in ("帮我查", "看看", "我想知道", "麻烦查")
    for what in ("快递", "包裹", "单号", "件")
    for where in WHERE.split()
]
PRICES = [
    f"寄{weight}公斤到{city}{asking}"
    for weight in (1, 2, 3, 5, 8)
    for city in ("北京", "上海", "广州", "成都", "杭州")
    for asking in ("多少钱", "运费多少", "怎么收费", "要花多少")
]


@pytest.fixture
def models(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of models of a small project."""
    monkeypatch.setenv("YIDA_MODELS_DIR", str(tmp_path / "models"))
    settings.cache_clear()
    small_project(tmp_path / "project", monkeypatch)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "models"


def label(database: Database, lines: list[str], intent: str) -> None:
    """As the desk's page leaves them."""
    with database.write() as session:
        for line in lines:
            decided = {"state": ASSIGNED, "intent": intent, "decided_by": "zhou", "decided_at": now()}
            known = {"text": line, "text_hash": key_of(line), "language": "zh", "seen": 1}
            session.add(Candidate(**known, **decided, ranking=[]))
        session.commit()


def train(*options: str) -> Result:
    return CliRunner().invoke(cli, ["train", *options])


def test_good_labels_serve_bad_ones_are_refused_and_the_next_start_finds_the_right_model(
    models: Path, database: Database
) -> None:
    assert train().exit_code == 0
    assert not Path(".rasa").exists()  # nothing is kept that no training reads
    first = training.latest_model()
    assert first is not None and not training.is_of_reviewed_lines(first)
    unlikely, confidence = next(parse_lines(first, [NEW_WORDS]))["ranking"][-1]

    label(database, [NEW_WORDS, *NEAR_IT], unlikely)
    label(database, ["谁还记得"], "an_intent_of_old")
    label(database, [read_lines(trial.LINES)[0].text], unlikely)
    good = train("--with-reviewed")
    assert good.exit_code == 0, good.output
    assert "left out: 1, assigned what is no intent of ours" in good.output
    assert "left out: 1, the same as a line models are measured on" in good.output
    assert "in service" in good.output and "6 reviewed lines" in good.output and "now wrong: 0" in good.output
    second = training.latest_model()
    assert second not in (None, first) and training.is_of_reviewed_lines(second)
    after = next(parse_lines(second, [NEW_WORDS]))
    assert after["intent"] == unlikely and after["confidence"] > confidence

    stamp = second.stat().st_ino
    assert train("--with-reviewed", "--if-needed").exit_code == 0  # the same lines: nothing is trained
    assert train("--if-needed").exit_code == 0  # a start of the product
    assert training.latest_model() == second and second.stat().st_ino == stamp

    label(database, TRACKED, "complain_damage")
    label(database, PRICES, "faq_invoice")
    bad = train("--with-reviewed")
    assert bad.exit_code == 1
    (sentence,) = [line for line in bad.output.splitlines() if line.startswith("Error: ")]
    assert "refused" in sentence and f"{second.name} stays in service" in sentence
    assert training.latest_model() == second and second.stat().st_ino == stamp
    assert sorted(path.name for path in models.glob("*.gz")) == sorted([first.name, second.name])
    assert list(models.glob("candidate*")) == []


def test_a_training_that_was_killed_leaves_nothing_that_a_start_could_take(
    models: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(model: Path, more: list[Path]) -> None:
        model.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "train_into", killed)
    left, running = models / "candidate-old", models / "candidate-new"
    for folder in (left, running):
        folder.mkdir(parents=True)
    os.utime(left, (0, 0))
    label(database, [NEW_WORDS], "track_shipment")
    assert train("--with-reviewed").exit_code != 0
    assert training.latest_model() is None
    assert list(models.glob("candidate*")) == [running]
