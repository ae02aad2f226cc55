"""A desk and a customer around one case, with a clock of the test's own."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import uuid4

from bot.cases import service
from bot.customers import store
from bot.db import Database
from bot.duework import do_due
from bot.notices.handlers import HANDLERS
from tests.conversations.support import Customer

NOON = datetime(2026, 11, 27, 4, 0, tzinfo=timezone.utc)  # 12:00 in Shanghai
PHONE = "13800007777"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Teller(Customer):
    """A customer who opens a case here and hears of it."""

    def becomes(self, customer_class: str, at: datetime = NOON) -> None:
        """Shows a phone by a code, and the desk puts its customer into a class."""
        with self.database.write() as session:
            customer = store.identify(session, self.id, PHONE, at)
            store.set_class(session, customer.id, customer_class, actor="wu", now=at)
            session.commit()

    def open(self, at: datetime = NOON, **facts: Any) -> str:
        defaults: dict[str, Any] = {
            "key": uuid4().hex, "kind": "complaint", "category": "damage", "language": "zh",
            "description": "杯子碎了两个", "waybill": None, "phone": None,
        }  # fmt: skip
        with self.database.write() as session:
            case = service.open_case(session, conversation_id=self.id, now=at, **{**defaults, **facts})
            session.commit()
        return str(case["number"])

    def told(self) -> list[str]:
        return [message["text"] for message in self.sees() if message["from"] == "system"]

    def buttons(self) -> list[str]:
        return [choice["title"] for choice in self.sees()[-1]["choices"]]


def step(database: Database, number: str, name: str, at: datetime, message: str | None = None, **more: Any) -> Any:
    with database.write() as session:
        view = service.transition(session, number, name, actor="lin", now=at, message=message, **more)
        session.commit()
    return view


def decide(database: Database, number: str, name: str, at: datetime, *words: str) -> Any:
    """The customer's own doing: accept, reject, reopen, withdraw."""
    with database.write() as session:
        view = getattr(service, name)(session, number, *words, key=uuid4().hex, now=at)
        session.commit()
    return view


def pass_time(database: Database, to: datetime) -> int:
    return do_due(database, HANDLERS, to)


def seen(database: Database, number: str) -> dict[str, Any]:
    with database.read() as session:
        return service.get(session, number)


def escalations(case: dict[str, Any]) -> list[str]:
    return [event["note"] for event in case["events"] if event["transition"] == "escalate"]
