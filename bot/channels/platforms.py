"""What messaging platforms have in common: how they are spoken to, what can go wrong, how their messages come in."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import requests
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.routing import Route

from bot.calling import cut_at, never_connected
from bot.channels.http import Refused
from bot.channels.models import Wish
from bot.channels.rendering import Part, Style
from bot.conversations.errors import FileRefused, UnknownChoice
from bot.conversations.inbox import Receipt, lock, open_conversation, receive, store_file
from bot.conversations.models import Conversation, Delivery, InboxMessage
from bot.conversations.outbox import add_message, push_from_now_on
from bot.conversations.ownership import next_steps
from bot.conversations.wakeups import DELIVERIES, announce
from bot.db import Database, insert, now, once
from bot.wording import say

CALL_WITHIN_S = 8.0
"""For one call of a platform's API, everything included."""
LARGEST_ANSWER = 12 * 1024 * 1024
"""Bytes; photos come this way too."""
LARGEST_PUSH = 1024 * 1024
"""Bytes of a webhook's body."""
_NUMBER = re.compile(r"[(\[]?(\d{1,2})[)\].、。]?")


class TryAgain(Exception):
    """The platform certainly did not take it: busy, down, its limit reached. Again after `after_s` seconds."""

    def __init__(self, after_s: float | None = None) -> None:
        super().__init__(after_s)
        self.after_s = after_s


class Unsure(Exception):
    """The platform may have taken it: it did not say."""


class OutsideWindow(Exception):
    """The platform lets us say no more until the customer writes again."""


class Undeliverable(Exception):
    """The platform will never take it: blocked, unknown, refused. The reason is the platform's code."""


class Platform(ABC):
    """A messaging platform. `send`, `fetch` and `knock` block; they run in threads of the platform's own."""

    name: str
    style: Style

    @abstractmethod
    def routes(self, database: Database) -> Sequence[Route]:
        """Webhooks under /hooks/<name>: verified on the raw body, stored, acknowledged at once."""

    @abstractmethod
    def send(self, to: str, part: Part) -> None:
        """One piece to the platform's user. Raises TryAgain, Unsure, OutsideWindow, Undeliverable."""

    def fetch(self, database: Database, wish: Wish) -> None:
        """Does what a webhook put off. Raises TryAgain, Unsure (again later), Undeliverable (given up)."""
        raise Undeliverable("nothing is put off here")

    def knock(self, to: str, language: str) -> bool:
        """Says, outside the window, that something waits; False where the platform has no way to."""
        return False


@dataclass(frozen=True)
class Reaction:
    """What a platform answered to a call."""

    status: int
    content: bytes
    headers: Any

    def json(self) -> dict[str, Any]:
        """Raises Unsure where it is no JSON object: a proxy's page, a cut answer."""
        try:
            data = json.loads(self.content)
        except (ValueError, RecursionError) as error:
            raise Unsure("no JSON") from error
        if not isinstance(data, dict):
            raise Unsure("no JSON object")
        return data


def call(method: str, url: str, *, within_s: float = CALL_WITHIN_S, **given: Any) -> Reaction:
    """One call. Raises TryAgain where nothing was taken, Unsure where nobody knows; other answers come back."""
    try:
        with cut_at(within_s) as session, session.request(
            method, url, timeout=within_s, allow_redirects=False, stream=True, **given
        ) as response:
            content = response.raw.read(LARGEST_ANSWER + 1, decode_content=True)
    except requests.ConnectionError as error:
        raise (TryAgain() if never_connected(error) else Unsure(type(error).__name__)) from error
    except Exception as error:  # the socket was cut, the body is no HTTP …
        raise Unsure(type(error).__name__) from error
    if response.status_code == 429:
        raise TryAgain(_seconds(response.headers.get("retry-after")))
    if not 200 <= response.status_code < 300 and not 400 <= response.status_code < 500:  # its gateway, not the platform
        raise Unsure(f"status {response.status_code}")
    if len(content) > LARGEST_ANSWER:
        raise Unsure("too large")
    return Reaction(response.status_code, content, response.headers)


def _seconds(given: str | None) -> float | None:
    return float(given) if given and given.isdecimal() and len(given) < 6 else None


