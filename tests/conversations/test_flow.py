"""Any order of messages, repeats, kills, hand-overs and returns, against a plain model (hypothesis)."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.conversations import ownership, views
from bot.conversations.turns import MAX_ATTEMPTS, claim_next, forget_leases
from bot.db import Database
from tests.support.databases import new_sqlite

from .support import Customer, turns


class MessageFlow(RuleBasedStateMachine):
    """The model: who owns the chat, which texts wait, and what the customer must have heard."""

    @initialize()
    def start(self) -> None:
        self.folder = TemporaryDirectory()
        self.database = Database(new_sqlite(Path(self.folder.name, "yida.db")))
        self.customer = Customer(self.database)
        self.owner, self.number, self.kills = "bot", 0, 0
        self.waiting: list[str] = []
        self.heard: list[str] = []
        self.acknowledged: dict[str, int] = {}

    @rule(asks_for_person=st.booleans())
    def send(self, asks_for_person: bool) -> None:
        self.number += 1
        text = f"{'转人工' if asks_for_person else '问'}{self.number}"
        self.acknowledged[text] = self.customer.send(text, client_id=text).seq
        self.waiting.append(text)

    @precondition(lambda self: self.acknowledged)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        text = data.draw(st.sampled_from(sorted(self.acknowledged)))
        assert self.customer.send(text, client_id=text).seq == self.acknowledged[text]

    def teardown(self) -> None:
        self.database.dispose()
        self.folder.cleanup()

    @precondition(lambda self: self.kills < MAX_ATTEMPTS - 1)
    @rule()
    def kill_a_worker_in_its_turn(self) -> None:
        self.kills += 1
        with self.database.write() as session:
            claim_next(session, lease_s=30)
            session.commit()
        with self.database.write() as session:
            forget_leases(session)
            session.commit()

    @rule()
    def turn(self) -> None:
        ran = asyncio.run(turns(self.database).turn())
        assert ran == bool(self.waiting)
        if not ran:
            return
        text, self.kills = self.waiting.pop(0), 0
        if self.owner in ("queued", "agent"):
            return
        self.owner = "queued" if "人工" in text else "bot"
        if self.owner == "bot":
            self.heard.append(f"您说：{text}")

    @precondition(lambda self: self.owner == "queued")
    @rule()
    def claim(self) -> None:
        self._at_the_desk(ownership.claim, "agent")

    @precondition(lambda self: self.owner == "agent")
    @rule()
    def hand_back(self) -> None:
        self._at_the_desk(ownership.return_to_bot, "bot")

    @precondition(lambda self: self.owner == "agent")
    @rule()
    def close(self) -> None:
        self._at_the_desk(lambda *who: ownership.close(*who, "resolved"), "closed")

    def _at_the_desk(self, act, owner: str) -> None:
        with self.database.write() as session:
            act(session, self.customer.id, "小林")
            session.commit()
        self.owner = owner

    @invariant()
    def the_customer_heard_exactly_what_the_model_says(self) -> None:
        if not hasattr(self, "customer"):
            return
        seen = self.customer.sees()
        assert [m["text"] for m in seen if m["text"].startswith("您说：")] == self.heard
        assert [m["id"] for m in seen] == list(range(1, len(seen) + 1))
        with self.database.read() as session:
            assert views.packet_and_transcript(session, self.customer.id)["owner"] == self.owner


TestMessageFlow = MessageFlow.TestCase
TestMessageFlow.settings = settings(
    max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
