"""How often a session and a network address may do what, kept in this process (moving window)."""

from __future__ import annotations

import time
from ipaddress import ip_address, ip_network

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.requests import HTTPConnection

from bot.settings import Settings


class TooMany(Exception):
    """The limit is reached; `retry_after` is in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"retry after {retry_after} s")
        self.retry_after = retry_after


class Limits:
    """The limits of the customer channels."""

    def __init__(self, settings: Settings) -> None:
        self._counts = MemoryStorage()  # the limiter itself holds it weakly only
        self._limiter = MovingWindowRateLimiter(self._counts)
        self._session = RateLimitItemPerMinute(settings.messages_per_minute)
        self._address = RateLimitItemPerMinute(settings.address_messages_per_minute)
        self._new_sessions = RateLimitItemPerHour(settings.sessions_per_hour)

    def message(self, conversation_id: str, address: str) -> None:
        """Counts one message or file. Raises TooMany."""
        self._hit(self._address, "message", address)
        self._hit(self._session, "message", conversation_id)

    def session(self, address: str) -> None:
        """Counts one new chat session. Raises TooMany."""
        self._hit(self._new_sessions, "session", address)

    def _hit(self, limit: RateLimitItem, kind: str, who: str) -> None:
        if not self._limiter.hit(limit, kind, who):
            reset = self._limiter.get_window_stats(limit, kind, who)[0]
            raise TooMany(max(1, round(reset - time.time())))


def client_address(request: HTTPConnection, settings: Settings) -> str:
    """The customer's network address; X-Forwarded-For counts only from a proxy named in the settings."""
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
