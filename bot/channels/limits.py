"""How often a session and a network address may do what, kept in this process (moving window)."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network

from starlette.requests import HTTPConnection

from bot.channels.http import Refused
from bot.settings import Settings


class TooMany(Refused):
    """The limit is reached; `retry_after` is in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(429, "too_many", retry_after=retry_after)


class Window:
    """At most `limit` hits of a key in any `seconds`.

    Not the library `limits`, which starts a thread for each hit to look through all hits it holds.
    """

    def __init__(self, limit: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._seconds = seconds
        self._clock = clock
        self._hits: dict[str, deque[float]] = {}
        self._swept = clock()

    def hit(self, key: str) -> None:
        """Counts one. Raises TooMany, and then counts nothing."""
        moment = self._clock()
        self._sweep(moment)
        hits = self._hits.setdefault(key, deque())
        while hits and hits[0] <= moment - self._seconds:
            hits.popleft()
        if len(hits) >= self._limit:
            raise TooMany(max(1, math.ceil(hits[0] + self._seconds - moment)))
        hits.append(moment)

    def _sweep(self, moment: float) -> None:
        """Once in a window, forgets whoever made no hit within it."""
        if moment - self._swept >= self._seconds:
            self._swept = moment
            self._hits = {key: hits for key, hits in self._hits.items() if hits[-1] > moment - self._seconds}


class Limits:
    """The limits of the customer channels."""

    def __init__(self, settings: Settings) -> None:
        self._session = Window(settings.messages_per_minute, 60)
        self._address = Window(settings.address_messages_per_minute, 60)
        self._new_sessions = Window(settings.sessions_per_hour, 3600)
        self._files = Window(settings.files_per_hour, 3600)
        self._address_files = Window(settings.address_files_per_hour, 3600)

    def message(self, conversation_id: str, address: str) -> None:
        """Counts one message. Raises TooMany."""
        self._address.hit(address)
        self._session.hit(conversation_id)

    def sender(self, sender: str) -> None:
        """Counts one message that a server passes on: its senders share its address, which so tells nothing."""
        self._session.hit(sender)

    def file(self, conversation_id: str, address: str) -> None:
        """Counts one upload, on its own: files fill a disk long before messages would. Raises TooMany."""
        self._address_files.hit(address)
        self._files.hit(conversation_id)

    def session(self, address: str) -> None:
        """Counts one new chat session. Raises TooMany."""
        self._new_sessions.hit(address)


def client_address(request: HTTPConnection, settings: Settings) -> str:
    """Where the customer is: an IPv4 address, or an IPv6 network of 64 bits, all of which one customer is given.

    X-Forwarded-For counts only from a proxy named in the settings.
    """
    return _network(_outermost(request, settings))


def _network(address: str) -> str:
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or ip_network((parsed, 64), strict=False))


def _outermost(request: HTTPConnection, settings: Settings) -> str:
    peer = request.client.host if request.client else "unknown"
    if not _is_trusted(peer, settings.trusted_proxies):
        return peer
    hops = [hop.strip() for hop in request.headers.get("x-forwarded-for", "").split(",") if hop.strip()]
    outside = [hop for hop in hops if not _is_trusted(hop, settings.trusted_proxies)]
    return outside[-1] if outside else peer


def _is_trusted(address: str, proxies: str) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in ip_network(proxy.strip()) for proxy in proxies.split(",") if proxy.strip())
