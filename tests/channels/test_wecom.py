"""What is WeCom customer service's own; what it shares with every platform: test_platforms.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient
from wechatpy.enterprise.crypto import WeChatCrypto

from bot.app import create_app
from bot.channels.delivering import Deliverer
from bot.channels.models import PullCursor, Wish
from bot.channels.platforms import Platform
from bot.conversations.models import Conversation, InboxMessage
from bot.db import Database
from bot.settings import settings
from tests.channels.peers import SECRET, WeComPeer
from tests.conversations.support import answer_all
from tests.support.platform import deliver, outcomes


@pytest.fixture
def peer(channel_peer: Any) -> WeComPeer:
    return channel_peer("wecom")


@pytest.fixture
def platform(peer: WeComPeer) -> Platform:
    return peer.platform(settings())


@pytest.fixture
def hook(peer: WeComPeer, database: Database) -> Iterator[TestClient]:
    with TestClient(create_app(database, settings(), lambda: True)) as client:
        yield client


def count(database: Database, table: Any) -> int:
    with database.read() as session:
        return session.query(table).count()


def test_the_address_is_proved_by_what_only_we_can_open(hook, peer) -> None:
    library = WeChatCrypto(SECRET, peer.aes_key, peer.receiver)
    sealed, proof = peer.seal(b"echo-me")
    proof["echostr"] = sealed.decode().split("<Encrypt><![CDATA[")[1].split("]]")[0]
    assert hook.get("/hooks/wecom", params=proof).text == "echo-me"
    told = [proof[name] for name in ("msg_signature", "timestamp", "nonce", "echostr")]
    assert library.check_signature(*told) in (b"echo-me", "echo-me")
    assert hook.get("/hooks/wecom", params={**proof, "echostr": "b3RoZXI="}).status_code == 401


def test_every_page_is_pulled_and_each_message_is_kept_once_with_the_cursor(hook, peer, platform, database) -> None:
    for number in range(1, 6):
        peer.post(hook, peer.text(number, f"第{number}句"))
    peer.pull(database, platform)
    peer.post(hook, peer.text(6, "第6句"))
    peer.pull(database, platform)
    assert count(database, InboxMessage) == 6 and count(database, Wish) == 0
    assert [body["cursor"] for body in peer.bodies("/sync_msg")] == ["", "2", "4", "5"]
    with database.read() as session:
        assert session.query(PullCursor).one().cursor == "6"


def test_a_kill_between_pulling_and_keeping_loses_and_doubles_nothing(hook, peer, platform, database) -> None:
    peer.post(hook, peer.text(1, "查快递"))
    assert Deliverer(database, platform).next_wish() is not None  # … and here the worker dies
    with database.write() as session:
        session.query(Wish).one().lease_until = None
        session.commit()
    peer.pull(database, platform)
    with database.write() as session:  # the cursor lost, the same page again
        session.query(PullCursor).delete()
        session.commit()
    peer.post(hook, peer.text(2, "在吗"))
    peer.pull(database, platform)
    assert count(database, InboxMessage) == 2


def test_a_callback_that_comes_while_another_is_pulled_is_pulled_after_it(hook, peer, platform, database) -> None:
    peer.post(hook, peer.text(1, "查快递"))
    deliverer = Deliverer(database, platform)
    wish = deliverer.next_wish()
    peer.api.answer = lambda path: {"errcode": 0, "msg_list": [], "has_more": 0} if "sync" in path else usual(path)
    usual = peer.answer(peer.ok)
    peer.post(hook, peer.text(2, "在吗"))
    deliverer.fetch(wish)
    peer.api.answer = usual
    peer.pull(database, platform)
    assert count(database, InboxMessage) == 2


def test_at_the_first_pull_old_messages_are_left_to_whoever_answered_them(hook, peer, platform, database) -> None:
    peer.inbox.append({**peer.text(1, "三天前的话"), "send_time": 1764000000})
    peer.post(hook, peer.text(2, "现在的话"))
    peer.pull(database, platform)
    assert count(database, InboxMessage) == 1


def test_who_comes_in_is_greeted_with_the_code_and_the_session_stays_with_us(hook, peer, platform, database) -> None:
    entered = {"event_type": "enter_session", "external_userid": "wm1", "open_kfid": "wk1", "welcome_code": "W1"}
    event = {"msgid": "e1", "origin": 4, "msgtype": "event", "event": entered, "send_time": 4102444800}
    peer.inbox.append(event)
    peer.post(hook, peer.text(1, "查快递"))
    peer.pull(database, platform)
    (greeting,) = peer.bodies("/send_msg_on_event")
    assert greeting["code"] == "W1" and len(greeting["msgmenu"]["list"]) == 3
    (moved,) = peer.bodies("/service_state/trans")
    assert moved == {"open_kfid": "wk1", "external_userid": "wm1", "service_state": 1}
    choice = greeting["msgmenu"]["list"][0]["click"]
    peer.post(hook, peer.message(2, "text", content=choice["content"], menu_id=choice["id"]))
    peer.pull(database, platform)
    answer_all(database)
    deliver(database, platform)
    assert f"您说：{choice['content']}" in str(peer.said())


def test_what_others_say_in_the_session_is_not_the_customers(hook, peer, platform, database) -> None:
    for number, origin in enumerate((4, 5), start=1):
        peer.inbox.append({**peer.text(number, "我是接待人员"), "origin": origin})
    peer.post(hook, {**peer.text(3, "也不是"), "external_userid": None})
    peer.pull(database, platform)
    assert count(database, Conversation) == 0


def test_a_session_that_is_over_waits_for_the_customers_next_message(hook, peer, platform, database) -> None:
    peer.post(hook, peer.text(1, "查快递"))
    peer.pull(database, platform)
    answer_all(database)
    peer.api.answer = peer.answer({"errcode": 95018, "errmsg": "send msg session status invalid"})
    deliver(database, platform)
    assert outcomes(database) == ["held"]
