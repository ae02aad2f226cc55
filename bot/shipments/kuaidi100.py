"""Kuaidi100's answer to a query (domain-facts §2.1) as our rows: the shipment, and its scans."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.shipments import fields
from bot.shipments.errors import BadRow
from bot.shipments.models import fingerprint
from bot.shipments.statuses import place_in_time

Row = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    waybill: str
    carrier: str | None
    phone: str | None
    events: list[Row]


def read_answer(answer: Any, now: datetime) -> Answer:
    """Reads one answer; raises BadRow for one that is none, or speaks of no parcel."""
    if not isinstance(answer, dict):
        raise BadRow("the line is not a JSON object")
    data = answer.get("data")
    if str(answer.get("status", "200")) != "200" or not isinstance(data, list) or not data:
        raise BadRow(f"the answer carries no scans (returnCode {str(answer.get('returnCode', 'none'))[:10]!r})")
    waybill = fields.waybill(_text(answer, "nu"))
    events = [_event(waybill, item, now) for item in data]
    _name_the_newest(events, _text(answer, "state"))
    carrier = fields.carrier(_text(answer, "com"))
    return Answer(waybill, carrier, fields.phone(_text(answer, "phone"), "phone"), events)


def _event(waybill: str, item: Any, now: datetime) -> Row:
    if not isinstance(item, dict):
        raise BadRow("data holds something that is not a scan")
    at = fields.past(_text(item, "ftime") or _text(item, "time"), "time", now)
    code = fields.words(_text(item, "statusCode"), "statusCode", 60)
    status, reason = fields.status(code, "statusCode") if code else ("unknown", None)
    text = fields.words(_text(item, "context"), "context") or ""
    return {
        "waybill": waybill, "at": at, "city": _city(item), "status": status, "reason": reason, "code": code,
        "text": text, "fingerprint": fingerprint(at, code, text),
    }  # fmt: skip


def _name_the_newest(events: list[Row], state: str | None) -> None:
    """Without resultv2 the scans carry no codes: the state of the whole answer is that of the newest."""
    newest = max(events, key=place_in_time)
    if newest["code"] is None and state is not None:
        newest["status"], newest["reason"] = fields.status(state, "state")


def _city(item: Row) -> str | None:
    """areaName reads 广东,深圳市,南山区: the second place is the city; else the location as given."""
    area = [part for part in (_text(item, "areaName") or "").split(",") if part]
    city = area[min(1, len(area) - 1)] if area else _text(item, "location") or ""
    return fields.words(city.removesuffix("市"), "areaName", 60)


def _text(record: Row, name: str) -> str | None:
    value = record.get(name)
    return None if value is None else str(value)
