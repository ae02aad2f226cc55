"""Messages a second: one durable Yida process against stock `rasa run` with `rasa run actions`, on the same model.

Both speak Rasa's REST shape, so that the same customers talk to both: a closed loop of `--clients` customers, each
sending the next message of a usual chat when the last is answered. Ours stores every message, event and reply on disk
(SQLite, fsync at each commit); stock keeps its trackers in memory. The rounds alternate, because the machine has
other things to do too; the figure is the median of the rounds' ratios.

Example: python -m benchmarks.against_stock --rounds 3 --seconds 20
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from uuid import uuid4

import aiohttp
import psutil

from benchmarks.talks import usual_chat
from bot.nlu.training import latest_model
from bot.settings import ROOT
from tests.support.server import Server, free_port

TARGET = 1.2
READY_WITHIN_S = 120


@dataclass(frozen=True)
class Side:
    """One of the two: where its REST channel is, and what it asks for."""

    name: str
    address: str
    headers: dict[str, str]
    processes: list[psutil.Process]
    parcels: list[tuple[str, str]]


@dataclass
class Round:
    """What one side did in one round; `silent` messages got no reply at all."""

    answered: int = 0
    silent: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    @property
    def rate(self) -> float:
        return self.answered / self.seconds

    @property
    def cpu_ms(self) -> float:
        """Processor time a message, in ms: unlike the rate, hardly moved by what else the machine does."""
        return 1000 * self.cpu_seconds / self.answered


def cpu_seconds(side: Side) -> float:
    times = [process.cpu_times() for process in side.processes]
    return sum(time.user + time.system for time in times)


async def measure(side: Side, clients: int, seconds: float) -> Round:
    """A closed loop of `clients` customers for `seconds`."""
    done, started, used = Round(), time.perf_counter(), cpu_seconds(side)
    limit = aiohttp.TCPConnector(limit=clients)
    async with aiohttp.ClientSession(side.address, connector=limit, headers=side.headers) as http:
        await asyncio.gather(*(_customer(http, side, started + seconds, done) for _ in range(clients)))
    done.seconds = time.perf_counter() - started
    done.cpu_seconds = cpu_seconds(side) - used
    return done


async def _customer(http: aiohttp.ClientSession, side: Side, until: float, done: Round) -> None:
    while True:
        sender = uuid4().hex
        for text in usual_chat(Random(), side.parcels):
            if time.perf_counter() > until:
                return
            message = {"sender": sender, "message": text, "message_id": uuid4().hex}
            async with http.post("/webhooks/rest/webhook", json=message) as response:
                replies = await response.json()
            if response.status == 200 and replies:
                done.answered += 1
            else:
                done.silent += 1


@contextmanager
def ours(folder: Path) -> Iterator[tuple[Side, Server]]:
    with Server(folder) as server:
        parcels = server.load_demo()
        key = server.run("key", "benchmark").strip()
        assert server.process is not None
        processes = [psutil.Process(server.process.pid)]
        yield Side("yida", server.base_url, {"Authorization": f"Bearer {key}"}, processes, parcels), server


@contextmanager
def stock(folder: Path, environment: dict[str, str], parcels: list[tuple[str, str]]) -> Iterator[Side]:
    """`rasa run` and `rasa run actions` as Rasa's manual starts them: trackers and locks in memory, channel `rest`."""
    port, actions_port = free_port(), free_port()
    endpoints, credentials = folder / "endpoints.yml", folder / "credentials.yml"
    endpoints.write_text(f"action_endpoint:\n  url: http://127.0.0.1:{actions_port}/webhook\n")
    credentials.write_text("rest:\n")
    model = latest_model(Path(environment["YIDA_MODELS_DIR"]))
    assert model is not None
    files = ["--model", str(model), "--endpoints", str(endpoints), "--credentials", str(credentials)]
    commands = [
        ["run", "actions", "--actions", "actions", "--port", str(actions_port)],
        ["run", *files, "--interface", "127.0.0.1", "--port", str(port)],
    ]
    with (folder / "stock.log").open("wb") as log:
        processes = [
            subprocess.Popen([sys.executable, "-m", "rasa", *words], cwd=ROOT, env=environment, stdout=log, stderr=log)
            for words in commands
        ]
        watched = [psutil.Process(process.pid) for process in processes]
        side = Side("stock", f"http://127.0.0.1:{port}", {}, watched, parcels)
        try:
            asyncio.run(_answering(f"http://127.0.0.1:{actions_port}/health"))
            asyncio.run(_answering(f"{side.address}/"))
            yield side
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait()


async def _answering(address: str) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    async with aiohttp.ClientSession() as http:
        while time.monotonic() < deadline:
            try:
                async with http.get(address) as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.2)
    sys.exit(f"{address} did not answer within {READY_WITHIN_S} s")


def compare(sides: list[Side], rounds: int, clients: int, seconds: float) -> float:
    """Prints each round; the median of ours / stock."""
    ratios = []
    for side in sides:
        asyncio.run(measure(side, clients, 3))  # caches, first connections
    print("            messages/s            CPU ms/message    unanswered     load")
    print("round    yida  stock  ratio       yida  stock      yida  stock")
    for number in range(1, rounds + 1):
        turn = sides if number % 2 else sides[::-1]
        found = {side.name: asyncio.run(measure(side, clients, seconds)) for side in turn}
        mine, other = found["yida"], found["stock"]
        ratios.append(mine.rate / other.rate)
        print(
            f"{number:>5} {mine.rate:>7.1f} {other.rate:>6.1f} {ratios[-1]:>6.2f}"
            f" {mine.cpu_ms:>10.1f} {other.cpu_ms:>6.1f} {mine.silent:>9} {other.silent:>6} {os.getloadavg()[0]:>8.1f}",
            flush=True,
        )
    return statistics.median(ratios)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20, help="of each side in each round")
    parser.add_argument("--clients", type=int, default=20)
    wish = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        with ours(folder) as (mine, server), stock(folder, server.environment, mine.parcels) as other:
            ratio = compare([mine, other], wish.rounds, wish.clients, wish.seconds)
    print(f"median ratio {ratio:.2f} (target {TARGET})")
    sys.exit(0 if ratio >= TARGET else 1)


if __name__ == "__main__":
    main()
