"""Zammad as its server and its triggers' webhook are seen by a test, in their documented shapes."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from starlette.testclient import TestClient

from tests.support.provider import FakeProvider, Fault, status

SECRET = b"made-up-token"
TICKET = re.compile(r"/api/v1/tickets/(\d+)")
ARTICLES = re.compile(r"/api/v1/ticket_articles/by_ticket/(\d+)")


def signed(body: bytes) -> dict[str, str]:
    """The header by which Zammad shows that a body is its own."""
    return {"X-Hub-Signature": "sha1=" + hmac.new(SECRET, body, hashlib.sha1).hexdigest()}


class FakeZammad:
    """Tickets and articles of a group; `fail` is asked before each call, `fail_after` once it was taken."""

    settings = {
        "token": "agents-token", "admin_token": "admins-token", "group": "驿答", "customer": "customers@example.com",
        "secret": SECRET.decode(),
    }  # fmt: skip

    def __init__(self) -> None:
        self.api = FakeProvider()
        self.api.answer = self._answer
        self.tickets: dict[int, dict[str, Any]] = {}
        self.articles: dict[int, list[dict[str, Any]]] = {}
        self.fail: Callable[[str], Fault | None] = lambda path: None
        self.fail_after: Callable[[str], Fault | None] = lambda path: None
        self._ids = 500
        self._clock = datetime(2026, 11, 30, 8, tzinfo=timezone.utc)

    def bodies(self, ticket: int = 31) -> list[str]:
        return [each["body"] for each in self.articles[ticket]]

    def _answer(self, path: str) -> Any:
        asked, route = self.api.asked[-1], urlsplit(path).path
        failed = self.fail(route)
        if failed is not None:
            return failed
        is_erasing = asked["method"] == "DELETE"
        if asked["headers"].get("Authorization") != f"Token token={'admins' if is_erasing else 'agents'}-token":
            return status(401, {"error": "Invalid BasicAuth credentials"})
        done = self._do(asked["method"], route, asked)
        return self.fail_after(route) or done

    def _do(self, method: str, route: str, asked: dict[str, Any]) -> Any:
        given = json.loads(asked["body"]) if asked["body"] else {}
        ticket, articles = TICKET.fullmatch(route), ARTICLES.fullmatch(route)
        if (method, route) == ("POST", "/api/v1/tickets"):
            return self._made(given)
        if (method, route) == ("GET", "/api/v1/tickets/search"):
            query = parse_qs(urlsplit(asked["path"]).query)["query"][0]  # as without Elasticsearch: as it stands
            return [each for each in self.tickets.values() if query in each["title"]]
        if (method, route) == ("POST", "/api/v1/ticket_articles"):
            return self._write(given["ticket_id"], given) if given["ticket_id"] in self.tickets else status(404, {})
        if (method, route) == ("GET", "/api/v1/users/me"):
            return {"id": 4, "login": "yida@example.com"}
        if method == "DELETE" and ticket and int(ticket[1]) in self.tickets:
            del self.tickets[int(ticket[1])]
            return {}
        if method == "PUT" and ticket and int(ticket[1]) in self.tickets:
            return self._changed(int(ticket[1]), given)
        if method == "GET" and articles and int(articles[1]) in self.tickets:
            return self.articles[int(articles[1])]
        return status(404, {"error": "Couldn't find Ticket", "error_human": "Couldn't find Ticket"})

    def _made(self, given: dict[str, Any]) -> Any:
        if given["group"] != "驿答" or not given["customer_id"].startswith("guess:"):
            return status(422, {"error": "Group can't be blank"})
        number = 31 + len(self.tickets)
        begun = {"create_article_type": given["article"]["type"], "create_article_sender": "Agent"}
        self.tickets[number] = {"id": number, "number": f"22{number}", "title": given["title"], **begun}
        self.articles[number] = []
        return self._changed(number, {"state": given["state"], "article": given["article"]})

    def _changed(self, ticket: int, given: dict[str, Any]) -> Any:
        if given.get("state", "").startswith("pending") and "pending_time" not in given:
            return status(422, {"error": "Missing required value for field 'pending_time'!"})
        if given.get("article"):
            self._write(ticket, given["article"])
        self.tickets[ticket].update({"state": given["state"], "updated_at": self._tick()})
        return self.tickets[ticket]

    def _write(self, ticket: int, article: dict[str, Any]) -> dict[str, Any]:
        self._ids += 1
        written = {"id": self._ids, **article, "ticket_id": ticket, "sender": "Agent", "created_at": self._tick()}
        self.articles[ticket].append(written)
        return written

    def _tick(self) -> str:
        self._clock += timedelta(seconds=1)
        return self._clock.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    # Its webhook

    def put(self, state: str, ticket: int = 31, **article: Any) -> dict[str, Any]:
        """An agent there puts the ticket into a state, or writes an article: what the trigger sends of it."""
        agent = {"id": 4, "login": "zhao@example.com", "firstname": "赵", "lastname": "敏", "active": True}
        self.tickets[ticket].update({"state": state, "updated_at": self._tick()})
        shown = {**self.tickets[ticket], "state_id": 2, "group": {"id": 2, "name": "驿答"}, "updated_by": agent}
        if not article:
            return {"ticket": shown, "article": {}}
        written = {
            "id": 9001, "ticket_id": ticket, "sender": "Agent", "type": "note", "internal": True,
            "content_type": "text/html", "subject": "", "created_by": agent, "attachments": [], **article,
        }  # fmt: skip
        return {"ticket": shown, "article": written}

    def post(self, hook: TestClient, event: Any, *, delivery: str | None = None, **forged: str) -> int:
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        own = {name.replace("_", "-"): value for name, value in forged.items()}
        proof = {**signed(body), "X-Zammad-Delivery": delivery or str(uuid4()), "X-Zammad-Trigger": "驿答"}
        headers = {name: value.encode("utf-8") for name, value in {**proof, **own}.items()}
        return hook.post("/hooks/zammad", content=body, headers=headers).status_code
