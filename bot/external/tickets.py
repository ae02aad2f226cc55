"""A case as a ticket: one table for its states both ways, and what is written into it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.cases.models import Case, CaseEvent
from bot.cases.states import TRANSITIONS, allowed
from bot.external.desks import LANGUAGE
from bot.privacy import mask_name, mask_phone, mask_text
from bot.wording import say, texts

PENDING = "pending reminder"
REMINDED_AFTER = timedelta(days=2)
"""Zammad takes no pending state without a time."""
BY = "Zammad "
"""Begins the actor of what was done there, so that it is not told there again."""


@dataclass(frozen=True)
class Standing:
    """A state of Zammad's: the states of ours it stands for, and the transitions into them that its agents may ask for.

    The first that our own table of states allows is taken. What needs words for the customer is done at our desk.
    """

    ours: tuple[str, ...]
    asks_for: tuple[str, ...] = ()


STANDINGS = {
    "new": Standing(("new",)),
    "open": Standing(
        ("acknowledged", "triaged", "investigating"),
        ("acknowledge", "third_party_answered", "customer_answered", "reopen"),
    ),
    PENDING: Standing(("waiting_customer", "waiting_third_party", "proposed"), ("ask_third_party",)),
    "closed": Standing(("resolved", "closed", "withdrawn", "merged", "rejected"), ("settle", "accept")),
}
"""States as a fresh Zammad has them (docs.zammad.org, ticket states); others are its own business."""
SHOWN = {ours: theirs for theirs, standing in STANDINGS.items() for ours in standing.ours}
PRIORITIES = {"P1": "3 high", "P2": "3 high", "P3": "2 normal", "P4": "2 normal", "P5": "1 low"}


def asked_for(theirs: str, state: str, kind: str) -> str | None:
    """The transition that a ticket put into state `theirs` asks for; None where ours allows none."""
    possible = allowed(state, kind)
    return next((name for name in STANDINGS[theirs].asks_for if name in possible), None)


def title(case: Case) -> str:
    """Begins with the case's number, by which a ticket is found again."""
    return " ".join(filter(None, (case.number, _word("kind", case.kind), _word("category", case.category or ""))))


def first_words(case: Case) -> str:
    """What the case was opened with: the name and long numbers starred, but for the waybill that is worked with."""
    lines = (
        ("case", title(case)),
        ("description", mask_text(case.description)),
        ("remedy", mask_text(case.remedy or "")),
        ("waybill", case.waybill or ""),
        ("name", mask_name(case.contact_name or "")),
        ("phone", mask_phone(case.phone) if case.phone else ""),
    )
    return "\n".join(say(LANGUAGE, f"desk_other_{name}", value=value) for name, value in lines if value)


def is_told(event: CaseEvent) -> bool:
    """Steps of its life and words about it; not how it is weighed, and nothing that came from there."""
    is_step = event.transition in TRANSITIONS and event.transition != "acknowledge"
    return (is_step or event.transition == "add_detail") and not event.actor.startswith(BY)


def words(event: CaseEvent) -> str:
    lines = (
        f"{_word('transition', event.transition)} · {_word('actor', event.actor)}",
        mask_text(event.message or ""),
        mask_text(event.note or ""),
    )
    return "\n".join(line for line in lines if line)


def subject(number: str, event_id: int) -> str:
    """Ours alone, by which an article is found again."""
    return f"{number} #{event_id}"


def is_internal(event: CaseEvent) -> bool:
    """What the customer neither said nor was told."""
    return event.message is None and event.actor != "customer"


def not_allowed(case: Case) -> str:
    names = [_word("transition", name) for name in allowed(case.state, case.kind)]
    possible = "、".join(names) or say(LANGUAGE, "desk_other_nothing_allowed")
    return say(LANGUAGE, "desk_other_not_allowed", state=_word("state", case.state), allowed=possible)


def _word(group: str, code: str) -> str:
    return texts(LANGUAGE).get(f"desk_{group}_{code}", code)
