"""Which parcel and which phone a message is about; what is wrong with a number that is neither."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from rasa_sdk import Tracker
from sqlalchemy.orm import Session

from actions.hearing import Heard
from actions.support import button, freshened, message_key, reading, service
from bot.customers.guessing import is_locked
from bot.customers.verification import role_for
from bot.db import now
from bot.notices import affected
from bot.shipments import tracking
from bot.shipments.access import verify_tail
from bot.shipments.waybill import normalise

PROBLEMS = ("several", "too_short", "too_long", "check_digit", "order_number", "only_phone")
"""What may be wrong with a number that should name one parcel."""

NOT_GIVEN = "none"
"""In place of a number that the customer does not have or will not give."""

_LIKE_A_MOBILE = re.compile(r"1\d{9,11}|0\d{8,11}")


@dataclass(frozen=True)
class Parcel:
    """One number, or several to choose from, or the name of a problem; nothing when no number was given."""

    number: str | None = None
    choices: tuple[str, ...] = ()
    problem: str | None = None


async def parcel_in(heard: Heard, shown: list[str] | None) -> Parcel:
    """The parcel that the message names. `shown` are the numbers it may point at with 第二个 or the last one."""
    chosen = heard.chosen(shown)
    if chosen:
        return Parcel(chosen)
    numbers = tuple(dict.fromkeys(found.value for found in heard.waybills))
    if len(numbers) > 1:
        return Parcel(choices=numbers)
    if numbers:
        return await _checked(numbers[0], heard.waybills[0].problem)
    if heard.order_number:
        return Parcel(problem="order_number")
    if heard.phones:
        return Parcel(problem="only_phone")
    return Parcel(problem="too_short" if heard.odd_number and not heard.case_number else None)


async def _checked(number: str, problem: str | None) -> Parcel:
    """Carriers' patterns are not official: a number we hold is right whatever the pattern says."""
    known = problem and await reading(lambda session: tracking.look_up(session, number))
    return Parcel(problem=problem) if problem and known is None else Parcel(number)


def phone_in(heard: Heard) -> tuple[str | None, str | None]:
    """The phone number in a message that answers "which phone?", and the problem with what is no phone."""
    if heard.phones:
        return heard.phones[-1], None
    if any(_LIKE_A_MOBILE.fullmatch(found.value) for found in heard.waybills):
        return None, "phone_format"
    return None, "phone_format" if heard.odd_number else None


TAIL_REMARKS = {"verified": "utter_tail_matched", "wrong": "utter_problem_wrong_tail", "locked": "utter_tail_locked"}
"""What is said of four digits that came before they were asked for."""


async def check_tail(tracker: Tracker, number: str, digits: str) -> str:
    """verified, wrong or locked. Some carriers tell us of a parcel only with its digits."""
    key, talk = message_key(tracker), tracker.sender_id
    if not await reading(lambda session: is_locked(session, talk, normalise(number), now())):
        await freshened(number, tail=digits)
    return await service(lambda session: verify_tail(session, talk, number, digits, key=key, now=now()))


def parcel_buttons(numbers: list[str] | None) -> list[dict[str, str]]:
    return [{"title": number, "payload": f'/provide_info{{"waybill": "{number}"}}'} for number in numbers or ()]


def numbered(numbers: list[str] | None) -> str:
    return "\n".join(f"{place}. {number}" for place, number in enumerate(numbers or (), start=1))


async def card(conversation_id: str, number: str, language: str) -> dict[str, Any] | None:
    """The shipment's view: with its timeline where this conversation has shown that it may see it."""
    return await reading(lambda session: view_for(session, conversation_id, number, language))


def view_for(session: Session, conversation_id: str, number: str, language: str) -> dict[str, Any] | None:
    """The view that this conversation may see, coarse or detailed."""
    detailed = role_for(session, conversation_id, number) is not None
    view = tracking.view(session, number, detailed=detailed, language=language, now=now())
    incident = affected.mention(session, number, language, now()) if view else None
    return {**view, "why": f"{view['why']}\n{incident}".strip()} if view and incident else view


def card_buttons(view: dict[str, Any], language: str) -> list[dict[str, str]]:
    """What the card offers next: its own action, and the details while they are hidden."""
    offered = [view["action"]] if view["action"] else []
    details = [] if view["detailed"] else [button(language, "choice_details", "/track_details")]
    about = f'{{"waybill": "{view["waybill"]}"}}'
    notices = [] if view["verdict"] == "done" else [button(language, "choice_notices", f"/subscribe{about}")]
    return [*offered, *details, *notices, button(language, "choice_other_parcel", "/track_other")]
