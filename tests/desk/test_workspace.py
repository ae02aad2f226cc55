"""What an agent works with: canned replies, suggestions, the panel and its clicks, unread counts, search, unmasking."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.conversations import inbox, ownership
from bot.conversations.answers import Answer, Question, Reply
from bot.customers import store
from bot.customers.verification import grant
from bot.db import Database, now
from bot.desk import canned, suggesting
from bot.desk.models import Unmasking
from bot.shipments.models import Shipment
from tests.conversations.support import Customer, answer_all
from tests.desk.conftest import PHONE, WAYBILL, Desk

REPLY = {
    "shortcut": "核对",
    "text_zh": "您好，我是{agent}，运单 {waybill} 我在查。",
    "text_en": "{agent} here: {waybill}.",
}
OWN_PHONE, PARCEL = "13800007777", "SF1234567890128"


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read of resolved chats is kept for minutes: each test has chats of its own."""
    monkeypatch.setattr(suggesting, "_resolved_chats", suggesting.Resolved())


def do(desk: Desk, chat: Customer, name: str, **body: Any) -> Any:
    return desk.post(f"/desk/api/conversations/{chat.id}/{name}", json=body)


def see(desk: Desk, chat: Customer, name: str = "") -> Any:
    return desk.get(f"/desk/api/conversations/{chat.id}{name}").json()


def waits(database: Database, text: str, language: str = "zh") -> Customer:
    customer = Customer(database, language)
    customer.send(text)
    with database.write() as session:
        ownership.request_handoff(session, inbox.lock(session, customer.id), "customer_asked", {"last_text": text})
        session.commit()
    return customer


def known(database: Database, *customers: Customer) -> None:
    """They have shown, by a code, to be one person."""
    with database.write() as session:
        for customer in customers:
            store.identify(session, customer.id, OWN_PHONE, now())
        session.commit()


def parcel_of(database: Database, customer: Customer, status: str = "out_for_delivery") -> str:
    """A parcel of this status that the customer has shown to receive."""
    with database.write() as session:
        session.add(Shipment(waybill=PARCEL, carrier="shunfeng", status=status, receiver_city="上海市"))
        session.flush()
        grant(session, customer.id, PARCEL, "receiver", now())
        session.commit()
    return PARCEL


# Canned replies


def test_canned_replies_are_written_by_quality_and_leads_and_used_by_all(
    lin: Desk, zhou: Desk, login: Callable[[str], Desk], visitor: Desk
) -> None:
    assert visitor.get("/desk/api/canned").status_code == 401
    assert lin.post("/desk/api/canned", json=REPLY).status_code == 403
    assert zhou.post("/desk/api/canned", json=REPLY).json() == {"shortcut": "核对"}
    (reply,) = lin.get("/desk/api/canned").json()["replies"]
    assert (reply["shortcut"], reply["updated_by"]) == ("核对", "zhou")
    assert lin.post(f"/desk/api/canned/{reply['id']}/delete", json={}).status_code == 403
    wu = login("wu")
    assert wu.post("/desk/api/canned", json={**REPLY, "id": reply["id"], "text_en": "Hi"}).status_code == 200
    assert wu.post("/desk/api/canned", json=REPLY).status_code == 409
    assert (
        "核对" in lin.get("/desk/canned").text and 'class="form canned-form"' not in lin.get("/desk/canned").text
    )
    assert wu.get("/desk/canned").text.count('class="form canned-form"') == 2  # a new one, and this
    assert wu.post(f"/desk/api/canned/{reply['id']}/delete", json={}).status_code == 200
    assert lin.get("/desk/api/canned").json()["replies"] == []


@pytest.mark.parametrize("text", ["{agent.__class__}", "{phone}", "{agent!r}", "{waybill:>9}", "{", "{}"])
def test_braces_of_a_canned_reply_hold_known_variables_and_nothing_else(zhou: Desk, text: str) -> None:
    refused = zhou.post("/desk/api/canned", json={**REPLY, "text_zh": text})
    assert refused.status_code == 400 and "waybill" in refused.json()["error"]


