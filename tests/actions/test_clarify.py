"""Not understood: guesses, then a rephrasing, then a person; never silence, never the same answer thrice."""

import pytest

from actions.clarify import times_unclear
from tests.actions.conftest import Chat

NOISE = "那边的桌子"


def test_first_it_guesses_with_a_person_as_the_last_choice(chat: Chat) -> None:
    chat.say(NOISE)
    titles = [title for title, _ in chat.replies[0].choices]
    assert 2 <= len(titles) <= 4 and titles[-1] == "人工客服"


def test_a_guess_can_be_tapped(chat: Chat) -> None:
    chat.say(NOISE)
    chat.say(chat.replies[0].choices[0][1])
    assert chat.replies


def test_three_times_in_a_row_end_with_a_person(chat: Chat) -> None:
    answers = [chat.say(NOISE) for _ in range(3)]
    assert len(set(answers)) == 3
    assert "查快递" in answers[1] and "人工" in answers[2] and "回电" in answers[2]


def test_an_understood_message_between_begins_anew(chat: Chat) -> None:
    first = chat.say(NOISE)
    chat.say(NOISE, "你好")
    assert chat.say(NOISE) == first


def test_a_person_after_misunderstandings_gets_the_reason(chat: Chat) -> None:
    chat.say(NOISE, NOISE)
    chat.tap("转人工")
    assert chat.answer.handoff is not None and chat.answer.handoff["reason"] == "not_understood"


def test_an_insult_gets_no_sermon_and_three_ways_on(chat: Chat) -> None:
    said = chat.say("妈的 一群骗子")
    assert "抱歉" in said and "转人工" in said and "文明" not in said


@pytest.mark.parametrize(
    ("question", "place", "named"),
    [("附近有网点吗", "上海浦东", "张江"), ("is there an outlet nearby?", "Pudong, Shanghai", "Zhangjiang")],
)
def test_a_place_alone_goes_on_with_the_question_about_outlets(
    chat: Chat, question: str, place: str, named: str
) -> None:
    chat.say(question)
    assert named in chat.say(place)


def test_what_to_do_about_the_parcel_just_told_of_is_its_next_step(chat: Chat) -> None:
    chat.say("查 YT2604417093385")
    assert "登记投诉" in chat.say("怎么办") and "/complain_delay" in str(chat.replies)


def test_what_is_none_of_our_business_is_said_so(chat: Chat) -> None:
    chat.say("查 YT2604417093385")
    assert "商家" in chat.say("给我讲个笑话")


def test_a_first_message_counts_no_misunderstanding() -> None:
    class Tracker:
        events = [{"event": "user"}]

    assert times_unclear(Tracker()) == 0  # type: ignore[arg-type]
