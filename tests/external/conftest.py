"""A Chatwoot and a Zammad played by local servers, in service on each database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from bot.app import create_app
from bot.db import Database
from bot.external.chatwoot import Chatwoot
from bot.external.zammad import Zammad
from bot.settings import settings
from tests.cases.support import Teller
from tests.conversations.support import Customer, answer_all
from tests.external.complaints import opened
from tests.external.fake_zammad import FakeZammad
from tests.external.support import FakeChatwoot, work_off

Choose = Callable[[str, dict[str, str]], None]


@pytest.fixture
def in_service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Choose:
    """Puts a desk into credentials.yml and its settings into the environment."""

    def choose(name: str, own: dict[str, str]) -> None:
        chosen = tmp_path / "credentials.yml"
        chosen.write_text(f"yida: {{desks: [{name}]}}")
        monkeypatch.setenv("YIDA_CREDENTIALS_FILE", str(chosen))
        for key, value in own.items():
            monkeypatch.setenv(f"YIDA_{name}_{key}".upper(), value)
        settings.cache_clear()

    return choose


@pytest.fixture
def chatwoot(database: Database, in_service: Choose) -> Iterator[FakeChatwoot]:
    server = FakeChatwoot()
    in_service("chatwoot", {**server.settings, "url": server.api.url})
    yield server
    server.api.close()


@pytest.fixture(autouse=True)
def desk_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.conversations.settle.service_open", lambda now: True)


@pytest.fixture
def customer(chatwoot: FakeChatwoot, database: Database) -> Customer:
    """Someone who waits for a person."""
    customer = Customer(database)
    customer.send("转人工，我的电话13812345678")
    answer_all(database)
    return customer


@pytest.fixture
def zammad(database: Database, in_service: Choose) -> Iterator[FakeZammad]:
    server = FakeZammad()
    in_service("zammad", {**server.settings, "url": server.api.url})
    yield server
    server.api.close()


@pytest.fixture
def tickets(zammad: FakeZammad) -> Zammad:
    return Zammad(settings())


@pytest.fixture
def teller(database: Database) -> Teller:
    return Teller(database)


@pytest.fixture
def case(teller: Teller, zammad: FakeZammad, tickets: Zammad, database: Database) -> str:
    """The number of an acknowledged complaint that is ticket 31."""
    number = opened(teller)
    work_off(database, tickets)
    return number


@pytest.fixture
def zammad_hook(zammad: FakeZammad, database: Database) -> Iterator[TestClient]:
    with TestClient(create_app(database, settings(), lambda: True)) as client:
        yield client


@pytest.fixture
def desk(chatwoot: FakeChatwoot) -> Chatwoot:
    return Chatwoot(settings())


@pytest.fixture
def hook(chatwoot: FakeChatwoot, database: Database) -> Iterator[TestClient]:
    with TestClient(create_app(database, settings(), lambda: True)) as client:
        yield client
