"""What must hold of the repository itself: locks, addresses, settings, and which room may import which."""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import vendor

from bot.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "bot" / "widget" / "static" / "vendor"
CODE = [*sorted((ROOT / "bot").rglob("*.py")), *sorted((ROOT / "actions").rglob("*.py"))]

# A room may import rooms above it in this list and itself, never one beside or below it.
LAYERS = [
    {"settings", "db", "privacy", "wording", "duework", "calling", "catalog", "divisions", "freight", "outlets"},
    {"customers"},
    {"shipments", "cases"},
    {"learning"},
    {"conversations"},
    {"rights"},
    {"notices", "reports"},
    {"channels", "desk", "widget"},
    {"external"},
]
LAYER_OF = {room: number for number, rooms in enumerate(LAYERS) for room in rooms}
SERVICES = set().union(*LAYERS[:7])
SPEAK_RASA = {"bot.brain", "bot.tracker", "bot.nlu", "actions"}
RASA = {"rasa", "rasa_sdk", "tensorflow"}

MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:root|home|Users|work|farm)/\w")
REGISTRY = re.compile(
    r"pypi\.org|pythonhosted\.org|registry\.(?:npmjs|yarnpkg|npmmirror)|/simple\b/|mirrors?\.\w+\.(?:com|edu|cn)"
)


def tracked_texts() -> Iterator[tuple[str, str]]:
    """Path and content of every text file under version control."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        try:
            yield name, (ROOT / name).read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> set[str]:
    """Full names of all a module imports, inside its functions too."""
    package = module_name(path) if path.name == "__init__.py" else module_name(path).rpartition(".")[0]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            found |= {f"{base}.{alias.name}" for alias in node.names}
    return found


def room(module: str) -> str | None:
    """`bot.cases.service` → `cases`; None for what is not in a room of ours."""
    parts = module.split(".")
    return parts[1] if parts[0] == "bot" and len(parts) > 1 and parts[1] in LAYER_OF else None


def speaks_rasa(module: str) -> bool:
    return any(module == name or module.startswith(name + ".") for name in SPEAK_RASA)


# Locks


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_every_locked_package_is_pinned_with_hashes_and_no_index_is_named(lock: str) -> None:
    text = (ROOT / lock).read_text()
    entries = [entry for entry in re.split(r"\n(?=\S)", text.strip()) if entry]
    assert entries
    for entry in entries:
        assert re.match(r"[\w.-]+==\S+", entry) and "--hash=sha256:" in entry, entry.splitlines()[0]
    assert "://" not in text and "--index" not in text and "--find-links" not in text


def test_the_test_lock_runs_the_very_versions_the_product_runs() -> None:
    def versions(lock: str) -> dict[str, str]:
        return dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE))

    product, tested = versions("requirements.lock"), versions("requirements-dev.lock")
    assert product.items() <= tested.items()


def test_every_browser_library_is_locked_by_content_and_no_registry_is_named() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    libraries = {name: package for name, package in packages.items() if name}
    assert libraries
    for name, package in libraries.items():
        assert "integrity" in package and "resolved" not in package, name


# Files


@pytest.mark.parametrize("pattern", [MACHINE_PATH, REGISTRY], ids=["machine path", "registry"])
def test_no_tracked_file_names_a_place_of_the_machine_it_was_written_on(pattern: re.Pattern[str]) -> None:
    found = [f"{name}: {match[0]}" for name, text in tracked_texts() for match in pattern.finditer(text)]
    assert found == []


def test_env_example_lists_every_setting_and_no_other() -> None:
    listed = set(re.findall(r"^(YIDA_\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert listed == {f"YIDA_{name.upper()}" for name in Settings.__fields__}


def test_env_example_gives_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("YIDA_")]:
        monkeypatch.delenv(name)
    assert Settings(_env_file=ROOT / ".env.example") == Settings(_env_file=None)  # type: ignore[call-arg]


def test_settings_alone_name_environment_variables_of_ours() -> None:
    listed = set(re.findall(r"YIDA_\w+", (ROOT / ".env.example").read_text()))
    for path in CODE:
        unknown = set(re.findall(r"YIDA_[A-Z][A-Z0-9_]+", path.read_text(encoding="utf-8"))) - listed
        assert not unknown, f"{path.relative_to(ROOT)} names {unknown}"


def test_make_help_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z][\w-]*):", makefile, re.MULTILINE))
    said = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(re.findall(r"^  make ([\w-]+)", said.stdout, re.MULTILINE)) == targets
    assert {"install", "run", "test", "train", "lint", "bench", "help"} <= targets


# Imports

ACTIONS = [path for path in CODE if module_name(path).startswith("actions")]
WITHOUT_RASA = [path for path in CODE if not speaks_rasa(module_name(path))]


@pytest.mark.parametrize("path", CODE, ids=module_name)
def test_imports_run_one_way(path: Path) -> None:
    own = room(module_name(path))
    if own is None:
        return
    for imported in imports(path):
        if imported.split(".")[0] in {"bot", "actions"} and room(imported) != own:
            above = {other for other, layer in LAYER_OF.items() if layer < LAYER_OF[own]}
            assert room(imported) in (above or LAYERS[0]), f"{own} must not import {imported}"


@pytest.mark.parametrize("path", ACTIONS, ids=module_name)
def test_actions_import_services_only(path: Path) -> None:
    for imported in imports(path):
        if imported.split(".")[0] == "bot":
            assert room(imported) in SERVICES, f"actions must not import {imported}"


@pytest.mark.parametrize("path", WITHOUT_RASA, ids=module_name)
def test_only_brain_tracker_nlu_and_actions_import_rasa(path: Path) -> None:
    assert not {name.split(".")[0] for name in imports(path)} & RASA


def test_the_web_process_starts_without_rasa_and_tensorflow() -> None:
    modules = [module_name(path) for path in WITHOUT_RASA]
    program = (
        "import importlib, sys\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        f"sys.exit(' '.join({RASA!r} & set(sys.modules)) or 0)"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr[-2000:]


# Installing


@pytest.fixture
def empty_home(tmp_path: Path) -> dict[str, str]:
    """An environment with a home of its own and no Python on PATH."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "sh").symlink_to("/bin/sh")
    return {"HOME": str(tmp_path), "PATH": str(tools)}


