"""Installs what the locks name, says what it does, and does nothing when nothing changed.

A stamp beside each result holds the hash of what it was made from, so a second run takes well under a second.
Run by `scripts/install` with any Python 3.10; standard library only.
"""

from __future__ import annotations

import fcntl
import hashlib
import re
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from vendor import RemoteAddressError, copy_browser_files

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "bot" / "widget" / "static" / "vendor"
LOCKS = {"runtime": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}
NODE_LOCK = ROOT / "package-lock.json"
NODE_AT_LEAST = 18


class InstallError(Exception):
    """Told to the user in one line."""


def say(text: str) -> None:
    print(f"==> {text}", flush=True)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Two `make` at once in one checkout: the second waits, and then finds the work done."""
    with LOCKS["runtime"].open() as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another installation is at work here; waiting for it")
            fcntl.flock(held, fcntl.LOCK_EX)
        yield


def is_current(sources: list[Path], stamp: Path) -> bool:
    return stamp.exists() and stamp.read_text() == digest(sources)


def digest(sources: list[Path]) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


def once_per(sources: list[Path], stamp: Path, work: Callable[[], None]) -> None:
    """Does `work` unless `stamp` says that it was done from these very sources."""
    if is_current(sources, stamp):
        return
    stamp.unlink(missing_ok=True)
    work()
    stamp.write_text(digest(sources))


def make_environment() -> None:
    """Makes .venv unless it is there and whole: another `make` may have made it while this one waited."""
    if Path(sys.prefix) == VENV or has_pip(VENV / "bin" / "python"):
        return
    say(f"Making .venv with Python {sys.version.split()[0]}")
    venv.create(VENV, with_pip=True, clear=VENV.exists())


def has_pip(python: Path) -> bool:
    if not python.exists():
        return False
    return subprocess.run([python, "-c", "import pip"], capture_output=True).returncode == 0


def install_python(kind: str) -> None:
    """Installs a lock with pip, which refuses anything whose hash is not in it."""
    lock = LOCKS[kind]
    count = len(re.findall(r"^[\w.-]+==", lock.read_text(), re.MULTILINE))
    say(f"Installing {count} Python packages from {lock.name} (TensorFlow alone is 600 MB; 2 to 10 minutes)")
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    follow([*pip, "install", "--progress-bar", "off", "--require-hashes", "-r", str(lock)], count)


def follow(command: list[str], count: int) -> None:
    """Runs pip and shows how far it is; its whole output comes out only if it fails."""
    started, seen, lines = time.monotonic(), 0, []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        assert pip.stdout is not None
        for line in pip.stdout:
            lines.append(line)
            if line.startswith(("Collecting ", "Requirement already satisfied: ")):
                seen += 1
                if seen % 20 == 0:
                    progress(f"{seen}/{count} packages fetched", started)
            elif large := re.search(r"Downloading ([A-Za-z0-9_]+)-.*\((\d{3,}(?:\.\d+)? MB)\)", line):
                progress(f"downloading {large[1]}, {large[2]}", started)
            elif line.startswith("Installing collected packages"):
                progress("all fetched and checked, unpacking (one or two minutes)", started)
    if pip.returncode:
        sys.stderr.writelines(lines[-30:])
        raise InstallError("pip could not install the packages; its last lines are above.")
    progress("done", started)


def progress(text: str, started: float) -> None:
    print(f"    {time.monotonic() - started:4.0f} s  {text}", flush=True)


def install_node() -> None:
    require_node()
    say("Installing the browser libraries (npm, some seconds)")
    if subprocess.run(["npm", "ci", "--loglevel=error"], cwd=ROOT).returncode:
        raise InstallError("npm could not install the browser libraries; its message is above.")


def require_node() -> None:
    wanted = f"Yida needs Node {NODE_AT_LEAST} or newer, with npm, for the browser libraries (nodejs.org)."
    if not (shutil.which("node") and shutil.which("npm")):
        raise InstallError(wanted)
    version = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout.strip()
    if int(version.lstrip("v").split(".")[0] or 0) < NODE_AT_LEAST:
        raise InstallError(f"{wanted} This one is {version}.")


def main(kind: str) -> None:
    stamps = {name: VENV / f".installed-{name}" for name in LOCKS}
    with one_at_a_time():
        make_environment()
        # The dev lock holds the runtime one: a tested checkout runs without installing again.
        if kind == "dev" or not is_current([LOCKS["dev"]], stamps["dev"]):
            once_per([LOCKS[kind]], stamps[kind], lambda: install_python(kind))
        once_per([NODE_LOCK], MODULES / ".installed", install_node)
        copying = [NODE_LOCK, ROOT / "scripts" / "vendor.py"]
        once_per(copying, VENDOR / ".copied", lambda: copy_browser_files(MODULES, VENDOR))


if __name__ == "__main__":
    try:
        main(sys.argv[1] if len(sys.argv) > 1 else "runtime")
    except (InstallError, RemoteAddressError) as error:
        sys.exit(str(error))
