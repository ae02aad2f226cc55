"""What is left of a line when it is kept, by examples read by the real extractors."""

from __future__ import annotations

import time

import pytest

from bot.learning.masking import Known, key_of, template
from bot.nlu.facts import find_facts

KNOWN = Known(names=("诸葛明月", "Zoe Quill", "Wu"), addresses=("云南省大理市叶榆路大榕树旁", "12 Rose Lane, Leeds"))


def kept(text: str, known: Known = KNOWN) -> str | None:
    facts = find_facts(text)
    return template(text, [{"entity": fact.kind, "start": fact.start, "end": fact.end} for fact in facts], known)


@pytest.mark.parametrize(
    ("said", "stays"),
    [
        ("打138.0013.8000找我", "打⟨number⟩找我"),
        ("打１３８００１３８０００找我", "打⟨phone⟩找我"),
        ("打138 00 13 80 00找我", "打⟨number⟩找我"),
        ("电话一三八零零一三八零零零打不通", "电话⟨number⟩打不通"),
        ("call me at +1 (415) 555-0100 please", "call me at ⟨number⟩ please"),
        ("我的车粤B12345停在门口", "我的车⟨number⟩停在门口"),
        ("沪a·d1234f那辆车撞了我", "⟨number⟩那辆车撞了我"),
        ("取件码是12-34-5678对吗", "取件码是⟨number⟩对吗"),
        ("身份证11010519491231002X要填吗", "身份证⟨number⟩要填吗"),
        ("打12305-88有用吗", "打⟨number⟩有用吗"),
        ("加我@lei_li说", "加我⟨person⟩说"),
        ("@王小明 帮我看看", "⟨person⟩ 帮我看看"),
        ("微信zhangsan_88联系", "微信⟨person⟩联系"),
        ("看t.me/leili这里", "看 这里"),
        ("看 https://x.example/u/7 这里", "看 这里"),
        ("写给李雷@mail.example吧", "写⟨email⟩吧"),
        ("mail jürgen.müller@web.example now", "mail ⟨email⟩ now"),
        ("写到a.b+c@mail.example谢谢", "写到⟨email⟩谢谢"),
        ("zoe说明月姐没收到，ZOE  QUILL也没有", "⟨person⟩说⟨person⟩姐没收到，⟨person⟩也没有"),
        ("诸葛明月和quill都在", "⟨person⟩和⟨person⟩都在"),
        ("给wu的", "给⟨person⟩的"),
        ("送到云南省大理市叶榆路大榕树旁行不行", "送到⟨address⟩行不行"),
        ("is it going to 12 rose lane, LEEDS today", "is it going to ⟨address⟩ today"),
        ("我叫张伟我的快递呢", "我叫⟨person⟩我的快递呢"),
        ("my name is priya patel and i wait", "my name is ⟨person⟩ and i wait"),
    ],
)
def test_what_names_somebody_becomes_a_mark(said: str, stays: str) -> None:
    assert kept(said) == stays


@pytest.mark.parametrize(
    "said",
    [
        "2026-11-30之前能到吗",
        "30/11/2026 at the latest",
        "3公斤12345元的东西怎么寄",
        "$12,500.00 declared, 2.5 kg",
        "买了3个 5个 10个",
        "10:30-12:30之间送",
        "从早上9点等到18点",
        "一个一个来 三三两两的",
        "一百二十三万四千五百元",
        "我叫了快递怎么还没人来",
        "我叫你们上门的",
        "my name is not on the label",
        "the quilling paper zoey sent",  # no Quill, no Zoe
        "明天月底前送到",
        "新DHLexpress单子在哪看",
        "10 a.m./p.m. 都行",
        "单号#1不对，纸箱50*40*30",
        "帮我叫个滴滴",
        "打12305还是12315有用",
        "my name is too long for the form",
    ],
)
def test_ordinary_words_and_figures_stay(said: str) -> None:
    assert kept(said) == said


def test_marks_that_a_customer_types_are_no_marks() -> None:
    assert kept("⟨phone⟩ \ue001 是什么") == "<phone> 是什么"
    assert kept("phone Person 都在吗", Known(names=("Person Phone",))) == "⟨person⟩ ⟨person⟩ 都在吗"


def test_lines_are_one_whatever_their_width_case_spaces_and_signs_and_marks_are_told_apart() -> None:
    assert key_of("单号#1不对") == key_of("单号1，不对！") == key_of("单号 １ 不对")
    assert len({key_of("⟨phone⟩不对"), key_of("⟨waybill⟩不对"), key_of("phone不对"), key_of("不对")}) == 4


@pytest.mark.parametrize("letter", ["a", "1", "_", ".", "（", "明", "a1 ", "a.", "1 ("])
def test_a_long_line_of_anything_is_masked_at_once(letter: str) -> None:
    started = time.process_time()
    template((letter * 2000)[:2000], [], KNOWN)
    assert time.process_time() - started < 0.5
