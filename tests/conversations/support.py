"""Customers and a brain for tests: the brain is a function, so any function will do."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from bot.conversations.answers import Answer, Question, Reply
from bot.conversations.inbox import Receipt, open_conversation, receive
from bot.conversations.outbox import messages_after
from bot.conversations.turns import Turns
from bot.db import Database


async def echo(question: Question) -> Answer:
    """Says what it was asked; asks for a person at 人工, with the words in the packet."""
    if question.text == "/leave_callback":
        return Answer(replies=[Reply("哪个电话方便？")])
    if "人工" in question.text:
        return Answer(handoff={"reason": "asked", "packet": {"last_text": question.text}})
    reply = Reply(f"您说：{question.text}", choices=(("查快递", "/track_shipment"),))
    event = {"type_name": "user", "timestamp": 1.0, "data": "{}"}
    return Answer(replies=[reply], events=[event], language="zh")


def turns(database: Database, brain=echo, **settings: float) -> Turns:
    return Turns(database, brain, **{"lease_s": 30.0, "timeout_s": 5.0, "at_once": 2, **settings})


def answer_all(database: Database, brain=echo) -> int:
    """Runs turns until nothing waits; gives how many ran."""

    async def run() -> int:
        count = 0
        while await turns(database, brain).turn():
            count += 1
        return count

    return asyncio.run(run())


class Customer:
    """Someone on the web chat, seen from outside."""

    def __init__(self, database: Database, language: str = "zh") -> None:
        self.database = database
        with database.write() as session:
            self.id = open_conversation(session, "web", uuid4().hex, language).id
            session.commit()

    def send(self, text: str | None = None, *, client_id: str | None = None, **what: str) -> Receipt:
        with self.database.write() as session:
            external_id = f"{self.id}:{client_id or uuid4()}"
            receipt = receive(session, self.id, external_id, **({"text": text} if text is not None else {}), **what)
            session.commit()
            return receipt

    def sees(self, after: int = 0) -> list[dict]:
        with self.database.read() as session:
            return messages_after(session, self.id, after)

    def hears(self) -> list[str]:
        """What was said to this customer, by anyone."""
        return [message["text"] for message in self.sees() if message["from"] != "customer"]

    def choice(self, title: str) -> str:
        """The id of the latest button with this title."""
        shown = [choice for message in self.sees() for choice in message["choices"] if choice["title"] == title]
        return shown[-1]["id"]
