"""A phone and a one-time code sent to it: how a customer shows that the phone is theirs."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from typing import Any, ClassVar

from rasa_sdk import Tracker
from sqlalchemy.orm import Session

from actions.forms import Ask, Intake, Taken
from actions.hearing import Heard
from actions.parcels import phone_in
from actions.proof import LEAVING, RESEND, code_buttons, code_in, judged, resent
from actions.support import language, message_key, service
from bot.customers import codes
from bot.db import database, now
from bot.privacy import mask_phone, phone_digits


class PhoneCodeForm(Intake):
    """Slots `<prefix>_phone`, `_code`, `_outcome`: verified, locked, unsent, or later where the customer leaves it."""

    prefix: ClassVar[str]

    @abstractmethod
    def knows(self, session: Session, phone: str) -> bool:
        """Whether a code is really sent. What is typed for an unknown phone is answered as for a known one."""

    @property
    def slots(self) -> tuple[str, ...]:
        return tuple(f"{self.prefix}_{part}" for part in ("phone", "code", "outcome"))

    async def take(self, heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
        phone_slot, code_slot, outcome_slot = self.slots
        begins = slots["requested_slot"] is None
        if not begins and heard.intent in LEAVING and not heard.has_facts:
            return Taken() if heard.intent == "request_human" else Taken({outcome_slot: "later"}, whole=True)
        if slots["requested_slot"] == code_slot:
            return await self._by_code(heard, slots, tracker)
        fresh = dict.fromkeys(self.slots) if begins else {}
        phone, problem = phone_in(heard)
        if phone is None:
            return Taken({**fresh, "problem": problem} if problem or begins else {})
        return Taken({**fresh, phone_slot: phone, outcome_slot: await self._send(phone, tracker)}, whole=True)

    def next_question(self, slots: dict[str, Any]) -> str | None:
        phone_slot, code_slot, outcome_slot = self.slots
        if slots[outcome_slot]:
            return None
        return code_slot if slots[phone_slot] else phone_slot

    async def _by_code(self, heard: Heard, slots: dict[str, Any], tracker: Tracker) -> Taken:
        phone_slot, _, outcome_slot = self.slots
        phone = slots[phone_slot]
        if heard.intent == RESEND:
            return resent(outcome_slot, await self._send(phone, tracker))
        if heard.phones:
            other = heard.phones[-1]
            return Taken({phone_slot: other, outcome_slot: await self._send(other, tracker)}, whole=True)
        code, key = code_in(heard), message_key(tracker)
        if code is None:
            return Taken()
        outcome = await service(
            lambda session: codes.check(session, tracker.sender_id, _subject(phone), code, key=key, now=now())
        )
        return judged(outcome_slot, outcome)

    async def _send(self, phone: str, tracker: Tracker) -> str | None:
        """Sends a code where the phone is known, and says nothing of whether it is; `unsent` without a sender."""
        key = message_key(tracker)

        def draw(session: Session) -> str | None:
            code = codes.draw(session, tracker.sender_id, _subject(phone), phone=phone, key=key, now=now())
            return code if self.knows(session, phone) else None

        def deliver() -> str | None:
            try:
                codes.require_sender()
                with database().write() as session:
                    code = draw(session)
                    session.commit()
                if code:
                    codes.send(phone, code)
            except codes.NotSent:
                return "unsent"
            return None

        return await asyncio.to_thread(deliver)


def _subject(phone: str) -> str:
    return f"phone:{phone_digits(phone)}"


class AskPhone(Ask):
    problems = ("phone_format",)


class AskCode(Ask):
    """`phone_slot` names whose phone the code went to."""

    problems = ("wrong_code", "expired_code", "code_resent")
    phone_slot: ClassVar[str]

    async def values(self, tracker: Tracker) -> dict[str, Any]:
        phone = mask_phone(tracker.get_slot(self.phone_slot) or "")
        return {"phone": phone, "buttons": code_buttons(language(tracker))}
