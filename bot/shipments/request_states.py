"""The life of a service request as data: the same table for the chat and the desk.

    requested → accepted → done | refused;  cancelled by the customer while nothing is done
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.shipments.errors import StepNotAllowed

REQUESTED = "requested"
STATES = (REQUESTED, "accepted", "done", "refused", "cancelled")
OPEN = STATES[:2]


@dataclass(frozen=True)
class Step:
    """`proven`: only for a request whose customer has shown who they are."""

    sources: tuple[str, ...]
    target: str
    proven: bool = False


STEPS = {
    "accept": Step((REQUESTED,), "accepted", proven=True),
    "finish": Step(("accepted",), "done", proven=True),
    "refuse": Step(OPEN, "refused"),
    "cancel": Step(OPEN, "cancelled"),
}


def allowed(state: str, *, proven: bool) -> list[str]:
    """Names of the steps that a request may take from this state."""
    return [name for name, step in STEPS.items() if state in step.sources and (proven or not step.proven)]


def after(state: str, name: str, *, proven: bool) -> str:
    """The state that step `name` leads to. Raises StepNotAllowed, which names the allowed ones."""
    choices = allowed(state, proven=proven)
    if name not in choices:
        raise StepNotAllowed(name, state, choices)
    return STEPS[name].target
