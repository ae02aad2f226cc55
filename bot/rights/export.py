"""A copy of one's data as a file: in the chat for whoever has just shown that the phone is theirs, or on disk."""

from __future__ import annotations

import json
import secrets
from datetime import datetime

from sqlalchemy.orm import Session

from bot.conversations.models import StoredFile
from bot.customers import store
from bot.db import once
from bot.rights.overview import everything

NAME = "yida-data.json"


def as_json(session: Session, phone: str, now: datetime) -> bytes:
    return json.dumps(everything(session, phone, now), ensure_ascii=False, indent=2).encode()


def into_chat(session: Session, conversation_id: str, phone: str, *, key: str, now: datetime) -> str:
    """The id of a file of this conversation that holds the copy, made once per `key`."""

    def do() -> dict[str, str]:
        content = as_json(session, phone, now)
        file_id = secrets.token_hex(16)
        session.add(
            StoredFile(
                id=file_id, conversation_id=conversation_id, name=NAME, media_type="application/json",
                size=len(content), content=content, at=now,
            )
        )  # fmt: skip
        customer = store.customer_of(session, conversation_id)
        if customer is not None:
            store.note(session, customer.id, store.CUSTOMER, "exported", "", now)
        return {"file": file_id}

    return str(once(session, key, "export", do)["file"])
