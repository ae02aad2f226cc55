"""A complaint of ours that is a ticket elsewhere, seen from our own desk."""

from __future__ import annotations

from typing import Any

from bot.cases import service as cases
from bot.cases.models import Case
from bot.db import Database, now
from tests.cases.support import Teller


def opened(customer: Teller, **facts: Any) -> str:
    told = {"phone": "13812345678", "contact_name": "王小明", "waybill": "SF1234567890123", "remedy": "赔钱"}
    return customer.open(now(), **{**told, **facts})


def step(database: Database, number: str, *names: str, message: str | None = None) -> None:
    with database.write() as session:
        for name in names:
            cases.transition(session, number, name, actor="小陈", message=message)
        session.commit()


def state(database: Database, number: str) -> str:
    with database.read() as session:
        return session.query(Case).filter_by(number=number).one().state


def events(database: Database, number: str) -> list[tuple[str, str, str | None]]:
    with database.read() as session:
        listed = cases.get(session, number)["events"]
        return [(each["actor"], each["transition"], each["note"]) for each in listed]


def by_zammad(database: Database, number: str) -> list[tuple[str, str, str | None]]:
    return [event for event in events(database, number) if event[0].startswith("Zammad")]
