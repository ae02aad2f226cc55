"""How long a customer waits: from sending to the reply's event, at `--rate` messages a second on `serve` with SQLite.

An open loop: messages are sent at their moments whether or not earlier ones are answered. Also the time until a trained
model is ready to answer, and the memory of the process and its children after the load.

Example: python -m benchmarks.latency --rate 20 --seconds 60
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from uuid import uuid4

import aiohttp
import psutil

from benchmarks.talks import usual_chat
from tests.support.server import Server

CHATS = 40
"""Open at once. Each ends after its usual seven messages and another customer comes."""
READY_S, P50_MS, P95_MS, MEMORY_MB = 12, 40, 150, 900
LAST_ANSWERS_S = 5.0


@dataclass
class Chat:
    """One customer: when each message was sent and acknowledged, and when each reply's event came, by message id."""

    http: aiohttp.ClientSession
    says: list[tuple[float, str]]
    sent: dict[int, float] = field(default_factory=dict)
    acknowledged: dict[int, float] = field(default_factory=dict)
    replied: dict[int, float] = field(default_factory=dict)

    async def run(self) -> None:
        """`says` are moments of the clock time.perf_counter, and words."""
        await _sleep_until(self.says[0][0] - 1.0)
        async with self.http.post("/chat/session", json={}) as response:
            headers = {"Authorization": f"Bearer {(await response.json())['token']}"}
        listening = asyncio.create_task(self._listen(headers))
        for moment, text in self.says:
            await _sleep_until(moment)
            started = time.perf_counter()
            message = {"client_id": str(uuid4()), "text": text}
            async with self.http.post("/chat/messages", json=message, headers=headers) as response:
                response.raise_for_status()
                id = (await response.json())["id"]
            self.sent[id], self.acknowledged[id] = started, time.perf_counter()
        await asyncio.sleep(LAST_ANSWERS_S)
        listening.cancel()

    async def _listen(self, headers: dict[str, str]) -> None:
        async with self.http.get("/chat/events", headers=headers, timeout=aiohttp.ClientTimeout(None)) as response:
            async for line in response.content:
                if line.startswith(b'data: {"id"'):
                    message = json.loads(line[6:])
                    if message["from"] != "customer":
                        self.replied[message["id"]] = time.perf_counter()

    def waits(self) -> list[float | None]:
        """Seconds from sending to the first reply after each message; None where there was none."""
        replies = sorted(self.replied)
        firsts = {id: next((reply for reply in replies if reply > id), None) for id in self.sent}
        return [None if first is None else self.replied[first] - self.sent[id] for id, first in firsts.items()]


async def _sleep_until(moment: float) -> None:
    await asyncio.sleep(max(0.0, moment - time.perf_counter()))


def timetable(
    rate: float, seconds: float, parcels: list[tuple[str, str]], random: Random
) -> list[list[tuple[float, str]]]:
    """Per chat the seconds and words: CHATS at once, together `rate` messages a second from the first to the last."""
    gap = CHATS / rate
    chats, start = [], -7 * gap
    while start < seconds:
        moments = (start + gap * (number + random.random()) for number in range(7))
        talk = zip(moments, usual_chat(random, parcels), strict=True)
        chats.append([(moment, text) for moment, text in talk if 0 <= moment < seconds])
        start += 7 / rate
    return [chat for chat in chats if chat]


async def load(server: Server, rate: float, seconds: float, parcels: list[tuple[str, str]]) -> list[Chat]:
    """Everyone's chat, `rate` messages a second for `seconds`."""
    begin = time.perf_counter() + 2
    async with aiohttp.ClientSession(server.base_url, connector=aiohttp.TCPConnector(limit=0)) as http:
        table = timetable(rate, seconds, parcels, Random(1))
        chats = [Chat(http, [(begin + moment, text) for moment, text in one]) for one in table]
        await asyncio.gather(*(chat.run() for chat in chats))
    return chats


def memory_mb(pid: int) -> float:
    """Resident memory of a process and its children."""
    process = psutil.Process(pid)
    return sum(one.memory_info().rss for one in [process, *process.children(recursive=True)]) / 2**20


def report(ready_s: float, chats: list[Chat], memory: float) -> bool:
    """Prints each figure beside its target; whether all are met."""
    waits = [wait for chat in chats for wait in chat.waits()]
    answered = sorted(wait * 1000 for wait in waits if wait is not None)
    acknowledged = [1000 * (chat.acknowledged[id] - sent) for chat in chats for id, sent in chat.sent.items()]
    fiftieth, ninetyfifth = statistics.median(answered), statistics.quantiles(answered, n=20)[-1]
    print(f"{len(waits)} messages in {len(chats)} chats, {len(waits) - len(answered)} without a reply")
    print(f"acknowledged after p50 {statistics.median(acknowledged):.0f} ms; machine's load {os.getloadavg()[0]:.1f}")
    figures = [
        ("ready from a trained model", ready_s, READY_S, "s"),
        ("POST to reply event, p50", fiftieth, P50_MS, "ms"),
        ("POST to reply event, p95", ninetyfifth, P95_MS, "ms"),
        ("memory after the load", memory, MEMORY_MB, "MB"),
    ]
    for name, value, target, unit in figures:
        print(f"  {name:<28}{value:>8.1f} {unit:<3} target {target:>4}  {'ok' if value <= target else 'MISSED'}")
    return len(answered) == len(waits) and all(value <= target for _, value, target, _ in figures)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=20, help="messages a second")
    parser.add_argument("--seconds", type=float, default=60)
    wish = parser.parse_args()
    with TemporaryDirectory() as folder:
        server = Server(Path(folder))
        with server:  # trains where there is no model, and makes the database
            parcels = server.load_demo()
        started = time.perf_counter()
        with server:
            ready_s = time.perf_counter() - started
            chats = asyncio.run(load(server, wish.rate, wish.seconds, parcels))
            assert server.process is not None
            memory = memory_mb(server.process.pid)
    sys.exit(0 if report(ready_s, chats, memory) else 1)


if __name__ == "__main__":
    main()
