"""Fixtures every room shares: settings of a test, and a database of each kind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import sessionmaker

from bot import db, privacy, settings
from tests.support.databases import empty, new_sqlite

if TYPE_CHECKING:
    from bot.brain import Brain

WITH_MODEL = (
    "kill", "e2e", "test_stories", "nlu/test_reading", "widget", "test_dialogues", "test_command_line", "actions",
    "test_brain", "learning/test_with_the_model", "conversations/test_public",
)  # fmt: skip
"""Tests that need the model, those that take longest first."""

POSTGRES = os.environ.get("YIDA_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs the model comes after all else, while that is trained, and what takes long is not left for the end."""
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    places = (place for place, room in enumerate(WITH_MODEL, start=1) if item.nodeid.startswith(f"tests/{room}"))
    return next(places, 0)


def _forget_settings() -> None:
    for cached in (settings.settings, privacy.vault, db.database):
        cached.cache_clear()


@pytest.fixture(autouse=True)
def own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No test touches the developer's database or key."""
    monkeypatch.setenv("YIDA_DATABASE_URL", f"sqlite:///{tmp_path}/yida.db")
    monkeypatch.setenv("YIDA_SECRET_KEY", "a-key-for-tests-only-0123456789abcdef")
    _forget_settings()
    yield
    _forget_settings()


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """The address of a PostgreSQL; skips where there is none, fails where it is required (CI)."""
    try:
        with create_engine(POSTGRES, connect_args={"connect_timeout": 3}).connect():
            return POSTGRES
    except Exception as error:
        if os.environ.get("YIDA_REQUIRE_POSTGRES"):
            raise
        pytest.skip(f"no PostgreSQL at 127.0.0.1:5432 ({type(error).__name__})")


@pytest.fixture(scope="session")
def postgres_url(postgres_server: str) -> Iterator[str]:
    """A migrated PostgreSQL database of this run, dropped afterwards."""
    name = f"yida_test_{uuid4().hex[:12]}"
    url = make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
    engine = create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    db.migrate(url)
    yield url
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[db.Database]:
    """The process's database, migrated and empty: once on SQLite, once on PostgreSQL."""
    if request.param == "postgresql":
        monkeypatch.setenv("YIDA_DATABASE_URL", request.getfixturevalue("postgres_url"))
        _forget_settings()
        empty(db.database())
    else:
        new_sqlite(tmp_path / "yida.db")
    yield db.database()
    db.database().dispose()


@pytest.fixture(scope="session")
def loaded_brain() -> Brain:
    """The real model: it takes seconds to load, and so does what it is made of."""
    from bot.brain import Brain
    from tests.support.model import trained_model_path

    return Brain.load(trained_model_path())


@pytest.fixture
def brain(loaded_brain: Brain, database: db.Database, monkeypatch: pytest.MonkeyPatch) -> Brain:
    """The model as loaded once, its store moved to this test's database."""
    monkeypatch.setattr(loaded_brain._store, "engine", database.engine)
    monkeypatch.setattr(loaded_brain._store, "sessionmaker", sessionmaker(bind=database.engine))
    monkeypatch.setattr(loaded_brain._store, "_kept", {})
    return loaded_brain
