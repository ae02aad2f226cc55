"""Conversations held by `evaluate --dialogues`: what counts as held well, and what the command says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.dialogues import BadDialogues, Outcome, failures, read_dialogues
from bot.settings import ROOT
from tests.support.model import trained_model_path

OUTCOME = Outcome(
    replies=[["您好", "请发运单号"], ["已登记"]],
    tickets=[{"category": "damage", "waybill": "SF1029384756123", "phone": "13900000000", "status": "acknowledged"}],
    orders=[{"type": "pickup", "waybill": None, "phone": "13900000000"}],
    handed_over=False,
)
HELD = [
    {"ticket": {"category": "damage", "waybill": "SF1029384756123"}}, {"ticket_count": 1}, {"handoff": False},
    {"order": {"type": "pickup"}}, {"reply_contains_any": ["没有", "登记"]}, {"language": "zh"},
    {"reply_to": {"turn": 1, "contains_any": ["运单"]}}, {"reply_not_contains": ["保证"]},
]  # fmt: skip
MISSED = [
    {"ticket": {"category": "delay"}}, {"no_ticket": True}, {"ticket_count": 2}, {"handoff": True}, {"no_order": True},
    {"order": {"type": "intercept"}}, {"reply_contains_any": ["保证"]}, {"reply_not_contains": ["登记"]},
    {"reply_to": {"turn": 2, "contains_any": ["运单"]}}, {"language": "en"},
]  # fmt: skip


def test_what_holds_is_no_failure() -> None:
    assert failures({"expect": HELD}, OUTCOME) == []


@pytest.mark.parametrize("check", MISSED, ids=lambda check: next(iter(check)))
def test_what_does_not_hold_is_told(check: dict) -> None:
    [told] = failures({"expect": [check]}, OUTCOME)
    assert told


@pytest.mark.parametrize("text", ["a: 1", "- {name: x}", "- {name: x, turns: [], expect: [{magic: 1}]}", "[", "- 1"])
def test_a_file_that_is_none_is_told_in_one_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "talks.yml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadDialogues, match="talks.yml"):
        read_dialogues(file)


@pytest.mark.slow
def test_conversations_are_held_through_the_rest_channel_and_counted(tmp_path: Path) -> None:
    file = tmp_path / "talks.yml"
    file.write_text(
        "- name: held\n  turns: [箱子压坏了 里面的碗全碎了, YT2604417093385, '13900002468', 确认]\n"
        "  expect: [{ticket: {category: damage, waybill: YT2604417093385}}, {handoff: false}]\n"
        "- name: missed\n  turns: [你好]\n  expect: [{ticket_count: 1}]\n",
        encoding="utf-8",
    )
    environment = {**os.environ, "YIDA_MODELS_DIR": str(trained_model_path().parent)}
    command = [sys.executable, "-m", "bot", "evaluate", "--dialogues", str(file)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert done.stdout.rstrip().splitlines()[-1] == "passed 1 of 2" and done.returncode == 1
    assert "passes  held" in done.stdout and "fails   missed" in done.stdout
