"""What a report is made of, in no language yet: codes and numbers that `words.py` says in Chinese or English."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from bot.reports.period import Period


@dataclass(frozen=True)
class Word:
    """A code of a group (category, state, cause, …); None is said as "not known" or the like."""

    group: str
    code: str | None


@dataclass(frozen=True)
class Share:
    """So many of so many; of none there is no share, which is said as "no data"."""

    part: int
    whole: int

    @property
    def percent(self) -> float | None:
        return 100 * self.part / self.whole if self.whole else None


@dataclass(frozen=True)
class Seconds:
    """A length of time; None: no data."""

    value: float | None


@dataclass(frozen=True)
class Mean:
    """An average; None: no data."""

    value: float | None


@dataclass(frozen=True)
class Note:
    """What the audit of a case notes of a step: words of people, or codes of the clocks and rules."""

    transition: str
    note: str | None


Cell = str | int | date | datetime | Word | Note | Share | Seconds | Mean | None


@dataclass(frozen=True)
class Table:
    """`name` and the columns are wording keys; a row has one cell a column. `bars`: the column worth drawing."""

    name: str
    columns: tuple[str, ...]
    rows: list[tuple[Cell, ...]]
    bars: str | None = None
    upright: bool = False

    def drawn(self) -> list[tuple[Cell, Cell, float]]:
        """Label (the first column), value and length of each bar; no bar for a row without a number or of the rest."""
        if self.bars is None:
            return []
        column = self.columns.index(self.bars)
        rows = [(row[0], row[column], _length(row[column])) for row in self.rows]
        return [(label, value, length) for label, value, length in rows if length is not None and not _rest(label)]

    def scale(self) -> float:
        """The length of a bar that fills its place: all of a share, the best score, else the longest bar."""
        drawn = self.drawn()
        full = {Share: 100.0, Mean: 5.0}
        return max((full.get(type(value), length) for _, value, length in drawn), default=0) or 1.0


def _rest(label: Cell) -> bool:
    """All that is too small to be named, taken together, would dwarf the named."""
    return isinstance(label, Word) and label.code == "others"


def _length(cell: Cell) -> float | None:
    if isinstance(cell, Share):
        return cell.percent
    value = cell.value if isinstance(cell, (Seconds, Mean)) else cell
    return float(value) if isinstance(value, (int, float)) else None


@dataclass(frozen=True)
class Target:
    """A documented target: of `counted` cases (replies, chats) `kept` kept `limit`; met from `least` percent on."""

    name: str
    limit: int
    kept: int
    counted: int
    least: int = 100

    @property
    def verdict(self) -> str:
        if not self.counted:
            return "no_data"
        return "met" if self.kept * 100 >= self.least * self.counted else "missed"

    @property
    def share(self) -> Share:
        return Share(self.kept, self.counted)


@dataclass(frozen=True)
class Report:
    """`about` tells whose report it is (case number, masked phone); `facts` are single lines (wording key, cell)."""

    kind: str
    period: Period | None
    made_at: datetime
    about: str = ""
    facts: list[tuple[str, Cell]] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)

    @property
    def charts(self) -> list[Table]:
        return [table for table in self.tables if table.drawn()]
