"""What an installation needs to serve, looked at one by one."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from bot.channels import chosen as platforms
from bot.db import database
from bot.external import chosen as external
from bot.settings import ROOT, Settings
from bot.shipments.providers.chosen import names, problems

VENDORED = ("chatui.js", "chatui.css", "react.production.min.js", "react-dom.production.min.js", "htmx.min.js")


@dataclass(frozen=True)
class Finding:
    fine: bool
    text: str


def findings(settings: Settings) -> Iterator[Finding]:
    """Each thing checked, with what to do where it is not fine."""
    yield _database()
    yield _secret(settings)
    yield _model()
    yield _encoder()
    yield _front_end()
    yield _cookies(settings)
    yield _providers(settings)
    yield from _platforms(settings)
    yield from _desks(settings)
    yield from _erasures(settings)


def _database() -> Finding:
    kind = "SQLite" if database().is_sqlite else "PostgreSQL"
    try:
        with database().read() as session:
            version = session.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        return Finding(True, f"{kind} answers, schema {version}")
    except DBAPIError as error:
        problem = type(error.orig).__name__
        return Finding(False, f"{kind} does not answer or is empty ({problem}): python -m bot migrate")


def _secret(settings: Settings) -> Finding:
    if settings.secret_key:
        long_enough = len(settings.secret_key) >= 32
        problem = "" if long_enough else " is under 32 characters"
        return Finding(long_enough, f"secret key from the environment{problem}")
    assert settings.key_ring
    path = settings.secret_key_file if settings.secret_key_file.is_absolute() else ROOT / settings.secret_key_file
    private = not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    return Finding(private, f"secret key in {settings.secret_key_file}" + ("" if private else ": others can read it"))


def _model() -> Finding:
    from bot.nlu.training import latest_model

    model = latest_model()
    return Finding(model is not None, f"model {model.name}" if model else "no trained model: python -m bot train")


def _encoder() -> Finding:
    from bot.nlu.encoder import EncoderError, present_encoder

    try:
        return Finding(True, f"sentence encoder {present_encoder().name}")
    except EncoderError as error:
        return Finding(False, str(error))


def _front_end() -> Finding:
    vendor = Path(__file__).parent / "widget" / "static" / "vendor"
    missing = [name for name in VENDORED if not (vendor / name).exists()]
    text = f"browser files missing ({', '.join(missing)}): make install" if missing else "browser files"
    return Finding(not missing, text)


def _cookies(settings: Settings) -> Finding:
    https = settings.public_url.startswith("https://")
    fine = settings.secure_cookies or not https
    return Finding(fine, "cookies fit the address" if fine else "set YIDA_SECURE_COOKIES=true behind HTTPS")


def _providers(settings: Settings) -> Finding:
    named, wrong = names(settings), problems(settings)
    asked = f"scans from the own database, then {', '.join(named)}" if named else "scans from the own database alone"
    return Finding(not wrong, "; ".join(wrong) or asked)


def _platforms(settings: Settings) -> Iterator[Finding]:
    """Each platform that credentials.yml names: in service, or what it lacks."""
    for problem in platforms.problems(settings):
        yield Finding(False, problem)
    for platform in platforms.configured(settings):
        yield Finding(True, f"{platform.name} in service, webhook {settings.public_url}/hooks/{platform.name}")


def _desks(settings: Settings) -> Iterator[Finding]:
    """Each desk of another maker that credentials.yml names: in service, or what it lacks."""
    for problem in external.problems(settings):
        yield Finding(False, problem)
    for desk in external.configured(settings):
        yield Finding(True, f"{desk.name} in service, webhook {settings.public_url}/hooks/{desk.name}")


def _erasures(settings: Settings) -> Iterator[Finding]:
    """What was erased here and is still kept by a desk of another maker."""
    for desk in external.configured(settings):
        with suppress(DBAPIError), database().read() as session:
            waiting = session.execute(select(func.count()).select_from(desk.unerased().subquery())).scalar_one()
            if waiting:
                yield Finding(False, f"erasures that wait for {desk.name}: {waiting} (docs/desks/{desk.name}.md)")
