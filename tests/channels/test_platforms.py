"""Every messaging platform, against a local server that speaks its documented shapes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from bot.app import create_app
from bot.channels.delivering import Deliverer
from bot.channels.platforms import Platform
from bot.channels.rendering import STYLES, can_show
from bot.conversations import ownership
from bot.conversations.inbox import lock, store_file
from bot.conversations.models import Conversation, Delivery, InboxMessage, Message, StoredFile
from bot.conversations.outbox import add_message
from bot.db import Database, now
from bot.settings import settings
from tests.channels.peers import PEERS, Peer
from tests.conversations.support import answer_all
from tests.support.images import png
from tests.support.platform import deliver, make_due, outcomes
from tests.support.provider import FAULTS, SLOW, status

PHOTO = png(8, 8)


@pytest.fixture(params=PEERS)
def peer(request: pytest.FixtureRequest, channel_peer: Any) -> Peer:
    return channel_peer(request.param)


@pytest.fixture
def platform(peer: Peer) -> Platform:
    return peer.platform(settings())


@pytest.fixture
def hook(peer: Peer, database: Database) -> Iterator[TestClient]:
    with TestClient(create_app(database, settings(), lambda: True)) as client:
        yield client


def count(database: Database, table: Any) -> int:
    with database.read() as session:
        return session.query(table).count()


def say(peer: Peer, hook: TestClient, database: Database, *texts: str) -> None:
    """A customer writes, and the bot has answers ready to send."""
    for number, text in enumerate(texts, start=1):
        assert peer.post(hook, peer.text(number, text)) == 200
    answer(peer, database)


def answer(peer: Peer, database: Database) -> int:
    """Runs the turns of what has come in; gives how many ran."""
    peer.pull(database, peer.platform(settings()))
    return answer_all(database)


def later(database: Database, **ago: float) -> None:
    """As if the customer had written that long ago."""
    with database.write() as session:
        session.query(Conversation).one().last_message_at = now() - timedelta(**ago)
        session.commit()


# What comes in


def test_a_message_is_answered_with_its_choices(peer, hook, platform, database) -> None:
    say(peer, hook, database, "查快递")
    deliver(database, platform)
    (reply,) = peer.said()
    assert reply["text"] == "您说：查快递" and [title for _, title in reply["choices"]] == ["查快递"]
    assert outcomes(database) == ["sent"]


def test_a_tapped_choice_is_what_stands_behind_it(peer, hook, platform, database) -> None:
    say(peer, hook, database, "你好")
    deliver(database, platform)
    ((choice, _),) = peer.said()[0]["choices"]
    assert peer.post(hook, peer.tap(2, choice)) == 200
    answer(peer, database)
    deliver(database, platform)
    assert peer.said()[-1]["text"] == "您说：/track_shipment"


@pytest.mark.parametrize("peer", [name for name in PEERS if not PEERS[name].numbered], indirect=True)
def test_a_choice_that_was_never_shown_is_answered_in_words_once(peer, hook, platform, database) -> None:
    for _ in range(2):
        assert peer.post(hook, peer.tap(2, "9-never-shown")) == 200
    peer.pull(database, platform)
    answer_all(database)
    deliver(database, platform)
    (reply,) = peer.said()
    # where the title comes with the tap, it is what was said
    assert reply["text"] in ("这个按钮已失效，请直接输入您想办的事。", "您说：查快递")


def test_a_forged_push_is_refused_and_stores_nothing(peer, hook, database) -> None:
    _, proof = peer.seal(b"{}")
    for name in proof:
        for value in (b"", b"wrong", b"\xff\xfe"):
            assert peer.post(hook, peer.text(1, "查快递"), **{name: value}) in (401, 403)
    assert count(database, Conversation) == 0


def test_a_push_that_comes_ten_times_at_once_is_one_message(peer, hook, platform, database) -> None:
    with ThreadPoolExecutor(10) as pool:
        assert set(pool.map(lambda _: peer.post(hook, peer.text(1, "查快递")), range(10))) == {200}
    assert answer(peer, database) == 1
    deliver(database, platform)
    assert len(peer.said()) == 1 and count(database, InboxMessage) == 1


def test_pushes_out_of_order_are_each_answered_once(peer, hook, platform, database) -> None:
    for number in (3, 1, 2, 1):
        peer.post(hook, peer.text(number, f"第{number}条"))
    answer(peer, database)
    deliver(database, platform)
    assert re.findall(r"您说：(第\d条)", str(peer.said())) == ["第3条", "第1条", "第2条"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # nothing of a database in it
@pytest.mark.parametrize("body", [b"\xff\xfe{", b"[1, 2]", b"[" * 100_000, b'"text"', b"null", b"{}", b"\x00"])
def test_a_sealed_push_that_is_no_message_is_refused_or_ignored(peer, hook, database, body) -> None:
    assert peer.post(hook, body) in (200, 400, 401)
    assert count(database, Conversation) == 0


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # nothing of a database in it
def test_a_push_of_more_than_a_megabyte_is_refused(peer, hook, database) -> None:
    assert peer.post(hook, b"x" * 1_200_000) == 413
    assert count(database, Conversation) == 0


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # nothing of a database in it
@pytest.mark.parametrize("wrong", [None, 5, [], {}, "x" * 400, True])
def test_fields_of_another_kind_than_documented_are_no_fault(peer, hook, database, wrong) -> None:
    for make in (peer.text, peer.tap, peer.photo):
        push = make(1, "查快递") if make != peer.photo else peer.photo(1)
        for path in paths(push):
            assert peer.post(hook, replaced(push, path, wrong)) in (200, 400, 401), path
    peer.pull(database, peer.platform(settings()))


def paths(value: Any, above: tuple = ()) -> Iterator[tuple]:
    """Every place in a push."""
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield (*above, key)
        yield from paths(value[key], (*above, key))


def replaced(value: Any, path: tuple, wrong: Any) -> Any:
    if not path:
        return wrong
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(copy[path[0]], path[1:], wrong)
    return copy


def test_a_photo_is_fetched_later_and_becomes_the_customers_message(peer, hook, platform, database) -> None:
    for _ in range(2):
        assert peer.post(hook, peer.photo(1)) == 200
    assert peer.api.asked == []
    peer.api.answer = peer.photo_answer(PHOTO)
    deliver(database, platform)
    with database.read() as session:
        (stored,) = session.query(StoredFile)
        assert stored.content == PHOTO and stored.media_type == "image/png"
        assert session.query(Message).one().file_id == stored.id


def test_a_photo_that_the_platform_does_not_give_is_said_so(peer, hook, platform, database) -> None:
    peer.post(hook, peer.photo(1))
    peer.api.answer = peer.answer(status(404, {"ok": False, "error_code": 400, "error": {"code": 100}}))
    deliver(database, platform)
    peer.api.answer = peer.answer(peer.ok)
    deliver(database, platform)
    assert peer.said()[-1]["text"].startswith("抱歉，您发的图片没能从平台取到")


def test_a_file_that_is_no_photo_is_answered_in_words(peer, hook, platform, database) -> None:
    peer.post(hook, peer.photo(1))
    peer.api.answer = peer.photo_answer(b"MZ no picture at all")
    deliver(database, platform)
    peer.api.answer = peer.answer(peer.ok)
    deliver(database, platform)
    assert peer.said()[-1]["text"].startswith("目前支持照片") and count(database, StoredFile) == 0


# What goes out


def test_what_an_agent_takes_over_meanwhile_is_not_said_by_the_bot(peer, hook, platform, database) -> None:
    say(peer, hook, database, "查快递")
    with database.write() as session:
        chat = lock(session, session.query(Conversation.id).scalar())
        ownership.request_handoff(session, chat, "asked", {})
        ownership.claim(session, chat.id, "小林")
        ownership.reply(session, chat.id, "小林", "您好，我来看看")
        session.commit()
    deliver(database, platform)
    assert "\n\n".join(reply["text"] for reply in peer.said()).endswith("客服小林：您好，我来看看")
    assert outcomes(database) == ["dropped", "sent", "sent"]


def test_an_agents_photo_is_sent_as_a_photo_alone(peer, hook, platform, database) -> None:
    if not can_show(peer.name, "image/png", len(PHOTO)):
        pytest.skip("no images there")
    say(peer, hook, database, "查快递")
    deliver(database, platform)
    before = len(peer.api.asked)
    with database.write() as session:
        chat = lock(session, session.query(Conversation.id).scalar())
        file_id = store_file(session, chat.id, "面单.png", PHOTO)
        add_message(session, chat, "agent", "", agent="小林", file_id=file_id)
        session.commit()
    deliver(database, platform)
    sent = [asked["body"] for asked in peer.api.asked[before:]]
    assert sum(PHOTO in body for body in sent) == 1 and not any("小林".encode() in body for body in sent)
    assert outcomes(database)[-1] == "sent"


def test_a_long_answer_comes_in_pieces_that_end_where_sentences_do(peer, hook, platform, database) -> None:
    sentence = "您的快件已到达杭州转运中心，预计明天派送。"
    say(peer, hook, database, "你好")
    deliver(database, platform)
    with database.write() as session:
        chat = lock(session, session.query(Conversation.id).scalar())
        ownership.request_handoff(session, chat, "asked", {})
        ownership.claim(session, chat.id, "小林")
        session.commit()
    deliver(database, platform)
    before = len(peer.said())
    with database.write() as session:
        ownership.reply(session, session.query(Conversation.id).scalar(), "小林", sentence * 230)
        session.commit()
    deliver(database, platform)
    pieces = [reply["text"] for reply in peer.said()[before:]]
    assert len(pieces) > 1 or platform.style.longest >= 5000
    assert "".join(pieces) == "客服小林：" + sentence * 230 and all(piece.endswith("。") for piece in pieces)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # nothing of a database in it
@pytest.mark.parametrize("fault", sorted(set(FAULTS) - SLOW))
def test_an_answer_nobody_can_read_sends_once_more_and_is_marked_uncertain(
    peer, hook, platform, database, fault
) -> None:
    taken = peer.says_by_status and fault not in ("500", "503", "redirect", "cut off")
    say(peer, hook, database, "查快递")
    for answer in (FAULTS[fault], peer.ok):
        peer.api.answer = peer.answer(answer)
        deliver(database, platform)
        make_due(database)
    deliver(database, platform)
    assert (len(peer.said()), outcomes(database)) == ((1, ["sent"]) if taken else (2, ["uncertain"]))


def test_a_platform_that_never_says_anything_readable_gets_a_message_twice_and_no_more(
    peer, hook, platform, database
) -> None:
    say(peer, hook, database, "查快递")
    peer.api.answer = peer.answer(FAULTS["500"])
    for _ in range(4):
        deliver(database, platform)
        make_due(database)
    assert len(peer.said()) == 2 and outcomes(database) == ["uncertain"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # nothing of a database in it
@pytest.mark.parametrize("fault", sorted(SLOW))
def test_a_slow_platform_costs_its_budget_and_the_message_comes_later(
    peer, hook, platform, database, fault, monkeypatch
) -> None:
    monkeypatch.setattr("bot.channels.platforms.call.__kwdefaults__", {"within_s": 0.6})
    say(peer, hook, database, "查快递")
    peer.api.answer = peer.answer(FAULTS[fault])
    started = now()
    deliver(database, platform)
    assert (now() - started).total_seconds() < 8  # of the twelve that the slow ones take
    peer.api.answer = peer.answer(peer.ok)
    make_due(database)
    deliver(database, platform)
    assert len(peer.said()) <= 2 and outcomes(database)[0] in ("uncertain", "sent")


def test_a_platform_that_is_down_is_tried_again_and_gets_it_once(peer, hook, platform, database, monkeypatch) -> None:
    say(peer, hook, database, "查快递")
    with monkeypatch.context() as away:
        away.setenv(f"YIDA_{peer.name.upper()}_URL", "http://127.0.0.1:9")
        settings.cache_clear()
        absent = peer.platform(settings())
        assert deliver(database, absent) == 1 and outcomes(database) == [None]
    make_due(database)
    deliver(database, platform)
    assert len(peer.said()) == 1 and outcomes(database) == ["sent"]


def test_a_rate_limit_is_waited_out_and_nothing_is_lost(peer, hook, platform, database) -> None:
    say(peer, hook, database, "查快递", "在吗")
    peer.api.answer = peer.answer(peer.busy)
    assert deliver(database, platform) == 1
    with database.read() as session:
        assert session.query(Delivery).one().due_at > now()
    peer.api.answer = peer.answer(peer.ok)
    make_due(database)
    deliver(database, platform)
    assert outcomes(database) == ["sent", "sent"]


def test_a_user_who_will_not_hear_us_shows_as_failed_and_holds_up_nobody(peer, hook, platform, database) -> None:
    say(peer, hook, database, "查快递", "在吗")
    peer.api.answer = peer.answer(peer.blocked)
    deliver(database, platform)
    assert outcomes(database) == ["failed", "failed"]


def test_a_platform_that_takes_nothing_for_a_day_leaves_a_mark_for_the_desk(peer, hook, platform, database) -> None:
    say(peer, hook, database, "查快递")
    peer.api.answer = peer.answer(peer.busy)
    deliver(database, platform)
    with database.write() as session:
        session.query(Delivery).one().first_tried_at = now() - timedelta(hours=25)
        session.commit()
    make_due(database)
    deliver(database, platform)
    assert outcomes(database) == ["failed"]


def test_a_send_that_was_cut_off_by_a_kill_is_sent_once_more_and_marked(peer, hook, platform, database) -> None:
    say(peer, hook, database, "查快递")
    assert Deliverer(database, platform).claim() is not None  # … and here the worker dies
    make_due(database)
    deliver(database, platform)
    assert len(peer.said()) == 1 and outcomes(database) == ["uncertain"]


def test_ten_workers_at_once_send_a_message_once(peer, hook, platform, database) -> None:
    say(peer, hook, database, "查快递")
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda _: deliver(database, platform), range(10)))
    assert len(peer.said()) == 1 and outcomes(database) == ["sent"]


@pytest.mark.parametrize("peer", [name for name in PEERS if STYLES[name].window], indirect=True)
def test_after_the_platforms_window_words_wait_for_the_customer(peer, hook, platform, database) -> None:
    say(peer, hook, database, "查快递")
    later(database, seconds=platform.style.window.total_seconds() + 60)
    assert deliver(database, platform) == 1 and peer.said() == [] and outcomes(database) == ["held"]
    assert deliver(database, platform) == 0
    peer.post(hook, peer.text(9, "有消息吗"))
    answer(peer, database)
    deliver(database, platform)
    assert "您说：查快递" in peer.said()[0]["text"] and outcomes(database) == ["sent", "sent"]


def test_a_platform_that_is_not_named_has_no_address(database: Database) -> None:
    with TestClient(create_app(database, settings(), lambda: True)) as client:
        assert {client.post(f"/hooks/{name}", content=b"{}").status_code for name in PEERS} == {404}
