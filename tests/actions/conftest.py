"""Whole conversations with the real model and actions. On SQLite: the services below are tested on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from actions import handoff
from bot.brain import Brain
from bot.cases import service as cases
from bot.conversations.answers import Answer, Question, Reply
from bot.conversations.models import DialogueEvent
from bot.db import Database
from bot.db import database as present_database
from bot.shipments.demo import load_demo
from tests.support.databases import new_sqlite


class Chat:
    """A customer's chat, each answer committed as a turn commits it. Texts of shown buttons can be tapped."""

    _messages = 0

    def __init__(self, brain: Brain, database: Database, name: str, language: str = "zh") -> None:
        self.brain, self.database, self.name, self.language = brain, database, name, language
        self.answer = Answer()

    def say(self, *messages: str) -> str:
        """Sends the messages one by one; gives all that was answered to the last, buttons included."""
        for words in messages:
            Chat._messages += 1
            self.answer = self._ask(words)
            self.language = self.answer.language or self.language
            with self.database.write() as session:
                session.add_all(DialogueEvent(sender_id=self.name, **event) for event in self.answer.events)
                session.commit()
        return "\n".join(f"{reply.text} [{'|'.join(title for title, _ in reply.choices)}]" for reply in self.replies)

    def say_in_a_turn_that_dies(self, words: str) -> None:
        """The services have committed, the turn has not; the next `say` is its second run, with the same inbox id."""
        Chat._messages += 1
        self._ask(words)
        Chat._messages -= 1

    def _ask(self, words: str) -> Answer:
        return asyncio.run(self.brain.answer(Question(self.name, Chat._messages, words, self.language, "web")))

    def tap(self, title: str) -> str:
        payloads = {shown: payload for reply in self.replies for shown, payload in reply.choices}
        return self.say(payloads[title])

    def send_photo(self, file_id: str) -> str:
        return self.say(f'/provide_photo{{"file_id": "{file_id}"}}')

    @property
    def replies(self) -> list[Reply]:
        return self.answer.replies

    @property
    def card(self) -> dict[str, Any] | None:
        return next((reply.card for reply in self.replies if reply.card), None)

    def cases(self) -> list[dict[str, Any]]:
        """The cases of this conversation, oldest first."""
        with self.database.read() as session:
            told = cases.cases_of_conversation(session, self.name)
            return [cases.get(session, case["number"]) for case in reversed(told)]

    def slots(self) -> dict[str, Any]:
        tracker = asyncio.run(self.brain._store.retrieve(self.name))
        assert tracker is not None
        return {name: value for name, value in tracker.current_slot_values().items() if value}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    new_sqlite(tmp_path / "yida.db")
    yield present_database()
    present_database().dispose()


@pytest.fixture(autouse=True)
def desk_hours(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The desk is open unless a test closes it with `desk_hours(False)`."""

    def set_open(is_open: bool) -> None:
        def service_open(now: datetime) -> bool:
            return is_open

        monkeypatch.setattr(handoff, "service_open", service_open)

    set_open(True)
    yield set_open


@pytest.fixture
def chat(brain: Brain, database: Database) -> Chat:
    load_demo(database)
    return Chat(brain, database, "c1")


@pytest.fixture
def other_chat(brain: Brain, database: Database) -> Chat:
    return Chat(brain, database, "c2")
