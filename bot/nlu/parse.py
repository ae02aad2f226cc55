"""Reading lines with a trained model, outside a conversation."""

import asyncio
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

FALLBACK = "nlu_fallback"
RANKED = 5
OURS = ("language", "also")
"""Entities that fill slots and mark nothing in the text."""


def parse_lines(model: Path, lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """One reading a line: {"text", "intent", "confidence", "ranking", "also", "entities", "language"}.

    `intent` is "nlu_fallback" where the model is too unsure to act; `ranking` still names what it thought of. Offsets
    are code points, end exclusive, and `value` is the text between them as written.
    """
    from rasa.core.agent import Agent

    agent = Agent.load(str(model))
    loop = asyncio.new_event_loop()
    try:
        for line in lines:
            text = line.rstrip("\n")
            # A leading "/" is Rasa's command sign; in a customer's line it is text.
            safe = "／" + text[1:] if text.startswith("/") else text
            yield _reading(text, loop.run_until_complete(agent.parse_message(safe)))
    finally:
        loop.close()


def _reading(text: str, parsed: dict[str, Any]) -> dict[str, Any]:
    ranking = [[rank["name"], rank["confidence"]] for rank in parsed["intent_ranking"] if rank["name"] != FALLBACK]
    entities = [_entity(text, entity) for entity in parsed["entities"] if entity["entity"] not in OURS]
    language = [entity["value"] for entity in parsed["entities"] if entity["entity"] == "language"]
    return {
        "text": text,
        "intent": parsed["intent"]["name"],
        "confidence": ranking[0][1],
        "ranking": ranking[:RANKED],
        "also": parsed.get("also"),
        "entities": entities,
        "language": language[0] if language else None,
    }


def _entity(text: str, entity: dict[str, Any]) -> dict[str, Any]:
    start, end = entity["start"], entity["end"]
    found = {"entity": entity["entity"], "value": text[start:end], "start": start, "end": end}
    return {**found, "role": entity["role"]} if entity.get("role") else found