def test_a_canned_reply_is_filled_from_ones_own_chat_in_its_language_and_from_no_other(
    lin: Desk, chen: Desk, zhou: Desk, customer: Customer, database: Database
) -> None:
    zhou.post("/desk/api/canned", json=REPLY)
    english = waits(database, "My cup is broken", "en")
    for chat in (customer, english):
        do(lin, chat, "claim")
    looked_at = see(lin, customer, "/canned")["replies"]
    assert looked_at == [{"shortcut": "核对", "text": f"您好，我是lin，运单 {WAYBILL} 我在查。"}]
    assert see(lin, english, "/canned")["replies"][0]["text"] == "lin here: [waybill]."
    waybill = parcel_of(database, english)
    assert see(lin, english, "/canned")["replies"][0]["text"] == f"lin here: {waybill}."
    assert chen.get(f"/desk/api/conversations/{english.id}/canned").status_code == 409


def test_a_new_desk_starts_with_replies_whose_variables_are_known_and_keeps_its_own(
    lin: Desk, customer: Customer, database: Database
) -> None:
    for _ in range(2):
        with database.write() as session:
            canned.start_with(session)
            session.commit()
    do(lin, customer, "claim")
    texts = [reply["text"] for reply in see(lin, customer, "/canned")["replies"]]
    assert len(texts) >= 6 and not any("{" in text for text in texts)


# Suggestions


def test_the_faq_answers_what_was_asked_in_the_language_of_the_chat_and_nothing_is_sent(
    lin: Desk, chen: Desk, database: Database
) -> None:
    chinese, english = waits(database, "保价怎么收费"), waits(database, "How much is insurance for my parcel?", "en")
    for chat, word in ((chinese, "保价"), (english, "declare")):
        do(lin, chat, "claim")
        before = len(chat.sees())
        first, *_ = see(lin, chat, "/suggestions")["suggestions"]
        assert first["source"] == "faq" and word in first["text"] and "{" not in first["text"]
        assert len(chat.sees()) == before
        assert chen.get(f"/desk/api/conversations/{chat.id}/suggestions").status_code == 409


def test_what_a_colleague_answered_in_a_resolved_chat_is_suggested_unless_it_was_meant_for_one_customer(
    lin: Desk, chen: Desk, database: Database
) -> None:
    before = waits(database, "柜子里的包裹打不开柜门怎么办")
    do(chen, before, "claim")
    do(chen, before, "reply", text="请在柜机屏幕上点“求助”，会有人远程开门。")
    do(chen, before, "reply", text=f"您的电话 {PHONE} 我记下了。")
    unresolved = waits(database, "柜门打不开")
    do(chen, unresolved, "claim")
    do(chen, unresolved, "reply", text="不知道。")
    do(chen, before, "close", outcome="resolved")
    do(chen, unresolved, "close", outcome="no_answer")
    asking = waits(database, "柜门打不开，包裹拿不出来")
    do(lin, asking, "claim")
    texts = [one["text"] for one in see(lin, asking, "/suggestions")["suggestions"] if one["source"] == "resolved"]
    assert texts == ["请在柜机屏幕上点“求助”，会有人远程开门。"]


def test_a_wish_for_a_person_is_no_question_neither_of_this_chat_nor_of_one_resolved_before(
    lin: Desk, chen: Desk, database: Database
) -> None:
    before = waits(database, "转人工")
    do(chen, before, "claim")
    do(chen, before, "reply", text="您好，请问什么事？")
    do(chen, before, "close", outcome="resolved")
    other = waits(database, "我要人工客服")
    do(lin, other, "claim")
    assert see(lin, other, "/suggestions") == {"suggestions": []}
    asking = waits(database, "保价怎么收费")
    asking.send("I want to talk to a human")
    do(lin, asking, "claim")
    first, *_ = see(lin, asking, "/suggestions")["suggestions"]
    assert first["source"] == "faq" and "保价" in first["text"]


