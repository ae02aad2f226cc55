"""A messaging platform in tests: its deliverer run by hand, so that a test sees what each step does."""

from __future__ import annotations

from bot.channels.delivering import Deliverer
from bot.channels.platforms import Platform
from bot.conversations.models import Delivery, Message
from bot.db import Database


def deliver(database: Database, platform: Platform) -> int:
    """Sends and fetches until nothing is due; gives how many pieces were tried."""
    deliverer, tried = Deliverer(database, platform), 0
    while True:
        wish = deliverer.next_wish()
        if wish is not None:
            deliverer.fetch(wish)
        batch = deliverer.claim()
        if batch is not None:
            deliverer.send(batch)
        if wish is None and batch is None:
            return tried
        tried += 1


def outcomes(database: Database) -> list[str | None]:
    """What became of each of our messages, in their order; `dropped` for stale ones."""
    with database.read() as session:
        query = session.query(Message).filter(Message.sender != "customer").order_by(Message.seq)
        return [message.delivery or ("dropped" if message.undelivered else None) for message in query]


def make_due(database: Database) -> None:
    """As if the time until the next try had passed."""
    from bot.db import now

    with database.write() as session:
        for delivery in session.query(Delivery).filter(Delivery.due_at.isnot(None)):
            delivery.due_at, delivery.lease_until = now(), None
        session.commit()
