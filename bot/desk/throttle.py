"""How often a name and a network address may try to log in, kept in this process."""

from __future__ import annotations

import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

TRIES_PER_NAME = RateLimitItemPerMinute(5, 5)
TRIES_PER_ADDRESS = RateLimitItemPerMinute(30, 5)
"""Five tries a name and thirty an address in five minutes: an office behind one address still gets in."""


class TooManyTries(Exception):
    """`retry_after` is in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"retry after {retry_after} s")
        self.retry_after = retry_after


class Throttle:
    def __init__(self) -> None:
        self._storage = MemoryStorage()  # the limiter itself holds it only weakly
        self._limiter = MovingWindowRateLimiter(self._storage)

    def count(self, name: str, address: str) -> None:
        """Counts one try, before the password is looked at. Raises TooManyTries."""
        for limit, who in ((TRIES_PER_ADDRESS, address), (TRIES_PER_NAME, name.casefold())):
            if not self._limiter.hit(limit, "login", who):
                reset = self._limiter.get_window_stats(limit, "login", who)[0]
                raise TooManyTries(max(1, round(reset - time.time())))

    def forgive(self, name: str) -> None:
        """A right password clears the name."""
        self._limiter.clear(TRIES_PER_NAME, "login", name.casefold())
