"""The web side with a desk, agents who can log in, and a customer who waits: on each database."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
import uvicorn
from argon2 import PasswordHasher
from playwright.sync_api import Browser, BrowserContext
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bot.app import create_app
from bot.conversations import inbox, ownership
from bot.db import Database
from bot.desk import accounts
from bot.desk.accounts import add_agent
from bot.settings import settings
from tests.conversations.support import Customer
from tests.support.browser import Watched, chromium

PASSWORD = "a-password-of-tests"
WAYBILL, PHONE = "YD1234567890123", "13812345678"
PACKET = {
    "summary": "杯子碎了两个",
    "verified": [{"waybill": WAYBILL, "role": "receiver"}],
    "slots": {"complaint_category": "damage", "complaint_phone": PHONE},
    "shipments": [{"waybill": WAYBILL, "status": "delivered", "headline": "已签收"}],
    "tried": ["complain_other"],
    "last_text": f"请打 {PHONE}",
}


class Desk(TestClient):
    """An agent's browser: keeps the cookie, sends the CSRF token."""

    def log_in(self, name: str, password: str = PASSWORD) -> Desk:
        answer = self.post("/desk/api/login", json={"name": name, "password": password})
        assert answer.status_code == 200, answer.text
        self.headers["X-CSRF-Token"] = answer.json()["csrf"]
        return self


@pytest.fixture
def app(database: Database, monkeypatch: pytest.MonkeyPatch) -> Starlette:
    # argon2 as in the product, but cheap: a test logs in many times
    monkeypatch.setattr(accounts, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    with database.write() as session:
        for name, role in (("lin", "agent"), ("chen", "agent"), ("zhou", "quality"), ("wu", "supervisor")):
            add_agent(session, name, PASSWORD, role)
        session.commit()
    return create_app(database, settings(), lambda: True)


@pytest.fixture
def address(app: Starlette) -> Iterator[str]:
    """The app on a port of its own: streams and browsers need a real connection."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", ws="none", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        threading.Event().wait(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(params=[(1280, 800), (390, 844)], ids=["desktop", "phone"])
def context(request: pytest.FixtureRequest, browser: Browser) -> Iterator[BrowserContext]:
    width, height = request.param
    opened = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
    yield opened
    opened.close()


@pytest.fixture
def seen(context: BrowserContext) -> Watched:
    return Watched(context)


@pytest.fixture
def visitor(app: Starlette) -> Desk:
    """Someone who has not logged in."""
    return Desk(app)


@pytest.fixture
def login(app: Starlette) -> Callable[[str], Desk]:
    return lambda name: Desk(app).log_in(name)


@pytest.fixture
def lin(login: Callable[[str], Desk]) -> Desk:
    return login("lin")


@pytest.fixture
def chen(login: Callable[[str], Desk]) -> Desk:
    return login("chen")


@pytest.fixture
def zhou(login: Callable[[str], Desk]) -> Desk:
    """Quality: reads only."""
    return login("zhou")


@pytest.fixture
def customer(database: Database) -> Customer:
    """A customer whose chat waits for a person."""
    waiting = Customer(database)
    waiting.send(f"{WAYBILL} 收到的杯子碎了，请打 {PHONE}")
    with database.write() as session:
        conversation = inbox.lock(session, waiting.id)
        ownership.request_handoff(session, conversation, "customer_asked", PACKET)
        session.commit()
    return waiting
