"""How a case ends for its customer: the proposal taken or not, opened again, rated in five taps."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.cases import service as cases
from bot.cases.models import Case, Survey
from tests.actions.conftest import Chat

WAYBILL, PHONE = "YT2604417093385", "13900002468"


def complained(chat: Chat, *steps: str, note: str = "退还本次运费 12 元") -> str:
    """A complaint told in this chat, taken through `steps` by an agent."""
    chat.say("箱子压坏了，里面的碗碎了两个", WAYBILL, PHONE, "确认")
    number = str(chat.cases()[0]["number"])
    with chat.database.write() as session:
        for step in steps:
            cases.transition(session, number, step, actor="lin", note=note)
        session.commit()
    return number


TO_PROPOSAL = ("investigate", "propose")
TO_END = (*TO_PROPOSAL, "accept", "close")


def state(chat: Chat) -> str:
    return str(chat.cases()[0]["state"])


def surveys(chat: Chat) -> list[Survey]:
    with chat.database.read() as session:
        return list(session.execute(select(Survey)).scalars())


def test_the_proposal_is_shown_and_taken_at_a_tap(chat: Chat) -> None:
    complained(chat, *TO_PROPOSAL)
    said = chat.say("我的投诉处理得怎么样了")
    assert "退还本次运费 12 元" in said and "同意这个方案" in said
    assert "谢谢" in chat.tap("同意这个方案")
    assert state(chat) == "resolved"


def test_who_does_not_agree_is_asked_why_and_hears_how_to_appeal(chat: Chat) -> None:
    complained(chat, *TO_PROPOSAL)
    chat.say("我的投诉处理得怎么样了")
    assert "哪里不合适" in chat.tap("不同意")
    said = chat.say("碗是 80 块买的，退运费不够")
    assert "重新核实" in said and "12305" in said
    case = chat.cases()[0]
    assert case["state"] == "investigating" and case["events"][-1]["note"] == "碗是 80 块买的，退运费不够"


def test_a_reason_is_never_required(chat: Chat) -> None:
    complained(chat, *TO_PROPOSAL)
    chat.say("我的投诉处理得怎么样了")
    chat.tap("不同意")
    assert "重新核实" in chat.tap("跳过")


def test_a_finished_case_is_opened_again_within_thirty_days_and_not_after(chat: Chat) -> None:
    number = complained(chat, *TO_END)
    chat.say(f"查工单 {number}")
    assert "没解决" in chat.tap("还没解决，继续处理")
    assert "重新打开" in chat.say("钱一直没退回来")
    assert state(chat) == "investigating" and chat.cases()[0]["reopened"] == 1


def test_after_thirty_days_a_new_one_is_offered(chat: Chat) -> None:
    number = complained(chat, *TO_END)
    with chat.database.write() as session:
        case = session.execute(select(Case).where(Case.number == number)).scalar_one()
        case.state_since -= timedelta(days=31)
        session.commit()
    chat.say(f"查工单 {number}")
    chat.tap("还没解决，继续处理")
    said = chat.say("钱一直没退回来")
    assert "30 天" in said and "重新登记" in said and state(chat) == "closed"


def test_nobody_decides_anothers_case(chat: Chat, other_chat: Chat) -> None:
    number = complained(chat, *TO_PROPOSAL)
    other_chat.say(f'/accept_proposal{{"case_id": "{number}"}}')
    other_chat.say(f'/reject_proposal{{"case_id": "{number}"}}')
    assert state(chat) == "proposed"
    assert "同意这个方案" not in other_chat.say(f"查工单 {number}", PHONE[-4:])


def test_a_tap_that_comes_twice_or_too_late_changes_nothing_more(chat: Chat) -> None:
    complained(chat, *TO_PROPOSAL)
    chat.say("我的投诉处理得怎么样了")
    payload = dict((title, payload) for reply in chat.replies for title, payload in reply.choices)["同意这个方案"]
    chat.say(payload)
    assert "不在这一步" in chat.say(payload)
    assert state(chat) == "resolved"


def test_five_taps_and_a_word_rate_the_service(chat: Chat) -> None:
    number = complained(chat, *TO_END)
    chat.say(f"查工单 {number}")
    assert "速度" in chat.tap("评个分")
    chat.tap("5 分，很满意")
    chat.say("4")
    chat.tap("跳过")
    chat.say("还不错")
    assert "还有什么" in chat.say("五分")
    assert "谢谢" in chat.say("客服小姐姐很耐心")
    (survey,) = surveys(chat)
    answers = (survey.speed, survey.quality, survey.price, survey.transparency, survey.problem_solving)
    assert answers == (5, 4, None, 4, 5) and survey.comment == "客服小姐姐很耐心" and not survey.follow_up
    assert len(chat.cases()) == 1


def test_a_low_score_opens_a_call_back_once(chat: Chat) -> None:
    number = complained(chat, *TO_END)
    chat.say(f"查工单 {number}")
    chat.tap("评个分")
    for _ in range(5):
        chat.tap("1 分，很不满意")
    said = chat.say("拖了十天才处理")
    assert "回访" in said and "抱歉" in said
    follow_up = chat.cases()[-1]
    assert follow_up["kind"] == "callback" and number in follow_up["description"] and follow_up["phone"] == PHONE
    assert surveys(chat)[0].follow_up


def test_a_survey_can_be_left_and_keeps_what_was_answered(chat: Chat) -> None:
    number = complained(chat, *TO_END)
    chat.say(f"查工单 {number}")
    chat.tap("评个分")
    chat.tap("4 分，满意")
    assert "谢谢" in chat.say("算了不评了")
    assert [survey.speed for survey in surveys(chat)] == [4]


def test_a_survey_without_an_answer_is_not_kept(chat: Chat) -> None:
    chat.say("/rate_case")
    for _ in range(5):
        chat.tap("跳过")
    chat.tap("没有了")
    assert surveys(chat) == []


@pytest.mark.parametrize(
    ("words", "score"),
    [("非常满意", 5), ("满意", 4), ("一般吧", 3), ("不太满意", 2), ("非常不满意", 1), ("太差了", 1), ("very good", 5),
     ("3", 3), ("二星", 2), ("good", 4)],
)  # fmt: skip
def test_scores_in_words(chat: Chat, words: str, score: int) -> None:
    chat.say("/rate_case", words, "算了")
    assert [survey.speed for survey in surveys(chat)] == [score]


def test_in_english(chat: Chat) -> None:
    chat.language = "en"
    said = chat.say("/rate_case")
    assert "speed" in said and "5, very satisfied" in said
    chat.tap("5, very satisfied")
    assert "Thank you" in chat.say("cancel")