def test_words_like_nothing_known_get_no_suggestion(lin: Desk, database: Database) -> None:
    chat = waits(database, "嗯")
    do(lin, chat, "claim")
    assert see(lin, chat, "/suggestions") == {"suggestions": []}


# The panel and its clicks


def test_the_panel_shows_parcels_cases_and_earlier_chats_masked(
    lin: Desk, customer: Customer, database: Database
) -> None:
    earlier = waits(database, f"上次的事，电话 {PHONE}")
    do(lin, earlier, "claim")
    do(lin, earlier, "close", outcome="resolved")
    known(database, customer, earlier)
    waybill = parcel_of(database, customer)
    do(lin, customer, "claim")
    do(lin, customer, "case", key="1", kind="complaint", category="damage", description=f"杯子碎了，{PHONE}")
    page = lin.get(f"/desk/conversations/{customer.id}").text
    panel = page[page.index("<h2>相关运单") : page.index('<dialog id="open-case"')]
    assert f"{waybill[:4]}*" in panel and waybill not in panel and "派送中" in panel
    assert "杯子碎了，13*******78" in panel and PHONE not in panel
    assert "已解决" in panel and f"/desk/conversations/{earlier.id}" in panel
    assert "C 类" in page


def test_a_case_opened_twice_by_one_click_is_one_case_and_the_customer_is_told_its_number_once(
    lin: Desk, chen: Desk, customer: Customer
) -> None:
    facts = {"key": "k", "kind": "complaint", "category": "damage", "description": "杯子碎了"}
    assert do(lin, customer, "case", **facts).status_code == 409
    do(lin, customer, "claim")
    assert do(chen, customer, "case", **facts).status_code == 409
    made = [do(lin, customer, "case", **facts).json()["number"] for _ in range(2)]
    assert made[0] == made[1]
    assert sum(made[0] in text for text in customer.hears()) == 1
    case = lin.get(f"/desk/api/cases/{made[0]}").json()
    assert case["conversation_id"] == customer.id and case["events"][0]["actor"] == "lin"
    for wrong in ({**facts, "category": "none"}, {**facts, "kind": "claim"}, {**facts, "description": " "}):
        assert do(lin, customer, "case", **{**wrong, "key": "other"}).status_code == 400


def test_a_case_takes_the_phone_that_is_written_and_a_call_back_is_not_opened_without_one(
    lin: Desk, customer: Customer, database: Database
) -> None:
    do(lin, customer, "claim")
    facts = {"kind": "callback", "description": "请回电"}
    for wrong in ("", "12", "请打我电话"):
        refused = do(lin, customer, "case", key="1", phone=wrong, **facts)
        assert refused.status_code == 400 and "电话" in refused.json()["error"]
    number = do(lin, customer, "case", key="1", phone="021-5555 0188", **facts).json()["number"]
    assert lin.get(f"/desk/api/cases/{number}").json()["phone"] == "021-5555 0188"
    known(database, customer)
    again = do(lin, customer, "case", key="2", **facts).json()["number"]
    assert lin.get(f"/desk/api/cases/{again}").json()["phone"] == OWN_PHONE


def test_a_new_case_begins_with_what_the_assistant_collected(lin: Desk, customer: Customer) -> None:
    do(lin, customer, "claim")
    page = lin.get(f"/desk/conversations/{customer.id}").text
    form = page[page.index('<dialog id="open-case"') :]
    assert (
        '<option value="damage" selected>' in form and f'value="{PHONE}"' in form and ">杯子碎了两个</textarea>" in form
    )


def test_a_change_goes_to_the_outlet_when_the_customer_has_shown_who_they_are_and_is_noted_otherwise(
    lin: Desk, chen: Desk, customer: Customer, database: Database
) -> None:
    do(lin, customer, "claim")
    waybill = parcel_of(database, customer)
    facts = {"key": "1", "kind": "reschedule", "waybill": waybill, "words": "明天下午"}
    assert do(chen, customer, "change", **facts).status_code == 409
    first, again = (do(lin, customer, "change", **facts).json() for _ in range(2))
    assert first == again and first["proven"]
    request = lin.get(f"/desk/api/requests/{first['number']}").json()
    assert request["details"] == {"time": "明天下午"} and request["events"][0]["actor"] == "lin"
    assert sum(first["number"] in text for text in customer.hears()) == 1
    intercept = do(lin, customer, "change", key="2", kind="intercept", waybill=waybill).json()
    assert not intercept["proven"] and "核验身份后" in customer.hears()[-1]


