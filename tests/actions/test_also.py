"""Two things asked in one message: the first is served, the second offered next, once."""

import pytest

from tests.actions.conftest import Chat

OFFER = "您刚才还提到"


def test_the_second_request_is_offered_after_the_answer_to_the_first_and_nothing_follows_it(chat: Chat) -> None:
    said = chat.say("保价怎么收费 另外发票怎么开")
    assert OFFER in said and said.index("保") < said.index(OFFER)
    assert OFFER in chat.replies[-1].text and [title for title, _ in chat.replies[-1].choices][-1] == "先不用"


def test_the_offer_can_be_taken_with_a_tap(chat: Chat) -> None:
    chat.say("保价怎么收费 另外发票怎么开")
    chat.say(chat.replies[-1].choices[0][1])
    assert chat.replies and OFFER not in chat.replies[-1].text


@pytest.mark.parametrize("words", ["先不用", "你好"])
def test_it_is_offered_only_once(chat: Chat, words: str) -> None:
    chat.say("保价怎么收费 另外发票怎么开")
    assert OFFER not in chat.say(words)


def test_inside_a_form_the_offer_waits_until_the_form_is_done(chat: Chat) -> None:
    said = chat.say("箱子压坏了 碗全碎了 另外发票怎么开")
    assert OFFER not in said
    chat.say("YT2604417093385", "13900002468")
    assert OFFER in chat.say("确认")


def test_a_change_that_is_impossible_is_refused_and_not_offered(chat: Chat) -> None:
    said = chat.say("SF1402266983175到哪了 顺便改地址")
    assert "办不了" in said and OFFER not in said


def test_english_is_offered_in_english(chat: Chat) -> None:
    assert "You also mentioned" in chat.say("how do I get an invoice and also how much is insurance")


@pytest.mark.parametrize(
    ("asked", "kilograms", "fee"),
    [
        ("上海寄到北京多少钱，另外保价2000怎么收", "3公斤", "保价"),
        ("how much from Shanghai to Beijing, and what does declaring 2000 yuan cost", "3 kg", "declared"),
    ],
)
def test_what_a_quote_has_told_is_not_offered_after_it(chat: Chat, asked: str, kilograms: str, fee: str) -> None:
    said = [chat.say(asked), chat.say(kilograms)]
    assert fee in said[1]
    assert all(OFFER not in answer and "also mentioned" not in answer for answer in said)
