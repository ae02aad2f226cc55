"""The command line as a person meets it: help with an example, one clear line on bad input, exit codes."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from bot.settings import ROOT
from tests.support.server import Server, free_port

COMMANDS = [
    "serve", "web", "worker", "train", "parse", "talk", "demo", "migrate", "doctor", "key", "report", "erase",
    "agent add", "import shipments", "import events", "import kuaidi100",
]  # fmt: skip


def bot(*words: str, given: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **{f"YIDA_{name.upper()}": value for name, value in settings.items()}}
    command = [sys.executable, "-m", "bot", *words]
    return subprocess.run(command, input=given, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=120)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    said = bot(*command.split(), "--help")
    assert said.returncode == 0 and re.search(r"Example: .*python -m bot " + command.split()[0], said.stdout)


def test_the_overview_lists_every_command() -> None:
    said = bot("--help").stdout
    assert all(re.search(rf"^  {command.split()[0]} ", said, re.MULTILINE) for command in COMMANDS)


@pytest.mark.parametrize(
    "words",
    [
        ["fly"],
        ["serve", "--fast"],
        ["import", "shipments", "nowhere.csv"],
        ["import", "boats", "a.csv"],
        ["agent", "add", "lin", "--role", "king"],
        ["key"],
        ["web"],
        ["worker"],
    ],
    ids=" ".join,
)
def test_bad_input_ends_in_one_clear_line_and_no_stack(words: list[str]) -> None:
    said = bot(*words)
    assert said.returncode != 0 and "Traceback" not in said.stderr
    assert said.stderr.strip().splitlines()[-1].startswith("Error: ")


def test_without_a_model_serving_says_what_to_run_first(tmp_path: Path) -> None:
    said = bot("serve", models_dir=str(tmp_path))
    assert said.returncode == 1
    assert said.stderr.strip() == "Error: there is no trained model yet: run `python -m bot train` first"


def test_a_taken_port_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "yida-0.tar.gz").touch()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = bot("serve", models_dir=str(tmp_path), port=str(taken.getsockname()[1]))
    assert said.returncode == 1 and "YIDA_PORT" in said.stderr and "Traceback" not in said.stderr


def test_an_agents_password_is_read_from_stdin_and_never_shown() -> None:
    words = ("agent", "add", "小林", "--role", "supervisor", "--skills", "online,vip")
    said = bot(*words, given="a long enough password\n")
    assert said.returncode == 0 and "小林" in said.stdout and "password" not in said.stdout + said.stderr
    again = bot("agent", "add", "小林", given="a long enough password\n")
    assert again.returncode == 1 and again.stderr.startswith("Error: ")


def test_a_short_password_is_refused_in_one_line() -> None:
    said = bot("agent", "add", "lin", given="short\n")
    assert said.returncode == 1 and len(said.stderr.strip().splitlines()) == 1


def test_a_channel_key_is_printed_alone() -> None:
    said = bot("key", "shop")
    assert re.fullmatch(r"yk_[\w-]{40,}\n", said.stdout)


def test_rotating_keys_says_how_many_rows_were_rewritten() -> None:
    bot("key", "shop")
    keys = {"old_secret_keys": os.environ["YIDA_SECRET_KEY"], "secret_key": "another-key-0123456789abcdef-0123"}
    said = bot("key", "--rotate", **keys)
    assert re.fullmatch(r"\d+ rows now carry the newest key\.\n", said.stdout)


def test_good_rows_are_kept_bad_rows_are_named_and_the_exit_code_says_so(tmp_path: Path) -> None:
    rows = tmp_path / "shipments.csv"
    rows.write_text("waybill,status,receiver_phone\nSF1234567890123,in_transit,13800138000\n,in_transit,\n", "utf-8")
    said = bot("import", "shipments", str(rows))
    assert said.returncode == 1 and "1 rows taken, 1 refused" in said.stdout and re.search(r"\b3\b", said.stderr)
    assert "13800138000" not in said.stdout + said.stderr


def test_the_doctor_names_what_is_missing_and_what_to_do(tmp_path: Path) -> None:
    sick = bot("doctor", models_dir=str(tmp_path))
    assert sick.returncode == 1
    assert "python -m bot migrate" in sick.stdout and "python -m bot train" in sick.stdout
    bot("migrate")
    assert "python -m bot migrate" not in bot("doctor", models_dir=str(tmp_path)).stdout


def test_migrating_makes_the_folder_of_a_new_database(tmp_path: Path) -> None:
    said = bot("migrate", database_url=f"sqlite:///{tmp_path}/new/folder/yida.db")
    assert said.returncode == 0, said.stderr
    assert (tmp_path / "new" / "folder" / "yida.db").exists()


def counts_within(seconds: float, address: str, name: str) -> bool:
    """Whether the figure is given there by then."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(requests.ConnectionError):
            if name in requests.get(address, timeout=2).text:
                return True
        time.sleep(0.2)
    return False


def test_a_worker_counts_on_a_port_of_its_own(tmp_path: Path, postgres_url: str) -> None:
    port = free_port()
    with Server(tmp_path, "worker", database_url=postgres_url, worker_metrics_port=port):
        assert counts_within(60.0, f"http://127.0.0.1:{port}/metrics", "yida_deliveries_total")
        second = bot("worker", database_url=postgres_url, worker_metrics_port=str(port))
    assert second.returncode == 1 and "YIDA_WORKER_METRICS_PORT" in second.stderr
