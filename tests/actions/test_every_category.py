"""Each category in each language, from the first words to the survey; among them the cases of the source documents."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.cases import service as cases
from bot.cases.models import Survey
from tests.actions.conftest import Chat

WAYBILL, PHONE = "YT2604417093385", "13900002468"
FIRST_WORDS = {
    "delay": ("说好三天到，都一个礼拜了还没影，我要投诉", "it was due last week and is still not here, complaint"),
    "lost": ("你们把我的包裹搞丢了，投诉", "you people lost my package, I'm making a complaint"),
    "damage": ("收到的时候瓶子全碎了，投诉", "every bottle was smashed when it came, I want to complain"),
    "false_delivery": ("没见到人就给我点了签收，投诉虚假签收", "marked as delivered but I never got it, complaint"),
    "no_doorstep": ("快递员不送货上门，让我自己去驿站拿，投诉", "the courier will not bring it to my door, complaint"),
    "attitude": ("派件员张口就骂我，投诉他态度", "the courier swore at me, I want to complain about his attitude"),
    "overcharge": ("运费多收了我三十块，投诉乱收费", "I was overcharged thirty yuan for shipping, complaint"),
    "cod": ("代收货款拖着不给我打款，投诉", "my cash on delivery money was never paid out, complaint"),
    "privacy": ("我的手机号被你们泄露了，投诉", "my phone and address were leaked by you, complaint"),
    "other": ("我要投诉别的事情：网点门口一直堆垃圾", "another complaint: trash lies in front of your outlet"),
}  # fmt: skip
SEED_CASES = {  # 002: three complaints that were handled badly, told here as their customers might
    "cigarettes unloaded without a hand-over": ("lost", "送来的烟没清点交接，司机卸在门口就走了，少了两条，我要投诉"),
    "a container loaded late": ("delay", "约好今天装柜，你们的车到现在没来，船期要误了，我要投诉"),
    "consigned goods lost": ("lost", "我托运的一箱涂料到现在找不到，你们弄丢了，投诉"),
}
ANSWERS = {"complaint_waybill": WAYBILL, "complaint_phone": PHONE, "complaint_description": "事情就是这样，请尽快处理"}
SOLUTION = "我们赔礼并退还本次运费"


def tell(chat: Chat, words: str) -> str:
    """Says it, answers what is asked, and confirms what is read back; gives the case's number."""
    chat.say(words)
    for _ in range(8):
        asked = chat.slots().get("requested_slot")
        if asked is None:
            break
        if asked == "complaint_category":
            chat.say("/complain_other")
        elif asked == "complaint_confirmed":
            chat.say("/affirm")
        else:
            chat.say(ANSWERS[asked])
    (case,) = chat.cases()
    return str(case["number"])


def handle(chat: Chat, number: str, *steps: tuple[str, str | None]) -> None:
    with chat.database.write() as session:
        for name, message in steps:
            cases.transition(session, number, name, actor="lin", message=message)
        session.commit()


def whole_life(chat: Chat, words: str, category: str) -> None:
    number = tell(chat, words)
    case = chat.cases()[0]
    assert (case["kind"], case["category"], case["state"]) == ("complaint", category, "acknowledged")
    handle(chat, number, ("triage", None), ("first_check", "已联系网点核实"), ("propose", SOLUTION))
    said = chat.say(f'/ask_case_status{{"case_id": "{number}"}}')
    assert SOLUTION in said
    chat.say(f'/accept_proposal{{"case_id": "{number}"}}')
    assert chat.cases()[0]["state"] == "resolved"
    handle(chat, number, ("close", None))
    chat.say(f'/rate_case{{"case_id": "{number}"}}')
    for score in ("2", "2", "1", "2", "1"):
        chat.say(score)
    chat.say("/skip")
    with chat.database.read() as session:
        survey = session.execute(select(Survey)).scalar_one()
        scores = (survey.speed, survey.quality, survey.price, survey.transparency, survey.problem_solving)
    assert scores == (2, 2, 1, 2, 1) and survey.follow_up
    assert [case["kind"] for case in chat.cases()] == ["complaint", "callback"]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("category", FIRST_WORDS)
def test_a_complaint_is_told_looked_into_solved_and_rated(chat: Chat, category: str, language: str) -> None:
    chat.language = language
    whole_life(chat, FIRST_WORDS[category][language == "en"], category)


@pytest.mark.parametrize("name", SEED_CASES)
def test_a_case_of_the_source_documents_goes_well_here(chat: Chat, name: str) -> None:
    category, words = SEED_CASES[name]
    whole_life(chat, words, category)
