"""What every action needs: services in a thread, the key of what happens once, the language."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from rasa_sdk import Tracker
from rasa_sdk.events import ActiveLoop, SlotSet
from sqlalchemy.orm import Session

from bot.db import database, now
from bot.shipments.refreshing import refresh
from bot.wording import say

Events = list[dict[str, Any]]
Result = TypeVar("Result")

SHOWN_WORDS = 80
LONGEST_REFRESH_S = 3.5
"""The providers' budget, and what the store takes."""


async def service(do: Callable[[Session], Result]) -> Result:
    """Runs `do` with a session in a thread and commits: a sync call here would stop every other chat."""
    return await asyncio.to_thread(_committed, do)


def _committed(do: Callable[[Session], Result]) -> Result:
    with database().write() as session:
        result = do(session)
        session.commit()
    return result


async def reading(do: Callable[[Session], Result]) -> Result:
    """Like `service`, for what only reads: it takes no write lock."""
    return await asyncio.to_thread(_read, do)


def _read(do: Callable[[Session], Result]) -> Result:
    with database().read() as session:
        return do(session)


async def freshened(number: str, *, tail: str | None = None) -> None:
    """Asks the providers about a parcel where that is due; a hanging name service must not hold the customer up."""
    work = asyncio.to_thread(refresh, database(), number, now(), tail=tail)
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(work, LONGEST_REFRESH_S)


def language(tracker: Tracker) -> str:
    return tracker.get_slot("language") or "zh"


def message_key(tracker: Tracker) -> str:
    """What makes this message's work happen once: its inbox id, or Rasa's own id under `rasa shell`.

    With the conversation: should an erased message's id be given again, nobody gets another's first result.
    """
    metadata = tracker.latest_message.get("metadata") or {}
    return f"{tracker.sender_id}:{metadata.get('inbox_id') or tracker.latest_message.get('message_id')}"


def cleared(*slots: str) -> Events:
    return [SlotSet(slot, None) for slot in slots]


def left_form() -> Events:
    """Ends whatever form is open and forgets how often it asked; what it collected stays."""
    return [ActiveLoop(None), *cleared("requested_slot", "asked", "problem")]


def quoted(words: str) -> str:
    """A customer's words for a read-back: one line, and no brackets, which Rasa's templates read as placeholders."""
    line = " ".join(words.split()).translate(str.maketrans("{}[]", "（）［］"))
    return line if len(line) <= SHOWN_WORDS else f"{line[:SHOWN_WORDS]}…"


def read_back(speech: str, lines: dict[str, str | None]) -> str:
    """A line for each part that was given."""
    given = ((part, quoted(value)) for part, value in lines.items() if value)
    return "\n".join(say(speech, f"change_line_{part}", value=value) for part, value in given)


def button(language: str, key: str, payload: str, **values: Any) -> dict[str, str]:
    """A button titled by the wording `key`."""
    return {"title": say(language, key, **values), "payload": payload}


def confirm_buttons(language: str) -> list[dict[str, str]]:
    """The two answers to a read-back."""
    return [button(language, "choice_confirm", "/affirm"), button(language, "choice_change", "/deny")]
