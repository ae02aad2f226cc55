"""What we ask of Chatwoot: its client API for the customer's side, its application API for notes and states.

developers.chatwoot.com/api-reference: contacts-api, conversations-api and messages-api (`/public/api/v1/inboxes/…`, no
key but the inbox's identifier); messages and conversations (`/api/v1/accounts/…`, header `api_access_token`).
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote, urlsplit

from bot.channels.platforms import Reaction, TryAgain, Undeliverable, Unsure
from bot.external.desks import Gone, Misconfigured, ask, delete, number, objects
from bot.settings import Settings

FILE_WITHIN_S = 25.0
"""For a photo, either way: ten megabytes take that long on a line of four megabits."""
INCOMING = 0
"""A message's type in answers of the application API."""
_BLOB = re.compile(r"/rails/active_storage/blobs/(?:redirect/|proxy/)?([A-Za-z0-9_=%-]+)/([^/]+)")
"""Where Active Storage, which Chatwoot keeps files with, gives out one: its signed id and its name."""


class ChatwootApi:
    """One API inbox of one account. Everything here may raise TryAgain, Unsure, Undeliverable, Gone."""

    def __init__(self, settings: Settings) -> None:
        self._base = settings.chatwoot_url.rstrip("/")
        self._inbox = f"{self._base}/public/api/v1/inboxes/{settings.chatwoot_inbox}"
        self._account = f"{self._base}/api/v1/accounts/{settings.chatwoot_account}"
        self._key = {"api_access_token": settings.chatwoot_token}

    def open(self, source: str, name: str, known: list[str], *, doubtful: bool) -> tuple[str, str]:
        """The contact's source id and a conversation's number; asked again for a source, the contact is the same.

        `doubtful`: a conversation may have been made and not noted; of the contact's, it is one that is not `known`.
        """
        try:
            contact = ask("POST", f"{self._inbox}/contacts", json={"source_id": source, "name": name}).json()
            given = contact.get("source_id")
            source = given if isinstance(given, str) and given else source
            found = self._unknown(source, known) if doubtful else None
            return source, found or self._new(source)
        except (Gone, Undeliverable) as error:  # the inbox is not the one we think: people wait, it is not given up
            raise Misconfigured from error

    def check(self) -> None:
        """Raises Misconfigured where Chatwoot has no such inbox or account: then nothing was deleted in it."""
        try:
            ask("GET", self._inbox)
            ask("GET", self._account, headers=self._key)
        except (Gone, Undeliverable) as error:
            raise Misconfigured from error

    def forget(self, source: str) -> None:
        """The contact with all its conversations, by an administrator's token. Raises Gone where it is not there."""
        contact = number(ask("GET", f"{self._inbox}/contacts/{source}").json().get("id"))
        if contact is None:
            raise Unsure("no contact id")
        delete(f"{self._account}/contacts/{contact}", self._key)  # nobody who is online just now: 422

    def _new(self, source: str) -> str:
        made = ask("POST", f"{self._inbox}/contacts/{source}/conversations", json={"custom_attributes": {}}).json()
        found = number(made.get("id"))
        if found is None:
            raise Unsure("no conversation id")
        return found

    def _unknown(self, source: str, known: list[str]) -> str | None:
        listed = objects(ask("GET", f"{self._inbox}/contacts/{source}/conversations"))
        numbers = [number(each.get("id")) for each in listed if each.get("status") != "resolved"]
        return max((each for each in numbers if each and each not in known), key=int, default=None)

    def say(self, source: str, conversation: str, text: str, file: tuple[str, str, bytes] | None = None) -> int:
        """The customer's words, or their photo as (name, media type, content); gives the message's number."""
        url = f"{self._inbox}/contacts/{source}/conversations/{conversation}/messages"
        if file is None:
            return _id(ask("POST", url, json={"content": text}))
        name, media_type, content = file
        photo = {"attachments[]": (name, content, media_type)}
        return _id(ask("POST", url, data={"content": text}, files=photo, within_s=FILE_WITHIN_S))

    def fetch(self, url: str) -> tuple[str, bytes]:
        """Name and content of a file that an agent sent.

        Whatever host the webhook names, Chatwoot itself is asked, without a key, and by a way that does not lead on to
        another host. Raises Undeliverable for an address that is none of Chatwoot's.
        """
        found = _BLOB.fullmatch(_path(url))
        if found is None:
            raise Undeliverable("a file that is not Chatwoot's")
        address = f"{self._base}/rails/active_storage/blobs/proxy/{found[1]}/file"
        try:
            return unquote(found[2]), ask("GET", address, within_s=FILE_WITHIN_S).content
        except Gone as error:  # Chatwoot tells of a message before its files are there
            raise TryAgain from error

    def note(self, conversation: str, text: str) -> int:
        """A private note, which the agents see and the customer does not."""
        body = {"content": _verbatim(text), "message_type": "outgoing", "private": True}
        return _id(ask("POST", self._messages(conversation), json=body, headers=self._key))

    def resolve(self, conversation: str) -> None:
        url = f"{self._account}/conversations/{conversation}/toggle_status"
        ask("POST", url, json={"status": "resolved"}, headers=self._key)

    def said_since(self, conversation: str, last_id: int) -> int:
        """The number of a message of the customer's newer than `last_id`: nobody but us writes those; 0 for none."""
        return max((self_id for self_id, each in self._newest(conversation, last_id) if _is_incoming(each)), default=0)

    def noted_since(self, conversation: str, last_id: int, text: str) -> int:
        """The number of a private note of these very words that is newer; 0 for none."""
        found, words = self._newest(conversation, last_id), _verbatim(text)
        ours = (note_id for note_id, each in found if each.get("private") is True and each.get("content") == words)
        return max(ours, default=0)

    def _newest(self, conversation: str, last_id: int) -> list[tuple[int, dict[str, Any]]]:
        answer = ask("GET", self._messages(conversation), params={"after": last_id}, headers=self._key).json()
        listed = answer.get("payload")
        if not isinstance(listed, list):
            raise Unsure("no list of messages")
        known = [(number(each.get("id")), each) for each in listed if isinstance(each, dict)]
        return [(int(message_id), each) for message_id, each in known if message_id and int(message_id) > last_id]

    def _messages(self, conversation: str) -> str:
        return f"{self._account}/conversations/{conversation}/messages"


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _verbatim(text: str) -> str:
    """Chatwoot runs what agents write, notes too, through Liquid: a customer's braces are no variables of it."""
    return text.replace("{{", "{ {").replace("{%", "{ %")


def _is_incoming(message: dict[str, Any]) -> bool:
    return message.get("message_type") == INCOMING and message.get("private") is not True


def _id(reaction: Reaction) -> int:
    """0 where none is given: the message was taken all the same."""
    return int(number(reaction.json().get("id")) or 0)
