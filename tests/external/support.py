"""Other desks as their servers and their webhooks are seen by a test, in their documented shapes."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit
from uuid import uuid4

from starlette.testclient import TestClient

from bot.conversations.inbox import store_file
from bot.conversations.models import Conversation
from bot.db import Database, now
from bot.external.desks import ExternalDesk
from bot.external.models import ExternalLink
from bot.external.relay import Relay
from bot.rights.erasing import forget
from tests.conversations.support import Customer, answer_all
from tests.support.images import png
from tests.support.provider import FakeProvider, Fault, status

PUBLIC = re.compile(
    r"/public/api/v1/inboxes/inboxIdentifier/contacts(?:/(\w+)/conversations(?:/(\d+)/messages)?)?"
)
PRIVATE = re.compile(r"/api/v1/accounts/3/conversations/(\d+)/(messages|toggle_status)")
INBOX, ACCOUNT = "/public/api/v1/inboxes/inboxIdentifier", "/api/v1/accounts/3"
BLOBS = "https://desk.example/rails/active_storage/blobs"
FILE = re.compile(r"/rails/active_storage/blobs/proxy/([\w=-]+)/file")
CONTACT, OWN_CONTACT = re.compile(rf"{ACCOUNT}/contacts/(\d+)"), re.compile(rf"{INBOX}/contacts/(\w+)")


def work_off(database: Database, desk: ExternalDesk) -> int:
    """Tells the desk until nothing is due; gives how many things were tried."""
    relay, tried = Relay(database, desk), 0
    while True:
        task = relay.claim()
        if task is None:
            return tried
        relay.tell(task)
        tried += 1


def make_due(database: Database) -> None:
    """As if the time until the next try, or a dead worker's lease, had passed."""
    with database.write() as session:
        for link in session.query(ExternalLink):
            link.due_at, link.lease_until = None, None
        session.commit()


def link_of(database: Database) -> ExternalLink:
    """The newest one."""
    with database.read() as session:
        return session.query(ExternalLink).order_by(ExternalLink.id.desc()).first()


def write(customer: Customer, *texts: str) -> None:
    for text in texts:
        customer.send(text)
    answer_all(customer.database)


def send_photo(database: Database, customer: Customer) -> None:
    with database.write() as session:
        file_id = store_file(session, customer.id, "破损.png", png(4, 4))
        session.commit()
    customer.send(file_id=file_id)
    answer_all(database)


def erase_chat(customer: Customer) -> None:
    with customer.database.write() as session:
        forget(session, [customer.id])
        session.commit()


def owner(database: Database) -> tuple[str, str | None]:
    with database.read() as session:
        chat = session.query(Conversation).one()
        return chat.owner, chat.agent


def wait_s(database: Database) -> float:
    """Seconds until the next try."""
    return (link_of(database).due_at - now()).total_seconds()


