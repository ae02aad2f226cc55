"""What a case weighs: signs in its facts and words, priority P1 to P5, escalation at once. Pure.

The data is in catalog/sla.yml. Priority is impact × urgency, the heaviest of the category and of every sign (domain
facts 4). A word that is not meant
as it is written ("曝光") weighs too much rather than too little: a person looks, and nothing is promised by it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from bot import catalog

A_CLASS, HIGH_VALUE, REPEATED = "a_class", "high_value", "repeated"
PRIORITIES = ("P1", "P2", "P3", "P4", "P5")
_HEAVINESS = ("low", "medium", "high")


def known_signs() -> dict[str, dict[str, Any]]:
    return dict(catalog.read("sla")["signs"])


def signs_of(
    category: str | None, words: str, *, customer_class: str | None = None, value: Decimal | None = None
) -> list[str]:
    """Signs in what is known of a case; `value` is the parcel's declared value in yuan."""
    folded = unicodedata.normalize("NFKC", words).lower()
    found = [name for name, sign in known_signs().items() if category in sign.get("categories", ())]
    found += [name for name, pattern in _patterns().items() if pattern.search(folded)]
    if customer_class == "A":
        found.append(A_CLASS)
    if value is not None and value >= catalog.figure(HIGH_VALUE):
        found.append(HIGH_VALUE)
    return in_order(found)


def in_order(signs: Iterable[str]) -> list[str]:
    """Each once, as the catalog lists them. Names it does not know are left out."""
    wanted = set(signs)
    return [name for name in known_signs() if name in wanted]


def priority_of(kind: str, category: str | None, signs: Collection[str]) -> str:
    """P1 (first) to P5."""
    rules = catalog.read("sla")
    own = rules["weight_of_category"].get(category) or rules["weight_of_kind"].get(kind) or {}
    weights = [own, *(rules["signs"][sign] for sign in signs)]
    impact, urgency = (
        max((weight.get(side, "low") for weight in weights), key=_HEAVINESS.index) for side in ("impact", "urgency")
    )
    return str(rules["priority_matrix"][impact][urgency])


def level_of(signs: Iterable[str]) -> int:
    """The escalation level that the signs ask for at once; 0 where none does."""
    return max((int(known_signs()[sign].get("escalation", 0)) for sign in signs), default=0)


def resolution_time(priority: str) -> timedelta:
    """The target within the seven days."""
    return timedelta(days=catalog.read("sla")["resolution_days"][priority])


def skill_for(kind: str, signs: Collection[str]) -> str:
    """The skill of the team that such a case goes to."""
    teams = catalog.read("sla")["teams"]
    special = (skill for sign, skill in teams["signs"].items() if sign in signs)
    return str(next(special, teams["kinds"][kind]))


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    return {name: _any_of(sign["words"]) for name, sign in known_signs().items() if "words" in sign}


def _any_of(words: list[str]) -> re.Pattern[str]:
    """Latin words whole ("press" is not in "express"), Chinese ones anywhere."""
    latin = [rf"(?<![a-z]){re.escape(word)}(?![a-z])" for word in words if word.isascii()]
    return re.compile("|".join([*latin, *(re.escape(word) for word in words if not word.isascii())]))
