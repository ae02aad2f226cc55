"""The side that thinks: a loaded model and the turns, in a thread of `serve` or as a process of its own."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from bot import duework
from bot.channels.chosen import configured
from bot.channels.delivering import Deliverer
from bot.conversations.turns import Turns
from bot.conversations.wakeups import DELIVERIES, DESK, WORK, bus
from bot.db import Database
from bot.external import chosen as external
from bot.external.desks import TICKETS
from bot.external.relay import Relay
from bot.settings import Settings

log = logging.getLogger(__name__)


class Worker:
    """Loads the model, then answers, sends to platforms and other desks, and does due work until stopped.

    Rasa is imported in `run`, so that the web side can start first.
    """

    def __init__(
        self, database: Database, settings: Settings, model: Path, due: Mapping[str, duework.Handler]
    ) -> None:
        self._database = database
        self._settings = settings
        self._model = model
        self._due = due
        self._ready = threading.Event()
        self._stop = threading.Event()
        self.failed = False

    @property
    def ready(self) -> bool:
        return self._ready.is_set()

    def start(self) -> threading.Thread:
        """Beside other threads, which get their turn after 0.5 ms of Rasa's computing, not after Python's usual 5."""
        sys.setswitchinterval(0.0005)
        thread = threading.Thread(target=self.run, name="turns", daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        self._stop.set()

    def run(self) -> None:
        try:
            asyncio.run(self._run())
        except Exception:
            self.failed = True
            log.exception("the worker stopped")
            raise

    async def _run(self) -> None:
        started = time.monotonic()
        from bot.brain import Brain

        brain = Brain.load(self._model)
        log.info("model %s loaded in %.1f s", self._model.name, time.monotonic() - started)
        turns = Turns(
            self._database,
            brain.answer,
            lease_s=self._settings.lease_s,
            timeout_s=self._settings.turn_timeout_s,
            at_once=self._settings.turns_at_once,
        )
        stopped = asyncio.Event()
        running = asyncio.create_task(turns.run(stopped))
        doing = asyncio.create_task(
            asyncio.to_thread(duework.keep_doing, self._database, self._due, self._stop)
        )
        deliverers = [Deliverer(self._database, platform) for platform in configured(self._settings)]
        sending = [asyncio.create_task(deliverer.run(stopped)) for deliverer in deliverers]
        relays = [Relay(self._database, desk) for desk in external.configured(self._settings)]
        sending += [asyncio.create_task(relay.run(stopped)) for relay in relays]
        self._ready.set()
        await asyncio.to_thread(self._stop.wait)
        stopped.set()
        for topic in (WORK, DELIVERIES, DESK, TICKETS):
            bus().publish(topic)
        await asyncio.gather(running, doing, *sending)
