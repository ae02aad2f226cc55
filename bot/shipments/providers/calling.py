"""Calling a provider: one deadline for everything, JSON or nothing, and a rest for one that keeps failing."""

from __future__ import annotations

import json
import logging
import random
import threading
import time
from typing import Any

import requests

from bot.calling import cut_at, never_connected
from bot.shipments.providers.base import Unreachable

log = logging.getLogger(__name__)

LARGEST = 2 * 1024 * 1024
"""Bytes of an answer; the longest real ones are some twenty thousand."""
TRIES = 2
LEAST_FOR_A_TRY_S = 0.5
_MAY_PASS = frozenset({502, 503, 504})


def ask(
    method: str,
    url: str,
    deadline: float,
    *,
    form: dict[str, str] | None = None,
    body: Any = None,
    headers: dict[str, str] | None = None,
) -> Any:
    """The JSON that comes back before `deadline` (time.monotonic). Raises Unreachable.

    Only for questions that may be asked twice: where no connection was made or the gateway was overloaded, it is.
    """
    for attempt in range(TRIES):
        try:
            return _once(method, url, deadline, form, body, headers)
        except _Passing as error:
            pause = random.uniform(0.05, 0.25)
            last = attempt + 1 == TRIES or deadline - time.monotonic() < LEAST_FOR_A_TRY_S + pause
            if last:
                raise Unreachable(str(error)) from error
            time.sleep(pause)
    raise AssertionError("every path above returns or raises")


class _Passing(Exception):
    """A fault that may be over in a moment."""


def _once(method: str, url: str, deadline: float, form: Any, body: Any, headers: Any) -> Any:
    left = deadline - time.monotonic()
    if left <= 0:
        raise Unreachable("no time left")
    try:
        with cut_at(left) as session, session.request(
            method, url, data=form, json=body, headers=headers, timeout=left, allow_redirects=False, stream=True
        ) as response:
            if response.status_code in _MAY_PASS:
                raise _Passing(f"status {response.status_code}")
            if response.status_code != 200:
                raise Unreachable(f"status {response.status_code}")
            content = response.raw.read(LARGEST + 1, decode_content=True)
    except (_Passing, Unreachable):
        raise
    except requests.ConnectionError as error:
        raise (_Passing if never_connected(error) else Unreachable)(type(error).__name__) from error
    except Exception as error:  # the socket was cut, the body is no HTTP …
        raise Unreachable(type(error).__name__) from error
    return _json(content, deadline)


def _json(content: bytes, deadline: float) -> Any:
    if time.monotonic() >= deadline:
        raise Unreachable("too slow")  # a body cut at the deadline may still look whole
    if len(content) > LARGEST:
        raise Unreachable("the answer is too large")
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Unreachable("the answer is not JSON") from error


class Breaker:
    """After `failures` in a row nobody is asked for `rest_s`; then one call tries again."""

    def __init__(self, failures: int = 5, rest_s: float = 60.0) -> None:
        self._most, self._rest_s = failures, rest_s
        self._failures, self._closed_at = 0, 0.0
        self._lock = threading.Lock()

    def lets_through(self) -> bool:
        with self._lock:
            if self._failures < self._most:
                return True
            if time.monotonic() < self._closed_at + self._rest_s:
                return False
            self._closed_at = time.monotonic()  # this call tries; the others wait another rest for its outcome
            return True

    def note(self, fine: bool) -> None:
        with self._lock:
            self._failures = 0 if fine else self._failures + 1
            if self._failures == self._most:
                self._closed_at = time.monotonic()
                log.warning("a provider failed %s times in a row and rests for %.0f s", self._most, self._rest_s)
