"""A second thing asked in the same message: 催单 顺便改下地址. Read from its parts."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from bot.nlu.text import HAN

_HAN = re.compile(f"[{HAN}]")
_JOINTS_ZH = re.compile(r"[,.!?;~:，。！？；、\n]+|\s+|顺便|顺带|另外|还有|然后|而且|并且")
_JOINTS_EN = re.compile(r"[.!?;\n]+|,\s|\b(?:and also|also|plus|and|then|but)\b")
_JOINED = re.compile(r"顺便|顺带|另外|还有|并且|\b(?:and also|also|plus)\b")
_EMPTY = re.compile(r"\W|#\w+|\d")
_MOST_PARTS = 6
_LEAST_ZH, _LEAST_EN = 2, 8
"""Letters without which a part says nothing."""

SURE_PART, LIKELY = 0.5, 0.2
"""Confidence from which a part's own intent counts, and from which the runner-up of the whole message does."""

TALK = frozenset({
    "affirm", "deny", "thank", "goodbye", "greet", "provide_info", "out_of_scope", "abuse", "correct", "cancel", "help",
    "ask_bot", "praise", "suggest", "leave_callback", "track_other",
})  # fmt: skip
"""They ask for nothing: named as a second thing where nothing else is, and never offered."""

BARE = "complain_other"
"""我要反映 beside what happened adds nothing to it."""


def parts(normal: str) -> list[str]:
    """The parts of a normalised message that may each ask for something; empty where there is only one."""
    chinese = _HAN.search(normal) is not None
    joints, least = (_JOINTS_ZH, _LEAST_ZH) if chinese else (_JOINTS_EN, _LEAST_EN)
    found = [part.strip() for part in joints.split(normal)]
    telling = [part for part in found if len(_EMPTY.sub("", part)) >= least][:_MOST_PARTS]
    return telling if len(telling) > 1 else []


def joined(normal: str) -> bool:
    """Whether the words themselves say that another thing follows: 顺便, 还有, also."""
    return _JOINED.search(normal) is not None


def both(whole: np.ndarray, of_parts: np.ndarray, intents: Sequence[str], in_order: bool) -> tuple[int, str | None]:
    """Which intent to serve (its index) and what else was asked, or None.

    Rows of confidences: of the whole message, and of each part. `in_order`: the parts are said one after the other, so
    the first comes first, however strong the others.
    """
    order = np.argsort(-whole, kind="stable")
    main = int(order[0])
    sure = [int(row.argmax()) for row in of_parts if row.max() >= SURE_PART]
    heard = [index for index in sure if intents[index] not in TALK]
    if any(intents[index].startswith("complain_") and intents[index] != BARE for index in heard):
        heard = [index for index in heard if intents[index] != BARE]
    others = [index for index in heard if index != main]
    if not others:
        said = next((intents[index] for index in sure if index != main and intents[index] in TALK), None)
        return main, (_runner_up(whole, order, intents) if len(of_parts) else None) or said
    strongest = max(others, key=lambda index: of_parts[:, index].max())
    if main not in heard and whole[main] < SURE_PART and len(set(heard)) == 1:
        return strongest, None  # the whole is a guess, and the one part that asks for something is none
    if in_order and main in heard and heard[0] != main:
        return heard[0], intents[main]
    return main, intents[strongest]


def _runner_up(whole: np.ndarray, order: np.ndarray, intents: Sequence[str]) -> str | None:
    names = [intents[index] for index in order[:2]]
    likely = whole[order[1]] >= LIKELY and not TALK & set(names)
    return names[1] if likely else None
