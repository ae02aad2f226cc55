"""What `make run` shows a newcomer: made-up shipments, one agent, and where to look."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from bot.db import Database
from bot.desk import canned
from bot.desk.accounts import set_one_time_password
from bot.shipments.demo import DemoParcel, load_demo

AGENT = "xiaolin"


@dataclass(frozen=True)
class Demo:
    """`password` is none once the agent has chosen one."""

    parcels: list[DemoParcel]
    password: str | None


def load(database: Database) -> Demo:
    """Demo shipments as of now, and the demo agent with a fresh one-time password until it is used."""
    password = secrets.token_urlsafe(9)
    with database.write() as session:
        waits = set_one_time_password(session, AGENT, password, role="supervisor", skills="online,complaints")
        canned.start_with(session)
        session.commit()
    return Demo(load_demo(database), password if waits else None)


def welcome(demo: Demo) -> str:
    """The lines that end `make run`."""
    secret = f"one-time password  {demo.password}" if demo.password else "with the password chosen before"
    lines = [f"  Demo agent      {AGENT}   {secret}", "", "  Waybills to try (last four digits of the phone):"]
    lines += [f"    {parcel.waybill}  {parcel.tail}   {parcel.story}" for parcel in demo.parcels]
    return "\n".join([*lines, ""])
