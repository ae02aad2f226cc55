"""Which answer and which figures a question gets."""

import pytest

from actions.faq import ActionAnswer, ActionFaqProhibited
from tests.faq.talk import answer


def test_an_answer_is_named_after_the_intent_and_brings_the_catalog_s_figures() -> None:
    sent = answer(ActionAnswer(), "faq_hours", "几点下班")
    assert sent["response"] == "utter_faq_hours" and sent["desk_hours"] == "8:00-22:00"


@pytest.mark.parametrize(
    ("text", "response"),
    [("能寄打火机吗", "forbidden"), ("充电宝可以寄吗", "conditional"), ("书可以寄吗", "allowed")],
)
def test_a_named_item_is_answered_by_its_verdict(text: str, response: str) -> None:
    assert answer(ActionFaqProhibited(), "faq_prohibited", text)["response"] == f"utter_faq_prohibited_{response}"


def test_the_item_is_named_in_the_language_of_the_reply() -> None:
    assert answer(ActionFaqProhibited(), "faq_prohibited", "能寄充电宝吗")["item"] == "充电宝和锂电池"
    sent = answer(ActionFaqProhibited(), "faq_prohibited", "can I send a power bank", "en")
    assert sent["item"] == "power banks and lithium batteries" and "road" in sent["advice"]


def test_without_an_item_the_general_rule_is_told() -> None:
    assert answer(ActionFaqProhibited(), "faq_prohibited", "/faq_prohibited")["response"] == "utter_faq_prohibited"