class AccessToken:
    """A token that calls carry, got when first needed and again when it is over; one a process."""

    MARGIN_S = 60.0

    def __init__(self, get: Callable[[], tuple[str, float]]) -> None:
        """`get` gives the token and its life in seconds; what it raises comes through `value`."""
        self._get = get
        self._lock = threading.Lock()
        self._value, self._until = "", 0.0

    def value(self) -> str:
        with self._lock:
            if time.monotonic() >= self._until:
                self._value, life_s = self._get()
                self._until = time.monotonic() + max(0.0, life_s - self.MARGIN_S)
            return self._value

    def forget(self, value: str) -> None:
        """The platform no longer takes it; a newer one that another thread got meanwhile stays."""
        with self._lock:
            if self._value == value:
                self._until = 0.0


async def raw_body(request: Request) -> bytes:
    """The body as it was signed. Raises Refused for one that is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_PUSH:
            raise Refused(413, "request_too_large")
    return bytes(body)


def take(
    session: Session,
    channel: str,
    sender: str,
    external_id: str,
    *,
    text: str | None = None,
    choice: str | None = None,
    language: str = "zh",
) -> Receipt | None:
    """Stores a message of a platform's user; a number that was offered is the choice it stands for.

    None for a button that is no longer valid: the customer is told so.
    """
    conversation = _conversation(session, channel, sender, language)
    if text is not None and choice is None:
        choice = _numbered_choice(session, conversation.id, text)
    given = {"text": text} if choice is None else {"choice": choice}
    try:
        return receive(session, conversation.id, external_id, address=f"{channel}:{sender}", **given)
    except UnknownChoice:
        if text is not None:
            return receive(session, conversation.id, external_id, address=f"{channel}:{sender}", text=text)
        _say_once(session, conversation, external_id, "unknown_choice")
        return None


def welcome(session: Session, channel: str, sender: str, external_id: str, language: str = "zh") -> None:
    """A user who opens the chat without a word hears what we can do; a repeated event says nothing again."""
    _say_once(session, _conversation(session, channel, sender, language), external_id, "platform_welcome", steps=True)


def keep_photo(
    session: Session, channel: str, sender: str, external_id: str, name: str, data: bytes, language: str = "zh"
) -> None:
    """Stores a photo or PDF as the customer's message; one that cannot be taken is answered in words."""
    conversation = _conversation(session, channel, sender, language)
    if _received(session, channel, external_id):
        return
    try:
        file_id = store_file(session, conversation.id, name, data)
    except FileRefused as refused:
        _say_once(session, conversation, external_id, refused.reason)
        return
    receive(session, conversation.id, external_id, file_id=file_id, address=f"{channel}:{sender}")


def put_off(session: Session, channel: str, sender: str, external_id: str, reference: dict[str, Any]) -> None:
    """Stores what `fetch` is to do. Asked for again while it waits or is at work, it is done (again) after that."""
    if _received(session, channel, external_id):
        return
    row = {
        "channel": channel, "external_id": external_id, "sender": sender, "reference": reference, "due_at": now(),
        "asked": 1, "attempts": 0,
    }  # fmt: skip
    table = Wish.__table__
    again = {"asked": table.c.asked + 1, "due_at": now(), "reference": reference}
    adding = insert(session, table).values(**row)
    session.execute(adding.on_conflict_do_update(index_elements=["channel", "external_id"], set_=again))
    announce(session, DELIVERIES)


def say_unfetched(session: Session, wish: Wish) -> None:
    """A photo that could not be had from the platform: the customer hears it rather than waiting."""
    _say_once(session, _conversation(session, wish.channel, wish.sender), wish.external_id, "photo_not_fetched")


def _conversation(session: Session, channel: str, sender: str, language: str = "zh") -> Conversation:
    conversation = lock(session, open_conversation(session, channel, sender, language).id)
    if not conversation.is_pushed:
        push_from_now_on(session, conversation)
    return conversation


def _numbered_choice(session: Session, conversation_id: str, text: str) -> str | None:
    found = _NUMBER.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if found is None:
        return None
    delivery = session.get(Delivery, conversation_id)
    ids, number = delivery.offered or [], int(found[1])
    return ids[number - 1] if 0 < number <= len(ids) else None


def _received(session: Session, channel: str, external_id: str) -> bool:
    query = select(func.count()).where(InboxMessage.channel == channel, InboxMessage.external_id == external_id)
    return bool(session.execute(query).scalar_one())


def _say_once(session: Session, conversation: Conversation, external_id: str, key: str, *, steps: bool = False) -> None:
    language = conversation.language
    choices = next_steps(language) if steps else ()

    def speak() -> dict[str, Any]:
        return {"seq": add_message(session, conversation, "system", say(language, key), choices=choices).seq}

    event = hashlib.sha256(f"{conversation.channel}:{external_id}".encode()).hexdigest()
    once(session, event, key, speak)
