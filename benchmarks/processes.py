"""The product's processes, and who kills them when."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from uuid import uuid4

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from tests.support.server import Server, ServerError

POSTGRES = os.environ.get("YIDA_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
STARTING_S = 8.0
"""Within so many seconds of a restart a process may be killed again, before it is ready or just after."""


@dataclass
class Processes:
    """The product's processes; the first answers HTTP."""

    servers: list[Server]
    database_url: str
    killed: int = 0
    starting: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def address(self) -> str:
        return self.servers[0].base_url

    def kill_one(self, random: Random) -> None:
        server = random.choice(self.servers)
        server.kill()
        self.killed += 1
        task = asyncio.create_task(self._start(server))
        self.starting.add(task)
        task.add_done_callback(self.starting.discard)

    async def _start(self, server: Server) -> None:
        try:
            await asyncio.to_thread(server.start)
        except ServerError:  # killed again while it was starting, and then another start is under way
            if server.process is None or server.process.poll() not in (None, -9):
                raise

    async def all_started(self) -> None:
        await asyncio.gather(*self.starting)


@contextmanager
def running(database: str, folder: Path) -> Iterator[Processes]:
    """The product on an empty database, and nothing left of it afterwards."""
    if database == "sqlite":
        with Server(folder) as server:
            yield Processes([server], server.environment["YIDA_DATABASE_URL"])
        return
    with own_postgres() as url:
        # A killed worker's chats wait until its lease is over: a shorter one than usual, for 20 kills in minutes; but
        # no shorter than a first turn takes beside browsers on two cores.
        settings = {"database_url": url, "lease_s": 16, "turn_timeout_s": 14}
        servers = [Server(folder, command, **settings) for command in ("web", "worker", "worker")]
        servers[0].run("migrate")
        try:
            for server in servers:
                server.start()
            yield Processes(servers, url)
        finally:
            for server in servers:
                server.kill()


@contextmanager
def own_postgres() -> Iterator[str]:
    name = f"yida_kill_{uuid4().hex[:12]}"
    engine = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        engine.dispose()


class Killer:
    """Kills at moments drawn beforehand: at so many answers plus a moment, or while the last one killed starts."""

    def __init__(self, processes: Processes, kills: int, answers: int, seed: int) -> None:
        self._processes = processes
        self._random = Random(seed)
        self._answers = 0
        self._more = asyncio.Event()
        self._moments = sorted(self._random.randrange(1, max(2, answers * 9 // 10)) for _ in range(kills))

    def answer_seen(self) -> None:
        self._answers += 1
        self._more.set()

    async def run(self) -> None:
        for number, moment in enumerate(self._moments):
            if number and self._random.random() < 0.25:
                await asyncio.sleep(self._random.random() * STARTING_S)
            else:
                await self._until(moment)
                await asyncio.sleep(self._random.random() * 0.3)
            self._processes.kill_one(self._random)

    async def _until(self, answers: int) -> None:
        while self._answers < answers:
            self._more.clear()
            await self._more.wait()
