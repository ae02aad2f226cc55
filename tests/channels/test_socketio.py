"""Rasa's socket.io channel, spoken to by the client library that Rasa's web clients use (socket.io-client 4)."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bot import app as application
from bot.conversations import ownership
from bot.conversations.inbox import lock
from bot.conversations.models import Conversation, Delivery, InboxMessage
from bot.db import Database
from bot.settings import ROOT, settings
from tests.channels.conftest import Server

CLIENT = Path(__file__).with_name("socket_client.cjs")


class Client:
    """One socket of a web client."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._events: queue.Queue[list[Any]] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._events.put(json.loads(line))

    def say(self, event: str, data: Any = None) -> None:
        assert self._process.stdin
        print(json.dumps([event, data]), file=self._process.stdin, flush=True)

    def hears(self, event: str, within_s: float = 10) -> Any:
        """What comes next under that name; other events are passed over."""
        while True:
            name, data = self._events.get(timeout=within_s)
            if name == event:
                return data

    def hears_nothing(self, event: str, for_s: float = 0.6) -> None:
        with pytest.raises(queue.Empty):
            self.hears(event, for_s)


@contextmanager
def client(address: str, transport: str = "websocket") -> Iterator[Client]:
    command = ["node", str(CLIENT), address, transport]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT
    ) as process:
        try:
            yield Client(process)
        finally:
            process.stdin.close()
            process.wait(5)


@pytest.fixture
def server(database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    (tmp_path / "credentials.yml").write_text("yida: {channels: [socketio]}")
    monkeypatch.setenv("YIDA_CREDENTIALS_FILE", str(tmp_path / "credentials.yml"))
    settings.cache_clear()
    with Server(application.create_app(database, settings(), lambda: True), database) as address:
        yield address


def session(web: Client, shown: str | None = None) -> str:
    web.say("session_request", {"session_id": shown})
    return web.hears("session_confirm")


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_a_message_is_answered_and_a_quick_reply_is_the_choice(server: str, transport: str) -> None:
    with client(server, transport) as web:
        mine = session(web)
        web.say("user_uttered", {"message": "查快递", "session_id": mine})
        answer = web.hears("bot_uttered")
        assert answer["text"] == "您说：查快递" and answer["metadata"]["from"] == "bot"
        (reply,) = answer["quick_replies"]
        assert reply["title"] == "查快递" and reply["payload"].startswith("choice:")
        web.say("user_uttered", {"message": reply["payload"], "session_id": mine})
        assert web.hears("bot_uttered")["text"] == "您说：/track_shipment"


def until_noted(database: Database) -> None:
    """Waits until it is written down that all was sent: who goes before that is told again."""
    for _ in range(100):
        with database.read() as unit:
            if unit.query(Conversation.last_seq).scalar() == unit.query(Delivery.sent_seq).scalar():
                return
        time.sleep(0.05)
    raise AssertionError("it was not noted that the messages were sent")


def test_a_client_that_asks_for_no_session_is_given_one(server: str) -> None:
    with client(server) as web:
        web.say("user_uttered", {"message": "你好"})
        assert web.hears("session_confirm") and web.hears("bot_uttered")["text"] == "您说：你好"


def test_what_was_said_while_a_client_was_away_comes_once_when_it_is_back(server: str, database: Database) -> None:
    with client(server) as web:
        mine = session(web)
        web.say("user_uttered", {"message": "人工", "session_id": mine})
        assert "第 1 位" in web.hears("bot_uttered")["text"]
        until_noted(database)
    with database.write() as unit:
        chat = lock(unit, unit.query(Conversation.id).scalar())
        ownership.claim(unit, chat.id, "小林")
        ownership.reply(unit, chat.id, "小林", "您的件我查到了")
        unit.commit()
    with client(server) as web:
        assert session(web, mine)
        texts = [web.hears("bot_uttered")["text"] for _ in range(2)]
        assert "小林" in texts[0] and texts[1] == "您的件我查到了"
        until_noted(database)
    with client(server) as web:
        session(web, mine)
        web.hears_nothing("bot_uttered")


def test_a_session_id_that_was_made_up_opens_nothing(server: str, database: Database) -> None:
    with client(server) as one, client(server) as other:
        mine = session(one)
        one.say("user_uttered", {"message": "我的秘密", "session_id": mine})
        one.hears("bot_uttered")
        with database.read() as unit:
            known = unit.query(Conversation.id).scalar()
        for guess in (known, mine[:-2] + "xx", "", "../x", mine + "="):
            assert session(other, guess) != mine
        other.hears_nothing("bot_uttered")


def test_a_socket_speaks_for_its_own_session_only(server: str, database: Database) -> None:
    with client(server) as one, client(server) as other:
        mine, theirs = session(one), session(other)
        other.say("user_uttered", {"message": "偷偷说", "session_id": mine})
        assert other.hears("bot_uttered")["metadata"] == {"error": "session_needed"}
        one.hears_nothing("bot_uttered")
        assert mine != theirs
        with database.read() as unit:
            assert unit.query(InboxMessage).count() == 0


def test_the_same_message_id_is_one_message(server: str, database: Database) -> None:
    with client(server) as web:
        mine = session(web)
        for _ in range(3):
            web.say("user_uttered", {"message": "查快递", "session_id": mine, "message_id": "m-1"})
        web.hears("bot_uttered")
        web.hears_nothing("bot_uttered")


@pytest.mark.parametrize("data", [
    pytest.param(None, id="nothing"),
    pytest.param([], id="list"),
    pytest.param({"message": None}, id="null"),
    pytest.param({"message": {"text": "x"}}, id="object"),
    pytest.param({"message": "长" * 5001}, id="too long"),
])
def test_what_is_no_message_is_answered_in_a_sentence(server: str, data: Any) -> None:
    with client(server) as web:
        session(web)
        web.say("user_uttered", data)
        assert web.hears("bot_uttered")["metadata"] == {"error": "message_needed"}


def test_another_site_may_not_connect_unless_it_is_named(server: str) -> None:
    import httpx2

    address = f"{server}/socket.io/?EIO=4&transport=polling"
    assert httpx2.get(address, headers={"Origin": "https://shop.example"}).status_code == 400
    assert httpx2.get(address).status_code == 200
