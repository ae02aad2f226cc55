"""The charts of a report as one PNG. Imported only when a picture is asked for: matplotlib takes a second to load."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bot.reports import words
from bot.reports.model import Cell, Report, Table
from bot.wording import say

WIDTH = 1200
"""Pixels; the height follows the number of charts."""
HEAD, ROW, EMPTY = 110, 340, 260
DPI = 100
LEAST_BARS, MOST_BARS = 5, 12
LONGEST_LABEL = 22
CHINESE_FONTS = (
    "NotoSansCJK-Regular", "NotoSansCJKsc-Regular", "NotoSansSC-Regular", "SourceHanSansSC-Regular",
    "SourceHanSansCN-Regular", "wqy-microhei", "wqy-zenhei", "DroidSansFallbackFull", "DroidSansFallback", "PingFang",
    "Hiragino Sans GB", "STHeiti Medium", "msyh", "simhei", "simsun", "Arial Unicode",
)  # fmt: skip
"""Names of font files, without ending, the one we like best first."""
LATIN_FONT = "DejaVu Sans"  # comes with matplotlib
INK, SOFT, BAR, PAPER = "#1d2521", "#55605a", "#0b6b4f", "#ffffff"


def chinese_font() -> str | None:
    """The family of the first of CHINESE_FONTS that this machine has, made known to matplotlib.

    Looked up among the files: matplotlib remembers its own list for good, and never sees a font installed later.
    """
    installed = {Path(path).stem: path for path in font_manager.findSystemFonts()}
    path = next((installed[name] for name in CHINESE_FONTS if name in installed), None)
    if path is None:
        return None
    family = str(font_manager.get_font(path).family_name)
    if all(known.fname != path for known in font_manager.fontManager.ttflist):
        font_manager.fontManager.addfont(path)
    return family


def draw(report: Report, language: str) -> bytes:
    """WIDTH pixels wide. Without a Chinese font its labels are English, and the picture says so."""
    font = chinese_font()
    speech = language if font or language != "zh" else "en"
    charts = report.charts
    rows = -(-len(charts) // 2)
    height = HEAD + (rows * ROW if charts else EMPTY)
    figure = Figure(figsize=(WIDTH / DPI, height / DPI), dpi=DPI, facecolor=PAPER)
    canvas = FigureCanvasAgg(figure)
    family: dict[str, Any] = {"family": font or LATIN_FONT}
    _head(figure, height, report, speech, family)
    note = "" if speech == language else say("en", "report_no_font")
    figure.text(0.985, 1 - 58 / height, note, fontsize=9, color=SOFT, ha="right", **family)
    if not charts:
        figure.text(0.5, 0.45, say(speech, "report_no_data"), fontsize=16, color=SOFT, ha="center", **family)
    for place, chart in enumerate(charts):
        bottom = height - HEAD - (place // 2 + 1) * ROW
        axes = figure.add_axes([0.0 + 0.5 * (place % 2) + 0.13, (bottom + 50) / height, 0.325, (ROW - 100) / height])
        _chart(axes, chart, speech, family)
    out = io.BytesIO()
    canvas.print_png(out)
    return out.getvalue()


def _head(figure: Any, height: int, report: Report, language: str, family: dict[str, Any]) -> None:
    figure.text(0.015, 1 - 38 / height, words.title(report, language), fontsize=17, color=INK, weight="bold", **family)
    lines = [words.span(report, language), f"{words.column('made', language)} {words.cell(report.made_at, language)}"]
    figure.text(0.015, 1 - 66 / height, "   ".join(filter(None, lines)), fontsize=10, color=SOFT, **family)


def _chart(axes: Any, chart: Table, language: str, family: dict[str, Any]) -> None:
    title = f"{words.table_title(chart.name, language)} ({words.column(str(chart.bars), language)})"
    axes.set_title(title, fontsize=12, color=INK, loc="left", pad=10, weight="bold", **family)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0, labelsize=9, colors=SOFT)
    if chart.upright:
        _columns(axes, chart, language, family)
    else:
        _bars(axes, chart, language, family)


def _columns(axes: Any, chart: Table, language: str, family: dict[str, Any]) -> None:
    drawn = chart.drawn()
    axes.bar(range(len(drawn)), [length for _, _, length in drawn], color=BAR, width=0.75)
    marked = range(0, len(drawn), max(1, -(-len(drawn) // 6)))
    axes.set_xticks(list(marked), [words.cell(drawn[number][0], language)[5:] for number in marked], **family)
    axes.yaxis.get_major_locator().set_params(integer=True, nbins=5)
    axes.grid(axis="y", color="#e2e0d8", linewidth=0.8)
    axes.set_axisbelow(True)


def _bars(axes: Any, chart: Table, language: str, family: dict[str, Any]) -> None:
    drawn = chart.drawn()[:MOST_BARS]
    lengths = [length for _, _, length in drawn]
    top = max(len(drawn), LEAST_BARS)
    places = range(top, top - len(drawn), -1)
    axes.barh(list(places), lengths, color=BAR, height=0.62)
    plain = family["family"] == LATIN_FONT
    labels = [_label(label, number, language, plain) for number, (label, _, _) in enumerate(drawn, start=1)]
    axes.set_yticks(list(places), labels, **family)
    axes.set_ylim(0.4, top + 0.6)
    axes.set_xticks([])
    axes.set_xlim(0, chart.scale() * 1.3)
    for place, (_, value, length) in zip(places, drawn, strict=True):
        text = words.cell(value, language)
        axes.text(length + chart.scale() * 0.02, place, text, va="center", fontsize=9, color=INK, **family)


def _label(label: Cell, number: int, language: str, plain: bool) -> str:
    """A name without an English form is its number in the table where the font is a `plain` one without Chinese."""
    text = words.cell(label, language)
    if plain and not text.isascii():
        return say("en", "report_numbered", number=number)
    return text if len(text) <= LONGEST_LABEL else text[: LONGEST_LABEL - 1] + "…"
