"""What might be replied: from the FAQ and from chats that colleagues resolved. Offered to the agent, never sent.

The nearest by TF-IDF over characters, pairs and words (as case summaries are searched): no model, no Rasa.
"""

from __future__ import annotations

import math
import re
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.routing import BaseRoute, Route

from bot import catalog
from bot.cases.terms import terms_of
from bot.conversations.models import Conversation, Handoff, Message
from bot.conversations.text import only_asks_for_person
from bot.desk import sight
from bot.desk.access import Asked
from bot.desk.accounts import Person
from bot.desk.api import chat_id, reads
from bot.desk.serving import Page, shown
from bot.privacy import mask_text
from bot.settings import ROOT
from bot.shipments.masking import masked

FAQ, RESOLVED = "faq", "resolved"
LINES_LOOKED_AT = 10
"""Of the customer, for a question: who waits may ask for a person again and again."""
_MARKED = re.compile(r"\[([^\]]*)\]\([^)]*\)")
"""[words](entity) of training lines."""


@dataclass(frozen=True)
class Passage:
    """An answer, under one of the questions that it answered; `source` is FAQ or RESOLVED."""

    question: str
    answer: str
    source: str


class Index:
    """Passages by the likeness of their questions."""

    def __init__(self, passages: Iterable[Passage]) -> None:
        self._passages = list(passages)
        terms = [terms_of(passage.question).split() for passage in self._passages]
        counted = Counter(term for own in terms for term in own)
        self._weight = {term: 1 + math.log(len(terms) / count) for term, count in counted.items()}
        self._length = [self._norm(own) for own in terms]
        self._having: dict[str, list[int]] = {}
        for number, own in enumerate(terms):
            for term in own:
                self._having.setdefault(term, []).append(number)

    def nearest(self, text: str) -> list[tuple[float, Passage]]:
        """(cosine, passage) of each answer under its likest question, likest first."""
        asked = terms_of(text).split()
        shared: Counter[int] = Counter()
        for term in asked:
            for number in self._having.get(term, ()):
                shared[number] += self._weight[term] ** 2  # type: ignore[assignment]
        length = self._norm(asked) or 1.0
        best: dict[str, tuple[float, Passage]] = {}
        for number, weight in shared.items():
            likeness, passage = weight / (length * self._length[number]), self._passages[number]
            if likeness > best.get(passage.answer, (0.0, passage))[0]:
                best[passage.answer] = likeness, passage
        return sorted(best.values(), key=lambda found: -found[0])

    def _norm(self, terms: list[str]) -> float:
        rarest = 1 + math.log(max(len(self._passages), 1))
        return math.sqrt(sum(self._weight.get(term, rarest) ** 2 for term in terms))


@cache
def faq(language: str) -> Index:
    """Training questions of each faq_ intent with the answer the bot gives, where the catalog fills it whole."""
    domain = yaml.load((ROOT / "domain.yml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    lines = yaml.load((ROOT / f"data/faq/nlu.{language}.yml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    answers = {name: _answer(said, language) for name, said in domain["responses"].items()}
    return Index(
        Passage(_MARKED.sub(r"\1", line.removeprefix("- ")), answer, FAQ)
        for entry in lines["nlu"]
        if (answer := answers.get(f"utter_{entry.get('intent')}"))
        for line in entry["examples"].splitlines()
    )


def _answer(variations: list[dict[str, Any]], language: str) -> str | None:
    """The Chinese default is the first, the English one the last; None where it needs more than figures."""
    try:
        return str(variations[0 if language == "zh" else -1]["text"]).format(**catalog.figures())
    except KeyError:
        return None


class Resolved:
    """Replies of resolved chats by language, read again every few minutes."""

    def __init__(self) -> None:
        self._read: dict[str, tuple[float, Index]] = {}

    def index(self, session: Session, language: str) -> Index:
        read_at, index = self._read.get(language, (-math.inf, None))
        if index is None or time.monotonic() - read_at > catalog.read("workspace")["resolved_chats_minutes"] * 60:
            index = Index(_resolved(session, language))
            self._read[language] = time.monotonic(), index
        return index


def _resolved(session: Session, language: str) -> list[Passage]:
    """Each reply of an agent, under the words of the customer that it answered.

    A reply in which something personal was found was meant for one customer alone: it is left out.
    """
    ended = (
        select(Handoff.conversation_id, Handoff.claimed_at, Handoff.ended_at)
        .join(Conversation, Conversation.id == Handoff.conversation_id)
        .where(Handoff.outcome == "resolved", Conversation.language == language, Handoff.claimed_at.is_not(None))
        .order_by(Handoff.id.desc())
        .limit(catalog.read("workspace")["resolved_chats_read"])
        .subquery()
    )
    said = (
        select(Message.conversation_id, Message.sender, Message.text)
        .join(ended, ended.c.conversation_id == Message.conversation_id)
        .where(Message.sender.in_(("customer", "agent")), Message.at <= ended.c.ended_at)
        .where((Message.sender == "customer") | (Message.at >= ended.c.claimed_at))
        .order_by(Message.conversation_id, Message.seq)
    )
    passages, asked = [], ("", "")
    for chat, sender, text in session.execute(said):
        if sender == "customer":
            asked = asked if only_asks_for_person(text) else (chat, text)
        elif asked[0] == chat and text == masked(mask_text(text)):
            passages.append(Passage(asked[1], text, RESOLVED))
    return passages


_resolved_chats = Resolved()


def suggestions(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    """{"suggestions": [{"source", "text"}]} for what the customer of one's own chat asked last, likest first."""
    chat = sight.own(session, person, chat_id(asked))
    last, figures = _question(session, chat), catalog.read("workspace")
    near = [*_resolved_chats.index(session, chat.language).nearest(last), *faq(chat.language).nearest(last)]
    near = [found for found in near if found[0] >= figures["suggestion_least_likeness"]]
    best = sorted(near, key=lambda found: -found[0])[: figures["suggestions"]]
    return {"suggestions": [{"source": passage.source, "text": passage.answer} for _, passage in best]}


def _question(session: Session, chat: Conversation) -> str:
    """What the customer said last that does not only ask for a person."""
    query = select(Message.text).where(Message.conversation_id == chat.id, Message.sender == "customer")
    newest = session.execute(query.order_by(Message.seq.desc()).limit(LINES_LOOKED_AT)).scalars()
    return next((text for text in newest if not only_asks_for_person(text)), "")


def part(session: Session, person: Person, asked: Asked) -> Page:
    return Page("_suggest.html", suggestions(session, person, asked))


def routes() -> list[BaseRoute]:
    return [Route("/conversations/{id:uuid}/suggestions", reads(suggestions))]


def page_routes() -> list[BaseRoute]:
    return [Route("/parts/conversations/{id:uuid}/suggestions", shown(part))]
