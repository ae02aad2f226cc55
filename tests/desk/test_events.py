"""The live desk over a real connection: what changes arrives by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import httpx2 as httpx
import pytest
from sqlalchemy import update

from bot.db import Database, now
from bot.desk import events
from bot.desk.models import DeskSession
from tests.conversations.support import Customer
from tests.desk.conftest import PASSWORD, PHONE


@pytest.fixture
def lin(address: str) -> Iterator[httpx.Client]:
    """An agent's browser, logged in at a real server."""
    with httpx.Client(base_url=address, timeout=20) as client:
        login = client.post("/desk/api/login", json={"name": "lin", "password": PASSWORD}).json()
        client.headers["X-CSRF-Token"] = login["csrf"]
        yield client


def stream(client: httpx.Client, **query: str) -> Iterator[tuple[str, dict]]:
    """(event, data) as they come."""
    with client.stream("GET", "/desk/api/events", params=query) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        name = ""
        for line in response.iter_lines():
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                yield name, json.loads(line[6:])


def test_the_queue_and_the_open_chat_arrive_as_they_change(lin: httpx.Client, customer: Customer) -> None:
    news = stream(lin, conversation=customer.id)
    name, queue = next(news)
    assert name == "queue" and queue["waiting"] == 1 and PHONE not in str(queue)
    name, standing = next(news)
    assert (name, standing["owner"], standing["epoch"]) == ("conversation", "queued", 1)

    lin.post(f"/desk/api/conversations/{customer.id}/claim").raise_for_status()
    changed = dict([next(news), next(news)])
    assert changed["queue"]["waiting"] == 0
    assert (changed["conversation"]["agent"], changed["conversation"]["epoch"]) == ("lin", 2)

    sent = customer.send("还在吗")
    changed = dict([next(news), next(news)])
    assert changed["conversation"]["last_id"] == sent.seq
    assert changed["queue"]["conversations"][0]["last_text"] == "还在吗"


def test_a_stream_ends_with_its_login(
    lin: httpx.Client, database: Database, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.1)
    news = stream(lin)
    assert next(news)[0] == "queue"
    with database.write() as session:
        session.execute(update(DeskSession).values(expires_at=now() - timedelta(seconds=1)))
        session.commit()
    assert next(news)[0] == "logout"
    assert next(news, None) is None


def test_a_chat_that_does_not_exist_cannot_be_followed(lin: httpx.Client) -> None:
    assert lin.get("/desk/api/events", params={"conversation": "x"}).status_code == 404
