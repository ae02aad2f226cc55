"""The queue and chats: claiming, answering, handing on, and who sees what."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from bot.conversations import inbox, ownership
from bot.conversations.models import Message
from bot.db import Database
from tests.conversations.support import Customer, answer_all
from tests.desk.conftest import PHONE, WAYBILL, Desk
from tests.support.images import png

PHOTO = png(32, 24)


def act(desk: Desk, customer: Customer, name: str, **body: str):
    return desk.post(f"/desk/api/conversations/{customer.id}/{name}", json=body)


def chat(desk: Desk, customer: Customer) -> dict:
    return desk.get(f"/desk/api/conversations/{customer.id}").json()


def test_the_queue_tells_who_waits_how_long_and_why_with_numbers_starred(lin: Desk, customer: Customer) -> None:
    queue = lin.get("/desk/api/queue").json()
    entry = queue["conversations"][0]
    assert queue["waiting"] == 1
    assert (entry["id"], entry["owner"], entry["position"]) == (customer.id, "queued", 1)
    assert entry["reason"] == "customer_asked"
    assert 0 <= entry["waiting_s"] < 60
    page = lin.get("/desk/")
    for text in (entry["last_text"], page.text):
        assert "杯子碎了" in text and PHONE not in text and WAYBILL not in text
    assert "<title>(1) " in page.text


def test_the_queue_and_the_packet_say_what_about_when_the_last_line_only_asks_for_a_person(
    lin: Desk, database: Database
) -> None:
    customer = Customer(database)
    for line in ("发票怎么开", "转人工"):
        customer.send(line)
    with database.write() as session:
        packet = {"summary": "发票怎么开", "last_text": "发票怎么开"}
        ownership.request_handoff(session, inbox.lock(session, customer.id), "customer_asked", packet)
        session.commit()
    assert lin.get("/desk/api/queue").json()["conversations"][0]["last_text"] == "发票怎么开"
    _, _, packet_on = lin.get(f"/desk/conversations/{customer.id}").text.partition("为什么转人工")
    assert packet_on.partition("</section>")[0].count("发票怎么开") == 1


def test_of_two_agents_who_claim_at_once_one_wins(lin: Desk, chen: Desk, customer: Customer) -> None:
    answers: list[int] = []
    start = threading.Barrier(2)

    def claim(desk: Desk) -> None:
        start.wait()
        answers.append(act(desk, customer, "claim").status_code)

    threads = [threading.Thread(target=claim, args=(desk,)) for desk in (lin, chen)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 409]


def test_claiming_what_another_has_says_so_and_claiming_ones_own_again_changes_nothing(
    lin: Desk, chen: Desk, customer: Customer
) -> None:
    first = act(lin, customer, "claim")
    assert first.json() == {"id": customer.id, "owner": "agent", "agent": "lin", "epoch": 2}
    refused = act(chen, customer, "claim")
    assert refused.status_code == 409 and "同事" in refused.json()["error"]
    assert act(lin, customer, "claim").json() == first.json()


def test_a_reply_reaches_the_customer_and_the_customers_answer_reaches_the_agent(
    lin: Desk, customer: Customer, database: Database
) -> None:
    act(lin, customer, "claim")
    sent = act(lin, customer, "reply", text="您好，我是小林。")
    seen = customer.sees()[-1]
    assert (seen["id"], seen["from"], seen["text"]) == (sent.json()["id"], "agent", "您好，我是小林。")
    customer.send("好的，谢谢")
    answer_all(database)
    assert [message["text"] for message in chat(lin, customer)["messages"]][-1] == "好的，谢谢"
    assert customer.sees()[-1]["from"] == "customer", "the bot stays silent while an agent has the chat"


@pytest.mark.parametrize("name", ["reply", "transfer", "return", "close"])
def test_only_the_agent_who_has_the_chat_acts_in_it(lin: Desk, chen: Desk, customer: Customer, name: str) -> None:
    act(lin, customer, "claim")
    lin.post("/desk/api/state", json={"state": "on"})
    before = customer.sees()
    answer = act(chen, customer, name, text="x", to="lin", outcome="resolved")
    assert answer.status_code == 409 and answer.json()["error"]
    assert customer.sees() == before


def test_a_chat_handed_back_is_the_bots_again(lin: Desk, customer: Customer, database: Database) -> None:
    act(lin, customer, "claim")
    answer_all(database)
    assert act(lin, customer, "return").json()["owner"] == "bot"
    assert customer.sees()[-1]["from"] == "bot"
    customer.send("还有一件事")
    answer_all(database)
    assert customer.sees()[-1]["text"] == "您说：还有一件事"
    assert act(lin, customer, "reply", text="太晚了").status_code == 409


def test_closing_keeps_the_outcome_and_leaves_the_queue(lin: Desk, customer: Customer) -> None:
    act(lin, customer, "claim")
    assert act(lin, customer, "close").status_code == 400
    assert act(lin, customer, "close", outcome="resolved").json()["owner"] == "closed"
    assert lin.get("/desk/api/queue").json() == {
        "waiting": 0, "state": "off", "put_on_break": False, "conversations": [],
    }  # fmt: skip


def test_the_agent_sees_what_a_platform_did_with_each_message(
    lin: Desk, customer: Customer, database: Database
) -> None:
    lin.post(f"/desk/api/conversations/{customer.id}/claim", json={})
    with database.write() as session:
        first, *_ = session.query(Message).filter_by(conversation_id=customer.id, sender="system").order_by(Message.seq)
        first.delivery = "held"
        session.commit()
    page = lin.get(f"/desk/conversations/{customer.id}").text
    assert "等客户再来消息后发出" in page and "未送达" not in page


def test_a_transfer_needs_a_colleague_who_answers(lin: Desk, chen: Desk, customer: Customer) -> None:
    act(lin, customer, "claim")
    chen.post("/desk/api/state", json={"state": "on"})
    for nobody in ("zhou", "lin", "nobody"):
        assert act(lin, customer, "transfer", to=nobody).status_code == 400
    assert act(lin, customer, "transfer", to="chen").json()["agent"] == "chen"
    assert act(lin, customer, "reply", text="x").status_code == 409
    assert act(chen, customer, "reply", text="我来接着帮您。").status_code == 200


@pytest.mark.parametrize("text", ["", "  ", "\u0000", None, 7, ["x"], "长" * 5001])
def test_a_reply_without_words_or_too_long_is_turned_away(lin: Desk, customer: Customer, text: object) -> None:
    act(lin, customer, "claim")
    answer = lin.post(f"/desk/api/conversations/{customer.id}/reply", json={"text": text})
    assert answer.status_code == 400 and answer.json()["error"]


def test_quality_reads_and_changes_nothing(zhou: Desk, customer: Customer) -> None:
    for name in ("claim", "reply", "transfer", "return", "close"):
        assert act(zhou, customer, name, text="x", to="lin", outcome="resolved").status_code == 403
    assert zhou.get("/desk/api/queue").json()["waiting"] == 1
    assert "/claim" not in zhou.get(f"/desk/conversations/{customer.id}").text


@pytest.mark.parametrize("path", [f"{'a' * 32}", "nothing", f"{'a' * 32}/files/{'b' * 32}"])
def test_what_does_not_exist_is_not_found(lin: Desk, path: str) -> None:
    assert lin.get(f"/desk/api/conversations/{path}").status_code == 404


def test_an_unknown_chat_cannot_be_claimed(lin: Desk) -> None:
    assert lin.post(f"/desk/api/conversations/{'a' * 32}/claim").status_code == 404


def test_the_agent_sees_all_and_everyone_else_sees_numbers_starred(
    lin: Desk, chen: Desk, zhou: Desk, customer: Customer
) -> None:
    act(lin, customer, "claim")
    mine = chat(lin, customer)
    assert not mine["masked"] and mine["packet"]["slots"]["complaint_phone"] == PHONE
    assert PHONE in mine["messages"][0]["text"]
    for desk in (chen, zhou):
        theirs = chat(desk, customer)
        assert theirs["masked"] and theirs["packet"]["tried"] == ["complain_other"]
        for seen in (str(theirs), desk.get(f"/desk/conversations/{customer.id}").text):
            assert PHONE not in seen and WAYBILL not in seen
    assert PHONE in lin.get(f"/desk/conversations/{customer.id}").text
    act(lin, customer, "close", outcome="resolved")
    assert chat(lin, customer)["masked"]


@pytest.fixture
def photo(customer: Customer, database: Database) -> str:
    with database.write() as session:
        file_id = inbox.store_file(session, customer.id, "外包装.png", PHOTO)
        session.commit()
    customer.send(file_id=file_id)
    return file_id


def test_a_photo_opens_for_the_agent_of_the_chat_only(
    lin: Desk, chen: Desk, visitor: Desk, customer: Customer, photo: str
) -> None:
    address = f"/desk/conversations/{customer.id}/files/{photo}"
    assert lin.get(address).status_code == 403
    act(lin, customer, "claim")
    answer = lin.get(address)
    assert answer.content == PHOTO and answer.headers["content-type"] == "image/png"
    assert "sandbox" in answer.headers["content-security-policy"] and answer.headers["cache-control"] == "no-store"
    assert chen.get(address).status_code == 403
    assert visitor.get(address, follow_redirects=False).status_code == 303
    assert f'<img src="{address}"' in lin.get(f"/desk/conversations/{customer.id}").text


def test_a_photo_of_another_chat_does_not_open_through_ones_own(
    lin: Desk, customer: Customer, photo: str, database: Database
) -> None:
    other = Customer(database)
    with database.write() as session:
        stolen = inbox.store_file(session, other.id, "x.png", PHOTO)
        session.commit()
    act(lin, customer, "claim")
    assert lin.get(f"/desk/conversations/{customer.id}/files/{stolen}").status_code == 404


def test_new_messages_come_as_a_part_of_the_page(lin: Desk, customer: Customer) -> None:
    act(lin, customer, "claim")
    before = chat(lin, customer)["messages"][-1]["id"]
    customer.send("<b>在吗</b>")
    part = lin.get(f"/desk/parts/conversations/{customer.id}/messages?after={before}").text
    assert part.count("<li") == 1 and "&lt;b&gt;在吗" in part
    assert lin.get(f"/desk/parts/conversations/{customer.id}/messages?after=x").status_code == 400


def test_a_part_asked_for_after_the_login_is_over_sends_the_whole_page_to_the_login(visitor: Desk) -> None:
    answer = visitor.get("/desk/parts/queue", headers={"HX-Request": "true"}, follow_redirects=False)
    assert answer.status_code == 401 and answer.headers["hx-redirect"].startswith("/desk/login")


def test_the_page_speaks_the_language_one_chose(login: Callable[[str], Desk], customer: Customer) -> None:
    desk = login("wu")
    assert 'lang="zh-CN"' in desk.get("/desk/").text
    page = desk.get("/desk/language/en?next=/desk/cases")
    assert page.url.path == "/desk/cases" and 'lang="en"' in page.text
    assert desk.post(f"/desk/api/conversations/{'a' * 32}/claim").json() == {"error": "There is no such chat."}
