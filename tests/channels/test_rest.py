"""The REST channel in Rasa's shape, over HTTP."""

import threading

import httpx2 as httpx
import pytest

from bot.channels.rest import BadKeyName, make_key
from bot.conversations import ownership
from bot.conversations.inbox import find_conversation
from bot.db import Database


@pytest.fixture
def shop(server: str, database: Database) -> httpx.Client:
    return client(server, database, "shop")


def client(server: str, database: Database, name: str, channel: str = "rest") -> httpx.Client:
    with database.write() as session:
        key = make_key(session, name, channel)
        session.commit()
    return httpx.Client(base_url=server, headers={"Authorization": f"Bearer {key}"}, timeout=20)


def say(client: httpx.Client, message: str, sender: str = "小明", **more: object) -> httpx.Response:
    return client.post("/webhooks/rest/webhook", json={"sender": sender, "message": message, **more})


def test_a_message_is_answered_in_rasas_shape(shop: httpx.Client) -> None:
    (reply,) = say(shop, "你好").json()
    assert (reply["recipient_id"], reply["text"]) == ("小明", "您说：你好")
    assert reply["buttons"][0]["title"] == "查快递" and reply["buttons"][0]["payload"].startswith("choice:")


def test_a_buttons_payload_is_accepted_back(shop: httpx.Client) -> None:
    payload = say(shop, "你好").json()[0]["buttons"][0]["payload"]
    assert say(shop, payload).json()[0]["text"] == "您说：/track_shipment"


def test_with_a_message_id_a_repeat_gets_the_first_answer(shop: httpx.Client) -> None:
    first, second = say(shop, "你好", message_id="7"), say(shop, "你好", message_id="7")
    assert first.json() == second.json()


def test_without_a_message_id_nothing_is_deduplicated(shop: httpx.Client) -> None:
    say(shop, "你好")
    say(shop, "你好")
    heard = shop.get("/webhooks/rest/messages", params={"sender": "小明", "after": 0}).json()
    assert [m["text"] for m in heard] == ["您说：你好"] * 2


def test_the_same_message_id_sent_at_once_is_one_message(shop: httpx.Client) -> None:
    answers = []

    def send() -> None:
        answers.append(say(shop, "一", message_id="1").json())

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8 and all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize(
    "body", [
        {"message": "x"}, {"sender": "", "message": "x"}, {"sender": "a"}, {"sender": 5, "message": "x"},
        {"sender": "\0", "message": "x"},
    ],

)
def test_a_missing_sender_or_message_is_refused_and_never_shared(shop: httpx.Client, body: dict) -> None:
    assert shop.post("/webhooks/rest/webhook", json=body).status_code == 422


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}])
def test_without_a_valid_key_nothing_is_answered(server: str, headers: dict[str, str]) -> None:
    for request in (
        httpx.Request("POST", f"{server}/webhooks/rest/webhook", json={"sender": "a", "message": "b"}, headers=headers),
        httpx.Request("GET", f"{server}/webhooks/rest/messages?sender=a", headers=headers),
    ):
        with httpx.Client() as anyone:
            assert anyone.send(request).status_code == 401


def test_two_keys_with_the_same_sender_name_are_two_customers(server: str, database: Database) -> None:
    one, other = client(server, database, "one"), client(server, database, "other")
    payload = say(one, "秘密").json()[0]["buttons"][0]["payload"]
    assert other.get("/webhooks/rest/messages", params={"sender": "小明"}).json() == []
    assert say(other, payload).status_code == 410


def test_agents_replies_are_read_later_by_cursor(shop: httpx.Client, database: Database) -> None:
    place = say(shop, "转人工").json()
    assert len(place) == 1 and place[0]["buttons"]
    with database.write() as session:
        conversation = find_conversation(session, "rest", "shop:小明")
        assert conversation
        ownership.claim(session, conversation.id, "小林")
        ownership.reply(session, conversation.id, "小林", "您好，我来看看")
        session.commit()
    assert say(shop, "在吗").json() == []
    heard = shop.get("/webhooks/rest/messages", params={"sender": "小明", "after": 2}).json()
    assert [(m["from"], m["text"]) for m in heard][-1] == ("agent", "您好，我来看看")


@pytest.mark.parametrize("ids", [("x" * 100 + "1", "x" * 100 + "2"), (0, 1), ("\0", "\0\0")])
def test_message_ids_of_any_kind_are_told_apart(shop: httpx.Client, ids: tuple) -> None:
    for message_id in (*ids, *ids):
        assert say(shop, "你好", message_id=message_id).status_code == 200
    assert len(shop.get("/webhooks/rest/messages", params={"sender": "小明"}).json()) == 2


def test_a_message_id_that_is_none_is_refused(shop: httpx.Client) -> None:
    assert say(shop, "你好", message_id=["1"]).status_code == 422


def test_a_server_passes_on_more_than_one_customer_writes(shop: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.channels.rest.ANSWER_WITHIN_S", 0)
    statuses = [say(shop, "你好", sender=f"客户{number % 20}").status_code for number in range(340)]
    assert set(statuses) <= {200, 202}
    assert [say(shop, "你好", sender="一个人").status_code for _ in range(31)][-1] == 429


def test_a_keys_name_cannot_reach_into_anothers_senders(server: str, database: Database) -> None:
    with database.write() as session, pytest.raises(BadKeyName):
        make_key(session, "shop:eu")


def test_text_that_starts_with_a_slash_is_text(shop: httpx.Client) -> None:
    assert say(shop, "/restart").json()[0]["text"] == "您说：／restart"


def test_what_a_social_listener_brings_is_of_its_channel(server: str, database: Database) -> None:
    say(client(server, database, "listener", "weibo"), "你好")
    with database.read() as session:
        assert find_conversation(session, "weibo", "listener:小明") is not None
        assert find_conversation(session, "rest", "listener:小明") is None
