"""The web chat's contract (DESIGN §4), over HTTP."""

import json
import time
from collections.abc import Iterator
from uuid import uuid4

import httpx2 as httpx
import pytest
from sqlalchemy import select

from bot.channels.stream import HEARTBEAT_S
from bot.conversations.models import Conversation
from bot.conversations.outbox import PAGE, add_message
from bot.db import Database
from tests.conversations.test_inbox import PNG


def send(client: httpx.Client, **what: str) -> httpx.Response:
    return client.post("/chat/messages", json={"client_id": str(uuid4()), **what})


def wait_for(client: httpx.Client, count: int) -> list[dict]:
    """The transcript once it has `count` messages."""
    for _ in range(200):
        messages = client.get("/chat/messages", params={"after": 0}).json()["messages"]
        if len(messages) >= count:
            return messages
        time.sleep(0.02)
    raise AssertionError(f"only {len(messages)} messages came")


def events(client: httpx.Client, headers: dict[str, str] | None = None) -> Iterator[tuple[str, str | None, dict]]:
    """(event, id, data) of the stream, as they come."""
    with client.stream("GET", "/chat/events", headers=headers, timeout=20) as response:
        assert response.status_code == 200
        event: dict[str, str] = {}
        for line in response.iter_lines():
            if line and not line.startswith(":"):
                name, _, value = line.partition(": ")
                event[name] = value
            elif "data" in event:
                yield event["event"], event.get("id"), json.loads(event["data"])
                event = {}


def test_a_message_is_acknowledged_with_its_id_and_answered(chat: httpx.Client) -> None:
    sent = send(chat, text="你好")
    assert (sent.status_code, sent.json()) == (202, {"id": 1})
    question, answer = wait_for(chat, 2)
    assert (question["from"], question["text"]) == ("customer", "你好")
    assert (answer["id"], answer["from"], answer["text"]) == (2, "bot", "您说：你好")
    assert set(answer["choices"][0]) == {"id", "title"}


def test_the_same_client_id_again_gives_the_same_answer_and_nothing_new(chat: httpx.Client) -> None:
    client_id = str(uuid4())
    first, second = (chat.post("/chat/messages", json={"client_id": client_id, "text": "一"}) for _ in range(2))
    assert first.json() == second.json()
    time.sleep(0.3)
    assert len(wait_for(chat, 2)) == 2


def test_reading_after_a_message_gives_only_what_came_later(chat: httpx.Client) -> None:
    send(chat, text="一")
    wait_for(chat, 2)
    assert [m["id"] for m in chat.get("/chat/messages?after=1").json()["messages"]] == [2]


def test_the_stream_brings_messages_with_ids_typing_and_status(chat: httpx.Client) -> None:
    seen = []
    for event in events(chat):
        seen.append(event)
        if len(seen) == 1:
            assert event == ("status", None, {"owner": "bot", "position": None, "wait_s": None})
            send(chat, text="转人工")
        if event[0] == "status" and event[2]["owner"] == "queued":
            break
    assert [(name, event_id) for name, event_id, _ in seen if name == "message"] == [("message", "1"), ("message", "2")]
    assert "typing" in [name for name, _, _ in seen]
    assert seen[-1][2]["position"] == 1


@pytest.mark.parametrize("is_open", [True, False])
def test_the_stream_says_whether_people_are_at_the_desk(
    chat: httpx.Client, monkeypatch: pytest.MonkeyPatch, is_open: bool
) -> None:
    monkeypatch.setattr("bot.channels.stream.service_open", lambda now: is_open)
    told = next(data for name, _, data in events(chat) if name == "duty")
    assert told == {"open": is_open, "hours": "8:00-22:00"}


def test_a_stream_resumed_by_last_event_id_neither_loses_nor_repeats(chat: httpx.Client) -> None:
    send(chat, text="一")
    wait_for(chat, 2)
    send(chat, text="二")
    wait_for(chat, 4)
    ids = []
    for name, event_id, _ in events(chat, {"Last-Event-ID": "2"}):
        if name == "message":
            ids.append(event_id)
        if event_id == "4":
            break
    assert ids == ["3", "4"]


