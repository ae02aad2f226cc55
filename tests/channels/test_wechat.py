"""What is WeChat's own, with wechatpy as the other side; what it shares with every platform: test_platforms.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient
from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import WeChatSigner

from bot.app import create_app
from bot.channels.chosen import problems
from bot.channels.http import Refused
from bot.channels.models import Wish
from bot.channels.platforms import Platform
from bot.channels.tencent import Seal, fields
from bot.conversations.models import Conversation, StoredFile
from bot.db import Database, now
from bot.settings import settings
from tests.channels.peers import SECRET, WeChatPeer
from tests.conversations.support import answer_all
from tests.support.images import png
from tests.support.platform import deliver, make_due, outcomes

PHOTO = png(8, 8)
KEY, APP = WeChatPeer.aes_key, WeChatPeer.receiver


@pytest.fixture
def peer(channel_peer: Any) -> WeChatPeer:
    return channel_peer("wechat")


@pytest.fixture
def platform(peer: WeChatPeer) -> Platform:
    return peer.platform(settings())


@pytest.fixture
def hook(peer: WeChatPeer, database: Database) -> Iterator[TestClient]:
    with TestClient(create_app(database, settings(), lambda: True)) as client:
        yield client


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=300))
def test_what_wechatpy_encrypts_we_open_and_the_other_way_round(words: str) -> None:
    library, seal = WeChatCrypto(SECRET, KEY, APP), Seal(SECRET, KEY, APP)
    theirs = fields(library.encrypt_message(words, "abc", "1764200000").encode())
    assert seal.open(theirs["Encrypt"], theirs["MsgSignature"], "1764200000", "abc").decode() == words
    ours = seal.close(words.encode())
    outer = f"<xml><Encrypt><![CDATA[{ours}]]></Encrypt></xml>"
    assert library.decrypt_message(outer, seal.signature(ours, "1764200000", "abc"), "1764200000", "abc") == words


@given(st.binary(max_size=200))
def test_nothing_but_what_was_sealed_opens(data: bytes) -> None:
    seal = Seal(SECRET, KEY, APP)
    sealed = data.decode("latin-1")
    with pytest.raises(Refused):
        seal.open(sealed, seal.signature(sealed, "1", "2"), "1", "2")


@pytest.mark.parametrize("receiver", ["wx-another-account", ""])
def test_what_was_sealed_for_another_account_is_refused(receiver: str) -> None:
    theirs, ours = Seal(SECRET, KEY, receiver), Seal(SECRET, KEY, APP)
    sealed = theirs.close(b"<xml></xml>")
    with pytest.raises(Refused):
        ours.open(sealed, ours.signature(sealed, "1", "2"), "1", "2")


def test_the_address_is_proved_by_the_token_we_chose(hook, peer) -> None:
    signer = WeChatSigner()
    signer.add_data(SECRET, "1764200000", "abc")
    asked = {"timestamp": "1764200000", "nonce": "abc", "echostr": "5837397576500011341"}
    assert hook.get("/hooks/wechat", params={**asked, "signature": signer.signature}).text == asked["echostr"]
    assert hook.get("/hooks/wechat", params={**asked, "signature": "0" * 40}).status_code == 401


@pytest.mark.parametrize("xml", [
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaa">]><xml><Content>&a;</Content></xml>',
    b'<!DOCTYPE x SYSTEM "file:///etc/hostname"><xml/>',
    b"<xml><Content>",
    b"\xff\xfe",
    b'<?xml version="1.0" encoding="no-such"?><xml/>',
    b'<?xml version="1.0" encoding="rot13"?><xml/>',
])
def test_xml_that_declares_something_or_is_none_is_refused(xml: bytes) -> None:
    with pytest.raises(Refused):
        fields(xml)


def test_words_that_look_like_markup_are_words() -> None:
    said = b"<xml><Content><![CDATA[<!DOCTYPE> 1 < 2 & 3]]></Content></xml>"
    assert fields(said)["Content"] == "<!DOCTYPE> 1 < 2 & 3"


def test_a_plain_push_is_refused_though_its_signature_is_right(hook, peer, database) -> None:
    signer = WeChatSigner()
    signer.add_data(SECRET, "1764200000", "abc")
    told = {"timestamp": "1764200000", "nonce": "abc", "signature": signer.signature}
    assert hook.post("/hooks/wechat", params=told, content=peer.written(peer.text(1, "查快递"))).status_code == 401
    with database.read() as session:
        assert session.query(Conversation).count() == 0


def test_a_new_follower_is_welcomed_once_and_a_menu_entry_is_what_its_key_says(hook, peer, platform, database) -> None:
    for _ in range(2):
        peer.post(hook, {**peer.message(1, "event", Event="subscribe"), "MsgId": ""})
    deliver(database, platform)
    assert len(peer.said()) == 1 and peer.said()[0]["text"].startswith("您好，我是智能助手驿答")
    click = {**peer.message(2, "event", Event="CLICK", EventKey="查快递"), "MsgId": "", "CreateTime": "1764200001"}
    for _ in range(2):
        peer.post(hook, click)
    assert answer_all(database) == 1
    deliver(database, platform)
    assert peer.said()[-1]["text"] == "您说：/track_shipment"  # the words of a choice just shown


@pytest.mark.parametrize("message, words", [
    ({"MsgType": "voice", "MediaId": "m", "Recognition": "我的快递到哪了"}, "我的快递到哪了"),
    ({"MsgType": "location", "Location_X": "30.2", "Location_Y": "120.1", "Label": "杭州市西湖区"}, "杭州市西湖区"),
    ({"MsgType": "link", "Title": "我的订单", "Url": "http://x"}, "我的订单"),
])
def test_voice_places_and_links_are_what_they_say(hook, peer, platform, database, message, words) -> None:
    peer.post(hook, {**peer.message(1, ""), **message})
    answer_all(database)
    deliver(database, platform)
    assert peer.said()[0]["text"] == f"您说：{words}"


def test_a_turn_is_one_message_of_the_five(hook, peer, platform, database) -> None:
    peer.post(hook, peer.text(1, "转人工"))
    peer.post(hook, peer.text(2, "在吗"))
    answer_all(database)
    deliver(database, platform)
    assert len(peer.bodies("/custom/send")) == 1


def test_when_the_five_are_used_up_the_rest_waits_for_the_customer(hook, peer, platform, database) -> None:
    peer.post(hook, peer.text(1, "查快递"))
    answer_all(database)
    peer.api.answer = peer.answer({"errcode": 45047, "errmsg": "out of response count limit"})
    deliver(database, platform)
    assert outcomes(database) == ["held"]
    peer.api.answer = peer.answer(peer.ok)
    peer.post(hook, peer.text(2, "在吗"))
    answer_all(database)
    deliver(database, platform)
    assert outcomes(database) == ["sent", "sent"]


@pytest.mark.parametrize("code", [[45047], {"is": 0}, "0", None])
def test_an_errcode_that_is_no_number_says_nothing_and_is_asked_again(hook, peer, platform, database, code) -> None:
    peer.post(hook, peer.text(1, "查快递"))
    answer_all(database)
    peer.api.answer = peer.answer({"errcode": code})
    deliver(database, platform)
    make_due(database)
    peer.api.answer = peer.answer(peer.ok)
    deliver(database, platform)
    assert outcomes(database) == ["uncertain"]


def test_a_token_that_is_over_is_renewed_once(hook, peer, platform, database) -> None:
    peer.post(hook, peer.text(1, "查快递"))
    answer_all(database)
    usual = peer.answer(peer.ok)
    sent = lambda: len(peer.bodies("/custom/send"))  # noqa: E731
    peer.api.answer = lambda path: peer.token_over if "/custom/send" in path and sent() == 1 else usual(path)
    deliver(database, platform)
    assert len(peer.bodies("/stable_token")) == 2 and outcomes(database) == ["sent"]


def test_an_unsigned_push_in_an_encoding_nobody_knows_is_refused(hook, peer, database) -> None:
    body = b'<?xml version="1.0" encoding="no-such"?><xml><Encrypt>x</Encrypt></xml>'
    assert hook.post("/hooks/wechat", params=peer.mode, content=body).status_code == 400
    with database.read() as session:
        assert session.query(Conversation).count() == 0


@pytest.mark.parametrize("obstacle", ["token_over", "busy"])
def test_a_photo_outlasts_a_token_that_is_over_and_a_busy_platform(hook, peer, platform, database, obstacle) -> None:
    peer.post(hook, peer.photo(1))
    usual, refusals = peer.photo_answer(PHOTO), [getattr(peer, obstacle)]
    peer.api.answer = lambda path: refusals.pop() if "/media/get" in path and refusals else usual(path)
    deliver(database, platform)
    with database.write() as session:  # as if the time until the next try had passed
        session.query(Wish).update({"due_at": now(), "lease_until": None})
        session.commit()
    deliver(database, platform)
    with database.read() as session:
        assert session.query(StoredFile).one().content == PHOTO
    assert len([asked for asked in peer.api.asked if "/media/get" in asked["path"]]) == 2


def test_a_photo_that_is_gone_is_asked_for_once(hook, peer, platform, database) -> None:
    peer.post(hook, peer.photo(1))
    gone = {"errcode": 40007, "errmsg": "invalid media_id"}
    usual = peer.answer(peer.ok)
    peer.api.answer = lambda path: gone if "/media/get" in path else usual(path)
    deliver(database, platform)
    deliver(database, platform)
    assert len([asked for asked in peer.api.asked if "/media/get" in asked["path"]]) == 1
    assert peer.said()[-1]["text"].startswith("抱歉，您发的图片没能从平台取到")


def test_a_key_that_is_none_is_said_so_and_leaves_the_channel_off(
    peer, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YIDA_WECHAT_AES_KEY", "too-short")
    settings.cache_clear()
    assert problems(settings())[0].startswith("wechat: ")
    with TestClient(create_app(database, settings(), lambda: True)) as client:
        assert client.post("/hooks/wechat", content=b"").status_code == 404
