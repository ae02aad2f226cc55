"""A real server on a free port, answered by an echo brain, on each database."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2 as httpx
import pytest
import uvicorn
from starlette.applications import Starlette

from bot import app as application
from bot.conversations.turns import Turns
from bot.conversations.wakeups import WORK, bus
from bot.db import Database
from bot.settings import settings
from tests.channels.peers import PEERS, Peer
from tests.conversations.support import echo
from tests.support.provider import FakeProvider


class Server:
    """The web side and a turn thread of this process."""

    def __init__(self, app: Starlette, database: Database) -> None:
        config = uvicorn.Config(app, port=0, log_level="error", ws="wsproto", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._turns = Turns(database, echo, lease_s=30, timeout_s=5, at_once=2)
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._server.run), threading.Thread(target=self._think)]

    def _think(self) -> None:
        async def run() -> None:
            stopped = asyncio.Event()
            running = asyncio.create_task(self._turns.run(stopped))
            await asyncio.to_thread(self._stopped.wait)
            stopped.set()
            bus().publish(WORK)
            await running

        asyncio.run(run())

    def __enter__(self) -> str:
        for thread in self._threads:
            thread.start()
        while not self._server.started:
            threading.Event().wait(0.01)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._stopped.set()
        for thread in self._threads:
            thread.join()


@pytest.fixture
def server(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr("bot.conversations.settle.service_open", lambda now: True)
    with Server(application.create_app(database, settings(), lambda: True), database) as address:
        yield address


Choose = Callable[[str], Peer]


@pytest.fixture
def channel_peer(database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Choose]:
    """Makes a platform of that name the one in service, its API played by a local server."""
    api = FakeProvider()

    def choose(name: str) -> Peer:
        chosen = tmp_path / "credentials.yml"
        chosen.write_text(f"yida: {{channels: [{name}]}}")
        own = {**PEERS[name].settings, "url": api.url}
        for key, value in own.items():
            monkeypatch.setenv(f"YIDA_{name}_{key}".upper(), value)
        monkeypatch.setenv("YIDA_LINE_FILES_URL", api.url)
        monkeypatch.setenv("YIDA_CREDENTIALS_FILE", str(chosen))
        settings.cache_clear()
        return PEERS[name](api)

    yield choose
    api.close()


@pytest.fixture
def chat(server: str) -> Iterator[httpx.Client]:
    """A browser with a session of its own (cookie)."""
    with httpx.Client(base_url=server) as client:
        client.post("/chat/session", json={}).raise_for_status()
        yield client