def test_a_change_that_the_parcels_state_forbids_is_refused_with_the_state(
    lin: Desk, customer: Customer, database: Database
) -> None:
    do(lin, customer, "claim")
    waybill = parcel_of(database, customer, "delivered")
    refused = do(lin, customer, "change", key="1", kind="reschedule", waybill=waybill, words="明天")
    assert refused.status_code == 409 and "已签收" in refused.json()["error"]
    assert do(lin, customer, "change", key="2", kind="reschedule", waybill="12", words="明天").status_code == 400


def test_a_survey_ends_the_chat_and_the_customers_tap_reaches_the_assistant(
    lin: Desk, chen: Desk, customer: Customer, database: Database
) -> None:
    heard: list[str] = []

    async def brain(question: Question) -> Answer:
        heard.append(question.text)
        return Answer(replies=[Reply("派送速度怎么样？")])

    do(lin, customer, "claim")
    answer_all(database, brain)
    assert do(chen, customer, "survey", outcome="resolved").status_code == 409
    assert do(lin, customer, "survey", outcome="resolved").status_code == 200
    customer.send(choice=customer.choice("评个分"))
    answer_all(database, brain)
    assert heard == ["/rate_case"] and customer.hears()[-1] == "派送速度怎么样？"


# Unread and unanswered


def entry(desk: Desk, chat: Customer) -> dict[str, Any]:
    return next(one for one in desk.get("/desk/api/queue").json()["conversations"] if one["id"] == chat.id)


def test_unread_counts_what_came_since_one_looked_and_the_clock_runs_until_one_replies(
    lin: Desk, chen: Desk, customer: Customer
) -> None:
    do(lin, customer, "claim")
    seq = see(lin, customer)["messages"][-1]["id"]
    assert do(chen, customer, "read", seq=seq).status_code == 409
    assert do(lin, customer, "read", seq=seq).status_code == 200
    assert entry(lin, customer)["unread"] == 0
    customer.send("还在吗")
    customer.send("喂")
    assert entry(lin, customer)["unread"] == 2 and entry(lin, customer)["unanswered_s"] >= 0
    assert entry(chen, customer)["unread"] == 0 and entry(chen, customer)["unanswered_s"] is None
    do(lin, customer, "read", seq=999999)
    do(lin, customer, "read", seq=1)
    assert entry(lin, customer)["unread"] == 0 and entry(lin, customer)["unanswered_s"] is not None
    do(lin, customer, "reply", text="在的")
    assert entry(lin, customer)["unanswered_s"] is None
    assert do(lin, customer, "read", seq="x").status_code == 400


def test_a_reply_may_take_what_the_documents_give_the_channel(lin: Desk, customer: Customer) -> None:
    assert (entry(lin, customer)["limit_s"], entry(lin, customer)["warn_s"]) == (60, 45)
    assert 'data-limit="60"' in lin.get("/desk/").text


# Search


def search(desk: Desk, q: str) -> tuple[list[str], list[str]]:
    found = desk.post("/desk/api/search", json={"q": q}).json()
    return [chat["id"] for chat in found["chats"]], [case["number"] for case in found["cases"]]


