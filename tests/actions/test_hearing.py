"""Short answers, read as people mean them."""

import random
import re
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from actions.hearing import Heard, hear
from bot.nlu.language import asked_for
from bot.settings import ROOT
from tests.actions.conftest import Chat


def said(text: str, intent: str = "nlu_fallback") -> Heard:
    return Heard(intent=intent, text=text, words=text)


class Message:
    """As much of a tracker as a message needs."""

    def __init__(self, text: str, intent: str = "nlu_fallback", ranking: dict[str, float] | None = None) -> None:
        ranks = [{"name": name, "confidence": confidence} for name, confidence in (ranking or {}).items()]
        self.latest_message = {"text": text, "intent": {"name": intent}, "entities": [], "intent_ranking": ranks}


YES = ["对", "是的", "嗯 就这样", "好的谢谢", "對", "没问题", "确认提交", "行", "yes", "OK!", "yes please"]
NOT_YES = ["对了你们几点下班", "是不是丢了", "好慢", "好像不对", "对方没来", "可以吗", "要投诉", "不对", "okra is good"]
NONE = ["没有单号", "没有", "不知道", "单号找不到了", "跳过", "I don't have it", "skip", "lost it"]
LIST = [("第二个", "B"), ("最后那个", "C"), ("the last one", "C"), ("first", "A"), ("3", "C"), ("第9个", None)]
TIMES = [
    ("改成后天上午", "后天上午"),
    ("明天下午三点吧", "明天下午三点"),
    ("make it Friday afternoon", "Friday afternoon"),
    ("电话错了", None),
]


@pytest.mark.parametrize("text", YES)
def test_yes(text: str) -> None:
    assert said(text).says_yes and not said(text).says_no


@pytest.mark.parametrize("text", NOT_YES)
def test_not_yes(text: str) -> None:
    assert not said(text).says_yes


@pytest.mark.parametrize("text", ["不", "不对", "不是这个", "错了", "no", "nope", "not right", "no way"])
def test_no(text: str) -> None:
    assert said(text).says_no


@pytest.mark.parametrize("text", NONE)
def test_has_none(text: str) -> None:
    assert said(text).has_none


@pytest.mark.parametrize("text", ["送了没有", "到了没", "没送到啊怎么办", "SF1358204679013"])
def test_does_not_say_that_there_is_none(text: str) -> None:
    assert not said(text).has_none


@pytest.mark.parametrize(("text", "chosen"), LIST)
def test_pointing_at_a_shown_list(text: str, chosen: str | None) -> None:
    assert said(text).chosen(["A", "B", "C"]) == chosen


@pytest.mark.parametrize(("text", "when"), TIMES)
def test_a_time_in_words(text: str, when: str | None) -> None:
    assert said(text).when == when


@pytest.mark.parametrize("text", [
    "取消改派", "别催了", "我不想改地址了", "撤回刚才的申请",
    "cancel my request", "undo the redirect", "I don't want to reschedule",
])
def test_takes_a_request_back(text: str) -> None:
    assert said(text).takes_back


@pytest.mark.parametrize("text", [
    "取消派送改到明天", "改地址", "拦截退回", "cancel the delivery and return to sender", "change my request", "催一下",
    "要不改时间吧", "要不要改地址", "两个件分别改派", "特别催一下", "有没有别的申请", "怎么还不退回",
    "我取消的申请怎么样了",
])
def test_takes_no_request_back(text: str) -> None:
    assert not said(text).takes_back


@pytest.mark.parametrize("text", ["取消", "算了吧", "cancel", "Never mind."])
def test_plain_words_that_lead_out_are_heard_whatever_the_model_guesses(text: str) -> None:
    assert hear(Message(text, "change_pickup")).intent == "cancel"  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["人工", "转人工客服", "真人", "Agent"])
def test_a_person_is_heard_whatever_the_model_guesses(text: str) -> None:
    assert hear(Message(text, "out_of_scope")).intent == "request_human"  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "intent"), [
    ("不要转人工", "request_human"),
    ("先不用转人工客服了", "request_human"),
    ("我不投诉", "complain_other"),
    ("别催了", "expedite_delivery"),
    ("I don't want a person", "request_human"),
    ("I don't want to complain", "complain_other"),
    ("no need to rush", "expedite_delivery"),
])
def test_a_refusal_is_not_heard_as_what_it_refuses(text: str, intent: str) -> None:
    heard = hear(Message(text, intent))  # type: ignore[arg-type]
    assert heard.refused == intent and heard.intent != intent and not heard.says_no