def signed(body: bytes, at: float | None = None) -> dict[str, str]:
    """The headers by which Chatwoot shows that a body is its own."""
    stamp = str(int(time.time() if at is None else at))
    mac = hmac.new(b"made-up-secret", f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Chatwoot-Timestamp": stamp, "X-Chatwoot-Signature": f"sha256={mac}"}


class FakeChatwoot:
    """Contacts, conversations and messages of an API inbox; `fail` is asked before each call and may give a Fault."""

    settings = {"account": "3", "inbox": "inboxIdentifier", "token": "agents-token", "secret": "made-up-secret"}

    def __init__(self) -> None:
        self.api = FakeProvider()
        self.api.answer = self._answer
        self.contacts: dict[str, dict[str, Any]] = {}
        self.conversations: dict[int, dict[str, Any]] = {}
        self.fail: Callable[[str], Fault | None] = lambda path: None
        self.fail_after: Callable[[str], Fault | None] = lambda path: None
        """Fails, though it was taken."""
        self.files: dict[str, bytes] = {}
        """By signed id."""
        self.role = "administrator"
        """Of the token."""
        self._ids = 100

    def incoming(self, conversation: int = 12) -> list[str]:
        """What the customer said, as the agents see it."""
        found = self.conversations[conversation]["messages"]
        return [each["content"] for each in found if each["message_type"] == 0]

    def notes(self, conversation: int = 12) -> list[str]:
        return [each["content"] for each in self.conversations[conversation]["messages"] if each["private"]]

    def asked(self, ending: str) -> int:
        return sum(asked["path"].endswith(ending) for asked in self.api.asked)

    def _answer(self, path: str) -> Any:
        asked = self.api.asked[-1]
        path = path.partition("?")[0]
        failed = self.fail(path)
        if failed is not None:
            return failed
        done = self._do(asked, path)
        return self.fail_after(path) or done

    def _do(self, asked: dict[str, Any], path: str) -> Any:
        public, private, contact = PUBLIC.fullmatch(path), PRIVATE.fullmatch(path), CONTACT.fullmatch(path)
        own, file = OWN_CONTACT.fullmatch(path), FILE.fullmatch(path)
        if file is not None:
            return self.files.get(file[1], status(404))
        if path == INBOX:
            return {"identifier": "inboxIdentifier", "name": "驿答"}
        if own is not None:
            return self.contacts.get(own[1]) or status(404, {"error": "Resource could not be found"})
        if public is not None:
            return self._public(asked, *public.groups())
        if path.startswith(ACCOUNT) and asked["headers"].get("api_access_token") != "agents-token":
            return status(401, {"error": "Invalid Access Token"})
        if private is not None:
            return self._private(asked, int(private[1]), private[2])
        if contact is not None and asked["method"] == "DELETE":
            return self._forget(int(contact[1]))
        return {"id": 3, "name": "公司"} if path == ACCOUNT else status(404, {"error": "not found"})

    def _public(self, asked: dict[str, Any], source: str | None, conversation: str | None) -> Any:
        if source is None:
            given = json.loads(asked["body"])
            contact = {"id": self._id(), "name": given["name"], "email": None, "source_id": given["source_id"]}
            return self.contacts.setdefault(given["source_id"], {**contact, "pubsub_token": "t"})
        if source not in self.contacts:
            return status(404, {"error": "Resource could not be found"})
        if conversation is not None:
            return self._say(asked, int(conversation), 0, private=False)
        if not asked["body"]:
            return [self._shown(number) for number, chat in self.conversations.items() if chat["source"] == source]
        number = 12 + len(self.conversations)
        self.conversations[number] = {"source": source, "status": "open", "messages": []}
        return self._shown(number)

    def _private(self, asked: dict[str, Any], conversation: int, what: str) -> Any:
        if conversation not in self.conversations:
            return status(404, {"error": "Resource could not be found"})
        if what == "toggle_status":
            self.conversations[conversation]["status"] = json.loads(asked["body"])["status"]
            return {"meta": {}, "payload": {"success": True, "conversation_id": conversation}}
        if not asked["body"]:
            after = int(parse_qs(urlsplit(asked["path"]).query)["after"][0])
            newer = [each for each in self.conversations[conversation]["messages"] if each["id"] > after]
            return {"meta": {}, "payload": [_without_file(each) for each in newer]}
        return self._say(asked, conversation, 1, private=json.loads(asked["body"])["private"])

    def _forget(self, contact: int) -> Any:
        if self.role != "administrator":
            return status(401, {"error": "You are not authorized to do this action"})
        source = next((source for source, each in self.contacts.items() if each["id"] == contact), None)
        if source is None:
            return status(404, {"error": "Resource could not be found"})
        del self.contacts[source]
        self.conversations = {key: chat for key, chat in self.conversations.items() if chat["source"] != source}
        return {}

    def _say(self, asked: dict[str, Any], conversation: int, kind: int, *, private: bool) -> Any:
        if conversation not in self.conversations:
            return status(404, {"error": "Resource could not be found"})
        is_form = asked["headers"].get("Content-Type", "").startswith("multipart/form-data")
        content = "" if is_form else json.loads(asked["body"])["content"]
        message = {"id": self._id(), "content": content, "message_type": kind, "private": private}
        if is_form:
            message["attachment"] = asked["body"]
        chat = self.conversations[conversation]
        chat["messages"].append(message)
        if kind == 0 and chat["status"] == "resolved":  # the customer's words open it again
            chat["status"] = "open"
        return _without_file(message)

    def _shown(self, number: int) -> dict[str, Any]:
        chat = self.conversations[number]
        return {"id": number, "inbox_id": 9, "status": chat["status"], "messages": [], "contact": {}}

    def _id(self) -> int:
        self._ids += 1
        return self._ids

    # Its webhooks

    def reply(self, text: str | None, message: int = 900, agent: str = "小周", **changed: Any) -> dict[str, Any]:
        """An agent's words."""
        return {
            "event": "message_created", "id": message, "content": text, "created_at": "2026-11-30T08:00:00.000Z",
            "message_type": "outgoing", "content_type": "text", "content_attributes": {}, "private": False,
            "source_id": None, "sender": {"id": 5, "name": agent, "email": "zhou@example.com", "type": "user"},
            "inbox": {"id": 9, "name": "驿答"}, "account": {"id": 3, "name": "公司"},
            "conversation": {
                "id": 12, "inbox_id": 9, "status": "open", "channel": "Channel::Api",
                "contact_inbox": {"source_id": next(iter(self.contacts), "")},
            },
            **changed,
        }  # fmt: skip

    def reply_with_file(self, name: str, content: bytes | None, message: int = 900, **changed: Any) -> dict[str, Any]:
        """An agent's message with a file; None: it is not there yet."""
        signed_id = f"eyJf{message}=--ab12"
        if content is not None:
            self.files[signed_id] = content
        url = f"{BLOBS}/redirect/{signed_id}/{quote(name)}"
        attached = {"id": 1, "message_id": message, "file_type": "image", "data_url": url, "file_size": 99}
        return self.reply(None, message, attachments=[attached], **changed)

    def status_changed(self, status: str = "resolved", conversation: int = 12, **changed: Any) -> dict[str, Any]:
        return {
            "event": "conversation_status_changed", "id": conversation, "inbox_id": 9, "status": status,
            "channel": "Channel::Api", "contact_inbox": {"source_id": next(iter(self.contacts), "")},
            "meta": {"sender": {"id": 1, "name": "客户"}, "assignee": {"id": 5, "name": "小周"}},
            "changed_attributes": [{"status": {"previous_value": "open", "current_value": status}}],
            **changed,
        }  # fmt: skip

    def post(
        self, hook: TestClient, event: Any, *, delivery: str | None = None, at: float | None = None, **forged: str
    ) -> int:
        """As Chatwoot sends it; `forged` are headers by name that stand instead of the right ones."""
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        proof = signed(body, time.time() if at is None else at)
        own = {name.replace("_", "-"): value for name, value in forged.items()}
        headers = {**proof, "X-Chatwoot-Delivery": delivery or str(uuid4()), **own}
        headers = {name: value.encode("latin-1") for name, value in headers.items()}
        return hook.post("/hooks/chatwoot", content=body, headers=headers).status_code


def _without_file(message: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name != "attachment"}