def test_chats_and_cases_are_found_by_number_waybill_phone_and_masked_words(
    lin: Desk, customer: Customer, database: Database, visitor: Desk
) -> None:
    waits(database, "别的事情")
    known(database, customer)
    waybill = parcel_of(database, customer)
    do(lin, customer, "claim")
    facts = {"kind": "complaint", "category": "delay", "waybill": waybill, "description": "还没送到"}
    number = do(lin, customer, "case", key="1", **facts).json()["number"]
    request = do(lin, customer, "change", key="2", kind="reschedule", waybill=waybill, words="明天").json()["number"]
    for q in (number, waybill, waybill.lower(), OWN_PHONE, f"+86 {OWN_PHONE}"):
        assert search(lin, q) == ([customer.id], [number]), q
    assert search(lin, request) == ([customer.id], [])
    assert search(lin, "杯子碎了") == search(lin, "两个 杯子") == search(lin, WAYBILL) == ([customer.id], [])
    assert search(lin, "送到 没") == ([], [number])
    assert search(lin, "delay") == search(lin, "杯子 送到") == search(lin, "_") == ([], [])
    assert search(lin, PHONE[-6:]) == search(lin, "没有这句话") == search(lin, " ") == ([], [])
    assert visitor.post("/desk/api/search", json={"q": number}).status_code == 401


def test_what_is_found_is_masked_and_nothing_looked_for_stands_in_an_address(lin: Desk, customer: Customer) -> None:
    found = lin.post("/desk/parts/search", data={"q": "杯子碎了"}).text
    assert "杯子碎了" in found and "13*******78" in found and PHONE not in found
    assert lin.get("/desk/api/search", params={"q": PHONE}).status_code == 405


# Unmasking


def test_quality_sees_a_chat_in_full_for_a_reason_and_who_when_what_and_why_is_kept(
    zhou: Desk, lin: Desk, customer: Customer, database: Database
) -> None:
    page = f"/desk/conversations/{customer.id}"
    assert PHONE not in zhou.get(page).text and see(zhou, customer)["masked"]
    assert do(zhou, customer, "unmask", why="curious").status_code == 400
    assert see(zhou, customer)["masked"]
    assert do(zhou, customer, "unmask", why="quality_check").status_code == 200
    assert PHONE in zhou.get(page).text and not see(zhou, customer)["masked"]
    assert "reply-text" not in zhou.get(page).text and see(lin, customer)["masked"]
    (row,) = zhou.get("/desk/api/unmaskings").json()["unmaskings"]
    assert (row["agent"], row["kind"], row["subject"], row["why"]) == ("zhou", "chat", customer.id, "quality_check")
    assert "质量检查" in zhou.get("/desk/unmaskings").text
    assert lin.get("/desk/api/unmaskings").status_code == lin.get("/desk/unmaskings").status_code == 403


def test_an_unmasking_is_over_after_its_time(zhou: Desk, customer: Customer, database: Database) -> None:
    do(zhou, customer, "unmask", why="quality_check")
    with database.write() as session:
        session.execute(select(Unmasking)).scalars().one().at = now() - timedelta(minutes=31)
        session.commit()
    assert see(zhou, customer)["masked"]


def test_an_agent_looks_into_other_chats_of_the_customer_in_hand_and_of_nobody_else(
    lin: Desk, customer: Customer, database: Database
) -> None:
    earlier, foreign = waits(database, "上次的事"), waits(database, "别人的事")
    known(database, customer, earlier)
    assert do(lin, earlier, "unmask", why="customer_asks").status_code == 403
    do(lin, customer, "claim")
    assert do(lin, earlier, "unmask", why="customer_asks").status_code == 200
    assert do(lin, foreign, "unmask", why="customer_asks").status_code == 403
    assert "/unmask" not in lin.get(f"/desk/conversations/{foreign.id}").text


def test_whoever_opens_a_case_is_written_down_once_for_a_while(lin: Desk, zhou: Desk, customer: Customer) -> None:
    do(lin, customer, "claim")
    facts = {"key": "1", "kind": "callback", "phone": PHONE, "description": "请回电"}
    number = do(lin, customer, "case", **facts).json()["number"]
    for _ in range(2):
        lin.get(f"/desk/cases/{number}")
        lin.get(f"/desk/api/cases/{number}")
    rows = zhou.get("/desk/api/unmaskings").json()["unmaskings"]
    assert [(row["agent"], row["kind"], row["subject"], row["why"]) for row in rows] == [
        ("lin", "case", number, "case_page")
    ]
