"""Collecting lines inside the transaction of the turn that answered them; a line that is clear costs no query.

Everything is read from the dialogue's events of that turn, which carry the reading of the message: its intents ranked
and the entities that were found. `events` are rows of the tracker: type_name, action_name, intent_name, data (JSON).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot import catalog
from bot.customers.models import Verification
from bot.customers.store import customer_of
from bot.db import insert, now
from bot.learning import intents
from bot.learning.masking import key_of, template
from bot.learning.models import CLOSE, HANDOFF, OUT_OF_SCOPE, UNCLEAR, Candidate, Sighting
from bot.shipments.models import Party

FALLBACK, UNCLEAR_ACTION = "nlu_fallback", "action_unclear"
RANKED = 3
NOT_ABOUT_WORDS = frozenset({"fault"})
"""Reasons of a handoff that no line of the customer's caused."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Said:
    """One message of a customer to the bot, as its events tell it."""

    inbox_id: int
    text: str
    intent: str
    ranking: list[list[Any]]
    entities: list[dict[str, Any]]
    language: str
    unclear: bool
    """The dialogue had nothing but a question back."""
    in_form: bool
    """It answered a form's question: a story, a number, a time, and no request."""

    @property
    def is_tap(self) -> bool:
        return self.text.startswith("/")

    @property
    def reason(self) -> str | None:
        """Why it should be collected by itself."""
        if self.is_tap or self.in_form:
            return None
        if self.intent == OUT_OF_SCOPE:
            return OUT_OF_SCOPE
        if self.unclear or self.intent == FALLBACK:
            return UNCLEAR
        first, second = ([confidence for _, confidence in self.ranking] + [0.0, 0.0])[:2]
        return CLOSE if first - second < catalog.read("learning")["least_margin"] else None


def note_turn(session: Session, conversation_id: str, language: str, events: Iterable[Row]) -> None:
    """Keeps what the turn's message may teach."""
    for said in _said(events, language):
        if said.reason:
            _note(session, conversation_id, said, reason=said.reason)


def note_tap(session: Session, said_before: int | None, payload: str) -> None:
    """A choice tapped right after a message (an inbox id) that was collected says what was meant by it."""
    intent = payload.lstrip("/").partition("{")[0]
    if said_before is None or intent == "request_human" or not intents.is_one(intent):
        return
    sighting = session.get(Sighting, said_before)
    if sighting is not None:
        session.execute(update(Candidate).where(Candidate.id == sighting.candidate_id).values(suggested=intent))


def note_handoff(
    session: Session, conversation_id: str, language: str, handoff_id: int, reason: str, events: Iterable[Row]
) -> None:
    """Keeps the last lines that a person was asked for after. `events` are the conversation's last, oldest first."""
    if reason in NOT_ABOUT_WORDS:
        return
    figures = catalog.read("learning")
    lines = [said for said in _said(events, language) if not said.is_tap and not said.in_form]
    telling = [said for said in lines if said.intent not in figures["says_nothing"]]
    # In one order everywhere: two chats that say the same lines the other way round would lock each other out.
    for said in sorted(telling[-figures["before_handoff"]:], key=lambda said: said.text):
        _note(session, conversation_id, said, reason=HANDOFF, handoff_id=handoff_id, handoff_reason=reason)


def note_outcome(session: Session, handoff_id: int, outcome: str) -> None:
    """How the handoff ended, for the lines that led to it."""
    session.execute(update(Sighting).where(Sighting.handoff_id == handoff_id).values(outcome=outcome))


def _said(events: Iterable[Row], language: str) -> Iterator[Said]:
    """The messages of the present session, each with what the dialogue did about it."""
    turns: list[tuple[Row, list[Row]]] = []
    for event in events:
        if event["type_name"] == "session_started":
            turns.clear()
        elif event["type_name"] == "user":
            turns.append((event, []))
        elif turns:
            turns[-1][1].append(event)
    for user, then in turns:
        said = _one(json.loads(user["data"]), then, language)
        if said is not None:
            yield said


def _one(user: dict[str, Any], then: list[Row], language: str) -> Said | None:
    reading, inbox_id = user.get("parse_data") or {}, str(user.get("message_id") or "")
    if not (inbox_id.isdecimal() and user.get("text") and reading.get("intent")):
        return None
    acted = [event["action_name"] or "" for event in then if event["type_name"] == "action"]
    begun = any(event["type_name"] == "active_loop" and event["action_name"] for event in then)
    ranking = [[r["name"], r["confidence"]] for r in reading.get("intent_ranking") or () if r["name"] != FALLBACK]
    unclear = UNCLEAR_ACTION in acted
    return Said(
        inbox_id=int(inbox_id),
        text=user["text"],
        intent=reading["intent"]["name"],
        ranking=ranking[:RANKED],
        entities=reading.get("entities") or [],
        language=language,
        unclear=unclear,
        in_form=any(name.endswith("_form") for name in acted) and not begun,
    )


def _note(session: Session, conversation_id: str, said: Said, *, reason: str, **handoff: Any) -> None:
    """One more sighting of the line; a message that was seen before only learns of its handoff."""
    seen = session.get(Sighting, said.inbox_id)
    if seen is not None:
        for name, value in handoff.items():
            setattr(seen, name, value)
        return
    line = template(said.text, said.entities, _names(session, conversation_id))
    if line is None or len(line) > catalog.read("learning")["longest"] or not said.ranking:
        return
    candidate = _candidate(session, line, said.language)
    candidate.seen += 1
    candidate.last_seen_at, candidate.ranking = now(), said.ranking
    session.add(
        Sighting(
            inbox_id=said.inbox_id, candidate_id=candidate.id, conversation_id=conversation_id, reason=reason, **handoff
        )
    )
    session.flush()


def _names(session: Session, conversation_id: str) -> list[str]:
    """Of the customer, and of the people on parcels that this conversation has shown to be its own."""
    shown = select(Party.name).join(Verification, Verification.waybill == Party.waybill)
    query = shown.where(Verification.conversation_id == conversation_id, Party.name.is_not(None))
    customer = customer_of(session, conversation_id)
    own = [customer.name] if customer is not None and customer.name else []
    return [*own, *session.execute(query).scalars()]


def _candidate(session: Session, line: str, language: str) -> Candidate:
    """The candidate of this line, made now where it is new, and locked: others may say the same at this moment."""
    key = key_of(line)
    row = {"text": line, "text_hash": key, "language": language, "seen": 0, "ranking": []}
    session.execute(insert(session, Candidate).values(**row).on_conflict_do_nothing(index_elements=["text_hash"]))
    return session.execute(select(Candidate).where(Candidate.text_hash == key).with_for_update()).scalar_one()
