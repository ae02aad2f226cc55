"""What a customer reads, and after how many seconds, when the provider of scans fails in each known way.

A local server stands in for Kuaidi100; the parcel was looked up once before, so that there is something to show.
Prints the table of docs/provider-faults.md.

Example: python -m benchmarks.provider_faults > docs/provider-faults.md
"""

from __future__ import annotations

import os
import time
from datetime import timedelta
from tempfile import TemporaryDirectory

from bot.db import Database, migrate, now
from bot.settings import settings
from bot.shipments import tracking
from bot.shipments.providers import chosen
from bot.shipments.refreshing import refresh
from tests.shipments.test_providers import DECLINED, EMPTY, GOOD, YT
from tests.support.provider import FAULTS, FakeProvider


def main() -> None:
    fake = FakeProvider()
    os.environ.update(
        YIDA_PROVIDERS="kuaidi100", YIDA_KUAIDI100_KEY="K", YIDA_KUAIDI100_CUSTOMER="C",
        YIDA_KUAIDI100_URL=fake.url, YIDA_KUAIDI100_AUTO_URL=fake.url,
    )  # fmt: skip
    settings.cache_clear()
    cases = {"a good answer": GOOD["kuaidi100"], "no record": EMPTY["kuaidi100"], "declined": DECLINED["kuaidi100"]}
    cases |= {"phone needed": {"result": False, "returnCode": "408"}} | FAULTS
    print("# When the provider of scans fails\n")
    print("Made by `python -m benchmarks.provider_faults`: the parcel was looked up an hour before.\n")
    print("| the provider | seconds | what is added to the stored state | for a parcel never seen before |")
    print("|---|---|---|---|")
    for name, answer in cases.items():
        seconds, stale, unseen = _try(fake, answer)
        print(f"| {name} | {seconds:.1f} | {stale or 'nothing: it is fresh'} | {unseen} |")


def _try(fake: FakeProvider, answer: object) -> tuple[float, str, str]:
    chosen.configured.cache_clear()  # a new breaker: each fault for itself
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/faults.db"
        migrate(url)
        database = Database(url)
        fake.answer = GOOD["kuaidi100"]
        refresh(database, YT, now())
        fake.answer = answer
        later, started = now() + timedelta(hours=1), time.monotonic()
        refresh(database, YT, later)
        seconds = time.monotonic() - started
        with database.read() as session:
            view = tracking.view(session, YT, detailed=False, language="zh", now=later)
        stale = view["stale"] if view else "?"
        unseen = _unseen(database)
        database.dispose()
    return seconds, stale, unseen


def _unseen(database: Database) -> str:
    """The response for a number that only the provider may know."""
    from bot.shipments.refreshing import staleness

    other = "YT9693083639796"
    refresh(database, other, now())
    with database.read() as session:
        if tracking.look_up(session, other):
            return "its state"
        failed = staleness(session, other)
    return f"`utter_not_found_{failed[0]}`" if failed else "`utter_not_found`"


if __name__ == "__main__":
    main()