def find_python(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ROOT / "scripts" / "find-python"], env=environment, capture_output=True, text=True)


def test_a_python_among_pyenvs_versions_is_found_though_its_shim_refuses(empty_home: dict[str, str]) -> None:
    shim = Path(empty_home["PATH"]) / "python3.10"
    shim.write_text("#!/bin/sh\necho 'pyenv: python3.10: command not found' >&2\nexit 127\n")
    shim.chmod(0o755)
    version = Path(empty_home["HOME"], ".pyenv/versions/3.10.13/bin")
    version.mkdir(parents=True)
    (version / "python").symlink_to(sys.executable)
    found = find_python(empty_home)
    assert found.returncode == 0 and Path(found.stdout.strip()).exists()


def test_without_a_python_one_line_says_how_to_get_it(empty_home: dict[str, str]) -> None:
    missing = find_python(empty_home)
    assert missing.returncode == 1 and missing.stdout == ""
    assert len(missing.stderr.splitlines()) == 1 and "3.10" in missing.stderr


@pytest.mark.parametrize("style", [
    "@font-face{font-family:A;src:url(https://cdn.example/a.woff)}b{color:red}",
    "@import url(//cdn.example/a.css);b{color:red}",
    "b{color:red;background:url('http://cdn.example/a.png')}",
])
def test_a_vendored_style_keeps_its_rules_and_loses_its_remote_addresses(style: str) -> None:
    clean = vendor.clean_style(style)
    assert "cdn.example" not in clean and "color:red" in clean


def test_a_vendored_script_keeps_namespaces_and_loses_remote_pictures() -> None:
    clean = vendor.clean_script('a("http://www.w3.org/2000/svg","//cdn.example/a.svg",\'https://cdn.example/b.png\')')
    assert clean == "a(\"http://www.w3.org/2000/svg\",\"data:,\",'data:,')"


def test_nothing_vendored_would_be_loaded_from_elsewhere() -> None:
    for name in vendor.FILES:
        assert vendor.remote_addresses((VENDOR / name).read_text()) == [], name


def test_no_form_of_the_desk_sends_its_fields_in_an_address_unawares() -> None:
    pages = (ROOT / "bot" / "desk" / "templates").glob("*.html")
    forms = [form for page in pages for form in re.findall("<form[^>]*>", page.read_text("utf-8"))]
    assert len(forms) > 20 and [form for form in forms if "method=" not in form] == []