def test_a_client_without_cookies_uses_the_token(server: str) -> None:
    token = httpx.post(f"{server}/chat/session", json={}).json()["token"]
    with httpx.Client(base_url=server, headers={"Authorization": f"Bearer {token}"}) as client:
        send(client, text="你好")
        assert wait_for(client, 2)[1]["text"] == "您说：你好"


def test_the_session_is_kept_by_cookie_and_its_language_by_choice(server: str) -> None:
    with httpx.Client(base_url=server) as client:
        client.post("/chat/session", json={"language": "en"})
        send(client, text="！！")
        assert "words" in wait_for(client, 2)[1]["text"]
        client.post("/chat/session", json={})
        assert len(wait_for(client, 2)) == 2, "the same conversation"
        cookie = client.cookies.jar.__iter__().__next__()
        assert cookie.has_nonstandard_attr("HttpOnly") and cookie.path == "/chat"


def language_answered(client: httpx.Client, count: int) -> str:
    """The language of the server's own sentence for a message without words, the `count`th of the chat."""
    send(client, text="！！")
    return "en" if "words" in wait_for(client, count)[-1]["text"] else "zh"


def test_a_session_in_which_nothing_was_said_takes_the_language_of_the_page_that_opens_it_again(server: str) -> None:
    with httpx.Client(base_url=server) as client:
        client.post("/chat/session", json={"language": "zh"})
        client.post("/chat/session", json={"language": "en"})
        assert language_answered(client, 2) == "en"
        client.post("/chat/session", json={"language": "zh"})
        assert language_answered(client, 4) == "en", "what was said so far counts more than another page"


def test_a_language_picked_in_the_middle_holds_until_the_customer_writes_in_another(chat: httpx.Client) -> None:
    assert language_answered(chat, 2) == "zh"
    assert chat.post("/chat/language", json={"language": "en"}).status_code == 204
    assert language_answered(chat, 4) == "en"
    send(chat, text="你好")  # the echo brain takes every text for Chinese
    wait_for(chat, 6)
    assert language_answered(chat, 8) == "zh"


def test_a_language_can_only_be_picked_in_a_session_of_ones_own(server: str) -> None:
    refused = httpx.post(f"{server}/chat/language", json={"language": "en"})
    assert (refused.status_code, refused.json()["code"]) == (401, "session_needed")


def test_a_photo_travels_into_the_conversation_and_back(chat: httpx.Client) -> None:
    file_id = chat.post("/chat/files", files={"file": ("箱子.png", PNG)}).json()["id"]
    send(chat, file=file_id)
    shown = wait_for(chat, 1)[0]
    assert shown["file"]["name"] == "箱子.png"
    stored = chat.get(f"/chat/files/{file_id}")
    assert stored.content == PNG and stored.headers["content-type"] == "image/png"
    assert "sandbox" in stored.headers["content-security-policy"]


def test_a_file_of_another_type_is_refused_in_one_sentence(chat: httpx.Client) -> None:
    refused = chat.post("/chat/files", files={"file": ("photo.png", b"<script>alert(1)</script>")})
    assert refused.status_code == 415 and "PDF" in refused.json()["error"]


def test_a_file_over_ten_megabytes_is_refused(chat: httpx.Client) -> None:
    refused = chat.post("/chat/files", files={"file": ("big.png", PNG + b"\0" * (11 * 1024 * 1024))})
    assert refused.status_code == 413 and "10 MB" in refused.json()["error"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 400),
        (b"[1]", 400),
        (b"[" * 40_000, 400),
        (b'{"client_id": "not-a-uuid", "text": "x"}', 422),
        (b'{"client_id": "%s"}' % str(uuid4()).encode(), 422),
        (b'{"client_id": "%s", "text": "x", "choice": "y"}' % str(uuid4()).encode(), 422),
        (b'{"client_id": "%s", "text": 5}' % str(uuid4()).encode(), 422),
        (b'{"client_id": "%s", "choice": "1-guess"}' % str(uuid4()).encode(), 410),
        (b'{"client_id": "%s", "choice": "2-\\ud800"}' % str(uuid4()).encode(), 410),
        (b'{"client_id": "%s", "file": "guess"}' % str(uuid4()).encode(), 404),
        (b'{"client_id": "%s", "file": "\\u0000\\ud800"}' % str(uuid4()).encode(), 404),
        (b'{"client_id": "%s", "text": "%s"}' % (str(uuid4()).encode(), b"x" * 5001), 413),
        (b'{"client_id": "%s", "text": "%s"}' % (str(uuid4()).encode(), b"x" * 70_000), 413),
    ],
    ids=[
        "nothing", "half", "a list", "deep", "no uuid", "nothing said", "two things", "a number", "guessed choice",
        "mangled choice", "guessed file", "mangled file", "long text", "large body",
    ],
)  # fmt: skip
def test_bad_input_gets_one_clear_sentence(chat: httpx.Client, body: bytes, status: int) -> None:
    send(chat, text="你好")
    wait_for(chat, 2)
    refused = chat.post("/chat/messages", content=body)
    assert refused.status_code == status
    assert 5 < len(refused.json()["error"]) < 120


