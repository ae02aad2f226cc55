"""A customer of the web chat who keeps a ledger: what was acknowledged, and what came back."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import uuid4

import aiohttp

from benchmarks.talks import Say

Shown = dict[str, Any]
"""A message as the chat shows it: id, from, text, choices, card, at."""

UNREACHABLE = (aiohttp.ClientError, asyncio.TimeoutError, ConnectionError)
AGAIN_AFTER_S = 0.15
ANSWER_WITHIN_S = 120.0
"""Restarts included: a message not answered by then counts as lost."""


class NotAnswered(Exception):
    """The customer gave up waiting."""


@dataclass(frozen=True)
class Sent:
    """An acknowledged message under the id it was given."""

    say: Say
    id: int


@dataclass
class Customer:
    """One chat. `broken` collects what the customer saw that must not be."""

    http: aiohttp.ClientSession
    plan: list[Say]
    random: Random
    progress: Callable[[], None] = lambda: None
    pause_s: float = 0.0
    replies_due: list[int] | None = None
    """How many replies each message of the plan gets; None: at least one."""
    ledger: list[Sent] = field(default_factory=list)
    seen: list[Shown] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    cut_off: int = 0
    """Sends without an answer, for a kill took the connection or nobody listened: sent again under the client_id."""
    _headers: dict[str, str] = field(default_factory=dict)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Opens a session, listens, says everything, and stays until the last answer is there."""
        token = (await self._post("/chat/session", {}))["token"]
        self._headers = {"Authorization": f"Bearer {token}"}
        listening = asyncio.create_task(self._listen())
        try:
            for say in self.plan:
                await asyncio.sleep(self.random.random() * self.pause_s)
                await self._say(say)
            await self._answered()
        except NotAnswered as error:
            self.broken.append(str(error))
        finally:
            listening.cancel()

    async def _say(self, say: Say) -> None:
        message = {"client_id": str(uuid4()), **await self._content(say)}
        if say.sent == "twice":
            ids = {answer["id"] for answer in await asyncio.gather(self._send(message), self._send(message))}
        else:
            ids = {(await self._send(message))["id"]}
            if say.sent == "again":
                ids.add((await self._send(message))["id"])
        if len(ids) > 1:
            self.broken.append(f"one client_id was given the ids {sorted(ids)}")
        self.ledger.append(Sent(say, min(ids)))
        if not (say.hurried or say.for_agent):
            await self._answered()

    async def _content(self, say: Say) -> dict[str, str]:
        if not say.tap:
            return {"text": say.text}
        await self._until(lambda: self._choice(say.text) is not None, f"no button {say.text}")
        return {"choice": str(self._choice(say.text))}

    def _choice(self, title: str) -> str | None:
        buttons = (choice for message in reversed(self.seen) for choice in message["choices"])
        return next((str(choice["id"]) for choice in buttons if choice["title"] == title), None)

    async def _answered(self) -> None:
        """Waits until every message to the bot has been answered."""
        last = max((sent.id for sent in self.ledger if not sent.say.for_agent), default=0)
        if self.replies_due is None:
            await self._until(lambda: bool(self._replies(last)), f"message {last} was not answered")
        else:
            due = sum(self.replies_due[: len(self.ledger)])
            await self._until(lambda: len(self._replies(0)) >= due, f"message {last} or one before was not answered")

    def _replies(self, after: int) -> list[Shown]:
        return [message for message in self.seen if message["id"] > after and message["from"] != "customer"]

    async def _until(self, holds: Callable[[], bool], otherwise: str) -> None:
        deadline = time.monotonic() + ANSWER_WITHIN_S
        while not holds():
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), deadline - time.monotonic())
            except asyncio.TimeoutError:
                raise NotAnswered(otherwise) from None

    async def _send(self, message: dict[str, str]) -> dict[str, Any]:
        return await self._post("/chat/messages", message)

    async def _post(self, path: str, body: dict[str, str]) -> dict[str, Any]:
        """Until it is acknowledged."""
        while True:
            try:
                async with self.http.post(path, json=body, headers=self._headers) as response:
                    if response.status < 300:
                        return dict(await response.json())
                    if response.status < 500:
                        raise NotAnswered(f"{path} was refused: {await response.text()}")
            except UNREACHABLE:
                self.cut_off += 1
            await asyncio.sleep(AGAIN_AFTER_S)

    async def _listen(self) -> None:
        """The live stream, resumed where it broke off."""
        while True:
            last = self.seen[-1]["id"] if self.seen else 0
            try:
                async for kind, data in self._events(last):
                    if kind == "message":
                        self._take(data)
            except UNREACHABLE:
                pass
            await asyncio.sleep(AGAIN_AFTER_S)

    def _take(self, message: Shown) -> None:
        last = self.seen[-1]["id"] if self.seen else 0
        if message["id"] != last + 1:
            self.broken.append(f"the stream brought message {message['id']} after {last}")
        self.seen.append(message)
        self._news.set()
        if message["from"] == "bot":
            self.progress()

    async def _events(self, last: int) -> AsyncIterator[tuple[str, Any]]:
        headers, kind = {**self._headers, "Last-Event-ID": str(last)}, ""
        timeout = aiohttp.ClientTimeout(total=None, sock_read=15)
        async with self.http.get("/chat/events", headers=headers, timeout=timeout) as response:
            response.raise_for_status()
            async for raw in response.content:
                name, _, value = raw.decode().rstrip("\n").partition(": ")
                if name == "event":
                    kind = value
                elif name == "data":
                    yield kind, json.loads(value)

    async def transcript(self) -> list[Shown]:
        """The whole chat, read anew by cursor."""
        found: list[Shown] = []
        while True:
            after = found[-1]["id"] if found else 0
            path = f"/chat/messages?after={after}"
            async with self.http.get(path, headers=self._headers) as response:
                response.raise_for_status()
                page = (await response.json())["messages"]
            if not page:
                return found
            found += page

    async def owner(self) -> str:
        """Who answers the chat: bot, queued, agent or closed."""
        async for kind, data in self._events(self.seen[-1]["id"] if self.seen else 0):
            if kind == "status":
                return str(data["owner"])
        raise NotAnswered("the stream told no owner")
