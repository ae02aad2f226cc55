"""Calling others over HTTP with one deadline for everything: a read time-out alone starts anew with every byte."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError


@contextmanager
def cut_at(seconds: float) -> Iterator[requests.Session]:
    """A session whose connections are shut after `seconds`."""
    sockets: list[socket.socket] = []

    def cut() -> None:
        for opened in sockets:
            with suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        with requests.Session() as session:
            for scheme in ("http://", "https://"):
                session.mount(scheme, _Watched(sockets))
            yield session
    finally:
        timer.cancel()


def never_connected(error: requests.ConnectionError) -> bool:
    """Nothing was sent: the other side was not there."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError) and not isinstance(error, requests.ConnectTimeout)


class _Watched(HTTPAdapter):
    """Notes each socket it opens."""

    def __init__(self, sockets: list[socket.socket]) -> None:
        self._sockets = sockets
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        pools = {"http": HTTPConnectionPool, "https": HTTPSConnectionPool}
        self.poolmanager.pool_classes_by_scheme = {
            scheme: _noting(pool, self._sockets) for scheme, pool in pools.items()
        }


def _noting(pool: Any, sockets: list[socket.socket]) -> Any:
    class Connection(pool.ConnectionCls):
        def connect(self) -> None:
            super().connect()
            sockets.append(self.sock)

    return type("NotingPool", (pool,), {"ConnectionCls": Connection})
