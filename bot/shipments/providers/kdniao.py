"""KDNiao (domain-facts §2.2): instant query 8001 (8002 where the carrier is not known) and pushes 101/102."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import datetime
from secrets import compare_digest
from typing import Any

from bot import catalog
from bot.db import now as present
from bot.settings import Settings
from bot.shipments import fields
from bot.shipments.errors import BadRow
from bot.shipments.providers.base import Answer, Declined, Forged, PhoneNeeded, Push, Question, Row, Unreachable, scan
from bot.shipments.providers.calling import ask

NAME = "kdniao"
NEED_PHONE = frozenset({"SF", "KYSY", "ZTO"})
"""Carriers that KDNiao asks for CustomerName, the last four digits of a phone."""
_QUERY, _QUERY_ANY, _PUSHES = "8001", "8002", ("101", "102")


def sign(data: str, key: str) -> str:
    """Base64 of the hex digest as text, not of the digest."""
    digest = hashlib.md5((data + key).encode(), usedforsecurity=False).hexdigest()
    return base64.b64encode(digest.encode()).decode()


class KDNiao:
    name = NAME

    def __init__(self, settings: Settings) -> None:
        self._id, self._key, self._url = settings.kdniao_id, settings.kdniao_key, settings.kdniao_url.rstrip("/")

    def missing(self) -> list[str]:
        needed = {"YIDA_KDNIAO_ID": self._id, "YIDA_KDNIAO_KEY": self._key}
        return [name for name, value in needed.items() if not value]

    def query(self, question: Question, deadline: float) -> Answer:
        known = question.carrier if question.carrier in catalog.carriers() else None
        if known in NEED_PHONE and not question.tail:
            raise PhoneNeeded(str(known))
        asked = {"LogisticCode": question.waybill, "ShipperCode": known, "CustomerName": question.tail}
        data = json.dumps({name: value for name, value in asked.items() if value})
        form = {
            "RequestData": data, "EBusinessID": self._id, "RequestType": _QUERY if known else _QUERY_ANY,
            "DataSign": sign(data, self._key), "DataType": "2",
        }  # fmt: skip
        answer = ask("POST", f"{self._url}/api/dist", deadline, form=form)
        if not isinstance(answer, dict):
            raise Unreachable("the answer has another shape")
        if answer.get("Success") is not True:
            raise Declined("the account was declined")
        try:
            return _read({**answer, "LogisticCode": question.waybill}, present())
        except BadRow as error:
            raise Unreachable("the answer has another shape") from error

    def subscribe(self, question: Question, callback: str, deadline: float) -> None:
        """Pushes of KDNiao are set up on its site for the whole account."""

    def read_push(self, push: Push, now: datetime) -> list[Answer]:
        data, signature = push.form.get("RequestData", ""), push.form.get("DataSign", "")
        if not self._key or not compare_digest(signature.encode(), sign(data, self._key).encode()):
            raise Forged("the signature does not fit")
        if push.form.get("RequestType") not in _PUSHES:
            raise BadRow("RequestType is none of a push")
        try:
            parcels = json.loads(data)["Data"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise BadRow("RequestData is not the JSON of a push") from error
        if not isinstance(parcels, list):
            raise BadRow("Data is not a list")
        return [_read(parcel, now) for parcel in parcels if isinstance(parcel, dict) and parcel.get("Traces")]

    def receipt(self, fine: bool) -> Row:
        moment = f"{present():%Y-%m-%d %H:%M:%S}"
        return {"EBusinessID": self._id, "UpdateTime": moment, "Success": fine, "Reason": "" if fine else "failed"}


def _read(answer: Row, now: datetime) -> Answer:
    """Raises BadRow. The state of the whole answer names the newest scan where that has no action of its own."""
    waybill = fields.waybill(str(answer.get("LogisticCode") or ""))
    traces = answer.get("Traces") or []
    if not isinstance(traces, list) or not all(isinstance(trace, dict) for trace in traces):
        raise BadRow("Traces is not a list of scans")
    whole = str(answer.get("StateEx") or answer.get("State") or "") or None
    timed = [(fields.past(str(trace.get("AcceptTime") or ""), "AcceptTime", now), trace) for trace in traces]
    newest = max((at for at, _ in timed), default=None)
    events = [_scan(waybill, at, trace, whole if at == newest else None) for at, trace in timed]
    return Answer(waybill, fields.carrier(str(answer.get("ShipperCode") or "") or None), events=events)


def _scan(waybill: str, at: datetime, trace: Any, whole: str | None) -> Row:
    code = str(trace.get("Action") or "") or whole
    city = fields.words(str(trace.get("Location") or "").removesuffix("市"), "Location", 60)
    text = fields.words(str(trace.get("AcceptStation") or ""), "AcceptStation") or ""
    return scan(NAME, waybill, at, code, text, city)
