"""Claimed work done by a crew: several pieces at once, woken or by looking now and then, until told to stop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.conversations.wakeups import bus
from bot.db import UNAVAILABLE

log = logging.getLogger(__name__)

POLL_S = 1.0
"""How often a crew looks for work by itself, in case a wake-up was lost."""

Claim = TypeVar("Claim")


async def keep_working(
    topic: str,
    claim: Callable[[], Awaitable[Claim | None]],
    finish: Callable[[Claim], Awaitable[None]],
    stopped: asyncio.Event,
    *,
    at_once: int,
    poll_s: float = POLL_S,
) -> None:
    """Claims and finishes pieces as they come; when `stopped` is set, ends the running ones and returns.

    A piece that fails for whatever reason does not take the others with it: its lease ends, and it is claimed again.
    """
    free = asyncio.Semaphore(at_once)
    running: set[asyncio.Task[None]] = set()
    with bus().subscribe(topic) as news:
        while not stopped.is_set():
            await free.acquire()
            claimed = await _claimed(topic, claim)
            if claimed is None:
                free.release()
                await news.wait(poll_s)
                continue
            task = asyncio.create_task(_finished(topic, finish, claimed))
            running.add(task)
            task.add_done_callback(running.discard)
            task.add_done_callback(lambda _: free.release())
    await asyncio.gather(*running)


async def _claimed(topic: str, claim: Callable[[], Awaitable[Claim | None]]) -> Claim | None:
    try:
        return await claim()
    except UNAVAILABLE as error:
        log.warning("the database failed a claim of %s (%s); trying again", topic, type(error).__name__)
        return None


async def _finished(topic: str, finish: Callable[[Claim], Awaitable[None]], claimed: Claim) -> None:
    try:
        await finish(claimed)
    except Exception as error:
        log.warning("a piece of %s failed (%s); it is tried again when its lease is over", topic, type(error).__name__)
        log.debug("details", exc_info=error)
