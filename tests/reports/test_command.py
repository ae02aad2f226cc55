"""`python -m bot report` as a person meets it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from bot.cases import service as cases
from bot.cases.models import CaseEvent
from bot.db import Database
from bot.settings import ROOT


def bot(*given: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bot", "report", *given]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, cwd=ROOT, env=os.environ, timeout=120)


@pytest.fixture
def case(database: Database) -> str:
    with database.write() as session:
        opened = cases.open_case(
            session, key="k", kind="complaint", category="damage", description="杯子碎了", language="zh",
            phone="13812345678", contact_name="王小明",
        )  # fmt: skip
        session.commit()
    return str(opened["number"])


def test_a_report_is_written_where_it_was_asked_for_and_only_its_owner_reads_it(case: str, tmp_path: Path) -> None:
    for form, beginning in (("html", b"<!doctype"), ("csv", b"\xef\xbb\xbf"), ("png", b"\x89PNG")):
        said = bot("monthly", "--from", "2026-10", "--format", form, "--out", str(tmp_path / "new"))
        path = tmp_path / "new" / f"monthly-2026-10-01_2026-10-31.{form}"
        assert (said.returncode, said.stdout) == (0, f"Written: {path}\n"), said.stderr
        assert path.read_bytes().startswith(beginning) and path.stat().st_mode & 0o777 == 0o600
    assert Image.open(path).width == 1200


def test_an_investigation_is_unmasked_and_noted(case: str, tmp_path: Path, database: Database) -> None:
    said = bot("investigation", "--case", case, "--language", "en", "--out", str(tmp_path))
    page = (tmp_path / f"investigation-{case}.html").read_text()
    assert said.returncode == 0 and "13812345678" in page and "王小明" in page
    assert "13812345678" not in said.stdout + said.stderr
    with database.read() as session:
        assert session.query(CaseEvent).filter_by(transition="report", actor="system").count() == 1


def test_a_statement_takes_the_phone_from_stdin_and_shows_it_nowhere(case: str, tmp_path: Path) -> None:
    said = bot("statement", "--format", "csv", "--out", str(tmp_path), stdin="13812345678\n")
    (path,) = tmp_path.glob("statement-*.csv")
    assert said.returncode == 0 and "13812345678" not in path.read_text() + path.name + said.stdout
    assert "13*******78" in path.read_text()


@pytest.mark.parametrize(
    "words, why",
    [
        (["weekly"], "weekly"),
        (["monthly", "--from", "October"], "no date like"),
        (["monthly", "--from", "2026-10-05", "--to", "2026-10-01"], "before it begins"),
        (["monthly", "--to", "2026-10-01"], "--from"),
        (["monthly", "--format", "pdf"], "pdf"),
        (["monthly", "--case", "YD1"], "--case"),
        (["investigation"], "--case"),
        (["investigation", "--case", "YD1"], "no case YD1"),
        (["statement"], "whole phone number"),
        (["monthly", "--out", "/proc/nowhere"], "/proc/nowhere"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else "",
)
def test_bad_input_ends_in_one_clear_line(words: list[str], why: str) -> None:
    said = bot(*words)
    assert said.returncode != 0 and "Traceback" not in said.stderr
    last = said.stderr.strip().splitlines()[-1]
    assert last.startswith("Error: ") and why in last


def test_the_help_shows_an_example() -> None:
    assert "Example: python -m bot report monthly" in bot("--help").stdout
