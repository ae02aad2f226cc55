"""Rasa's tracker store on our database: our table, encrypted, and (in a turn) saved by the turn itself."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import SerializedTrackerAsText, SQLTrackerStore, TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event, SessionStarted, SlotSet
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy import select
from sqlalchemy.orm import sessionmaker

from bot.conversations.models import DialogueEvent
from bot.db import database


class YidaTrackerStore(SQLTrackerStore):
    """Named in `endpoints.yml`; the address comes from the settings (Rasa raises on an unset `${…}`)."""

    SQLEvent = DialogueEvent

    def __init__(self, domain: Domain | None, event_broker: EventBroker | None = None, **_: Any) -> None:
        # Not SQLTrackerStore's own: it opens an engine by itself and creates tables that our migrations own.
        self.engine = database().engine
        self.sessionmaker = sessionmaker(bind=self.engine)
        TrackerStore.__init__(self, domain, event_broker)
        SerializedTrackerAsText.__init__(self)


KEPT_TRACKERS = 200
"""Trackers of the last conversations stay in memory, some 50 KB each: reading one anew is a fifth of a turn."""


class TurnTrackerStore(YidaTrackerStore):
    """For turns: `save` only hands its new events over, and the turn commits them with everything else."""

    def __init__(self, domain: Domain | None) -> None:
        super().__init__(domain)
        self._loaded: dict[str, int] = {}
        self._new: dict[str, list[Event]] = {}
        self._trackers: dict[str, DialogueStateTracker] = {}
        self._kept: dict[str, DialogueStateTracker] = {}
        self._languages: dict[str, str] = {}

    def speak(self, sender_id: str, language: str) -> None:
        """The next turn of this conversation begins in `language`: the customer may have switched it on the page."""
        self._languages[sender_id] = language

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        language = self._languages.pop(sender_id, None)
        tracker = self._kept.pop(sender_id, None)
        if tracker is None or tracker.events[-1].timestamp != self._last_stored(sender_id):
            tracker = await super().retrieve(sender_id)
        self._loaded[sender_id] = len(tracker.events) if tracker else 0
        if tracker and language and tracker.get_slot("language") != language:
            tracker.update(SlotSet("language", language), self.domain)
        return tracker

    def _last_stored(self, sender_id: str) -> float | None:
        """When the last stored event happened: a kept tracker whose turn was not committed, or that another worker
        has taken further, ends otherwise.
        """
        own = select(DialogueEvent.timestamp).where(DialogueEvent.sender_id == sender_id)
        with self.engine.connect() as connection:
            return connection.execute(own.order_by(DialogueEvent.id.desc()).limit(1)).scalar()

    async def save(self, tracker: DialogueStateTracker) -> None:
        self._new[tracker.sender_id] = list(tracker.events)[self._loaded.get(tracker.sender_id, 0):]
        self._trackers[tracker.sender_id] = tracker

    def take(self, sender_id: str) -> tuple[DialogueStateTracker | None, list[Event]]:
        """The tracker and its new events since `retrieve`, given once."""
        loaded, new = self._loaded.pop(sender_id, 0), self._new.pop(sender_id, [])
        tracker = self._trackers.pop(sender_id, None)
        if tracker is not None and not (loaded and any(isinstance(event, SessionStarted) for event in new)):
            self._keep(tracker)  # of one that has begun another session, the earlier one is best forgotten
        return tracker, new

    def _keep(self, tracker: DialogueStateTracker) -> None:
        self._kept[tracker.sender_id] = tracker
        while len(self._kept) > KEPT_TRACKERS:
            del self._kept[next(iter(self._kept))]


def rows(events: Iterable[Event]) -> list[dict[str, Any]]:
    """Events as columns of DialogueEvent, without the conversation's id."""
    return [_row(event) for event in events]


def _row(event: Event) -> dict[str, Any]:
    data = event.as_dict()
    return {
        "type_name": event.type_name,
        "timestamp": data.get("timestamp"),
        "intent_name": data.get("parse_data", {}).get("intent", {}).get("name"),
        "action_name": data.get("name"),
        "data": json.dumps(data),
    }
