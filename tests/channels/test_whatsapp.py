"""What is WhatsApp's own; what it shares with every platform: test_platforms.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from bot.app import create_app
from bot.channels.platforms import Platform
from bot.conversations.answers import Answer, Question, Reply
from bot.conversations.models import Conversation
from bot.db import Database
from bot.settings import settings
from tests.channels.peers import WhatsAppPeer
from tests.conversations.support import answer_all
from tests.support.platform import deliver, outcomes


@pytest.fixture
def peer(channel_peer: Any) -> WhatsAppPeer:
    return channel_peer("whatsapp")


@pytest.fixture
def platform(peer: WhatsAppPeer) -> Platform:
    return peer.platform(settings())


@pytest.fixture
def hook(peer: WhatsAppPeer, database: Database) -> Iterator[TestClient]:
    with TestClient(create_app(database, settings(), lambda: True)) as client:
        yield client


def test_the_address_is_proved_by_the_token_we_chose(hook, peer) -> None:
    asked = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": peer.settings["verify_token"]}
    assert hook.get("/hooks/whatsapp", params=asked).text == "1158201444"
    assert hook.get("/hooks/whatsapp", params={**asked, "hub.verify_token": "guessed"}).status_code == 403


def test_up_to_three_choices_are_buttons_and_more_are_a_list(hook, peer, platform, database) -> None:
    def many(count: int) -> Any:
        async def brain(question: Question) -> Answer:
            return Answer(replies=[Reply("请选择", tuple((f"选项{number}", "/greet") for number in range(count)))])

        return brain

    for number, count in enumerate((3, 4, 12), start=1):
        peer.post(hook, peer.text(number, "有什么"))
        answer_all(database, many(count))
        deliver(database, platform)
    kinds = [body["type"] + body.get("interactive", {}).get("type", "") for body in peer.bodies("/messages")]
    assert kinds == ["interactivebutton", "interactivelist", "text"]
    assert "12. 选项11" in peer.said()[-1]["text"]
    peer.post(hook, peer.text(9, "１２"))
    answer_all(database)
    deliver(database, platform)
    assert peer.said()[-1]["text"] == "您说：/greet"


def test_after_a_day_a_template_asks_once_and_the_words_wait(hook, peer, platform, database) -> None:
    peer.post(hook, peer.text(1, "查快递"))
    answer_all(database)
    peer.api.answer = lambda path: peer.closed if len(peer.api.asked) == 1 else peer.ok
    for _ in range(2):
        deliver(database, platform)
    said = peer.bodies("/messages")
    assert [body["type"] for body in said] == ["interactive", "template"] and outcomes(database) == ["held"]
    assert said[1]["template"] == {"name": "parcel_news", "language": {"code": "zh_CN"}}


def test_receipts_and_messages_to_another_number_are_nobodys_words(hook, peer, database) -> None:
    other = peer.text(1, "查快递")
    other["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = "999"
    receipt = peer.text(2, "查快递")
    value = receipt["entry"][0]["changes"][0]["value"]
    value["statuses"] = [{"id": "wamid.out", "status": "delivered"}]
    del value["messages"]
    for push in (other, receipt):
        assert peer.post(hook, push) == 200
    with database.read() as session:
        assert session.query(Conversation).count() == 0
