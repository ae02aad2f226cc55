"""A shop's October, made by hand: every time is said in Shanghai's clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from bot.cases.models import Case, CaseEvent, Finding
from bot.conversations.models import Conversation, Handoff, HandoffMove, InboxMessage, Message
from bot.db import Database
from bot.privacy import phone_hash

PHONE = "13812345678"


def at(text: str) -> datetime:
    """`10-05 09:30` of 2026 in Shanghai; seconds may follow."""
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZoneInfo("Asia/Shanghai"))


NOW = at("11-10 12:00")


class Shop:
    """Writes rows as the product does, at the times a test says."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._cases = 0

    def case(self, created: str, *steps: tuple[str, str, str], **fields: object) -> str:
        """A case and its audit lines (time, transition, state it led to); gives its number."""
        self._cases += 1
        number = f"YD261001{self._cases:05d}"
        values = {
            "kind": "complaint", "category": "delay", "state": steps[-1][2] if steps else "acknowledged",
            "description": "三天没动", "summary": "delay: 三天没动", "files": [], "created_at": at(created),
            "first_check_due_at": at(created) + timedelta(hours=24),
            "result_due_at": at(created) + timedelta(days=7),
            "updated_at": at(steps[-1][0] if steps else created), **fields,
        }  # fmt: skip
        if values.get("phone"):
            values["phone_hash"] = phone_hash(str(values["phone"]))
        with self._database.write() as session:
            case = Case(number=number, **values)
            session.add(case)
            session.flush()
            before = None
            for moment, name, state in ((created, "submit", "new"), (created, "acknowledge", "acknowledged"), *steps):
                session.add(CaseEvent(
                    case_id=case.id, at=at(moment), actor="lin", transition=name, from_state=before, to_state=state,
                ))  # fmt: skip
                before = state
            session.commit()
        return number

    def found(self, number: str, cause: str) -> None:
        with self._database.write() as session:
            case_id = session.query(Case.id).filter_by(number=number).scalar()
            session.add(Finding(case_id=case_id, cause=cause, found_by="wu", at=NOW))
            session.commit()

    def chat(self, *lines: tuple[str, str], channel: str = "web", **undelivered: bool) -> str:
        """Lines of (time, customer | bot | agent | system); gives the conversation's id."""
        with self._database.write() as session:
            chat = Conversation(channel=channel, sender_hash=uuid4().hex, sender="x")
            session.add(chat)
            session.flush()
            for seq, (moment, sender) in enumerate(lines, start=1):
                session.add(Message(
                    conversation_id=chat.id, seq=seq, sender=sender, text="好", epoch=0, at=at(moment), **undelivered,
                ))  # fmt: skip
                if sender == "customer":
                    session.add(InboxMessage(
                        conversation_id=chat.id, channel=channel, external_id=f"{chat.id}-{seq}", seq=seq,
                        state="answered", received_at=at(moment),
                    ))  # fmt: skip
            session.commit()
            return str(chat.id)

    def handoff(self, chat: str, asked: str, claimed: str | None, ended: str | None, reason: str = "stuck") -> None:
        with self._database.write() as session:
            session.add(Handoff(
                conversation_id=chat, epoch=1, reason=reason, packet={}, requested_at=at(asked),
                claimed_at=claimed and at(claimed), ended_at=ended and at(ended), agent=claimed and "lin",
                outcome=ended and ("resolved" if claimed else "cancelled"),
            ))  # fmt: skip
            session.commit()


    def move(self, chat: str, moment: str, kind: str, to: str | None = None) -> None:
        """The chat's only handoff changes hands."""
        with self._database.write() as session:
            handoff = session.query(Handoff.id).filter_by(conversation_id=chat).scalar()
            session.add(HandoffMove(
                conversation_id=chat, handoff_id=handoff, kind=kind, agent="lin", to=to, at=at(moment),
            ))  # fmt: skip
            session.commit()


@pytest.fixture
def shop(database: Database) -> Iterator[Shop]:
    yield Shop(database)
