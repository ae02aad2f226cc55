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


BEFORE_RESULT = STATES[:6]
"""The clocks run: no result has been told, or the one that was told was not taken."""
FINISHED = ("resolved", "closed")
"""May be opened again."""


@dataclass(frozen=True)
class Transition:
    """`kinds` narrows it to kinds of case that need no proposal; none means every kind.

    by: desk (any agent, or the customer), supervisor, system (only the clock).
    told: the customer is told of it, unless it was the customer's doing. needs: words that the desk has to give with
    it, `message` for the customer or `other`, the number of another case.
    """

    sources: tuple[str, ...]
    target: str
    kinds: tuple[str, ...] = KINDS
    by: str = "desk"
    told: bool = True
    needs: str | None = None


TRANSITIONS = {
    "acknowledge": Transition(("new",), "acknowledged", told=False),  # the customer has just been given the number
    "triage": Transition(("new", "acknowledged"), "triaged"),
    "investigate": Transition(("acknowledged", "triaged"), "investigating"),
    "first_check": Transition(("acknowledged", "triaged", "investigating"), "investigating", needs="message"),
    "ask_customer": Transition(("triaged", "investigating"), "waiting_customer", needs="message"),
    "customer_answered": Transition(("waiting_customer",), "investigating", told=False),
    "ask_third_party": Transition(("triaged", "investigating"), "waiting_third_party"),
    "third_party_answered": Transition(("waiting_third_party",), "investigating"),
    # A visit later than agreed needs a supervisor's word (seed 000: 延期须请示); the customer is told the new time.
    "extend": Transition(
        ("acknowledged", "triaged", "investigating"), "investigating", ("after_sales",), "supervisor", needs="message"
    ),
    "propose": Transition(("investigating",), "proposed", needs="message"),
    "accept": Transition(("proposed",), "resolved"),
    "refuse": Transition(("proposed",), "investigating"),
    "lapse": Transition(("proposed",), "resolved", by="system"),
    "settle": Transition(
        ("new", "acknowledged", "triaged", "investigating"), "resolved", ("suggestion", "praise", "callback")
    ),
    "close": Transition(("resolved",), "closed"),
    "reopen": Transition(FINISHED, "investigating"),
    "withdraw": Transition(UNFINISHED, "withdrawn"),
    "merge": Transition(UNFINISHED, "merged", needs="other"),
    "reject": Transition(("acknowledged", "triaged", "investigating"), "rejected", by="supervisor", needs="message"),
}


def allowed(state: str, kind: str) -> list[str]:
    """Names of the transitions that somebody may take a case of this kind through from this state."""
    return [
        name
        for name, step in TRANSITIONS.items()
        if state in step.sources and kind in step.kinds and step.by != "system"
    ]


def after(state: str, kind: str, name: str) -> str:
    """The state that transition `name` leads to. Raises NotAllowed, which names the allowed ones."""
    step = TRANSITIONS.get(name)
    if step is None or state not in step.sources or kind not in step.kinds:
        raise NotAllowed(name, state, allowed(state, kind))
    return step.target
