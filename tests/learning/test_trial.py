"""What may serve and what may not, by examples worked out by hand; and lines as training reads them."""

from __future__ import annotations

from pathlib import Path

import pytest
from rasa.shared.importers.rasa import RasaFileImporter

from bot.learning.masking import MARKS, Known, template
from bot.nlu import reviewed, training
from bot.nlu.changes import told
from bot.nlu.evaluation import Line, evaluate
from bot.nlu.facts import find_facts
from bot.nlu.known import project_lines, witnesses
from bot.nlu.trial import Measured, Reading, Trial, refusal
from bot.settings import ROOT

LINES = [
    *(Line(f"查{n}", ("track",)) for n in range(40)),
    *(Line(f"赔{n}", ("claim",)) for n in range(3)),
    *(Line(f"price {n}", ("quote",)) for n in range(40)),
    *(Line(f"天{n}", ("out_of_scope",)) for n in range(17)),
]
KNOWN = [Line(f"到哪{n}", ("track",)) for n in range(300)]


def measured(unlearnt: int = 0, **wrong: int) -> Measured:
    """A model that takes so many witnesses, and so many test lines of each intent, for something else."""
    left, readings = dict(wrong), []
    for line in LINES:
        (intent,), language = line.intents, "en" if line.text.isascii() else "zh"
        if left.get(intent, 0) > 0:
            left[intent] -= 1
            intent = "praise"
        readings.append(Reading(intent, language))
    answers = [
        {"intent": reading.intent, "ranking": [[reading.intent, 0.9], [line.intents[0], 0.1]], "entities": []}
        for line, reading in zip(LINES, readings, strict=True)
    ]
    known = [Reading("praise" if n < unlearnt else line.intents[0], "zh") for n, line in enumerate(KNOWN)]
    return Measured(evaluate(LINES, lambda texts: iter(answers)), readings, known)


def judged(before: Measured | None, after: Measured) -> str | None:
    return refusal(Trial(LINES, KNOWN, before, after))


def test_as_good_or_a_little_worse_may_serve() -> None:
    assert judged(None, measured()) is None
    assert judged(measured(), measured()) is None
    assert judged(measured(), measured(track=2)) is None
    assert judged(measured(track=2), measured()) is None


@pytest.mark.parametrize(
    ("wrong", "named"),
    [({"track": 10}, "Chinese"), ({"quote": 7}, "English"), ({"out_of_scope": 3}, "out-of-scope")],
    ids=lambda value: str(value),
)
def test_below_a_floor_is_refused_whether_or_not_there_is_a_model(wrong: dict[str, int], named: str) -> None:
    for before in (None, measured(**wrong)):
        assert named in (judged(before, measured(**wrong)) or "")


def test_clearly_worse_than_the_present_is_refused_above_the_floors_too() -> None:
    assert "3 test lines are lost and 0 won" in (judged(measured(), measured(quote=3)) or "")
    assert judged(measured(track=2), measured(quote=3)) is None  # two are won


def test_an_intent_that_is_taught_away_is_refused_however_few_its_lines() -> None:
    assert "claim" in (judged(measured(), measured(claim=2)) or "")
    assert judged(measured(claim=2), measured(claim=3)) is None  # it was not understood before


def test_labels_that_make_a_model_unlearn_the_projects_own_lines_are_refused_though_no_test_line_is_lost() -> None:
    assert judged(measured(), measured(unlearnt=3)) is None
    assert "4 of 300 training lines" in (judged(measured(), measured(unlearnt=4)) or "")
    assert judged(measured(unlearnt=4), measured(unlearnt=4)) is None


def test_labels_do_not_wear_the_projects_own_lines_down_week_by_week() -> None:
    assert judged(measured(unlearnt=7), measured(unlearnt=9)) is None
    for before in (measured(unlearnt=8), measured(unlearnt=10), None):
        assert "training lines" in (judged(before, measured(unlearnt=10)) or "")


