"""The life of a case as data: the same table for the dialogue and the desk (domain-facts §4).

    new → acknowledged → triaged → investigating ⇄ waiting_customer | waiting_third_party → proposed → resolved → closed

Side ends: withdrawn, merged, rejected. A reopened case is investigated again, and counted.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.cases.errors import NotAllowed

KINDS = ("complaint", "claim", "suggestion", "praise", "after_sales", "callback")
CATEGORIES = (
    "delay", "lost", "damage", "false_delivery", "no_doorstep", "attitude", "overcharge", "cod", "privacy", "other",
)  # fmt: skip

NEW = "new"
STATES = (
    NEW, "acknowledged", "triaged", "investigating", "waiting_customer", "waiting_third_party", "proposed",
    "resolved", "closed", "withdrawn", "merged", "rejected",
)  # fmt: skip
UNFINISHED = STATES[:7]
"""Someone still has something to do; a further word on the same matter joins the case."""


@dataclass(frozen=True)
class Transition:
    """`kinds` narrows it to kinds of case that need no proposal; none means every kind."""

    sources: tuple[str, ...]
    target: str
    kinds: tuple[str, ...] = KINDS


TRANSITIONS = {
    "acknowledge": Transition(("new",), "acknowledged"),
    "triage": Transition(("new", "acknowledged"), "triaged"),
    "investigate": Transition(("acknowledged", "triaged"), "investigating"),
    "ask_customer": Transition(("triaged", "investigating"), "waiting_customer"),
    "customer_answered": Transition(("waiting_customer",), "investigating"),
    "ask_third_party": Transition(("triaged", "investigating"), "waiting_third_party"),
    "third_party_answered": Transition(("waiting_third_party",), "investigating"),
    "propose": Transition(("investigating",), "proposed"),
    "accept": Transition(("proposed",), "resolved"),
    "refuse": Transition(("proposed",), "investigating"),
    "settle": Transition(
        ("new", "acknowledged", "triaged", "investigating"), "resolved", ("suggestion", "praise", "callback")
    ),
    "close": Transition(("resolved",), "closed"),
    "reopen": Transition(("resolved", "closed"), "investigating"),
    "withdraw": Transition(UNFINISHED, "withdrawn"),
    "merge": Transition(UNFINISHED, "merged"),
    "reject": Transition(("acknowledged", "triaged", "investigating"), "rejected"),
}


def allowed(state: str, kind: str) -> list[str]:
    """Names of the transitions a case of this kind may take from this state."""
    return [name for name, step in TRANSITIONS.items() if state in step.sources and kind in step.kinds]


def after(state: str, kind: str, name: str) -> str:
    """The state that transition `name` leads to. Raises NotAllowed, which names the allowed ones."""
    choices = allowed(state, kind)
    if name not in choices:
        raise NotAllowed(name, state, choices)
    return TRANSITIONS[name].target
