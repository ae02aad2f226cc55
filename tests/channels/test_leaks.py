"""Guessed, reused, expired and absent sessions, choices and files never show or change another customer's data."""

import secrets
import time
from collections.abc import Iterator
from uuid import uuid4

import httpx2 as httpx
import pytest
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import func, select

from bot.conversations.models import InboxMessage, Message
from bot.db import Database
from bot.privacy import vault
from bot.settings import settings
from tests.conversations.test_inbox import PNG

from .test_web import send, wait_for

SECRET = "我的单号是SF1234567890123"


@pytest.fixture
def victim(chat: httpx.Client) -> dict[str, str]:
    """A customer with a conversation, a button and a photo, and the token of their session."""
    send(chat, text=SECRET)
    choice = wait_for(chat, 2)[1]["choices"][0]["id"]
    file_id = chat.post("/chat/files", files={"file": ("a.png", PNG)}).json()["id"]
    return {"choice": choice, "file": file_id, "token": chat.cookies["yida_chat"]}


@pytest.fixture
def stranger(server: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server) as client:
        client.post("/chat/session", json={})
        yield client


def counts(database: Database) -> tuple[int, int]:
    with database.read() as session:
        messages, received = (select(func.count()).select_from(table) for table in (Message, InboxMessage))
        return session.execute(messages).scalar_one(), session.execute(received).scalar_one()


def forged(victim: dict[str, str]) -> dict[str, str]:
    """Tokens of someone who knows how ours look, but not the key."""
    body = victim["token"].split(".")
    conversation_id = URLSafeTimedSerializer(vault().signing_keys, salt="web chat session").loads(victim["token"])
    return {
        "absent": "",
        "random": secrets.token_urlsafe(60),
        "cut": victim["token"][:-1],
        "without signature": ".".join(body[:2]),
        "other key": URLSafeTimedSerializer("guess", salt="web chat session").dumps(conversation_id),
        "other purpose": URLSafeTimedSerializer(vault().signing_keys, salt="desk").dumps(conversation_id),
        "bare id": conversation_id,
        "signed stranger": URLSafeTimedSerializer(vault().signing_keys, salt="web chat session").dumps("nobody"),
    }


@pytest.mark.parametrize(
    "kind", ["absent", "random", "cut", "without signature", "other key", "other purpose", "bare id", "signed stranger"]
)
@pytest.mark.parametrize("carrier", ["cookie", "bearer"])
def test_a_forged_session_reads_and_writes_nothing(
    server: str, database: Database, victim: dict[str, str], kind: str, carrier: str
) -> None:
    token, before = forged(victim)[kind], counts(database)
    headers = {"Cookie": f"yida_chat={token}"} if carrier == "cookie" else {"Authorization": f"Bearer {token or '-'}"}
    with httpx.Client(base_url=server, headers=headers) as attacker:
        answers = [
            attacker.get("/chat/messages?after=0"),
            attacker.get("/chat/events"),
            send(attacker, text="x"),
            send(attacker, choice=victim["choice"]),
            send(attacker, file=victim["file"]),
            attacker.get(f"/chat/files/{victim['file']}"),
            attacker.post("/chat/files", files={"file": ("a.png", PNG)}) if kind != "signed stranger" else None,
        ]
    for answer in filter(None, answers):
        if kind == "signed stranger" and answer.request.method == "GET":
            assert SECRET not in answer.text
        else:
            assert answer.status_code in (401, 404), answer.request.url
            assert SECRET not in answer.text
    assert counts(database) == before


def test_an_expired_session_reads_and_writes_nothing(
    chat: httpx.Client, victim: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    later = 1 + settings().session_hours * 3600
    now = time.time()
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: now + later)
    assert chat.get("/chat/messages?after=0").status_code == 401
    assert send(chat, text="x").status_code == 401


def test_a_broken_session_is_followed_by_an_empty_conversation(server: str, victim: dict[str, str]) -> None:
    broken = {"Cookie": f"yida_chat={victim['token'][:-2]}xx"}
    token = httpx.post(f"{server}/chat/session", json={}, headers=broken).json()["token"]
    mine = httpx.get(f"{server}/chat/messages?after=0", headers={"Authorization": f"Bearer {token}"})
    assert mine.json() == {"messages": []}


def test_a_strangers_valid_session_sees_none_of_it(
    stranger: httpx.Client, database: Database, victim: dict[str, str]
) -> None:
    before = counts(database)
    assert stranger.get("/chat/messages?after=0").json() == {"messages": []}
    assert send(stranger, choice=victim["choice"]).status_code == 410
    assert send(stranger, file=victim["file"]).status_code == 404
    assert stranger.get(f"/chat/files/{victim['file']}").status_code == 404
    assert counts(database) == before


def test_a_strangers_reuse_of_a_client_id_tells_nothing_and_changes_nothing(
    chat: httpx.Client, stranger: httpx.Client
) -> None:
    client_id = str(uuid4())
    chat.post("/chat/messages", json={"client_id": client_id, "text": SECRET})
    wait_for(chat, 2)
    stranger.post("/chat/messages", json={"client_id": client_id, "text": "别的"})
    assert [m["text"] for m in wait_for(stranger, 2)] == ["别的", "您说：别的"]
    assert len(wait_for(chat, 2)) == 2


def test_no_route_of_the_desk_answers_a_customers_session(chat: httpx.Client, victim: dict[str, str]) -> None:
    for path in ("/desk/api/queue", "/desk/api/cases", "/desk/api/events"):
        assert chat.get(path).status_code == 401
        assert chat.get(path, headers={"Authorization": f"Bearer {victim['token']}"}).status_code == 401
