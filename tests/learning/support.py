"""A brain for tests that reads lines as it is told, and leaves the events the real one leaves."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from bot.conversations.answers import Answer, Question, Reply

SURE = {"track_shipment": 0.97, "ask_eta": 0.02}
TORN = {"track_shipment": 0.41, "ask_eta": 0.38}
LOST = {"ask_eta": 0.2, "track_shipment": 0.15}
STRANGE = {"out_of_scope": 0.9, "ask_bot": 0.05}


def brain(
    readings: dict[str, dict[str, float]],
    entities: dict[str, list[tuple[str, int, int]]] | None = None,
    choice: str = "/track_shipment",
) -> Callable[[Question], Awaitable[Answer]]:
    """Of each text its intents with confidences (unlisted: SURE); 人工 asks for a person. Taps are answered."""

    async def answer(question: Question) -> Answer:
        reading = readings.get(question.text, SURE)
        lost = max(reading.values()) < 0.35
        marks = (entities or {}).get(question.text, ())
        events = [
            _user(question, reading, lost, marks),
            row("action", "action_unclear" if lost else "utter_x"),
        ]
        if "人工" in question.text:
            events[0] = _user(question, {"request_human": 0.99}, False, ())
            return Answer(events=events, handoff={"reason": "not_understood", "packet": {"last_text": question.text}})
        return Answer(replies=[Reply("是哪一个？", choices=(("查快递", choice),))], events=events, language="zh")

    return answer


def _user(question: Question, reading: dict[str, float], lost: bool, marks: Any) -> dict[str, Any]:
    ranking = [{"name": name, "confidence": confidence} for name, confidence in reading.items()]
    first = {"name": "nlu_fallback", "confidence": 0.65} if lost else ranking[0]
    parsed = {
        "intent": first,
        "intent_ranking": [first, *ranking] if lost else ranking,
        "entities": [{"entity": kind, "start": start, "end": end} for kind, start, end in marks],
    }
    data = {"text": question.text, "message_id": str(question.inbox_id), "parse_data": parsed}
    return {**row("user"), "intent_name": first["name"], "data": json.dumps(data)}


def row(type_name: str, action_name: str | None = None) -> dict[str, Any]:
    """A row of the dialogue's events, as bot.tracker makes it."""
    return {"type_name": type_name, "timestamp": 1.0, "action_name": action_name, "intent_name": None, "data": "{}"}
