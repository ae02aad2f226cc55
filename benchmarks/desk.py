"""An agent at the desk, while the product is being killed."""

from __future__ import annotations

import asyncio

import aiohttp

from benchmarks.customers import UNREACHABLE

AGENT, PASSWORD = "killbench", "a-long-enough-password"


class Agent:
    """Claims every other chat that waits, as often as it takes; `claimed` was acknowledged."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http
        self._csrf = ""
        self._left: set[str] = set()
        self.claimed: set[str] = set()

    async def log_in(self) -> None:
        async with self._http.post("/desk/api/login", json={"name": AGENT, "password": PASSWORD}) as response:
            response.raise_for_status()
            self._csrf = (await response.json())["csrf"]

    async def work(self) -> None:
        while True:
            try:
                await self._claim_some()
            except aiohttp.ClientResponseError as error:
                if error.status < 500:
                    raise
            except UNREACHABLE:
                pass
            await asyncio.sleep(0.5)

    async def _claim_some(self) -> None:
        async with self._http.get("/desk/api/queue") as response:
            response.raise_for_status()
            chats = (await response.json())["conversations"]
        for chat in (chat["id"] for chat in chats if chat["owner"] == "queued"):
            if chat not in self._left and len(self._left) < len(self.claimed):
                self._left.add(chat)
            if chat not in self._left | self.claimed:
                path = f"/desk/api/conversations/{chat}/claim"
                async with self._http.post(path, headers={"X-CSRF-Token": self._csrf}) as response:
                    response.raise_for_status()
                self.claimed.add(chat)
