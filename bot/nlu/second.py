"""A second thing asked in the same message: 催单 顺便改下地址. Read from its parts: bubbles, sentences, what 顺便 joins."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from bot.nlu.text import HAN

_HAN = re.compile(f"[{HAN}]")
_JOINTS_ZH = re.compile(r"[,.!?;~:，。！？；、\n]+|\s+|顺便|顺带|另外|还有|然后|而且|并且")
_JOINTS_EN = re.compile(r"[.!?;\n]+|,\s|\b(?:and also|also|plus|and|then|but)\b")
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
"""Never offered as a second thing: they ask for nothing."""


def parts(normal: str) -> list[str]:
    """The parts of a normalised message that may each ask for something; empty where there is only one."""
    chinese = _HAN.search(normal) is not None
    joints, least = (_JOINTS_ZH, _LEAST_ZH) if chinese else (_JOINTS_EN, _LEAST_EN)
    found = [part.strip() for part in joints.split(normal)]
    telling = [part for part in found if len(_EMPTY.sub("", part)) >= least][:_MOST_PARTS]
    return telling if len(telling) > 1 else []


def second(whole: np.ndarray, of_parts: np.ndarray, intents: Sequence[str]) -> str | None:
    """The intent asked besides the likeliest one, or None. Rows of confidences: of the message, and of each part."""
    order = np.argsort(-whole, kind="stable")
    main = intents[order[0]]
    heard = {intents[row.argmax()]: float(row.max()) for row in of_parts if row.max() >= SURE_PART}
    others = {name: confidence for name, confidence in heard.items() if name != main and name not in TALK}
    if others:
        return max(others, key=lambda name: others[name])
    runner_up = intents[order[1]] if len(order) > 1 else main
    likely = len(of_parts) > 1 and whole[order[1]] >= LIKELY and main not in TALK and runner_up not in TALK
    return runner_up if likely else None
