"""Reports as files: tables that Excel reads and never runs, pictures, pages, and words in both languages."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
from datetime import date, timezone
from pathlib import Path
from shutil import copyfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Text
from PIL import Image

from bot.reports import files, picture, words
from bot.reports.model import Mean, Report, Seconds, Share, Table, Target, Word
from bot.reports.period import Period
from bot.wording import texts
from tests.reports.conftest import NOW

ROOM = Path(files.__file__).parent


def report(**parts: object) -> Report:
    usual = {
        "kind": "monthly",
        "period": Period(date(2026, 10, 1), date(2026, 10, 31)),
        "made_at": NOW,
        "facts": [("cases", 3)],
        "targets": [Target("online_reply", 60, 1, 2), Target("result", 7, 0, 0)],
        "tables": [
            Table("by_area", ("area", "cases", "share"), [
                (Word("area", "上海"), 2, Share(2, 3)), (Word("area", "无名镇"), 1, Share(1, 3)),
            ], bars="cases"),
            Table("by_day", ("day", "cases"), [(date(2026, 10, 1), 3)], bars="cases", upright=True),
            Table("faults", ("at", "channel", "attempts"), []),
        ],
    }  # fmt: skip
    return Report(**{**usual, **parts})  # type: ignore[arg-type]


def read_csv(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def test_a_table_file_begins_with_excels_mark_and_has_every_figure() -> None:
    content = files.write(report(), "csv", "zh")
    assert content.startswith(b"\xef\xbb\xbf")
    lines = read_csv(content)
    assert ["收件地区"] in lines and ["上海", "2", "66.7% (2/3)"] in lines and ["2026-10-01", "3"] in lines
    assert ["7 天内答复处理结果", "暂无数据", "暂无数据"] in lines
    assert ["在线咨询 60 秒内首次回复", "未达标", "50.0% (1/2)"] in lines


def test_a_table_file_speaks_english_too() -> None:
    lines = read_csv(files.write(report(), "csv", "en"))
    assert ["Shanghai", "2", "66.7% (2/3)"] in lines and ["Result told within 7 days", "No data", "no data"] in lines


@pytest.mark.parametrize("text", ["=1+1", "+86", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n1", " =1", "\xa0=1", "＝1"])
def test_a_cell_that_a_spreadsheet_would_run_is_quoted(text: str) -> None:
    tables = [Table("audit", ("note",), [(text,)])]
    assert [f"'{text}"] in read_csv(files.write(report(tables=tables), "csv", "zh"))


@given(text=st.text(max_size=30))
def test_no_text_makes_a_cell_that_begins_a_formula(text: str) -> None:
    quoted = files.harmless(text)
    assert quoted in (text, f"'{text}")
    assert not re.match(r"\s*[=+\-@＝＋－＠]", quoted)


def test_a_page_never_takes_customers_words_for_markup() -> None:
    tables = [Table("audit", ("note",), [("<script>alert(1)</script>",)])]
    page = files.write(report(tables=tables), "html", "zh").decode()
    assert "<script>" not in page and "&lt;script&gt;" in page


def test_a_page_needs_nothing_from_elsewhere_and_cuts_long_tables() -> None:
    rows = [(number,) for number in range(files.MOST_ROWS + 5)]
    page = files.write(report(tables=[Table("audit", ("note",), rows)]), "html", "en").decode()
    assert not re.search(r"(?:src|href)=|url\(|@import", page)
    assert f">{files.MOST_ROWS - 1}<" in page and f">{files.MOST_ROWS}<" not in page and "5 more rows" in page


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_picture_is_a_png_of_the_width_and_height_its_charts_need(language: str) -> None:
    image = Image.open(io.BytesIO(files.write(report(), "png", language)))
    assert image.format == "PNG" and image.size == (picture.WIDTH, picture.HEAD + picture.ROW)
    three = [Table(f"by_{name}", (name, "cases"), [(Word(name, None), 1)], bars="cases")
             for name in ("area", "cause", "category")]  # fmt: skip
    assert Image.open(io.BytesIO(files.write(report(tables=three), "png", language))).size[1] == (
        picture.HEAD + 2 * picture.ROW
    )


def test_bars_of_a_picture_are_drawn_as_long_as_their_numbers() -> None:
    tables = [Table("by_kind", ("kind", "cases"), [(Word("kind", "claim"), 10), (Word("kind", "praise"), 5)], "cases")]
    image = Image.open(io.BytesIO(files.write(report(tables=tables), "png", "en"))).convert("RGB")
    green = tuple(int(picture.BAR[place : place + 2], 16) for place in (1, 3, 5))
    lengths = {sum(image.getpixel((x, y)) == green for x in range(image.width)) for y in range(image.height)} - {0}
    longest = max(lengths)
    assert any(abs(length * 2 - longest) <= 2 for length in lengths)


def test_a_picture_without_data_says_so_and_is_still_a_picture() -> None:
    image = Image.open(io.BytesIO(files.write(report(tables=[]), "png", "zh")))
    assert image.size == (picture.WIDTH, picture.HEAD + picture.EMPTY)


def test_without_a_chinese_font_labels_are_english_and_the_picture_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    monkeypatch.setattr(picture, "chinese_font", lambda: None)
    real = picture.Figure.draw

    def draw(figure: picture.Figure, renderer: object) -> None:
        written.extend(text.get_text() for text in figure.findobj(Text))
        real(figure, renderer)

    monkeypatch.setattr(picture.Figure, "draw", draw)
    files.write(report(), "png", "zh")
    assert {texts("en")["report_no_font"], "Monthly statistics", "Shanghai", "no. 2"} <= set(written)
    assert all(text.isascii() for text in written)


def test_the_first_chinese_font_of_the_list_that_is_installed_is_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    latin = Path(picture.font_manager.findfont("DejaVu Sans"))
    mono = Path(picture.font_manager.findfont("DejaVu Sans Mono"))
    for name, font in (("simhei", latin), ("wqy-zenhei", mono), ("Comic", latin)):
        copyfile(font, tmp_path / f"{name}.ttf")
    found = [str(path) for path in tmp_path.iterdir()]
    monkeypatch.setattr(picture.font_manager, "findSystemFonts", lambda: found)
    assert picture.chinese_font() == "DejaVu Sans Mono"
    found.remove(str(tmp_path / "wqy-zenhei.ttf"))
    assert picture.chinese_font() == "DejaVu Sans"
    found.remove(str(tmp_path / "simhei.ttf"))
    assert picture.chinese_font() is None


def test_pictures_are_loaded_only_when_one_is_drawn() -> None:
    program = "import sys, bot.app, bot.reports.command; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOM.parent.parent).returncode == 0


@pytest.mark.parametrize(
    "value, zh, en",
    [
        (Seconds(59), "59 秒", "59 s"), (Seconds(90), "1.5 分钟", "1.5 min"), (Seconds(5400), "1.5 小时", "1.5 h"),
        (Seconds(172800), "2 天", "2 d"), (Seconds(None), "暂无数据", "no data"), (Mean(None), "暂无数据", "no data"),
        (Mean(3.333), "3.33", "3.33"), (Share(0, 0), "暂无数据", "no data"), (None, "—", "–"),
        (NOW.astimezone(timezone.utc), "2026-11-10 12:00", "2026-11-10 12:00"),
        (Word("cause", "transit"), "中转与运输", "Sorting and transport"),
        (Word("area", None), "地区不详", "Area not known"),
    ],
)  # fmt: skip
def test_a_cell_is_said_in_both_languages(value: object, zh: str, en: str) -> None:
    assert (words.cell(value, "zh"), words.cell(value, "en")) == (zh, en)  # type: ignore[arg-type]


def test_both_languages_have_the_same_texts_with_the_same_places() -> None:
    def shape(language: str) -> dict[str, set[str]]:
        return {key: set(re.findall(r"{(\w+)}", text)) for key, text in texts(language).items() if "report_" in key}

    assert shape("zh") == shape("en")


def test_every_name_of_a_table_column_and_target_is_worded() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in ROOM.glob("*.py"))
    tables = set(re.findall(r'Table\(\s*"(\w+)"', source))
    assert len(tables) > 15
    assert {f"report_table_{name}" for name in tables} <= set(texts("zh"))