@pytest.mark.parametrize(("text", "intent"), [
    ("不要机器人，转人工", "request_human"),
    ("为什么不给我转人工", "request_human"),
    ("别催我，我要投诉", "complain_other"),
    ("不要打电话，放门口", "leave_instruction"),
    ("I don't want a robot, give me a person", "request_human"),
    ("不投诉了", "withdraw_case"),
])
def test_what_is_asked_for_beside_a_refusal_is_heard(text: str, intent: str) -> None:
    assert hear(Message(text, intent)).intent == intent  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["好", "好吧", "行", "嗯嗯"])
def test_a_bare_yes_is_one_whatever_the_model_guesses(text: str) -> None:
    assert hear(Message(text, "greet")).intent == "affirm"  # type: ignore[arg-type]


LANGUAGES = [
    ("换成中文", "zh", "中文"),
    ("请说中文", "zh", "中文"),
    ("用英文回答可以吗", "en", "English"),
    ("can you speak English please?", "en", "English"),
    ("Please reply in Chinese", "zh", "中文"),
]


@pytest.mark.parametrize(("words", "language", "answer"), LANGUAGES)
def test_a_language_asked_for_is_spoken_and_the_question_comes_again_in_it(
    chat: Chat, words: str, language: str, answer: str
) -> None:
    chat.say("我要投诉")
    said = chat.say(words)
    assert answer in said and chat.language == language
    assert {"zh": "哪方面", "en": "What is it about"}[language] in said


@pytest.mark.parametrize("words", ["换成英文地址", "my address is written in English"])
def test_a_language_named_in_passing_is_not_asked_for(words: str) -> None:
    assert asked_for(words) is None


def test_an_insult_that_likely_complains_is_that_complaint() -> None:
    ranking = {"abuse": 0.6, "complain_damage": 0.2}
    assert hear(Message("x", "abuse", ranking)).intent == "complain_damage"  # type: ignore[arg-type]
    assert hear(Message("x", "abuse", {"abuse": 0.9})).intent == "abuse"  # type: ignore[arg-type]


def test_another_complaint_is_what_is_none_of_the_kinds() -> None:
    close = {"complain_other": 0.52, "complain_privacy": 0.47}
    clear = {"complain_other": 0.68, "complain_privacy": 0.31}
    assert hear(Message("x", "complain_other", close)).intent == "complain_privacy"  # type: ignore[arg-type]
    assert hear(Message("x", "complain_other", clear)).intent == "complain_other"  # type: ignore[arg-type]


@given(st.text(max_size=500), st.sampled_from(["affirm", "nlu_fallback", "complain_other", "deny"]))
def test_any_text_can_be_heard(text: str, intent: str) -> None:
    heard = hear(Message("x" + text, intent))  # type: ignore[arg-type]
    for name, part in vars(Heard).items():
        if isinstance(part, property):
            getattr(heard, name)
    assert not (heard.says_yes and heard.says_no)


def training_lines() -> list[str]:
    blocks = (block for file in (ROOT / "data").rglob("nlu.*.yml") for block in yaml.safe_load(file.read_text())["nlu"])
    marked = re.compile(r"\[([^\]]*)\](?:\{[^}]*\}|\([^)]*\))")
    return [marked.sub(r"\1", line[2:]) for block in blocks for line in block["examples"].splitlines() if line[2:]]


NUMBERS = ["SF12345", "13800001234", "0000", "1", "SF1358204679013"]
SHORT = ["取消", "确认", "不", "没有", "转人工", "最后一个", "{0[a]} {x} 0[", *NUMBERS]


@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_said_in_whatever_order_there_is_an_answer(chat: Chat, desk_hours: Any, seed: int) -> None:
    """Taps, numbers, ways out and sentences at random: never silence, never a fault, never a bare placeholder."""
    dice, lines = random.Random(seed), training_lines()
    for _ in range(40):
        desk_hours(dice.random() < 0.5)
        shown = [payload for reply in chat.replies for _, payload in reply.choices]
        said = chat.say(dice.choice([dice.choice(lines), dice.choice(SHORT), dice.choice(shown or SHORT)]))
        assert chat.replies or chat.answer.handoff
        assert not re.search(r"\{\w+\}|\bNone\b", said), said
