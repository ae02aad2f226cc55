"""What a customer typed, made safe for everything behind the inbox."""

import re
import unicodedata

MAX_STORED = 5000
"""Characters kept of one message; a longer request is refused by the channel."""

MAX_UNDERSTOOD = 500
"""Characters the dialogue sees (traps.md: one 20,000-character message cost the model 21 s)."""

_KEPT_CONTROLS = "\n\t"

_PERSON = re.compile(
    r"人工|真人|活人|客服|[来换找]个?人|\b(?:human|agent|operator|person|representative|customer service)\b", re.I
)
_ASKING = re.compile(
    r"[我你请給给帮想要需快转轉接找叫换来个一下呢吧吗了]|服务|人员|谢谢|\W"
    r"|\b(?:i|d|want|need|like|would|can|could|may|to|talk|speak|chat|with|get|give|connect|transfer|me|a|an|the|real"
    r"|live|please|pls|now)\b",
    re.I,
)
"""What may stand around the person who is asked for and tells nothing of why."""


def clean(text: str) -> str:
    """Without control characters, lone surrogates and outer blanks, cut at MAX_STORED characters."""
    kept = (char for char in text if char in _KEPT_CONTROLS or unicodedata.category(char) not in ("Cc", "Cs", "Co"))
    return "".join(kept).strip()[:MAX_STORED].rstrip()


def alike(text: str) -> str:
    """What texts have in common that differ only in width, case, blanks, apostrophes and the mark at their end."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return "".join(folded.split()).rstrip(".。!~,")


def has_words(text: str) -> bool:
    """False for a message of emoji, punctuation and blanks only."""
    return any(unicodedata.category(char)[0] in "LN" for char in text)


def only_asks_for_person(text: str) -> bool:
    """转人工, I want to talk to a human: a wish that says nothing of what it is about."""
    without, people = _PERSON.subn(" ", text)
    return people > 0 and not _ASKING.sub("", without)


def for_dialogue(text: str) -> str:
    """At most MAX_UNDERSTOOD characters; a leading slash becomes full width, or Rasa would obey it as a command."""
    text = text[:MAX_UNDERSTOOD].strip()
    return "／" + text[1:] if text.startswith("/") else text
