"""Telling waiting readers that something changed: within a process at once, between processes by NOTIFY.

A lost wake-up is only a delay: every reader also looks by itself from time to time. Topics are `work` (a message
waits for its turn), `deliveries` (platforms are to be sent something), `desk` (queue or a chat changed),
`conversation:<id>` (new messages or owner) and `typing:<id>`.
"""

from __future__ import annotations

import asyncio
import logging
import select as sockets
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import psycopg2
from sqlalchemy import String, cast, event, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

WORK, DELIVERIES, DESK = "work", "deliveries", "desk"
_CHANNEL = "yida"
_RECONNECT_S = 2.0

log = logging.getLogger(__name__)


def conversation_topic(conversation_id: str) -> str:
    return f"conversation:{conversation_id}"


def typing_topic(conversation_id: str) -> str:
    return f"typing:{conversation_id}"


class Subscription:
    """What one reader waits on."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()
        self._topics: set[str] = set()

    def notice(self, topic: str) -> None:
        """May be called from any thread."""
        try:
            self._loop.call_soon_threadsafe(self._wake, topic)
        except RuntimeError:  # the reader's loop is closed: nobody waits any more
            log.debug("wake-up after the reader's loop had closed")

    def _wake(self, topic: str) -> None:
        self._topics.add(topic)
        self._event.set()

    async def wait(self, timeout_s: float) -> set[str]:
        """The topics heard since the last call; empty after `timeout_s` seconds of silence."""
        try:
            await asyncio.wait_for(self._event.wait(), timeout_s)
        except asyncio.TimeoutError:
            return set()
        heard, self._topics = self._topics, set()
        self._event.clear()
        return heard


class Bus:
    """The subscriptions of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readers: dict[str, set[Subscription]] = defaultdict(set)

    @contextmanager
    def subscribe(self, *topics: str) -> Iterator[Subscription]:
        """Subscribe before reading the state, so that no change falls between reading and waiting."""
        subscription = Subscription()
        with self._lock:
            for topic in topics:
                self._readers[topic].add(subscription)
        try:
            yield subscription
        finally:
            with self._lock:
                for topic in topics:
                    self._readers[topic].discard(subscription)
                    if not self._readers[topic]:
                        del self._readers[topic]

    def publish(self, topic: str) -> None:
        with self._lock:
            readers = list(self._readers.get(topic, ()))
        for reader in readers:
            reader.notice(topic)


@lru_cache(maxsize=1)
def bus() -> Bus:
    return Bus()


def announce(session: Session, *topics: str) -> None:
    """Wakes the readers of `topics` when (and only if) the session commits."""
    waiting = session.info.setdefault("topics", set())
    if not waiting:
        event.listen(session, "before_commit", _notify, once=True)
        event.listen(session, "after_commit", _publish, once=True)
    waiting.update(topics)


def _notify(session: Session) -> None:
    """One statement for all that a transaction announces."""
    topics = session.info.get("topics")
    if topics and session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_notify(_CHANNEL, func.unnest(cast(sorted(topics), ARRAY(String))))))


def _publish(session: Session) -> None:
    for topic in session.info.pop("topics", ()):
        bus().publish(topic)


def listen_to_postgres(url: str, stopped: threading.Event) -> threading.Thread:
    """Passes other processes' announcements on to this process's bus, reconnecting when the server goes away."""
    thread = threading.Thread(target=_listen, args=(url, stopped), name="postgres-listen", daemon=True)
    thread.start()
    return thread


def _listen(url: str, stopped: threading.Event) -> None:
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    while not stopped.is_set():
        try:
            connection = psycopg2.connect(address)
            connection.autocommit = True
            connection.cursor().execute(f"LISTEN {_CHANNEL}")
            _pass_on(connection, stopped)
            connection.close()
        except psycopg2.Error as error:
            log.warning("listening for wake-ups failed (%s); trying again", type(error).__name__)
            time.sleep(_RECONNECT_S)


def _pass_on(connection: psycopg2.extensions.connection, stopped: threading.Event) -> None:
    while not stopped.is_set():
        if sockets.select([connection], [], [], 1.0)[0]:
            connection.poll()
            while connection.notifies:
                bus().publish(connection.notifies.pop(0).payload)
