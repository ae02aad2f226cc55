"""What a parcel costs: the route and the load asked for naturally, the sum told part by part."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.forms import Ask, Intake, Taken
from actions.hearing import Heard, hear
from actions.loads import NO_WEIGHT, Load, is_same_city, load_of, load_slots
from actions.naming import PLACE_PROBLEMS, ends, listed, place_problem, place_words, slots_set, span
from actions.support import Events, language
from bot import catalog, freight
from bot.wording import say

QUOTE_SLOTS = ("quote_from", "quote_to", "quote_weight", "quote_size", "quote_value")

_HOW = re.compile(r"怎么|怎麼|如何|规则|标准|首重|续重|\bhow (?:is|are|do you)\b|\bcalculat", re.IGNORECASE)
_HOW_LONG = re.compile(r"多久|几天|時效|时效|多长时间|how long|how many days|when\b", re.IGNORECASE)
_ONLY_LOAD = re.compile(
    r"(?:[\W\d_]|那|如果|要是|改成|换成|换|改|再|加上?|是|的|呢|保价|价值|声明|体积|尺寸|重量|长|宽|高|元|块|万|千|百"
    r"|公斤|千克|斤|克|厘米|\b(?:and|with|what|how|about|if|of|it|is|at|for|a|the|declared|value|worth|insured|size|weight"
    r"|yuan|rmb)\b|(?<![a-z])(?:kg|kgs|kilos?|g|cm|x|by|k)(?![a-z]))*",
    re.IGNORECASE,
)
"""A message of load facts alone: a new weight, size or value, however it is asked."""
_UNSURE = re.compile(r"不知道|不清楚|不确定|没称|没秤|说不准|不好说|not sure|no idea|don'?t know|unsure", re.IGNORECASE)


class ValidateQuoteForm(Intake):
    """Route, then weight or size. What was given stays: a weight alone completes the route told before."""

    form = "quote_form"
    own = frozenset({"quote_freight"})  # a number that is no weight, a waybill say, goes on to whom it concerns

    async def take(self, heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
        asked = slots["requested_slot"]
        told = load_slots(tracker, asked)
        if asked is None and not told and (not heard.text or _HOW.search(heard.text)):
            return Taken(dict.fromkeys(QUOTE_SLOTS))  # the button of a menu, or how freight is reckoned at all
        if asked == "quote_weight" and not told and (heard.has_none or _UNSURE.search(heard.text)):
            told = {"quote_weight": NO_WEIGHT}
        if asked in ("quote_from", "quote_to") and not told and is_same_city(tracker):
            told = {asked: slots["quote_from"] or slots["quote_to"]}
        problem = {"problem": place_problem(tracker)} if place_problem(tracker) else {}
        answers = asked is not None and bool(told) and not heard.asks and not _HOW_LONG.search(heard.text)
        return Taken({**told, **problem}, whole=answers)

    def next_question(self, slots: dict[str, Any]) -> str | None:
        load = load_of(slots)
        if load.origin is None and load.destination is None:
            return "quote_route"
        if load.origin is None or load.destination is None:
            return "quote_from" if load.origin is None else "quote_to"
        return None if slots["quote_weight"] or load.size else "quote_weight"


class _AskQuote(Ask):
    problems: ClassVar[tuple[str, ...]] = PLACE_PROBLEMS

    async def values(self, tracker: Tracker) -> dict[str, Any]:
        load = load_of(tracker.slots)
        return {**catalog.figures(), **_first_kg(load), **ends(load, tracker), **place_words(tracker)}


class ActionAskQuoteFormQuoteRoute(_AskQuote):
    question = "quote_form_quote_route"


class ActionAskQuoteFormQuoteFrom(_AskQuote):
    question = "quote_form_quote_from"


class ActionAskQuoteFormQuoteTo(_AskQuote):
    question = "quote_form_quote_to"


class ActionAskQuoteFormQuoteWeight(_AskQuote):
    question = "quote_form_quote_weight"
    problems = ()


class ActionQuoteFreight(Action):
    """The sum with each of its parts, of what the form has collected."""

    def name(self) -> str:
        return "action_quote_freight"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        tell_quote(dispatcher, tracker, load_of(tracker.slots))
        return [SlotSet("sending_asked", "quote")]


class ActionQuoteAside(Action):
    """A question about freight inside another form: answered from what is known, without questions of its own."""

    def name(self) -> str:
        return "action_quote_aside"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        told = load_slots(tracker)
        tell_quote(dispatcher, tracker, load_of({**tracker.slots, **told}))
        return slots_set(told)


def requote(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events | None:
    """A weight, size or value told after a quote changes it; None where none is told, or something else is asked."""
    told = load_slots(tracker)
    changes = told.keys() & {"quote_weight", "quote_size", "quote_value"}
    if tracker.get_slot("sending_asked") != "quote" or tracker.active_loop_name or not changes:
        return None
    if hear(tracker).asks and not _ONLY_LOAD.fullmatch(tracker.latest_message["text"]):
        return None
    tell_quote(dispatcher, tracker, load_of({**tracker.slots, **told}))
    return slots_set(told)


def tell_quote(dispatcher: CollectingDispatcher, tracker: Tracker, load: Load) -> None:
    if load.origin is None or load.destination is None:
        dispatcher.utter_message(response="utter_quote_freight", **catalog.figures())
        return
    if freight.is_too_large(load.kg, load.size):
        dispatcher.utter_message(response="utter_quote_too_large", **catalog.figures())
        return
    asks_first = load.value > catalog.figure("declared_most")
    sum_of = freight.estimate(
        load.origin, load.destination, kg=load.kg, size=load.size, value=0 if asks_first else load.value
    )
    dispatcher.utter_message(
        response="utter_quote_freight_estimate",
        **ends(load, tracker),
        yuan=f"{sum_of.total.normalize():f}",
        parts=_parts(sum_of, load, language(tracker)),
        days=span(sum_of.days),
    )


def _first_kg(load: Load) -> dict[str, str]:
    """What the lane costs at least, told while its weight is asked."""
    if load.origin is None or load.destination is None:
        return {}
    first, second = (freight.estimate(load.origin, load.destination, kg=kg) for kg in (1, 2))
    return {"first": f"{first.freight:g}", "further": f"{second.freight - first.freight:g}", "days": span(first.days)}


def _parts(told: freight.Estimate, load: Load, speech: str) -> str:
    """运费 48 元（体积重 10 公斤）、偏远附加 10 元: each part that is there."""
    if load.kg is None:
        basis = "size" if told.by_volume else "first"
    else:
        basis = "volume" if told.by_volume else "weight"
    volumetric = f"{told.volumetric or 0:g}"
    parts = [say(speech, f"quote_part_{basis}", yuan=f"{told.freight:g}", kg=told.kg, volumetric=volumetric)]
    if told.remote:
        parts.append(say(speech, "quote_part_remote", yuan=f"{told.remote:g}"))
    elif told.remote_most:
        parts.append(say(speech, "quote_part_remote_most", yuan=f"{told.remote_most:g}"))
    if told.oversize:
        parts.append(say(speech, "quote_part_oversize", yuan=f"{told.oversize:g}"))
    if told.declared:
        parts.append(say(speech, "quote_part_declared", yuan=f"{told.declared.normalize():f}", value=load.value))
    elif load.value:
        parts.append(say(speech, "quote_part_declared_first", value=catalog.figure("declared_most")))
    return listed(parts, speech)
