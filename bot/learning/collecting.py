"""Collecting lines inside the transaction of the turn that answered them; a line that is clear costs no query.

Everything is read from the dialogue's events of that turn, which carry the reading of the message: its intents ranked
and the entities that were found. `events` are rows of the tracker: type_name, action_name, data (JSON).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot import catalog
from bot.customers.models import Verification
from bot.customers.store import customer_of
from bot.db import insert, now
from bot.learning.masking import Known, key_of, template
from bot.learning.models import CLOSE, HANDOFF, OUT_OF_SCOPE, UNCLEAR, Candidate, Sighting
from bot.shipments.models import Party
from bot.wording import texts

FALLBACK, NONE_OF_OURS = "nlu_fallback", "out_of_scope"
UNCLEAR_ACTION, HANDOFF_ACTION = "action_unclear", "action_handoff"
READ = ("session_started", "user", "action", "active_loop")
"""Types of the events that are looked at; the rest need not be given."""
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
        if self.intent == NONE_OF_OURS:
            return OUT_OF_SCOPE
        if self.unclear or self.intent == FALLBACK:
            return UNCLEAR
        first, second = ([confidence for _, confidence in self.ranking] + [0.0, 0.0])[:2]
        return CLOSE if first - second < catalog.read("learning")["least_margin"] else None


def note_turn(session: Session, conversation_id: str, language: str, events: Iterable[Row]) -> None:
    """Keeps what the turn's message may teach."""
    lines = ((said, said.reason) for said in _said(events, language))
    _keep(session, conversation_id, [(said, reason) for said, reason in lines if reason])


def note_tap(session: Session, said_before: int | None, payload: str) -> None:
    """A guess tapped right after a message (an inbox id) that was not understood says what was meant by it.

    Only there are guesses offered; after another answer a choice goes on with what that one began. What stands beside
    them (a person, a yes in a form) has no title that names a wish.
    """
    intent = payload.lstrip("/").partition("{")[0]
    if said_before is None or f"intent_{intent}" not in texts("zh"):
        return
    sighting = session.get(Sighting, said_before)
    if sighting is not None and sighting.reason == UNCLEAR:
        session.execute(update(Candidate).where(Candidate.id == sighting.candidate_id).values(suggested=intent))


def note_handoff(
    session: Session, conversation_id: str, language: str, handoff_id: int, reason: str, events: Iterable[Row]
) -> None:
    """Keeps the last lines that a person was asked for after. `events` are the conversation's last, oldest first."""
    if reason not in NOT_ABOUT_WORDS:
        handoff = {"handoff_id": handoff_id, "handoff_reason": reason, "outcome": None}
        _keep(session, conversation_id, _before_handoff(events, language), **handoff)


def note_wish(session: Session, conversation_id: str, language: str, events: Iterable[Row]) -> None:
    """The same where a person was asked for while the desk was closed."""
    _keep(session, conversation_id, _before_handoff(events, language))


def asks_for_person(events: Iterable[Row]) -> bool:
    """Whether the dialogue tried to pass the chat on."""
    return any(event["type_name"] == "action" and event["action_name"] == HANDOFF_ACTION for event in events)


def _before_handoff(events: Iterable[Row], language: str) -> list[tuple[Said, str]]:
    figures = catalog.read("learning")
    lines = [said for said in _said(events, language) if not said.is_tap and not said.in_form]
    telling = [said for said in lines if said.intent not in figures["says_nothing"]]
    return [(said, HANDOFF) for said in telling[-figures["before_handoff"] :]]


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


def _keep(session: Session, conversation_id: str, lines: Iterable[tuple[Said, str]], **handoff: Any) -> None:
    """One more sighting of each line, with its reason; a message that was seen before only learns of its handoff."""
    new = []
    for said, reason in lines:
        seen = session.get(Sighting, said.inbox_id)
        if seen is None:
            new.append((said, reason))
            continue
        for name, value in handoff.items():
            setattr(seen, name, value)
    at = now()
    for key, line, said, reason in _masked(new, _known(session, conversation_id)) if new else ():
        where = {"candidate_id": _candidate(session, key, line, said, at), "conversation_id": conversation_id}
        session.add(Sighting(inbox_id=said.inbox_id, reason=reason, at=at, **where, **handoff))
        session.flush()


def _masked(lines: Iterable[tuple[Said, str]], known: Known) -> list[tuple[str, str, Said, str]]:
    """(key, line with marks, and what was given) of those that teach something.

    They are in one order everywhere: two chats that say the same lines the other way round would lock each other out.
    """
    longest = catalog.read("learning")["longest"]
    found = [(template(said.text, said.entities, known), said, reason) for said, reason in lines if said.ranking]
    kept = [(key_of(line), line, said, reason) for line, said, reason in found if line and len(line) <= longest]
    return sorted(kept, key=lambda one: one[0])


def _known(session: Session, conversation_id: str) -> Known:
    """Of the customer, and of the people on parcels that this conversation has shown to be its own."""
    shown = select(Party.name, Party.address).join(Verification, Verification.waybill == Party.waybill)
    parties = session.execute(shown.where(Verification.conversation_id == conversation_id)).all()
    customer = customer_of(session, conversation_id)
    names = [customer.name if customer else None, *(party.name for party in parties)]
    return Known(tuple(filter(None, names)), tuple(party.address for party in parties if party.address))


def _candidate(session: Session, key: str, line: str, said: Said, at: datetime) -> int:
    """The candidate of this line, made now where it is new, with one more message: others may say the same now, and
    somebody who said it may be erased now.
    """
    last = {"last_seen_at": at, "ranking": said.ranking}
    row = {"text": line, "text_hash": key, "language": said.language, "seen": 1, **last}
    more = {"seen": Candidate.seen + 1, **last}
    session.execute(
        insert(session, Candidate).values(**row).on_conflict_do_update(index_elements=["text_hash"], set_=more)
    )
    return int(session.execute(select(Candidate.id).where(Candidate.text_hash == key)).scalar_one())
