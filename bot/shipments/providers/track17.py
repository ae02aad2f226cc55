"""17TRACK v2 (domain-facts §2.3): gettrackinfo, register for numbers it does not know, webhooks."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from secrets import compare_digest
from typing import Any

from bot.db import now as present
from bot.settings import Settings
from bot.shipments import fields
from bot.shipments.errors import BadRow
from bot.shipments.providers.base import Answer, Declined, Forged, Push, Question, Row, Unreachable, scan
from bot.shipments.providers.calling import ask

NAME = "17track"
_NOT_REGISTERED, _NO_INFO_YET, _REGISTERED = -18019902, -18019909, -18019901


class Track17:
    name = NAME

    def __init__(self, settings: Settings) -> None:
        self._key, self._url = settings.track17_key, settings.track17_url.rstrip("/")

    def missing(self) -> list[str]:
        return [] if self._key else ["YIDA_TRACK17_KEY"]

    def query(self, question: Question, deadline: float) -> Answer:
        """A number it has not seen is registered: its scans come with the next query or by webhook."""
        accepted, rejected = self._call("gettrackinfo", question.waybill, deadline)
        if accepted:
            try:
                return _read({**accepted, "number": question.waybill}, present())
            except BadRow as error:
                raise Unreachable("the answer has another shape") from error
        if rejected == _NOT_REGISTERED:
            accepted, rejected = self._call("register", question.waybill, deadline)
        if accepted or rejected in (_NO_INFO_YET, _REGISTERED):
            return Answer(question.waybill)
        raise Declined(f"error {rejected}")

    def _call(self, what: str, waybill: str, deadline: float) -> tuple[Row | None, int | None]:
        """What was accepted of the one number asked for, or the error code it was rejected with."""
        token = {"17token": self._key}
        answer = ask("POST", f"{self._url}/{what}", deadline, body=[{"number": waybill}], headers=token)
        try:
            if answer["code"] != 0:
                raise Declined(f"code {str(answer['code'])[:12]}")
            accepted, rejected = answer["data"]["accepted"], answer["data"]["rejected"]
            return (accepted[0], None) if accepted else (None, int(rejected[0]["error"]["code"]))
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise Unreachable("the answer has another shape") from error

    def subscribe(self, question: Question, callback: str, deadline: float) -> None:
        """Registering is subscribing; where webhooks go is set on its site for the whole account."""

    def read_push(self, push: Push, now: datetime) -> list[Answer]:
        expected = hashlib.sha256(push.body + b"/" + self._key.encode()).hexdigest()
        given = push.headers.get("sign", "")
        if not self._key or not compare_digest(given.lower().encode(), expected.encode()):
            raise Forged("the signature does not fit")
        try:
            content = json.loads(push.body)
            data = content["data"] if content["event"] == "TRACKING_UPDATED" else {}
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise BadRow("the body is not the JSON of a push") from error
        return [_read(data, now)] if isinstance(data, dict) and data.get("track_info") else []

    def receipt(self, fine: bool) -> Row:
        return {"code": 0 if fine else 1}


def _read(parcel: Row, now: datetime) -> Answer:
    """Raises BadRow."""
    waybill = fields.waybill(str(parcel.get("number") or ""))
    info: Any = parcel.get("track_info")
    try:
        providers = info["tracking"]["providers"] or []
        raw = [event for provider in providers for event in provider["events"] or []]
        whole = info["latest_status"]
        latest = whole.get("sub_status") or whole.get("status")
        timed = [(_at(event, now), event) for event in raw]
        newest = max((at for at, _ in timed), default=None)
        events = [_scan(waybill, at, event, latest if at == newest else None) for at, event in timed]
    except (KeyError, TypeError, AttributeError) as error:
        raise BadRow("track_info has another shape") from error
    return Answer(waybill, events=events)


def _at(event: Row, now: datetime) -> datetime:
    return fields.past(event.get("time_utc") or event.get("time_iso"), "time", now)


def _scan(waybill: str, at: datetime, event: Any, whole: str | None) -> Row:
    code = event.get("sub_status") or event.get("stage") or whole
    text = fields.words(event.get("description"), "description") or ""
    city = fields.words((event.get("location") or "").split(",")[0], "location", 60)
    return scan(NAME, waybill, at, code, text, city)
