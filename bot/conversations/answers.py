"""What passes between a turn and the brain. The brain is a function, so this room never sees Rasa."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Reply:
    """One message of the bot: text, buttons as (title, payload), a card, and the id of a file of the conversation."""

    text: str
    choices: tuple[tuple[str, str], ...] = ()
    card: dict[str, Any] | None = None
    file_id: str | None = None


@dataclass(frozen=True)
class Answer:
    """What the brain made of one message. `events` are rows for DialogueEvent; `handoff` is {"reason", "packet"}."""

    replies: list[Reply] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    handoff: dict[str, Any] | None = None
    language: str | None = None


@dataclass(frozen=True)
class Question:
    """What the brain is asked: clean text or a choice's payload, and what the actions may need to know."""

    conversation_id: str
    inbox_id: int
    text: str
    language: str
    channel: str


Brain = Callable[[Question], Awaitable[Answer]]


class BrainFault(Exception):
    """The dialogue or an action failed on this message and would fail again."""
