"""What turns, taps, handoffs and their outcomes leave for the reviewers, and what they do not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, text

from bot.conversations import ownership
from bot.conversations.answers import Reply
from bot.customers import store, verification
from bot.db import Database, now
from bot.learning import reviewing
from bot.learning.models import OPEN
from bot.shipments.models import Party, Shipment
from tests.conversations.support import Customer, answer_all
from tests.learning.support import LOST, STRANGE, TORN, brain, row

READINGS = {"它怎么不动了": LOST, "它 怎么不动了？": LOST, "到哪还是啥时候到": TORN, "今天天气真好": STRANGE}


def lines(database: Database, state: str = OPEN) -> list[dict[str, Any]]:
    with database.read() as session:
        return reviewing.listed(session, state=state, order="frequent", after_id=None, limit=100)


def say(customer: Customer, *texts: str, thinking: Any = None) -> None:
    for words in texts:
        customer.send(words)
        answer_all(customer.database, thinking or brain(READINGS))


def test_unclear_close_and_strange_lines_are_collected_with_the_guesses_and_clear_ones_are_not(
    database: Database,
) -> None:
    say(Customer(database), "它怎么不动了", "到哪还是啥时候到", "今天天气真好", "我的快递到哪了")
    found = {line["text"]: (line["why"][0]["reason"], line["ranking"][0]) for line in lines(database)}
    assert found == {
        "它怎么不动了": ("unclear", ["ask_eta", 0.2]),
        "到哪还是啥时候到": ("close", ["track_shipment", 0.41]),
        "今天天气真好": ("out_of_scope", ["out_of_scope", 0.9]),
    }


def test_the_same_words_of_several_customers_are_one_line_with_a_count(database: Database) -> None:
    for words in ("它怎么不动了", "它 怎么不动了？"):
        say(Customer(database), words)
    say(Customer(database), "今天天气真好")
    assert [(line["text"], line["seen"]) for line in lines(database)] == [("它怎么不动了", 2), ("今天天气真好", 1)]


def test_a_choice_tapped_next_is_suggested_and_one_tapped_later_is_not(database: Database) -> None:
    for words, between in (("它怎么不动了", ()), ("今天天气真好", ("我的快递到哪了",))):
        customer = Customer(database)
        say(customer, words, *between)
        customer.send(choice=customer.choice("查快递"))
        answer_all(database, brain(READINGS))
    suggested = {line["text"]: line["suggested"] for line in lines(database)}
    assert suggested == {"它怎么不动了": "track_shipment", "今天天气真好": None}


@pytest.mark.parametrize(
    ("words", "choice"),
    [
        ("今天天气真好", "/track_shipment"),  # the menu after a line that was none of our business
        ("到哪还是啥时候到", "/cancel"),  # leaves the form that a hardly understood line began
        ("到哪还是啥时候到", "/affirm"),
        ("它怎么不动了", "/request_human"),  # stands beside the guesses
        ("它怎么不动了", "/leave_callback"),
        ("它怎么不动了", "/deny"),  # a form went on with what could be used of it
    ],
)
def test_a_choice_that_is_no_guess_says_nothing_of_what_was_meant(database: Database, words: str, choice: str) -> None:
    customer = Customer(database)
    say(customer, words, thinking=brain(READINGS, choice=choice))
    customer.send(choice=customer.choice("查快递"))
    answer_all(database, brain(READINGS))
    assert [line["suggested"] for line in lines(database)] == [None]


def test_the_last_lines_before_a_handoff_are_kept_with_its_reason_and_how_it_ended(database: Database) -> None:
    customer = Customer(database)
    say(customer, "一", "我的快递到哪了", "它怎么不动了", "人工")
    assert {line["text"] for line in lines(database)} == {"我的快递到哪了", "它怎么不动了"}
    with database.write() as session:
        ownership.claim(session, customer.id, "lin")
        ownership.close(session, customer.id, "lin", "resolved")
        session.commit()
    why = {line["text"]: line["why"] for line in lines(database)}
    led = {"handoff_reason": "not_understood", "outcome": "resolved", "count": 1}
    assert why == {"我的快递到哪了": [{"reason": "handoff", **led}], "它怎么不动了": [{"reason": "unclear", **led}]}
    assert [line["seen"] for line in lines(database)] == [1, 1]


def test_a_second_handoff_waits_for_an_outcome_of_its_own(database: Database) -> None:
    customer = Customer(database)
    say(customer, "它怎么不动了", "人工")
    with database.write() as session:
        ownership.claim(session, customer.id, "lin")
        ownership.return_to_bot(session, customer.id, "lin")
        session.commit()
    assert lines(database)[0]["why"][0]["outcome"] == "returned"
    say(customer, "人工")
    assert lines(database)[0]["why"][0]["outcome"] is None


def test_lines_before_a_person_is_asked_for_are_kept_while_the_desk_is_closed_too(database: Database) -> None:
    async def closed(question: Any) -> Any:
        answer = await brain(READINGS)(question)
        if question.text != "人工":
            return answer
        began = [row("action", "action_handoff"), row("active_loop", "callback_form")]
        replies = [Reply("哪个电话方便？")]
        return replace(answer, handoff=None, replies=replies, events=[answer.events[0], *began])

    say(Customer(database), "我的快递到哪了", "人工", thinking=closed)
    (line,) = lines(database)
    assert line["text"] == "我的快递到哪了"
    assert line["why"] == [{"reason": "handoff", "handoff_reason": None, "outcome": None, "count": 1}]


def test_two_customers_who_say_the_same_new_line_at_once_are_counted_together(database: Database) -> None:
    def say_it(customer: Customer) -> None:
        say(customer, "它怎么不动了")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(say_it, [Customer(database) for _ in range(4)]))
    assert [(line["text"], line["seen"]) for line in lines(database)] == [("它怎么不动了", 4)]


def test_what_answers_a_forms_question_is_no_candidate_and_what_begins_a_form_is(database: Database) -> None:
    def with_form(begun: bool) -> Any:
        async def thinking(question: Any) -> Any:
            answer = await brain({"杯子碎了两个": TORN})(question)
            kinds = ("action", "active_loop") if begun else ("action",)
            answer.events[1:] = [row(kind, "complaint_form") for kind in kinds]
            return answer

        return thinking

    say(Customer(database), "杯子碎了两个", thinking=with_form(False))
    assert lines(database) == []
    say(Customer(database), "杯子碎了两个", thinking=with_form(True))
    assert [line["text"] for line in lines(database)] == ["杯子碎了两个"]


def test_numbers_names_and_addresses_never_reach_the_store(database: Database) -> None:
    words = "王小明13812345678说 SF1234567890123 送错了，写信到 a.b@mail.example，车牌号 998877665"
    marks = {words: [("person", 0, 3), ("phone", 3, 14), ("waybill", 16, 31)]}
    say(Customer(database), words, thinking=brain({words: LOST}, marks))
    (line,) = lines(database)
    assert line["text"] == "⟨person⟩⟨phone⟩说 ⟨waybill⟩ 送错了，写信到 ⟨email⟩，车牌号 ⟨number⟩"
    with database.read() as session:
        stored = str(session.execute(text("select text, ranking from learning_candidates")).one())
    assert "送错了" not in stored and "ask_eta" not in stored


def test_names_that_we_know_are_taken_out_though_no_extractor_finds_them(database: Database) -> None:
    customer = Customer(database)
    with database.write() as session:
        store.set_name(session, store.identify(session, customer.id, "13800007777", now()).id, "诸葛明月", now())
        session.add(Shipment(waybill="SF7777000000001", status="in_transit"))
        session.flush()
        session.add(Party(waybill="SF7777000000001", role="sender", name="Zoe Quill", address="大榕树旁"))
        verification.grant(session, customer.id, "SF7777000000001", "receiver", now())
        session.commit()
    words = "明月的东西zoe寄到大榕树旁没"
    say(customer, words, thinking=brain({words: LOST}))
    assert [line["text"] for line in lines(database)] == ["⟨person⟩的东西⟨person⟩寄到⟨address⟩没"]


@pytest.mark.parametrize("words", ["13812345678", "？？", "啊" * 201])
def test_bare_numbers_signs_and_long_stories_teach_nothing(database: Database, words: str) -> None:
    phone = [("phone", 0, 11)] if words.isdecimal() else []
    say(Customer(database), words, thinking=brain({words: LOST}, {words: phone}))
    assert lines(database) == []


def test_a_clear_message_costs_no_statement_more(database: Database) -> None:
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    say(Customer(database), "我的快递到哪了")
    assert [statement for statement in statements if "learning" in statement] == []


def test_a_turn_that_is_dropped_collects_nothing(database: Database) -> None:
    async def taken_meanwhile(question: Any) -> Any:
        with database.write() as session:
            chat = ownership.lock(session, question.conversation_id)
            ownership.request_handoff(session, chat, "customer_asked", {})
            session.commit()
        return await brain(READINGS)(question)

    say(Customer(database), "它怎么不动了", thinking=taken_meanwhile)
    assert lines(database) == []
