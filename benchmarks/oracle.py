"""Whether anything was lost, doubled or mixed up. The client's own ledger is what counts, not the server's books.

What each message should be answered with is known from a rehearsal: the same chats, undisturbed.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from benchmarks.customers import Customer, Shown
from benchmarks.talks import Say

CASE_NUMBER = re.compile(r"YD\d{11}")
BOT_SIDE = ("bot", "system")
_CHANGING = re.compile(r"YD\d+|\d+")


@dataclass
class Verdict:
    """Counts over all chats, and every violation in words."""

    acknowledged: int = 0
    stored_once: int = 0
    to_bot: int = 0
    answered_once: int = 0
    confirmed: int = 0
    handed_off: int = 0
    still_handed_off: int = 0
    told_cases: set[str] = field(default_factory=set)
    violations: list[str] = field(default_factory=list)


Reply = tuple[str, str, tuple[str, ...], str]


def _as_rehearsed(message: Shown) -> Reply:
    """A reply without what differs from day to day and chat to chat: numbers, dates, places in the queue."""
    card = json.dumps(message["card"], ensure_ascii=False, sort_keys=True)
    titles = tuple(choice["title"] for choice in message["choices"])
    return message["from"], _CHANGING.sub("#", message["text"]), titles, _CHANGING.sub("#", card)


def expected_replies(customer: Customer, transcript: list[Shown]) -> list[list[Reply]]:
    """What each message of a rehearsal, in which every answer was waited for, was answered with."""
    ids = [sent.id for sent in customer.ledger] + [len(transcript) + 1]
    return [[_as_rehearsed(m) for m in transcript if a < m["id"] < b] for a, b in zip(ids, ids[1:], strict=False)]


def rehearsal_faults(plan: list[Say], expected: list[list[Reply]]) -> list[str]:
    """A rehearsal in which the bot was silent, or did not do what the plan is about, proves nothing."""
    faults = []
    for say, replies in zip(plan, expected, strict=True):
        text = " ".join(reply[1] for reply in replies)
        if say.for_agent == bool(replies):
            faults.append(f"“{say.text}” was answered with {replies} in the rehearsal")
        if say.confirms and "#" not in text:
            faults.append("a complaint got no case number in the rehearsal")
        if say.asks_person and not any(reply[0] == "system" for reply in replies):
            faults.append("nobody was queued in the rehearsal")
    return faults


def judge(
    verdict: Verdict, name: str, customer: Customer, transcript: list[Shown], rehearsed: list[list[Reply]]
) -> None:
    """Holds one chat's transcript, read at the end, against the customer's ledger and the rehearsal."""
    faults = [*customer.broken, *_ids(customer, transcript)]
    by_id = {message["id"]: message for message in transcript}
    for sent in customer.ledger:
        verdict.acknowledged += 1
        stored = by_id.get(sent.id)
        if stored is not None and stored["from"] == "customer" and stored["text"] == sent.say.text:
            verdict.stored_once += 1
        else:
            faults.append(f"acknowledged message {sent.id} is not in the transcript")
    own = [message for message in transcript if message["from"] == "customer"]
    if len(own) != len(customer.ledger):
        faults.append(f"{len(customer.ledger)} messages were acknowledged, {len(own)} are in the transcript")
    faults += _replies(verdict, customer, transcript, rehearsed)
    _cases(verdict, customer, transcript)
    verdict.violations += [f"{name}: {fault}" for fault in faults]


def _ids(customer: Customer, transcript: list[Shown]) -> list[str]:
    faults = []
    ids = [message["id"] for message in transcript]
    if ids != list(range(1, len(ids) + 1)):
        faults.append("the ids of the transcript have gaps or repeat")
    if transcript[: len(customer.seen)] != customer.seen:
        faults.append("what the stream brought is not what the transcript says")
    return faults


def _replies(
    verdict: Verdict, customer: Customer, transcript: list[Shown], rehearsed: list[list[Reply]]
) -> list[str]:
    """Each message's group of replies, in order. Hurried messages are answered in a row, so groups are told apart by
    what the rehearsal says each is.
    """
    given = [_as_rehearsed(message) for message in transcript if message["from"] in BOT_SIDE]
    faults, place = [], 0
    for sent, group in zip(customer.ledger, rehearsed, strict=False):
        if sent.say.for_agent:
            continue
        verdict.to_bot += 1
        found = given[place : place + len(group)]
        if found != group:
            return [f"message {sent.id} “{sent.say.text}” should be answered with {group}, not {found}"]
        verdict.answered_once += 1
        place += len(group)
    agents = [reply for reply in given[place:] if reply[0] == "system"]
    if any(reply[0] == "bot" for reply in given[place:]) or len(agents) > 1:
        faults.append(f"after the last answer came {given[place:]}")
    return faults


def _cases(verdict: Verdict, customer: Customer, transcript: list[Shown]) -> None:
    """A number is told by the answer to the confirmation, and again when the customer asks for progress."""
    verdict.confirmed += sum(sent.say.confirms for sent in customer.ledger)
    for message in transcript:
        if message["from"] == "bot":
            verdict.told_cases |= set(CASE_NUMBER.findall(message["text"]))


def judge_owner(verdict: Verdict, name: str, customer: Customer, owner: str) -> None:
    """A chat that was handed to people is with them, and no other is."""
    handed_off = any(sent.say.asks_person for sent in customer.ledger)
    verdict.handed_off += handed_off
    verdict.still_handed_off += handed_off and owner in ("queued", "agent")
    if handed_off != (owner in ("queued", "agent")):
        verdict.violations.append(f"{name}: handed off {handed_off}, and yet with {owner}")
