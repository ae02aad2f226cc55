"""Sends a platform what waits for it, and fetches what its webhooks put off: a crew for each, in threads of their own.

A slow platform fills its own threads and nobody else's.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from bot.channels.models import Wish
from bot.channels.platforms import OutsideWindow, Platform, TryAgain, Undeliverable, Unsure, say_unfetched
from bot.channels.rendering import Part, rendered
from bot.conversations import deliveries
from bot.conversations.crew import keep_working
from bot.conversations.deliveries import Batch
from bot.conversations.wakeups import DELIVERIES
from bot.db import Database, now

log = logging.getLogger(__name__)

THREADS = 4
"""Calls to one platform at once; its limits are per second, and an answer takes a tenth of one."""
LEASE_S = 30.0
"""Longer than any call with its uploads: a lease that ends early would send twice."""
MOST_FETCHES = 8
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=2), timedelta(minutes=10)


class Deliverer:
    """The two crews of one platform."""

    def __init__(self, database: Database, platform: Platform) -> None:
        self._database = database
        self._platform = platform
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix=platform.name)

    async def run(self, stopped: asyncio.Event) -> None:
        """Until `stopped`; what is on its way is finished."""
        loop = asyncio.get_running_loop()

        async def in_thread(do, *given):  # type: ignore[no-untyped-def]
            return await loop.run_in_executor(self._threads, do, *given)

        await asyncio.gather(
            keep_working(
                DELIVERIES, lambda: in_thread(self.claim), lambda batch: in_thread(self.send, batch), stopped,
                at_once=THREADS,
            ),
            keep_working(
                DELIVERIES, lambda: in_thread(self.next_wish), lambda wish: in_thread(self.fetch, wish), stopped,
                at_once=1,
            ),
        )  # fmt: skip
        self._threads.shutdown(wait=False)

    def claim(self) -> Batch | None:
        with self._database.write() as session:
            merged = self._platform.style.merged
            batch = deliveries.claim_next(session, self._platform.name, merged=merged, lease_s=LEASE_S)
            session.commit()
        return batch

    def send(self, batch: Batch) -> None:
        """Sends the next piece and records what became of it."""
        parts, numbered = rendered(batch.messages, self._platform.style, batch.language)
        last = batch.piece + 1 >= len(parts)
        try:
            if batch.piece < len(parts):
                self._say(batch, parts[batch.piece])
        except TryAgain as busy:
            self._record(deliveries.later, batch, busy.after_s)
        except Unsure as error:
            log.warning("%s did not say whether it took a message (%s)", self._platform.name, error)
            self._record(deliveries.unsure, batch, last=last, numbered=numbered)
        except OutsideWindow:
            self._hold(batch)
        except Undeliverable as error:
            log.warning("%s will not take a message (%s)", self._platform.name, error)
            self._record(deliveries.give_up, batch)
        else:
            self._record(deliveries.sent, batch, last=last, numbered=numbered)

    def _say(self, batch: Batch, part: Part) -> None:
        window = self._platform.style.window
        if window is not None and now() - batch.heard_at > window:
            raise OutsideWindow
        self._platform.send(batch.to, replace(part, key=batch.key))

    def _hold(self, batch: Batch) -> None:
        """Recorded first: a knock that is lost costs less than one that is repeated."""
        self._record(deliveries.hold, batch)
        try:
            self._platform.knock(batch.to, batch.language)
        except (TryAgain, Unsure, OutsideWindow, Undeliverable) as error:
            log.warning("%s could not be told that something waits (%r)", self._platform.name, error)

    def _record(self, outcome, batch: Batch, *given, **named) -> None:  # type: ignore[no-untyped-def]
        with self._database.write() as session:
            outcome(session, batch, *given, **named)
            session.commit()

    def next_wish(self) -> Wish | None:
        with self._database.write() as session:
            wish = _claim_wish(session, self._platform.name)
            session.commit()
        return wish

    def fetch(self, wish: Wish) -> None:
        """Does a wish; one that fails comes again, longer each time, and in the end its customer hears of it."""
        try:
            self._platform.fetch(self._database, wish)
        except (TryAgain, Unsure, OutsideWindow) as error:
            self._fetch_later(wish, getattr(error, "after_s", None))
        except Undeliverable as error:
            log.warning("%s has nothing under what it named (%s)", self._platform.name, error)
            self._done(wish, in_vain=True)
        else:
            self._done(wish)

    def _fetch_later(self, wish: Wish, after_s: float | None) -> None:
        if wish.sender and wish.attempts >= MOST_FETCHES:
            self._done(wish, in_vain=True)
            return
        wait = timedelta(seconds=after_s) if after_s else min(FIRST_WAIT * 2**wish.attempts, LONGEST_WAIT)
        with self._database.write() as session:
            session.execute(
                update(Wish).where(Wish.id == wish.id).values(due_at=now() + wait, lease_until=None)
            )
            session.commit()

    def _done(self, wish: Wish, *, in_vain: bool = False) -> None:
        with self._database.write() as session:
            if in_vain and wish.sender:
                say_unfetched(session, wish)
            _strike_off(session, wish)
            session.commit()


def _claim_wish(session: Session, channel: str) -> Wish | None:
    moment = now()
    query = (
        select(Wish)
        .where(
            Wish.channel == channel,
            Wish.due_at <= moment,
            or_(Wish.lease_until.is_(None), Wish.lease_until < moment),
        )
        .order_by(Wish.due_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    wish = session.execute(query).scalar_one_or_none()
    if wish is not None:
        wish.attempts += 1
        wish.lease_until = moment + timedelta(seconds=2 * LEASE_S)
        session.flush()
    return wish


def _strike_off(session: Session, wish: Wish) -> None:
    """Done, unless it was asked for again while at work."""
    known = session.get(Wish, wish.id, with_for_update=True)
    if known is None:
        return
    if known.asked == wish.asked:
        session.delete(known)
    else:
        known.lease_until, known.attempts = None, 0
