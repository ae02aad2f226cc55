"""Rules as Rasa has them, and one thing after all of them: what else the customer asked in the same message."""

from __future__ import annotations

import json
from collections import defaultdict
from functools import lru_cache
from typing import Any

from rasa.core.policies.policy import PolicyPrediction
from rasa.core.policies.rule_policy import RulePolicy
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.shared.core.constants import ACTION_LISTEN_NAME, PREVIOUS_ACTION, SHOULD_NOT_BE_SET, USER
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import ACTION_NAME, INTENT

OFFER = "action_offer_also"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=True)
class OfferingRulePolicy(RulePolicy):
    """When a request is served and no form is open, the second intent of the message (slot `also`) is offered next.

    No rule can say so: it comes after every one of them.
    """

    def _get_possible_keys(self, lookup: dict[str, str], states: list[dict[str, Any]]) -> set[str]:
        """As Rasa's, which compares every rule: here those alone that end with what was done and heard last."""
        done, heard = _end(states[-1]) if states else (None, None)
        ends = _by_end(tuple(lookup))
        candidates = {*ends.get((done, heard), ()), *ends.get((done, None), ())}
        return set(super()._get_possible_keys({key: lookup[key] for key in candidates}, states))

    def predict_action_probabilities(
        self, tracker: DialogueStateTracker, domain: Domain, rule_only_data: dict[str, Any] | None = None, **kwargs: Any
    ) -> PolicyPrediction:
        prediction = super().predict_action_probabilities(tracker, domain, rule_only_data, **kwargs)
        following = _following(tracker, domain.action_names_or_texts[prediction.max_confidence_index])
        if following:
            prediction.probabilities = self._prediction_result(following, tracker, domain)
        return prediction


@lru_cache(maxsize=8)
def _by_end(rules: tuple[str, ...]) -> dict[tuple[str | None, str | None], list[str]]:
    """Rules (JSON lists of states) by the action and the intent of their last state; None where it names none."""
    ends = defaultdict(list)
    for rule in rules:
        ends[_end(json.loads(rule)[-1])].append(rule)
    return ends


def _end(state: dict[str, Any]) -> tuple[str | None, str | None]:
    intent = state.get(USER, {}).get(INTENT)
    return state.get(PREVIOUS_ACTION, {}).get(ACTION_NAME), None if intent == SHOULD_NOT_BE_SET else intent


def _following(tracker: DialogueStateTracker, likeliest: str) -> str | None:
    """What comes in place of the likeliest action: the offer when nothing else is left, and after it the customer."""
    if tracker.latest_action_name == OFFER:
        return ACTION_LISTEN_NAME
    nothing_left = likeliest == ACTION_LISTEN_NAME and not tracker.active_loop
    return OFFER if nothing_left and tracker.get_slot("also") else None
