"""What a claim may be worth, by the contract terms in catalog/compensation.yml. Pure; always an estimate."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bot import catalog

LOST, DAMAGE, SHORT, DELAY = "lost", "damage", "short", "delay"
KINDS = (LOST, DAMAGE, SHORT, DELAY)
CATEGORY = {LOST: "lost", DAMAGE: "damage", SHORT: "lost", DELAY: "delay"}
"""The category of the case that a claim opens."""
PROOFS = {
    LOST: ("value_proof",),
    DAMAGE: ("photos", "value_proof", "packing"),
    SHORT: ("photos", "value_proof", "packing"),
    DELAY: (),
}
"""What a carrier's contract asks for (domain facts 3.3): evidence the customer is told to have at hand."""


@dataclass(frozen=True)
class Estimate:
    """At most `amount` yuan by `rule`; None where what it depends on is not known.

    rule: declared (up to the declared value), undeclared (a multiple of the freight up to a cap), freight (of this
    parcel, for a delay). `source` names the contract the rule was taken from, by language.
    """

    rule: str
    amount: Decimal | None
    figures: dict[str, str]
    source: dict[str, str]


def estimate(
    kind: str,
    *,
    carrier: str | None = None,
    declared: Decimal | None = None,
    freight: Decimal | None = None,
    value: Decimal | None = None,
) -> Estimate:
    """`declared` is None where nothing was declared; `value` is what the customer says was lost, in yuan."""
    rules = _rules(carrier)
    if kind == DELAY:
        return Estimate("freight", freight, {}, rules["delay_source"])
    if declared:
        most = declared if value is None else min(declared, value)
        return Estimate("declared", most, {"declared": f"{declared:g}"}, rules["declared_source"])
    cap, multiple = Decimal(rules["cap"]), rules["multiple"]
    by_freight = cap if freight is None else min(cap, freight * multiple)
    most = by_freight if value is None else min(by_freight, value)
    figures = {"multiple": str(multiple), "cap": f"{cap:g}"}
    return Estimate("undeclared", most if freight is not None else None, figures, rules["undeclared_source"])


def missing(kind: str, *, photos: int, value_known: bool) -> list[str]:
    """What of PROOFS the customer has not given yet, as keys of the wording. Packing is always to be kept."""
    given = {"photos": photos > 0, "value_proof": False, "packing": False}
    asked = [proof for proof in PROOFS[kind] if not given[proof]]
    return asked if value_known or kind == DELAY else [*asked, "value"]


def _rules(carrier: str | None) -> dict[str, Any]:
    content = catalog.read("compensation")
    own: dict[str, Any] = next((terms for terms in content["carriers"] if terms["code"] == carrier), {})
    general = content["figures"]
    return {
        "multiple": own.get("uninsured_multiple", general["uninsured_multiple"]["value"]),
        "cap": own.get("uninsured_cap", general["uninsured_cap"]["value"]),
        "undeclared_source": own.get("says") or content["says"]["undeclared"],
        "declared_source": content["says"]["declared"],
        "delay_source": content["says"]["delay"],
    }
