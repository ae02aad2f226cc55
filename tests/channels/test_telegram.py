"""Telegram, against a local server that speaks its documented shapes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.testclient import TestClient

from bot.app import create_app
from bot.channels.telegram import Telegram
from bot.conversations import ownership
from bot.conversations.inbox import lock
from bot.conversations.models import Conversation, InboxMessage, Message, StoredFile
from bot.db import Database
from bot.settings import settings
from tests.conversations.support import answer_all
from tests.support.images import png
from tests.support.platform import deliver, make_due, outcomes
from tests.support.provider import FAULTS, SLOW, FakeProvider, Fault

PNG = png(8, 8)
SECRET = "a-secret-that-telegram-sends-back"
OK = {"ok": True, "result": {"message_id": 1}}
CHAT = {"id": 424242, "type": "private", "first_name": "测试"}
AUTHOR = {"id": 424242, "is_bot": False, "first_name": "测试", "language_code": "zh-hans"}


@pytest.fixture
def api() -> Iterator[FakeProvider]:
    fake = FakeProvider()
    fake.answer = OK
    yield fake
    fake.close()


@pytest.fixture
def telegram(api: FakeProvider, database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path) -> Telegram:
    chosen = tmp_path / "credentials.yml"
    chosen.write_text("yida: {channels: [telegram]}")
    for name, value in {"TOKEN": "1:made-up", "SECRET": SECRET, "URL": api.url}.items():
        monkeypatch.setenv(f"YIDA_TELEGRAM_{name}", value)
    monkeypatch.setenv("YIDA_CREDENTIALS_FILE", str(chosen))
    settings.cache_clear()
    return Telegram(settings())


@pytest.fixture
def hook(telegram: Telegram, database: Database) -> Iterator[TestClient]:
    with TestClient(create_app(database, settings(), lambda: True)) as client:
        client.headers["X-Telegram-Bot-Api-Secret-Token"] = SECRET
        yield client


def post(hook: TestClient, update: Any, **headers: str) -> int:
    content = update if isinstance(update, bytes) else json.dumps(update).encode()
    return hook.post("/hooks/telegram", content=content, headers=headers).status_code


def message(update_id: int, **what: Any) -> dict[str, Any]:
    """An update as Telegram sends it."""
    inner = {"message_id": update_id, "from": AUTHOR, "chat": CHAT, "date": 1764200000, **what}
    return {"update_id": update_id, "message": inner}


def sent(api: FakeProvider) -> list[dict[str, Any]]:
    return [json.loads(asked["body"]) for asked in api.asked if asked["path"].endswith("/sendMessage")]


def count(database: Database, table: Any) -> int:
    with database.read() as session:
        return session.query(table).count()


def test_a_message_is_answered_with_its_choices_as_keys(hook, telegram, api, database) -> None:
    assert post(hook, message(1, text="查快递")) == 200
    answer_all(database)
    deliver(database, telegram)
    (reply,) = sent(api)
    assert reply["chat_id"] == str(CHAT["id"]) and reply["text"] == "您说：查快递"
    ((key,),) = reply["reply_markup"]["inline_keyboard"]
    assert key["text"] == "查快递" and len(key["callback_data"].encode()) <= 64
    assert outcomes(database) == ["sent"]


def test_a_tapped_key_is_the_choice_and_is_acknowledged_in_the_response(hook, telegram, api, database) -> None:
    post(hook, message(1, text="你好"))
    answer_all(database)
    deliver(database, telegram)
    data = sent(api)[0]["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
    tap = {"id": "77", "from": AUTHOR, "message": {"message_id": 9, "chat": CHAT}, "data": data}
    answer = hook.post("/hooks/telegram", json={"update_id": 2, "callback_query": tap})
    assert answer.json() == {"method": "answerCallbackQuery", "callback_query_id": "77"}
    answer_all(database)
    deliver(database, telegram)
    assert sent(api)[-1]["text"] == "您说：/track_shipment"


def test_a_key_that_is_no_longer_valid_is_answered_in_words(hook, telegram, api, database) -> None:
    tap = {"id": "77", "from": AUTHOR, "message": {"message_id": 9, "chat": CHAT}, "data": "9-never-shown"}
    for _ in range(2):
        assert post(hook, {"update_id": 2, "callback_query": tap}) == 200
    deliver(database, telegram)
    assert [reply["text"] for reply in sent(api)] == ["这个按钮已失效，请直接输入您想办的事。"]


@pytest.mark.parametrize("token", ["wrong", ""])
def test_a_forged_webhook_is_refused_and_stores_nothing(hook, database, token) -> None:
    assert post(hook, message(1, text="查快递"), **{"X-Telegram-Bot-Api-Secret-Token": token}) == 401
    assert count(database, Conversation) == 0


def test_a_webhook_that_comes_ten_times_at_once_is_one_message(hook, telegram, api, database) -> None:
    with ThreadPoolExecutor(10) as pool:
        assert set(pool.map(lambda _: post(hook, message(1, text="查快递")), range(10))) == {200}
    assert answer_all(database) == 1
    deliver(database, telegram)
    assert len(sent(api)) == 1 and count(database, InboxMessage) == 1


@pytest.mark.parametrize("body, status", [
    (b"\xff\xfe{", 400),
    (b"[1, 2]", 400),
    (b'{"update_id": "x"}', 400),
    (b"[" * 100_000, 400),
    (b'{"update_id": 1, "message": {"text": "' + b"a" * 1_100_000 + b'"}}', 413),
    (json.dumps({"update_id": 1, "edited_message": {"text": "changed", "chat": CHAT}}).encode(), 200),
    (json.dumps({"update_id": 1, "message": {"text": "hi", "chat": {"id": -5, "type": "group"}}}).encode(), 200),
    (json.dumps({"update_id": 1, "message": {"text": 5, "chat": {"id": "x"}}}).encode(), 200),
    (json.dumps({"update_id": 1, "callback_query": {"data": {}, "message": None}}).encode(), 200),
])
def test_what_is_no_private_message_is_no_fault_and_no_conversation(hook, database, body, status) -> None:
    assert post(hook, body) == status
    assert count(database, Conversation) == 0


def test_start_is_welcomed_once_in_the_users_language(hook, telegram, api, database) -> None:
    start = message(1, text="/start")
    start["message"]["from"] = {**AUTHOR, "language_code": "en"}
    for _ in range(2):
        post(hook, start)
    deliver(database, telegram)
    (reply,) = sent(api)
    assert reply["text"].startswith("Hello, I am Yida") and len(reply["reply_markup"]["inline_keyboard"]) == 3


def test_a_photo_is_fetched_later_and_becomes_the_customers_message(hook, telegram, api, database) -> None:
    sizes = [{"file_id": "small", "file_size": 90}, {"file_id": "large", "file_size": 900}]
    assert post(hook, message(1, photo=sizes, caption="摔坏了")) == 200
    assert api.asked == []
    found = {"ok": True, "result": {"file_path": "photos/1.png"}}
    api.answer = lambda path: PNG if path.startswith("/file/") else found
    deliver(database, telegram)
    with database.read() as session:
        (stored,) = session.query(StoredFile)
        assert stored.content == PNG and stored.media_type == "image/png"
        said = [row.text for row in session.query(Message).order_by(Message.seq)]
    assert json.loads(api.asked[0]["body"]) == {"file_id": "large"} and said == ["摔坏了", ""]


def test_a_photo_that_telegram_does_not_give_is_said_so(hook, telegram, api, database) -> None:
    post(hook, message(1, photo=[{"file_id": "gone", "file_size": 90}]))
    api.answer = {"ok": False, "error_code": 400, "description": "Bad Request: wrong file_id"}
    deliver(database, telegram)
    api.answer = OK
    deliver(database, telegram)
    assert sent(api)[-1]["text"].startswith("抱歉，您发的图片没能从平台取到")


def test_what_an_agent_takes_over_meanwhile_is_not_said_by_the_bot(hook, telegram, api, database) -> None:
    post(hook, message(1, text="查快递"))
    answer_all(database)
    with database.write() as session:
        chat = lock(session, session.query(Conversation.id).scalar())
        ownership.request_handoff(session, chat, "asked", {})
        ownership.claim(session, chat.id, "小林")
        session.commit()
    deliver(database, telegram)
    assert [reply["text"] for reply in sent(api)] == ["客服 小林 已接入，您前面说的内容都能看到，不用重复。"]
    assert outcomes(database) == ["dropped", "sent"]


# What the platform does wrong


@pytest.mark.parametrize("fault", sorted(set(FAULTS) - SLOW - {"503", "redirect"}))
def test_an_answer_nobody_can_read_sends_once_more_and_is_marked_uncertain(
    hook, telegram, api, database, fault
) -> None:
    post(hook, message(1, text="查快递"))
    answer_all(database)
    for answer in (FAULTS[fault], OK):
        api.answer = answer
        deliver(database, telegram)
        make_due(database)
    deliver(database, telegram)
    assert len(sent(api)) == 2 and outcomes(database) == ["uncertain"]


def test_a_platform_that_never_says_anything_readable_gets_a_message_twice_and_no_more(
    hook, telegram, api, database
) -> None:
    post(hook, message(1, text="查快递"))
    answer_all(database)
    api.answer = FAULTS["500"]
    for _ in range(4):
        deliver(database, telegram)
        make_due(database)
    assert len(sent(api)) == 2 and outcomes(database) == ["uncertain"]


@pytest.mark.slow
@pytest.mark.parametrize("fault", sorted(SLOW))
def test_a_slow_platform_costs_its_budget_and_the_message_comes_later(
    hook, telegram, api, database, fault, monkeypatch
) -> None:
    monkeypatch.setattr("bot.channels.platforms.call.__kwdefaults__", {"within_s": 0.6})
    post(hook, message(1, text="查快递"))
    answer_all(database)
    api.answer = FAULTS[fault]
    deliver(database, telegram)
    api.answer = OK
    make_due(database)
    deliver(database, telegram)
    assert len(sent(api)) == 2 and outcomes(database) == ["uncertain"]


def test_a_platform_that_is_down_is_tried_again_and_gets_it_once(hook, telegram, api, database, monkeypatch) -> None:
    post(hook, message(1, text="查快递"))
    answer_all(database)
    address, telegram._calls = telegram._calls, "http://127.0.0.1:9/bot"
    assert deliver(database, telegram) == 1 and outcomes(database) == [None]
    telegram._calls = address
    assert deliver(database, telegram) == 0
    make_due(database)
    deliver(database, telegram)
    assert len(sent(api)) == 1 and outcomes(database) == ["sent"]


@pytest.mark.parametrize("limit", [
    {"ok": False, "error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": 7}},
    Fault(lambda handler: (handler.send_response(429), handler.send_header("retry-after", "7"),
                           handler.send_header("content-length", "0"), handler.end_headers())),
])
def test_a_rate_limit_is_waited_out_as_the_platform_says(hook, telegram, api, database, limit) -> None:
    from bot.conversations.models import Delivery
    from bot.db import now

    post(hook, message(1, text="查快递"))
    answer_all(database)
    api.answer = limit
    deliver(database, telegram)
    with database.read() as session:
        wait = (session.query(Delivery).one().due_at - now()).total_seconds()
    assert 5 < wait <= 7
    api.answer = OK
    make_due(database)
    deliver(database, telegram)
    assert outcomes(database) == ["sent"]


def test_a_user_who_blocked_the_bot_shows_as_failed_and_holds_up_nobody(hook, telegram, api, database) -> None:
    post(hook, message(1, text="查快递"))
    post(hook, message(2, text="在吗"))
    answer_all(database)
    api.answer = {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked by the user"}
    deliver(database, telegram)
    assert outcomes(database) == ["failed", "failed"]


def test_a_send_that_was_cut_off_by_a_kill_is_sent_once_more_and_marked(hook, telegram, api, database) -> None:
    from bot.channels.delivering import Deliverer

    post(hook, message(1, text="查快递"))
    answer_all(database)
    batch = Deliverer(database, telegram).claim()
    assert batch is not None  # … and here the worker dies
    make_due(database)
    deliver(database, telegram)
    assert len(sent(api)) == 1 and outcomes(database) == ["uncertain"]
