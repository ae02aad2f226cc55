"""A real Yida process for tests: started on a free port with a database of its own, killed, started again."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from functools import lru_cache
from pathlib import Path
from shutil import copytree

import requests
import yaml

from bot.settings import ROOT
from tests.support.databases import new_sqlite

READY_WITHIN_S = 120


class ServerError(Exception):
    """The process ended or was not ready in time; its last lines are in the message."""


class Server:
    """`python -m bot COMMAND` under `folder`, which takes its SQLite file, its key and its log.

    Limits are out of the way, and agents are on duty at any hour. Further settings are keyword arguments:
    `Server(tmp_path, frame_ancestors="http://shop.test")`. `with Server(…) as server:` starts and stops it.
    """

    def __init__(self, folder: Path, command: str = "serve", **settings: object) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.command = command
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.log = folder / f"{command}-{self.port}.log"
        self.process: subprocess.Popen[bytes] | None = None
        chosen = {
            "database_url": settings.get("database_url") or _own_sqlite(folder / "yida.db"),
            "secret_key": "a-key-for-tests-only-0123456789abcdef",
            "catalog_dir": always_open_catalog(folder),
            "port": self.port,
            "messages_per_minute": 100_000,
            "address_messages_per_minute": 100_000,
            "sessions_per_hour": 100_000,
            "files_per_hour": 100_000,
            "address_files_per_hour": 100_000,
            **settings,
        }
        self.environment = {**os.environ, **{f"YIDA_{name.upper()}": str(value) for name, value in chosen.items()}}

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Server:
        """Starts the process, also again after a kill, and returns when `/readyz` says so (a `worker` has
        none: at once). Raises ServerError.
        """
        if self.command in ("serve", "worker"):
            self.environment["YIDA_MODELS_DIR"] = str(models_folder())
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bot", self.command],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        if self.command != "worker":
            self._wait_until_ready()
        return self

    def kill(self) -> None:
        """As a power cut would: SIGKILL."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def run(self, *arguments: str, stdin: str = "") -> str:
        """What `python -m bot ARGUMENTS` prints, with this server's settings."""
        command = [sys.executable, "-m", "bot", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, input=stdin, capture_output=True, text=True, timeout=300
        )
        if done.returncode:
            raise ServerError(f"{' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    def load_demo(self) -> list[tuple[str, str]]:
        """Loads the demo data; gives waybills, each with the last four digits of a phone on it."""
        return re.findall(r"^\s+([A-Z0-9]{8,})\s+(\d{4})\s", self.run("demo"), re.MULTILINE)

    def _wait_until_ready(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise ServerError(f"the server ended: {self._last_lines()}")
            if is_ready(self.base_url):
                return
            time.sleep(0.1)
        self.kill()
        raise ServerError(f"the server was not ready within {READY_WITHIN_S} s: {self._last_lines()}")

    def _last_lines(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])

    def _end(self, how: signal.Signals) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _own_sqlite(path: Path) -> str:
    return f"sqlite:///{path}" if path.exists() else new_sqlite(path)


def is_ready(base_url: str) -> bool:
    try:
        return requests.get(f"{base_url}/readyz", timeout=2).status_code == 200
    except requests.RequestException:
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def always_open_catalog(folder: Path) -> Path:
    """A copy of the business figures in which agents are on duty and notices go out at any hour, as tests run, and no
    agent counts as gone: those of tests keep no desk open.
    """
    copy = folder / "catalog"
    if not copy.exists():
        copytree(ROOT / "catalog", copy)
        day, never = {"opens": "00:00", "closes": "23:59:59.999999"}, {"from": "23:59:59.999999", "until": "00:00"}
        rewrite(copy / "service_hours.yml", desk=day, quiet=never)
        rewrite(copy / "routing.yml", offline_seconds=3600, silent_minutes={"online": 60, "social": 60})
    return copy


def rewrite(figures: Path, **other: object) -> None:
    """Puts other values into a file of a catalog's copy."""
    values = yaml.safe_load(figures.read_text(encoding="utf-8")) | other
    figures.write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")


@lru_cache(maxsize=1)
def models_folder() -> Path:
    """Where the model for the present training files is, made now where there is none (about a minute).

    In a process of its own: training needs an event loop, which Playwright may hold in this thread.
    """
    code = "from tests.support.model import trained_model_path; print(trained_model_path())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise ServerError(f"training failed: {done.stderr[-2000:]}")
    return Path(done.stdout.splitlines()[-1]).parent