def test_witnesses_are_from_everywhere_and_those_most_like_what_was_reviewed() -> None:
    lines = [*(Line(f"投诉{n}号", ("complain",)) for n in range(500)), Line("保价怎么收费", ("faq",))]
    few = witnesses(lines, [], sample=10, near=2, most=5)
    assert [line.text for line in few] == [f"投诉{n * 501 // 10}号" for n in range(10)]
    assert len(witnesses(lines, [], sample=400, near=2, most=5)) == 400
    near = {line.text for line in witnesses(lines, ["保价收费不"], sample=1, near=1, most=5)}
    assert near == {"投诉0号", "保价怎么收费"}
    newest = ["保价收费不", *(line.text for line in lines)]
    some = witnesses(lines, newest, sample=1, near=1, most=5)
    assert len(some) <= 6 and lines[-1] in some
    assert witnesses([], ["x"], sample=1, near=1, most=1) == []


def test_the_projects_lines_are_read_without_their_marks() -> None:
    lines = project_lines(ROOT / "data")
    assert len(lines) > 10_000 and not any("](" in line.text for line in lines)
    assert Line("查包裹", ("track_shipment",)) in lines


def test_what_changed_is_told_with_the_lines_and_the_intents() -> None:
    text = told(Trial(LINES, KNOWN, measured(track=1), measured(claim=2, unlearnt=1)), "2 reviewed lines")
    assert "now right: 1\n  查0  [track]  praise → track" in text
    assert "now wrong: 2\n  赔0  [claim]  claim → praise" in text
    assert "unlearnt, of 300 training lines looked at: 1\n  到哪0  [track]  track → praise" in text
    assert "claim: 3 → 1 of 3" in text and "track: 39 → 40 of 40" in text and "quote:" not in text
    assert "accuracy" in text and "2 reviewed lines" in text


def test_lines_are_read_by_rasa_as_they_were_said_with_made_up_numbers(tmp_path: Path) -> None:
    said = [
        ("⟨person⟩ 的 ⟨waybill⟩ 呢", "track_shipment", "zh"),
        ("- intent: praise", "track_shipment", "zh"),
        ('"]}, {"intent": "praise', "track_shipment", "zh"),
        ("[到哪](city) {x: y} | # ' \\", "ask_eta", "zh"),
        ("call ⟨phone⟩ or ⟨email⟩", "ask_eta", "en"),
    ]
    file = tmp_path / "reviewed.yml"
    file.write_text(reviewed.as_training_file(said), encoding="utf-8")
    read = RasaFileImporter(training_data_paths=[str(file)]).get_nlu_data()
    texts = {(example.get("text"), example.get("intent")) for example in read.training_examples}
    assert texts == {
        ("王先生 的 SF1234567890123 呢", "track_shipment"),
        ("- intent: praise", "track_shipment"),
        ('" }, {"intent": "praise', "track_shipment"),
        ("到哪 (city) {x: y} | # ' \\", "ask_eta"),
        ("call 13800138000 or name@mail.example", "ask_eta"),
    }
    marked = [mark["entity"] for example in read.training_examples for mark in example.get("entities") or ()]
    assert sorted(marked) == ["person", "phone", "waybill"]


def test_a_test_line_is_never_learnt_however_it_is_written() -> None:
    said = [("查一下  ⟨waybill⟩！", "track_shipment", "zh"), ("查一下快遞", "track_shipment", "zh")]
    assert reviewed.apart_from(["查一下快递", "别的"], said) == said[:1]


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_stand_in_has_the_shape_of_what_it_stands_for(mark: str, language: str) -> None:
    told_by = {
        "order_number": {"zh": "订单号 ", "en": "order number "},
        "phone_tail": {"zh": "尾号", "en": "last four "},
    }
    line = f"{told_by.get(mark, {}).get(language, '')}⟨{mark}⟩ see 请看"
    said = reviewed.plain(line, language)
    facts = [{"entity": fact.kind, "start": fact.start, "end": fact.end} for fact in find_facts(said)]
    assert template(said, facts, Known()) == line


def test_a_model_is_named_by_its_lines_whatever_their_order(tmp_path: Path) -> None:
    lines = [("a", "greet", "zh"), ("b", "thank", "zh")]
    assert reviewed.model_name(lines) == reviewed.model_name(lines[::-1]) != reviewed.model_name(lines[:1])
    assert reviewed.model_name([]) == training.present_model(tmp_path).name
