"""What is Telegram's own; what it shares with every platform: test_platforms.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from bot.app import create_app
from bot.channels.platforms import Platform
from bot.conversations.models import Conversation, Delivery, Message
from bot.db import Database, now
from bot.settings import settings
from tests.channels.peers import TelegramPeer
from tests.conversations.support import answer_all
from tests.support.images import png
from tests.support.platform import deliver


@pytest.fixture
def telegram(channel_peer: Any) -> TelegramPeer:
    return channel_peer("telegram")


@pytest.fixture
def platform(telegram: TelegramPeer) -> Platform:
    return telegram.platform(settings())


@pytest.fixture
def hook(telegram: TelegramPeer, database: Database) -> Iterator[TestClient]:
    with TestClient(create_app(database, settings(), lambda: True)) as client:
        yield client


def test_a_tap_is_acknowledged_in_the_response(hook, telegram) -> None:
    body, proof = telegram.seal(b"")
    answer = hook.post("/hooks/telegram", json=telegram.tap(2, "9-x"), headers=proof)
    assert answer.json() == {"method": "answerCallbackQuery", "callback_query_id": "77"}


@pytest.mark.parametrize("what", [
    {"edited_message": {"text": "changed", "chat": {"id": 5, "type": "private"}}},
    {"message": {"text": "hi", "chat": {"id": -5, "type": "group"}}},
    {"channel_post": {"text": "hi", "chat": {"id": -5, "type": "channel"}}},
    {"my_chat_member": {"chat": {"id": 5, "type": "private"}}},
])
def test_edits_groups_and_memberships_are_no_messages(hook, telegram, database, what) -> None:
    assert telegram.post(hook, {"update_id": 1, **what}) == 200
    with database.read() as session:
        assert session.query(Conversation).count() == 0


def test_start_is_welcomed_once_in_the_users_language(hook, telegram, platform, database) -> None:
    start = telegram.text(1, "/start")
    start["message"]["from"] = {**start["message"]["from"], "language_code": "en"}
    for _ in range(2):
        telegram.post(hook, start)
    deliver(database, platform)
    (reply,) = telegram.said()
    assert reply["text"].startswith("Hello, I am Yida") and len(reply["choices"]) == 3


def test_the_largest_size_of_a_photo_is_fetched_and_its_caption_is_said(hook, telegram, platform, database) -> None:
    photo = telegram.photo(1)
    photo["message"]["caption"] = "摔坏了"
    telegram.post(hook, photo)
    telegram.api.answer = telegram.photo_answer(png(8, 8))
    deliver(database, platform)
    assert telegram.bodies("/getFile") == [{"file_id": "large"}]
    with database.read() as session:
        assert [message.text for message in session.query(Message).order_by(Message.seq)] == ["摔坏了", ""]


def test_a_rate_limit_is_waited_out_as_long_as_telegram_says(hook, telegram, platform, database) -> None:
    telegram.post(hook, telegram.text(1, "查快递"))
    answer_all(database)
    telegram.api.answer = telegram.busy
    deliver(database, platform)
    with database.read() as session:
        wait = (session.query(Delivery).one().due_at - now()).total_seconds()
    assert 4 < wait <= 7