@pytest.mark.parametrize("text", ["\\ud800", "\\u0000", "", "   "])
def test_text_of_no_words_is_taken_and_answered_kindly(chat: httpx.Client, text: str) -> None:
    body = f'{{"client_id": "{uuid4()}", "text": "{text}"}}'
    assert chat.post("/chat/messages", content=body).status_code == 202
    assert "文字" in wait_for(chat, 2)[1]["text"]


def test_errors_are_in_the_language_the_browser_asks_for(server: str) -> None:
    refused = httpx.get(f"{server}/chat/messages", headers={"Accept-Language": "en-GB"})
    assert refused.status_code == 401 and "session" in refused.json()["error"]


def test_too_many_messages_are_refused_with_the_time_to_wait(chat: httpx.Client, database: Database) -> None:
    statuses = [send(chat, text=str(n)).status_code for n in range(32)]
    assert statuses == [202] * 30 + [429] * 2
    refused = send(chat, text="again")
    assert 0 < int(refused.headers["retry-after"]) <= 61 and "稍等" in refused.json()["error"]


def test_uploads_are_limited_on_their_own(chat: httpx.Client) -> None:
    uploads = [chat.post("/chat/files", files={"file": ("a.png", PNG)}).status_code for _ in range(31)]
    assert uploads == [201] * 30 + [429]
    assert send(chat, text="一").status_code == 202


def test_no_answer_is_kept_by_a_browser_or_a_proxy(chat: httpx.Client) -> None:
    for answer in (chat.post("/chat/session", json={}), chat.get("/chat/messages"), chat.get("/chat/messages?after=x")):
        assert answer.headers["cache-control"] == "no-store"


def test_a_long_history_comes_at_once(chat: httpx.Client, database: Database) -> None:
    send(chat, text="转人工")
    wait_for(chat, 2)
    with database.write() as session:
        conversation = session.execute(select(Conversation)).scalar_one()
        for number in range(PAGE + 10):
            add_message(session, conversation, "system", str(number))
        session.commit()
    started, seen = time.monotonic(), 0
    for name, _, _ in events(chat):
        seen += name == "message"
        if seen == PAGE + 12:
            break
    assert time.monotonic() - started < HEARTBEAT_S / 2


def test_a_request_another_site_makes_with_the_cookie_is_refused(chat: httpx.Client) -> None:
    body = {"client_id": str(uuid4()), "text": "x"}
    for origin in ("https://elsewhere.example", "null", "https://"):
        assert chat.post("/chat/messages", json=body, headers={"Origin": origin}).status_code == 403
    basic = {"Origin": "https://elsewhere.example", "Authorization": "Basic eDp5"}
    assert chat.post("/chat/messages", json=body, headers=basic).status_code == 403
    own = str(chat.base_url).rstrip("/")
    assert chat.post("/chat/messages", json=body, headers={"Origin": own}).status_code == 202


def test_the_operations_pages_say_whether_this_process_can_answer(server: str) -> None:
    assert httpx.get(f"{server}/healthz").text == "ok"
    assert httpx.get(f"{server}/readyz").json() == {"database": True, "model": True}
    assert httpx.get(f"{server}/metrics").status_code == 200
    assert httpx.get(f"{server}/metrics", headers={"X-Forwarded-For": "203.0.113.7"}).status_code == 403
    assert httpx.get(f"{server}/nothing-here").json()["error"]
