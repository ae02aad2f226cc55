"""What is Feishu's own; what it shares with every platform: test_platforms.py."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from bot.app import create_app
from bot.channels.platforms import Platform
from bot.db import Database
from bot.settings import settings
from tests.channels.peers import FeishuPeer
from tests.conversations.support import answer_all
from tests.support.platform import deliver, make_due, outcomes
from tests.support.provider import FAULTS


@pytest.fixture
def peer(channel_peer: Any) -> FeishuPeer:
    return channel_peer("feishu")


@pytest.fixture
def platform(peer: FeishuPeer) -> Platform:
    return peer.platform(settings())


@pytest.fixture
def hook(peer: FeishuPeer, database: Database) -> Iterator[TestClient]:
    with TestClient(create_app(database, settings(), lambda: True)) as client:
        yield client


def test_the_address_is_proved_by_the_token_inside(hook, peer) -> None:
    for token, status in ((peer.settings["verification_token"], 200), ("guessed", 401)):
        body, _ = peer.seal(json.dumps({"type": "url_verification", "challenge": "c-1", "token": token}).encode())
        answer = hook.post("/hooks/feishu", content=body)
        assert answer.status_code == status and (status != 200 or answer.json() == {"challenge": "c-1"})


def test_a_token_that_is_over_is_renewed_once(hook, peer, platform, database) -> None:
    peer.post(hook, peer.text(1, "查快递"))
    answer_all(database)
    usual = peer.answer(peer.ok)
    peer.api.answer = lambda path: usual(path) if "token" in path or tried(peer) > 1 else peer.token_over
    deliver(database, platform)
    assert len(peer.bodies("/internal")) == 2 and outcomes(database) == ["sent"]


def tried(peer: FeishuPeer) -> int:
    return len(peer.bodies("/im/v1/messages"))


def test_what_is_sent_again_carries_the_same_uuid(hook, peer, platform, database) -> None:
    peer.post(hook, peer.text(1, "查快递"))
    answer_all(database)
    for answer in (FAULTS["500"], peer.ok):
        peer.api.answer = peer.answer(answer)
        deliver(database, platform)
        make_due(database)
    first, second = peer.bodies("/im/v1/messages")
    assert first["uuid"] == second["uuid"] and len(first["uuid"]) <= 50
