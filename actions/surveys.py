"""How it went: five dimensions from 1 to 5, one tap each, every one can be skipped; a low score leads to a call."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy.orm import Session

from actions.forms import Ask, Intake, Taken
from actions.hearing import Heard
from actions.support import Events, button, cleared, language, message_key, reading, service
from bot.cases import service as cases
from bot.cases.surveys import DIMENSIONS, LEAST, MOST, record_survey
from bot.wording import say

QUESTIONS = tuple(f"survey_{dimension}" for dimension in DIMENSIONS)
SLOTS = ("survey_case", *QUESTIONS, "survey_comment")
SKIPPED = 0
NO_COMMENT = "none"
LEAVING = frozenset({"cancel", "goodbye", "request_human"})
MOST_WORDS = 1000
_SCORE = re.compile(r"\W*(?:([1-5])|([一二三四五]))\s*(?:分|星|points?|stars?)?\W*", re.IGNORECASE)
_WORDS = {
    5: re.compile(
        r"^\W*(?:非常|很|特别|十分|都很)(?:满意|好|不错|棒)|\b(?:excellent|very (?:good|satisfied)|great)\b",
        re.IGNORECASE,
    ),
    4: re.compile(r"^\W*(?:比较|还)?(?:满意|不错|好)|\bgood\b|^\W*satisfied", re.IGNORECASE),
    3: re.compile(r"一般|还行|凑合|马马虎虎|\b(?:ok(?:ay)?|average|so.so|fair)\b", re.IGNORECASE),
    2: re.compile(r"^\W*(?:不太|不怎么|不)(?:满意|好|行)|\b(?:poor|not (?:so )?good|unsatisfied|bad)\b", re.IGNORECASE),
    1: re.compile(
        r"(?:非常|很|太|特别|十分)(?:不满意|差|糟|烂)|差劲|\b(?:terrible|awful|very (?:bad|poor))\b", re.IGNORECASE
    ),
}


class ValidateSurveyForm(Intake):
    form = "survey_form"
    own = frozenset({"rate_case", "provide_score", "provide_info", "praise", "suggest"})

    async def take(self, heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
        question = slots["requested_slot"]
        if question is None:
            number = heard.tapped.get("case_id") or await _newest(tracker.sender_id)
            return Taken({**dict.fromkeys(SLOTS), "survey_case": number or "none"})
        if heard.intent in LEAVING:
            return _left(slots) if heard.intent != "request_human" else Taken()
        if question == "survey_comment":
            skips = heard.intent in ("skip", "deny", "thank")
            return Taken({question: NO_COMMENT if skips else heard.text[:MOST_WORDS]}, whole=True)
        score = SKIPPED if heard.intent == "skip" else score_in(heard)
        return Taken({question: score}, whole=True) if score is not None else Taken()

    def next_question(self, slots: dict[str, Any]) -> str | None:
        if not slots["survey_case"]:
            return None
        unasked = (question for question in QUESTIONS if slots[question] is None)
        return next(unasked, None if slots["survey_comment"] else "survey_comment")


async def _newest(conversation_id: str) -> str | None:
    told = await reading(lambda session: cases.cases_of_conversation(session, conversation_id))
    return str(told[0]["number"]) if told else None


def _left(slots: dict[str, Any]) -> Taken:
    """What was answered so far counts; the rest is skipped."""
    rest = {question: SKIPPED for question in QUESTIONS if slots[question] is None}
    return Taken({**rest, "survey_comment": NO_COMMENT}, whole=True)


def score_in(heard: Heard) -> int | None:
    """A tapped score, a number, or words of praise and blame."""
    if "part" in heard.tapped:
        return int(heard.tapped["part"]) if heard.tapped["part"] in "12345" else None
    number = _SCORE.fullmatch(heard.text)
    if number:
        return int(number[1]) if number[1] else "一二三四五".index(number[2]) + 1
    return next((score for score in (1, 2, 5, 3, 4) if _WORDS[score].search(heard.text)), None)


class _AskScore(Ask):
    async def values(self, tracker: Tracker) -> dict[str, Any]:
        speech = language(tracker)
        best_first = range(MOST, LEAST - 1, -1)
        scores = [button(speech, f"score_{n}", f'/provide_score{{"part": "{n}"}}') for n in best_first]
        return {"buttons": [*scores, button(speech, "choice_skip", "/skip")]}


class ActionAskSurveySpeed(_AskScore):
    question = "survey_form_survey_speed"


class ActionAskSurveyQuality(_AskScore):
    question = "survey_form_survey_quality"


class ActionAskSurveyPrice(_AskScore):
    question = "survey_form_survey_price"


class ActionAskSurveyTransparency(_AskScore):
    question = "survey_form_survey_transparency"


class ActionAskSurveyProblemSolving(_AskScore):
    question = "survey_form_survey_problem_solving"


class ActionAskSurveyComment(Ask):
    question = "survey_form_survey_comment"

    async def values(self, tracker: Tracker) -> dict[str, Any]:
        return {"buttons": [button(language(tracker), "choice_nothing_more", "/skip")]}


class ActionSubmitSurvey(Action):
    def name(self) -> str:
        return "action_submit_survey"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        slots = tracker.slots
        scores = {name: slots[f"survey_{name}"] or None for name in DIMENSIONS}
        comment = None if slots["survey_comment"] in (None, NO_COMMENT) else slots["survey_comment"]
        if not comment and not any(scores.values()):
            dispatcher.utter_message(response="utter_survey_skipped")
            return cleared(*SLOTS)
        facts = {
            "key": message_key(tracker), "conversation_id": tracker.sender_id, "scores": scores, "comment": comment,
            "case_number": None if slots["survey_case"] == "none" else slots["survey_case"],
        }  # fmt: skip
        low = await service(lambda session: _record(session, facts, language(tracker)))
        dispatcher.utter_message(response="utter_survey_low" if low else "utter_survey_thanks")
        return cleared(*SLOTS)


def _record(session: Session, facts: dict[str, Any], speech: str) -> bool:
    """Whether somebody is to call: a low score opens a call back with what the case knows of the customer."""
    number = facts["case_number"]
    if number and not cases.is_own(session, number, facts["conversation_id"]):
        facts = {**facts, "case_number": None}
        number = None
    low = bool(record_survey(session, **facts)["follow_up"])
    if low:
        case = cases.get(session, number) if number else {}
        cases.open_case(
            session, key=f"{facts['key']}:follow_up", kind="callback", category=None, language=speech,
            description=say("zh", "survey_follow_up", number=number or "-", comment=facts["comment"] or "-"),
            conversation_id=facts["conversation_id"], waybill=case.get("waybill"), phone=case.get("phone"),
            contact_name=case.get("contact_name"),
        )  # fmt: skip
    return low
