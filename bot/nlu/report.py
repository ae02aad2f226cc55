"""The figures of an evaluation, for the terminal and for docs/nlu.md with its picture of confusions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bot.nlu.evaluation import Figures

BEGIN, END = "<!-- figures: written by `python -m bot evaluate` -->", "<!-- end of figures -->"
MOST_CONFUSED = 28
ROWS = {
    "lines": "lines",
    "accuracy": "accuracy",
    "acted_on": "acted on rightly",
    "macro_f1": "macro F1",
    "top3": "among the first three",
    "calibration_error": "calibration error",
    "out_of_scope_recall": "out of scope noticed",
    "turned_away": "in scope turned away",
    "both_named": "both intents named",
    "p50_ms": "parse p50, ms",
    "p95_ms": "parse p95, ms",
    "max_ms": "parse max, ms",
}
"""Titles of the figures by their names."""


def table(columns: dict[str, Figures]) -> list[list[str]]:
    """Head and rows: one column a file or model."""
    rows = [["", *columns]]
    for name, title in ROWS.items():
        rows.append([title, *(_shown(getattr(figures, name), name) for figures in columns.values())])
    kinds = sorted({kind for figures in columns.values() for kind in figures.entities})
    for kind in kinds:
        scores = [figures.entities.get(kind) for figures in columns.values()]
        rows.append([f"{kind} F1 (count)", *(f"{s.f1:.3f} ({s.count})" if s else "-" for s in scores)])
    return rows


def _shown(value: float | None, name: str) -> str:
    if value is None:
        return "-"
    return str(value) if name == "lines" else f"{value:.1f}" if name.endswith("_ms") else f"{value:.3f}"


def as_text(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if n == 0 else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def write(columns: dict[str, Figures], process: Sequence[str], folder: Path) -> Path:
    """Writes figures and picture into docs/; what people wrote around the figures stays."""
    page = folder / "nlu.md"
    before, _, rest = (
        page.read_text(encoding="utf-8") if page.exists() else "# How well it understands\n\n"
    ).partition(BEGIN)
    after = rest.partition(END)[2]
    picture = folder / "nlu-confusion.png"
    draw(list(columns.values()), picture)
    intents = _intent_rows(columns)
    body = "\n\n".join([_markdown(table(columns)), "\n".join(f"- {line}" for line in process),
                        f"![Most confused intents]({picture.name})", _markdown(intents)])  # fmt: skip
    page.write_text(f"{before}{BEGIN}\n\n{body}\n\n{END}{after or chr(10)}", encoding="utf-8")
    return page


def _intent_rows(columns: dict[str, Figures]) -> list[list[str]]:
    names = sorted({name for figures in columns.values() for name, score in figures.intents.items() if score.count})
    rows = [["F1 (count)", *columns]]
    for name in names:
        scores = [figures.intents.get(name) for figures in columns.values()]
        rows.append([name, *(f"{s.f1:.2f} ({s.count})" if s and s.count else "-" for s in scores)])
    return rows


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    head, *body = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([head, "|---" * len(rows[0]) + "|", *body])


def draw(several: Sequence[Figures], path: Path) -> None:
    """The intents that are confused most, expected in rows and read in columns, as one picture."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    confusions = sum((figures.confusions for figures in several), start=type(several[0].confusions)())
    weight: dict[str, int] = {}
    for pair, count in confusions.items():
        for name in pair:
            weight[name] = weight.get(name, 0) + count
    names = sorted(sorted(weight, key=lambda name: (-weight[name], name))[:MOST_CONFUSED])
    grid = [[confusions.get((want, guess), 0) for guess in names] for want in names]
    figure, axes = pyplot.subplots(figsize=(10, 9))
    axes.imshow(grid or [[0]], cmap="OrRd")
    axes.set_xticks(range(len(names)), names, rotation=90)
    axes.set_yticks(range(len(names)), names)
    for row, counts in enumerate(grid):
        for column, count in enumerate(counts):
            if count:
                axes.text(column, row, str(count), ha="center", va="center", fontsize=8)
    axes.set_xlabel("read as")
    axes.set_ylabel("expected")
    axes.set_title("Most confused intents (lines)")
    figure.savefig(path, dpi=90, bbox_inches="tight")
    pyplot.close(figure)
