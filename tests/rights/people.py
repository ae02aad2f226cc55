"""Made-up people with something in every table that can hold a person's data."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from bot.cases import service as cases
from bot.cases.models import Finding, Survey
from bot.conversations.inbox import lock, receive, store_file
from bot.conversations.models import ChatNote, Conversation, DialogueEvent, Handoff
from bot.conversations.outbox import add_message, push_from_now_on
from bot.customers import codes, guessing, store, subscriptions, verification
from bot.customers.models import Attempt
from bot.db import Database, once
from bot.learning import collecting
from bot.schema import metadata
from bot.shipments.models import (
    Party,
    ServiceRequest,
    ServiceRequestEvent,
    Shipment,
    ShipmentEvent,
    hash_of_phone,
    hash_of_tail,
)
from tests.conversations.support import Customer
from tests.support.images import png

LONG_AGO = timedelta(days=400)


class Person(Customer):
    """`mark` stands in every text that is theirs."""

    def __init__(self, database: Database, mark: str, phone: str, waybill: str, at: datetime) -> None:
        super().__init__(database)
        self.mark, self.phone, self.waybill, self.at = mark, phone, waybill, at
        with database.write() as session:
            self._talk(session)
            self._customer(session)
            self._parcel(session)
            self._request(session)
            session.commit()
        self.number = self.case(finished=True)

    def _talk(self, session: Any) -> None:
        chat = lock(session, self.id)
        first = receive(session, self.id, f"{self.id}:1", text=f"我是{self.mark}", address=self.mark).inbox_id
        file_id = store_file(session, self.id, f"{self.mark}.png", png(4, 4))
        receive(session, self.id, f"{self.id}:2", file_id=file_id)
        add_message(session, chat, "bot", f"{self.mark}您好", choices=[("好", f"/x{self.mark}")])
        push_from_now_on(session, chat)
        chat.waiting_since, chat.last_message_at = None, self.at
        session.add(Handoff(conversation_id=self.id, epoch=0, reason="asked", packet={"text": self.mark}))
        session.add(ChatNote(conversation_id=self.id, agent="lin", text=f"{self.mark}很急", after_seq=chat.last_seq))
        reading = {"intent": {"name": "nlu_fallback"}, "intent_ranking": [{"name": "greet", "confidence": 0.3}]}
        said = json.dumps({"text": f"我是{self.mark}", "message_id": f"{first}", "parse_data": reading})
        event = {"type_name": "user", "timestamp": 1.0, "action_name": None, "data": said}
        session.add(DialogueEvent(sender_id=self.id, **event))
        collecting.note_turn(session, self.id, "zh", [event])
        once(session, f"{self.id}:7", "look", lambda: {"text": self.mark})

    def _customer(self, session: Any) -> None:
        customer = store.identify(session, self.id, self.phone, self.at)
        store.set_name(session, customer.id, self.mark, self.at)
        store.set_consent(session, customer.id, store.NOTICES, True, self.at)
        verification.grant(session, self.id, self.waybill, "receiver", self.at)
        session.add(Attempt(conversation_id=self.id, waybill_hash="w", origin_hash="o", at=self.at))
        guessing.note_origin(session, self.id, self.mark, self.at)
        codes.draw(session, self.id, f"phone:{self.phone}", phone=self.phone, key=f"{self.id}:8", now=self.at)
        subscriptions.subscribe(session, self.id, self.waybill, None, self.at)
        subscriptions.first_time(session, self.id, self.waybill, "over", self.at)

    def _parcel(self, session: Any) -> None:
        ended = self.at - LONG_AGO
        session.add(Shipment(waybill=self.waybill, status="delivered", last_event_at=ended))
        session.flush()
        person = {"name": self.mark, "phone": self.phone, "address": f"{self.mark}路1号"}
        hashes = {"phone_hash": hash_of_phone(self.phone), "tail_hash": hash_of_tail(self.waybill, self.phone)}
        session.add(Party(waybill=self.waybill, role="receiver", **person, **hashes))
        scan = {"at": ended, "status": "delivered", "text": f"{self.mark}签收", "fingerprint": "f" * 32}
        session.add(ShipmentEvent(waybill=self.waybill, **scan))

    def _request(self, session: Any) -> None:
        request = ServiceRequest(
            number=f"R{self.waybill[-10:]}", type="pickup", state="done", phone=self.phone,
            details={"person": self.mark},
            conversation_id=self.id, language="zh",
        )  # fmt: skip
        session.add(request)
        session.flush()
        step = {"actor": "lin", "step": "finish", "to_state": "done", "note": f"找{self.mark}"}
        session.add(ServiceRequestEvent(request_id=request.id, **step))

    def case(self, *, finished: bool, category: str = "damage") -> str:
        with self.database.write() as session:
            opened = cases.open_case(
                session, key=f"{self.id}:{category}", kind="complaint", category=category, language="zh",
                description=f"{self.mark}的杯子碎了", conversation_id=self.id, waybill=self.waybill, phone=self.phone,
                contact_name=self.mark, remedy=f"赔给{self.mark}", details={"who": self.mark}, now=self.at,
            )  # fmt: skip
            number = str(opened["number"])
            if finished:
                self._finish(session, number)
            session.commit()
        return number

    def _finish(self, session: Any, number: str) -> None:
        cases.withdraw(session, number, key=f"{self.id}:withdraw", now=self.at)
        case_id = session.execute(select(metadata.tables["cases"].c.id).filter_by(number=number)).scalar_one()
        cases.add_detail(session, number, f"{self.mark}补充", key=f"{self.id}:more", now=self.at)
        session.add(Finding(case_id=case_id, cause="other", remedy=self.mark, prevention=self.mark, found_by="lin"))
        session.add(Survey(case_id=case_id, conversation_id=self.id, comment=f"{self.mark}很生气"))

    def traces(self) -> dict[str, list[str]]:
        """By table the values that name this person: by mark, phone, or conversation."""
        found: dict[str, list[str]] = {}
        with self.database.read() as session:
            for table in metadata.sorted_tables:
                for row in session.execute(select(table)).mappings():
                    texts = [f"{name}={value}" for name, value in row.items() if self._names(value)]
                    found.setdefault(table.name, []).extend(texts)
        return {table: values for table, values in found.items() if values}

    def _names(self, value: Any) -> bool:
        return any(word in str(value) for word in (self.mark, self.phone, self.id))

    def is_there(self) -> bool:
        with self.database.read() as session:
            return session.get(Conversation, self.id) is not None
