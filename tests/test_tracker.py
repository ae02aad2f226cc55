"""The tracker store of turns: what it keeps in memory is never taken for what is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, Event, SessionStarted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker, EventVerbosity

from bot.conversations.models import DialogueEvent
from bot.db import Database
from bot.tracker import KEPT_TRACKERS, TurnTrackerStore, YidaTrackerStore, rows

DOMAIN = Domain.from_yaml("""
version: "3.1"
intents: [greet]
slots: {language: {type: text, mappings: [{type: custom}]}}
""")


def words(text: str) -> list[Event]:
    return [UserUttered(text, {"name": "greet"}), SlotSet("language", text), ActionExecuted("action_listen")]


class Worker:
    """One process's store and the turns it runs."""

    def __init__(self, database: Database) -> None:
        self.database, self.store = database, TurnTrackerStore(DOMAIN)

    def turn(self, *events: Event, commit: bool = True, sender: str = "c1") -> None:
        tracker = self.tracker(sender) or DialogueStateTracker(sender, DOMAIN.slots)
        tracker.update_with_events(events, DOMAIN)
        asyncio.run(self.store.save(tracker))
        _, new = self.store.take(sender)
        if commit:
            with self.database.write() as session:
                session.add_all(DialogueEvent(sender_id=sender, **row) for row in rows(new))
                session.commit()

    def tracker(self, sender: str = "c1") -> DialogueStateTracker | None:
        return asyncio.run(self.store.retrieve(sender))

    def said(self) -> list[str]:
        tracker = self.tracker()
        return [event.text for event in tracker.events if isinstance(event, UserUttered)] if tracker else []


@pytest.fixture
def worker(database: Database) -> Iterator[Worker]:
    yield Worker(database)


def test_the_next_turn_goes_on_from_the_last_one(worker: Worker) -> None:
    worker.turn(*words("one"))
    worker.turn(*words("two"))
    assert worker.said() == ["one", "two"]


def test_a_turn_that_was_not_committed_is_forgotten(worker: Worker) -> None:
    worker.turn(*words("one"))
    worker.turn(*words("lost"), commit=False)
    assert worker.said() == ["one"]


def test_a_first_turn_that_was_not_committed_leaves_no_tracker(worker: Worker) -> None:
    worker.turn(*words("lost"), commit=False)
    assert worker.tracker() is None


def test_another_workers_turn_is_seen(worker: Worker) -> None:
    worker.turn(*words("one"))
    Worker(worker.database).turn(*words("two"))
    assert worker.said() == ["one", "two"]


def test_a_turn_run_again_elsewhere_replaces_the_one_that_was_lost(worker: Worker) -> None:
    worker.turn(*words("one"))
    worker.turn(*words("lost"), commit=False)
    Worker(worker.database).turn(*words("rerun"))
    assert worker.said() == ["one", "rerun"]


def test_an_erased_conversation_is_gone_at_once(worker: Worker) -> None:
    worker.turn(*words("one"))
    with worker.database.write() as session:
        session.query(DialogueEvent).delete()
        session.commit()
    assert worker.tracker() is None


def test_the_kept_tracker_is_the_stored_one(worker: Worker) -> None:
    worker.turn(SessionStarted(), ActionExecuted("action_listen"), *words("one"))
    worker.turn(*words("two"))
    kept, stored = worker.tracker(), asyncio.run(YidaTrackerStore(DOMAIN).retrieve("c1"))
    assert kept is not None and stored is not None
    assert kept.current_state(EventVerbosity.ALL) == stored.current_state(EventVerbosity.ALL)


def test_a_new_session_begins_without_the_last_one(worker: Worker) -> None:
    worker.turn(*words("one"))
    worker.turn(SessionStarted(), ActionExecuted("action_listen"), *words("two"))
    assert worker.said() == ["two"]


def test_only_the_last_conversations_are_kept(worker: Worker) -> None:
    for number in range(KEPT_TRACKERS + 1):
        worker.turn(*words("hello"), sender=f"c{number}")
    assert len(worker.store._kept) == KEPT_TRACKERS
