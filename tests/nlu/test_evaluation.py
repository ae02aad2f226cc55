"""The figures of an evaluation, by examples worked out by hand, and the pages made of them."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.nlu import report
from bot.nlu.evaluation import BadLine, Line, calibration_error, evaluate, read_lines

READINGS = {
    "a": ("track", 0.9, None, [("phone", 0, 1)]),
    "b": ("eta", 0.6, "track", []),
    "c": ("out_of_scope", 0.8, None, []),
    "d": ("track", 0.7, "eta", []),
}
LINES = [
    Line("a", ("track",), frozenset({("phone", 0, 1)})),
    Line("b", ("track",), frozenset({("city", 0, 1)})),
    Line("c", ("out_of_scope",)),
    Line("d", ("track", "eta")),
]


def fake(texts: Iterable[str]) -> Iterator[dict[str, Any]]:
    for text in texts:
        intent, confidence, also, entities = READINGS[text]
        rest = [[name, 0.1] for name in ("track", "eta", "out_of_scope") if name != intent]
        marks = [{"entity": kind, "start": start, "end": end} for kind, start, end in entities]
        yield {"intent": intent, "also": also, "ranking": [[intent, confidence], *rest], "entities": marks}


def test_figures_are_those_worked_out_by_hand() -> None:
    figures = evaluate(LINES, fake)
    assert (figures.accuracy, figures.top3, figures.both_named) == (0.75, 1.0, 1.0)
    assert (figures.out_of_scope_recall, figures.turned_away) == (1.0, 0.0)
    assert figures.intents["track"].recall == pytest.approx(2 / 3) and figures.intents["track"].precision == 1
    assert figures.macro_f1 == pytest.approx((0.8 + 1.0) / 2)
    assert (figures.entities["phone"].f1, figures.entities["city"].f1) == (1.0, 0.0)
    assert figures.confusions == {("track", "eta"): 1}


def test_a_confidence_of_nine_tenths_that_is_right_half_the_time_is_off_by_four_tenths() -> None:
    assert calibration_error([0.9, 0.9], [True, False]) == pytest.approx(0.4)
    assert calibration_error([1.0, 0.5, 0.5], [True, True, False]) == pytest.approx(0.0)


def test_lines_are_read_with_two_intents_and_entities(tmp_path: Path) -> None:
    file = tmp_path / "lines.tsv"
    file.write_text('查件\ttrack|eta\t[{"entity": "city", "start": 0, "end": 1}]\n你好\tgreet\n', encoding="utf-8")
    assert read_lines(file) == [
        Line("查件", ("track", "eta"), frozenset({("city", 0, 1)})),
        Line("你好", ("greet",)),
    ]


@pytest.mark.parametrize("row", ["no tab", "a\tb\t[broken", "a\tb\t[{}]", "a\t\t[]", "a\tb\tc\td"])
def test_a_bad_line_is_named_with_its_number(tmp_path: Path, row: str) -> None:
    file = tmp_path / "lines.tsv"
    file.write_text(f"查件\ttrack\n{row}\n", encoding="utf-8")
    with pytest.raises(BadLine, match="lines.tsv:2"):
        read_lines(file)


def test_the_page_keeps_what_people_wrote_around_the_figures(tmp_path: Path) -> None:
    figures = evaluate(LINES, fake)
    page = report.write({"one": figures}, ["memory: 1 MB"], tmp_path)
    page.write_text("Before.\n" + page.read_text(encoding="utf-8") + "After.\n", encoding="utf-8")
    report.write({"two": figures}, ["memory: 2 MB"], tmp_path)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("Before.\n") and text.endswith("After.\n") and "memory: 2 MB" in text and "1 MB" not in text
    assert (tmp_path / "nlu-confusion.png").read_bytes().startswith(b"\x89PNG")


def test_the_table_has_a_column_for_each_model() -> None:
    rows = report.table({"ours": evaluate(LINES, fake), "stock": evaluate(LINES[:1], fake)})
    assert rows[0] == ["", "ours", "stock"] and ["accuracy", "0.750", "1.000"] in rows
    assert "accuracy" in report.as_text(rows)
