"""Tells one desk of another maker what waits for it: a crew in threads of its own, as for messaging platforms.

A slow desk fills its own threads and nobody else's.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import or_, select

from bot.channels.platforms import TryAgain, Undeliverable, Unsure
from bot.conversations.crew import keep_working
from bot.db import Database
from bot.external import links
from bot.external.desks import ExternalDesk, Gone, Misconfigured, Task

log = logging.getLogger(__name__)

THREADS = 4


class Relay:
    def __init__(self, database: Database, desk: ExternalDesk) -> None:
        self._database = database
        self._desk = desk
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix=desk.name)

    async def run(self, stopped: asyncio.Event) -> None:
        """Until `stopped`; what is being told is finished."""
        loop = asyncio.get_running_loop()

        async def claim() -> Task | None:
            return await loop.run_in_executor(self._threads, self.claim)

        async def tell(task: Task) -> None:
            await loop.run_in_executor(self._threads, self.tell, task)

        await keep_working(self._desk.topic, claim, tell, stopped, at_once=THREADS, poll_s=self._desk.poll_s)
        self._threads.shutdown(wait=False)

    def claim(self) -> Task | None:
        """Every message of every chat wakes this crew: where one writer holds up the others, it only looks first."""
        if self._database.is_sqlite and not self._something_waits():
            return None
        with self._database.write() as session:
            task = self._desk.next_task(session)
            session.commit()
        return task

    def _something_waits(self) -> bool:
        with self._database.read() as session:
            found = or_(*(query.exists() for query in self._desk.waiting()))
            return bool(session.execute(select(found)).scalar_one())

    def tell(self, task: Task) -> None:
        """Says one thing and records what became of it."""
        name = self._desk.name
        try:
            result = self._tell(task)
        except TryAgain as busy:
            if isinstance(busy, Misconfigured):
                log.warning("%s does not know us: its address, token and what we name there are settings", name)
            self._record(links.later, task, busy.after_s, unsure=False)
        except Unsure as error:
            log.warning("%s did not say whether it took something (%s)", name, error)
            self._record(links.later, task, self._desk.seen_after_s.get(task.what), unsure=True)
        except Undeliverable as error:
            log.warning("%s will not take something (%s)", name, error)
            self._record(links.skip, task, self._told({}))
        except Gone as error:
            log.warning("%s no longer has what it was told about (%s)", name, error)
            self._record(links.lost, task, self._desk.gone)
        else:
            self._record(links.done, task, self._told(result))

    def _tell(self, task: Task) -> dict[str, object]:
        try:
            return self._desk.tell(task)
        except Gone:
            self._desk.check()  # where it does not know us, nothing was deleted
            raise

    def _told(self, result: dict[str, object]) -> links.Note:
        return lambda session, link, task: self._desk.told(session, link, task, result)

    def _record(self, outcome, task: Task, *given, **named) -> None:  # type: ignore[no-untyped-def]
        with self._database.write() as session:
            outcome(session, task, *given, **named)
            session.commit()
