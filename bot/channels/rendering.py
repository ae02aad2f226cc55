"""How a message looks on each platform: one table, and one way from a message to the pieces that are sent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from bot.conversations.deliveries import Outgoing
from bot.wording import moment, say

TIMELINE_SHOWN = 3
WEB = "web"
_SENTENCE_ENDS = (re.compile(r"\n+"), re.compile(r"[。！？；!?;](?![”’）)])|\.\s"), re.compile(r"[，,、\s]"))


@dataclass(frozen=True)
class Style:
    """What a platform can show. `longest` counts characters of a text, or bytes of UTF-8 where `in_bytes`."""

    longest: int
    in_bytes: bool = False
    buttons: int = 0
    """Choices shown as buttons; more of them, or all where it is 0, are numbered lines, answered by their number."""
    button_longest: int = 20
    longest_with_buttons: int = 0
    """Where it is shorter for a text with buttons under it."""
    merged: bool = False
    """A turn is one message: the platform counts them."""
    images: bool = True
    largest_image: int = 10 * 1024 * 1024
    """Bytes."""
    window: timedelta | None = None
    """So long after the customer's last message we may write; then we wait for the next."""


STYLES = {
    "telegram": Style(longest=4096, buttons=12, button_longest=60),
    "wechat": Style(longest=2048, in_bytes=True, merged=True, window=timedelta(hours=48)),
    "wecom": Style(
        longest=2048, in_bytes=True, buttons=10, button_longest=60, merged=True, window=timedelta(hours=48),
        largest_image=2 * 1024 * 1024,
    ),
    "whatsapp": Style(
        longest=4096, buttons=10, button_longest=20, longest_with_buttons=1024, window=timedelta(hours=24),
        largest_image=5 * 1024 * 1024,
    ),
    "feishu": Style(longest=4000, buttons=10, button_longest=40),
    "line": Style(longest=5000, buttons=13, button_longest=20, images=False),
}
"""One row a platform; the limits are those of its documentation."""
SHOWN_BY_ALL = ("image/jpeg", "image/png")
"""Kinds of images that every platform takes that takes any."""


@dataclass(frozen=True)
class Part:
    """One piece of a message: a text with the choices that are buttons under it, or an image."""

    text: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    """(id, title) of each button."""
    image: bytes | None = None
    media_type: str = ""
    key: str = ""
    """The same however often the piece is sent."""


def can_show(channel: str, media_type: str, size: int) -> bool:
    """Whether customers on this channel can be shown such a file; the web chat shows, or saves, whatever we store."""
    if channel == WEB:
        return True
    style = STYLES.get(channel)
    return style is not None and style.images and media_type in SHOWN_BY_ALL and size <= style.largest_image


def rendered(messages: Sequence[Outgoing], style: Style, language: str) -> tuple[list[Part], list[str]]:
    """The pieces of messages that are sent together, in order, and the ids of the choices that got numbers."""
    texts = [_whole_text(message, language) for message in messages]
    choices = [choice for message in messages for choice in message.choices]
    as_buttons = bool(choices) and _fit_buttons(choices, style)
    numbered = [] if as_buttons else choices
    text = "\n\n".join(part for part in (*texts, _numbered(numbered, language)) if part)
    longest = style.longest_with_buttons if as_buttons else 0
    parts = [Part(piece) for piece in split(text, replace(style, longest=longest or style.longest))]
    if as_buttons:
        parts = parts or [Part(say(language, "choose"))]
        parts[-1] = replace(parts[-1], choices=tuple(choices))
    files = [message.file for message in messages if message.file] if style.images else []
    images = [Part(image=content, media_type=kind) for kind, content in files if kind.startswith("image/")]
    return [*images, *parts], [choice_id for choice_id, _ in numbered]


def _whole_text(message: Outgoing, language: str) -> str:
    card = card_text(message.card, language) if message.card else ""
    words = "\n".join(part for part in (message.text, card) if part)
    speaker = say(language, "agent_says", agent=message.agent) if message.agent and words else ""
    return speaker + words


def _fit_buttons(choices: Sequence[tuple[str, str]], style: Style) -> bool:
    return len(choices) <= style.buttons and all(len(title) <= style.button_longest for _, title in choices)


def _numbered(choices: Sequence[tuple[str, str]], language: str) -> str:
    if not choices:
        return ""
    lines = [f"{number}. {title}" for number, (_, title) in enumerate(choices, start=1)]
    return "\n".join([*lines, say(language, "answer_by_number")])


def card_text(card: dict[str, Any], language: str) -> str:
    """The newest scans of a shipment's card and who brings it; its sentences are in the message's own text."""
    lines = [_scan(scan, language) for scan in card.get("timeline", ())[:TIMELINE_SHOWN]]
    if card.get("courier"):
        lines.append(say(language, "courier_reached", number=card["courier"]))
    return "\n".join(lines)


def _scan(scan: dict[str, Any], language: str) -> str:
    return f"{moment(scan['at'], language)} · {scan['text']}"


def split(text: str, style: Style) -> list[str]:
    """Pieces that the platform takes, cut at the end of a line, a sentence, a clause, in this order, else anywhere."""
    pieces, rest = [], text.strip()
    while rest:
        head = _head(rest, style)
        if len(head) < len(rest):
            head = head[: _cut(head)]
        pieces.append(head.rstrip())
        rest = rest[len(head):].lstrip()
    return pieces


def _head(text: str, style: Style) -> str:
    if not style.in_bytes:
        return text[: style.longest]
    return text.encode()[: style.longest].decode(errors="ignore")


def _cut(head: str) -> int:
    """Where to cut; the second half only, so that pieces do not become many."""
    for end in _SENTENCE_ENDS:
        last = max((found.end() for found in end.finditer(head)), default=0)
        if last > len(head) // 2:
            return last
    return len(head)
