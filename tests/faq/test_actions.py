"""Which answer and which figures a question gets."""

import asyncio
from typing import Any

import pytest
from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.faq import (
    ActionAnswer,
    ActionAskTransitTime,
    ActionFaqProhibited,
    ActionFindOutlet,
    ActionQuoteFreight,
)
from bot.nlu.facts import find_facts


def answer(action: Action, intent: str, text: str, language: str | None = "zh") -> dict[str, Any]:
    """The one message that `action` sends on `text`: its response and the values for it."""
    entities = [{"entity": fact.kind, "value": fact.value, "role": fact.role} for fact in find_facts(text)]
    message = {"text": text, "intent": {"name": intent}, "entities": entities}
    tracker = Tracker("customer", {"language": language}, message, [], False, None, {}, "action_listen")
    dispatcher = CollectingDispatcher()
    asyncio.run(action.run(dispatcher, tracker, {}))
    [sent] = dispatcher.messages
    return sent


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


def test_two_cities_and_a_weight_get_an_estimate() -> None:
    sent = answer(ActionQuoteFreight(), "quote_freight", "从上海寄到北京3公斤多少钱")
    assert sent["response"] == "utter_quote_freight_estimate"
    assert [sent[key] for key in ("from_city", "to_city", "weight", "yuan")] == ["上海", "北京", "3", "20"]


def test_the_destination_may_be_named_first() -> None:
    sent = answer(ActionQuoteFreight(), "quote_freight", "to Beijing from Shanghai, 3kg", "en")
    assert (sent["from_city"], sent["to_city"]) == ("Shanghai", "Beijing")


def test_a_quote_without_weight_is_for_the_first_kilogramme() -> None:
    assert answer(ActionQuoteFreight(), "quote_freight", "上海到北京运费")["weight"] == "1"


def test_a_quote_for_an_unknown_route_tells_how_freight_is_reckoned() -> None:
    sent = answer(ActionQuoteFreight(), "quote_freight", "寄北京多少钱")
    assert sent["response"] == "utter_quote_freight" and sent["same_city_first_kg"] == 8


def test_transit_time_is_told_for_the_route_or_in_general() -> None:
    assert answer(ActionAskTransitTime(), "ask_transit_time", "上海到拉萨几天")["days"] == "5-8"
    assert answer(ActionAskTransitTime(), "ask_transit_time", "一般几天到")["response"] == "utter_ask_transit_time"


def test_outlets_of_a_known_city_are_listed_in_the_language_of_the_reply() -> None:
    sent = answer(ActionFindOutlet(), "find_outlet", "outlet in Chengdu", "en")
    assert sent["response"] == "utter_outlets" and sent["city"] == "Chengdu" and sent["count"] == 3
    assert len(sent["outlets"].splitlines()) == 3 and "Jinjiang Chunxi outlet" in sent["outlets"]


def test_a_city_without_listed_outlets_is_said_honestly() -> None:
    assert answer(ActionFindOutlet(), "find_outlet", "拉萨的网点在哪")["response"] == "utter_no_outlet_listed"


def test_without_a_city_the_bot_asks_for_one() -> None:
    sent = answer(ActionFindOutlet(), "find_outlet", "附近网点", None)
    assert sent["response"] == "utter_find_outlet" and "上海、北京" in sent["cities"]
