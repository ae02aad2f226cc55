"""What is LINE's own; what it shares with every platform: test_platforms.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from bot.app import create_app
from bot.channels.platforms import Platform
from bot.conversations.models import Conversation
from bot.db import Database
from bot.settings import settings
from tests.channels.peers import LinePeer
from tests.conversations.support import answer_all
from tests.support.platform import deliver, make_due, outcomes
from tests.support.provider import FAULTS, status


@pytest.fixture
def peer(channel_peer: Any) -> LinePeer:
    return channel_peer("line")


@pytest.fixture
def platform(peer: LinePeer) -> Platform:
    return peer.platform(settings())


@pytest.fixture
def hook(peer: LinePeer, database: Database) -> Iterator[TestClient]:
    with TestClient(create_app(database, settings(), lambda: True)) as client:
        yield client


def test_a_new_friend_is_welcomed_once(hook, peer, platform, database) -> None:
    for _ in range(2):
        peer.post(hook, peer.event(1, "follow"))
    deliver(database, platform)
    (reply,) = peer.said()
    assert reply["text"].startswith("您好，我是智能助手驿答") and len(reply["choices"]) == 3


def test_what_is_said_in_a_group_is_not_ours(hook, peer, database) -> None:
    push = peer.text(1, "查快递")
    push["events"][0]["source"] = {"type": "group", "groupId": "C1", "userId": "U1"}
    assert peer.post(hook, push) == 200
    with database.read() as session:
        assert session.query(Conversation).count() == 0


def test_what_is_sent_again_carries_the_same_key_and_a_conflict_means_it_was_taken(
    hook, peer, platform, database
) -> None:
    peer.post(hook, peer.text(1, "查快递"))
    answer_all(database)
    for answer in (FAULTS["500"], status(409, {"message": "The retry key is already accepted"})):
        peer.api.answer = answer
        deliver(database, platform)
        make_due(database)
    first, second = (asked["headers"]["X-Line-Retry-Key"] for asked in peer.api.asked)
    assert first == second and outcomes(database) == ["uncertain"]
