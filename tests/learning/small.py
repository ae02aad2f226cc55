"""A project of four intents that trains in seconds: real components, real lines, a real comparison, few of each."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.nlu import training, trial
from bot.settings import ROOT

INTENTS = ("track_shipment", "complain_damage", "quote_freight", "faq_invoice")
OF_EACH = 100


def small_project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on training reads its files from `folder`, and models are compared on the lines of INTENTS alone."""
    folder.mkdir()
    (folder / "bot").symlink_to(ROOT / "bot")
    shutil.copy(ROOT / "config.yml", folder)
    domain = _read(ROOT / "domain.yml")
    kept: dict[str, Any] = {name: domain[name] for name in ("session_config", "entities") if name in domain}
    slots = {"also": {"type": "any", "mappings": [{"type": "custom"}]}}
    responses = {"utter_well": [{"text": "好的"}]}
    named = {"version": "3.1", "intents": [*INTENTS, "nlu_fallback"], "slots": slots, "responses": responses}
    actions = ["action_offer_also", "action_unclear"]
    _write(folder / "domain.yml", {**kept, **named, "actions": actions})
    rules = [
        {"rule": name, "steps": [{"intent": name}, {"action": "utter_well"}]} for name in (*INTENTS, "nlu_fallback")
    ]
    (folder / "data").mkdir()
    _write(folder / "data" / "rules.yml", {"version": "3.1", "rules": rules})
    _write(folder / "data" / "nlu.yml", {"version": "3.1", "nlu": list(_lines())})
    lines = [row for row in trial.LINES.read_text(encoding="utf-8").splitlines() if row.split("\t")[1] in INTENTS]
    (folder / "lines.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    monkeypatch.setattr(training, "ROOT", folder)
    monkeypatch.setattr(trial, "LINES", folder / "lines.tsv")


def _lines() -> Any:
    for path in sorted(ROOT.glob("data/*/nlu.*.yml")):
        for entry in _read(path)["nlu"]:
            if entry.get("intent") in INTENTS:
                examples = entry["examples"].splitlines(keepends=True)
                step = max(1, len(examples) // OF_EACH)  # from everywhere in the file
                yield {"intent": entry["intent"], "examples": "".join(examples[::step][:OF_EACH])}


def _read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


def _write(path: Path, content: Any) -> None:
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
