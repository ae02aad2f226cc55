"""Where a customer comes from, as the limits see it: believed of no proxy but our own, and never kept in clear."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2 as httpx
import pytest
from sqlalchemy import select, text
from starlette.requests import HTTPConnection

from bot.channels.limits import client_address
from bot.channels.rest import make_key
from bot.conversations.models import Conversation
from bot.customers.models import Origin
from bot.db import Database, now
from bot.settings import Settings, settings
from bot.shipments.access import verify_tail

from .test_web import send, wait_for

PROXY = "127.0.0.1"
WAYBILL = "SF1409283746510"


def seen(peer: str, forwarded: str | None = None, proxies: str = "") -> str:
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded is not None else []
    connection = HTTPConnection({"type": "http", "client": (peer, 4711), "headers": headers})
    return client_address(connection, Settings(trusted_proxies=proxies))


@pytest.mark.parametrize(("peer", "forwarded", "proxies", "address"), [
    ("203.0.113.9", None, "", "203.0.113.9"),
    ("203.0.113.9", "198.51.100.7", "", "203.0.113.9"),  # says so himself
    ("10.0.0.1", "198.51.100.7", "10.0.0.0/8", "198.51.100.7"),
    ("10.0.0.1", "192.0.2.1, 198.51.100.7", "10.0.0.0/8", "198.51.100.7"),  # what he wrote before the proxy did
    ("10.0.0.1", "198.51.100.7, 10.0.0.2", "10.0.0.0/8", "198.51.100.7"),  # two proxies of ours
    ("10.0.0.1", "", "10.0.0.0/8", "10.0.0.1"),
    ("10.0.0.1", "rubbish", "10.0.0.0/8", "rubbish"),
])
def test_only_a_trusted_proxy_says_where_somebody_comes_from(
    peer: str, forwarded: str | None, proxies: str, address: str
) -> None:
    assert seen(peer, forwarded, proxies) == address


def test_the_addresses_of_one_ipv6_network_are_one_and_an_ipv4_address_in_ipv6_is_itself() -> None:
    assert seen("2001:db8:1:2::1") == seen("2001:db8:1:2:ffff:1:2:3%eth0") == "2001:db8:1:2::/64"
    assert seen("2001:db8:1:3::1") != seen("2001:db8:1:2::1")
    assert seen("::ffff:203.0.113.9") == "203.0.113.9"


@pytest.fixture
def behind_proxy(monkeypatch: pytest.MonkeyPatch, server: str) -> str:
    monkeypatch.setattr(settings(), "trusted_proxies", PROXY)
    return server


@contextmanager
def chat_from(server: str, address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server, headers={"X-Forwarded-For": address}) as client:
        client.post("/chat/session", json={}).raise_for_status()
        yield client


def newest_chat(database: Database) -> str:
    with database.read() as session:
        query = select(Conversation.id).order_by(Conversation.created_at.desc()).limit(1)
        return session.execute(query).scalar_one()


def guess(database: Database, conversation_id: str, key: str) -> str:
    with database.write() as session:
        said = verify_tail(session, conversation_id, WAYBILL, "0000", key=key, now=now())
        session.commit()
    return said


def test_new_chats_of_one_address_share_its_five_tries_and_another_address_has_its_own(
    behind_proxy: str, database: Database
) -> None:
    said = []
    for number, address in enumerate(["203.0.113.9"] * 6 + ["198.51.100.7"]):
        with chat_from(behind_proxy, address) as client:
            send(client, text="0000")
            wait_for(client, 2)
            said.append(guess(database, newest_chat(database), f"k{number}"))
    assert said == ["wrong"] * 4 + ["locked", "locked", "wrong"]


def test_a_customer_who_changes_networks_counts_where_he_is_now(behind_proxy: str, database: Database) -> None:
    with chat_from(behind_proxy, "203.0.113.9") as client:
        send(client, text="一")
        with database.read() as session:
            before = session.execute(select(Origin.origin_hash)).scalar_one()
        client.headers["X-Forwarded-For"] = "198.51.100.7"
        send(client, text="二")
    with database.read() as session:
        assert session.execute(select(Origin.origin_hash)).scalar_one() != before


def test_of_a_messaging_platform_the_user_counts_and_not_the_server(server: str, database: Database) -> None:
    with database.write() as session:
        key = make_key(session, "shop")
        session.commit()
    with httpx.Client(base_url=server, headers={"Authorization": f"Bearer {key}"}) as platform:
        for sender in ("ming", "hong", "ming"):
            platform.post("/webhooks/rest/webhook", json={"sender": sender, "message": "你好"}).raise_for_status()
    with database.read() as session:
        assert len(set(session.execute(select(Origin.origin_hash)).scalars())) == 2


def test_no_table_holds_an_address_in_clear(behind_proxy: str, database: Database) -> None:
    with chat_from(behind_proxy, "203.0.113.9") as client:
        send(client, text="0000")
        wait_for(client, 2)
    guess(database, newest_chat(database), "k")
    with database.read() as session:
        for table in ("conversations", "inbox", "messages", "origins", "verification_attempts", "operations"):
            rows = session.execute(text(f"SELECT * FROM {table}")).all()
            assert rows and "203.0.113" not in repr(rows), table
