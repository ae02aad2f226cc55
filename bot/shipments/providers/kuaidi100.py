"""Kuaidi100 (domain-facts §2.1): real-time query, subscription, pushes; and its answers in files."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from secrets import compare_digest
from typing import Any

from bot import catalog
from bot.settings import Settings
from bot.shipments import fields
from bot.shipments.errors import BadRow
from bot.shipments.providers.base import Answer, Declined, Forged, PhoneNeeded, Push, Question, Row, Unreachable, scan
from bot.shipments.providers.calling import ask
from bot.shipments.statuses import place_in_time

NAME = "kuaidi100"
_NO_RECORD, _PHONE, _ALREADY = "500", "408", "501"
"""returnCode: nothing found; a phone is needed; subscribed before."""


def sign(*parts: str) -> str:
    """MD5 of the parts in a row, in capital hex."""
    return hashlib.md5("".join(parts).encode(), usedforsecurity=False).hexdigest().upper()


class Kuaidi100:
    name = NAME

    def __init__(self, settings: Settings) -> None:
        self._key, self._customer, self._salt = (
            settings.kuaidi100_key, settings.kuaidi100_customer, settings.kuaidi100_salt,
        )  # fmt: skip
        self._url, self._auto_url = settings.kuaidi100_url.rstrip("/"), settings.kuaidi100_auto_url.rstrip("/")

    def missing(self) -> list[str]:
        needed = {"YIDA_KUAIDI100_KEY": self._key, "YIDA_KUAIDI100_CUSTOMER": self._customer}
        return [name for name, value in needed.items() if not value]

    def query(self, question: Question, deadline: float) -> Answer:
        company = self._company(question, deadline)
        asked = {"com": company, "num": question.waybill, "resultv2": "4", "order": "desc"}
        if question.tail:
            asked["phone"] = question.tail
        param = json.dumps(asked)
        form = {"customer": self._customer, "param": param, "sign": sign(param, self._key, self._customer)}
        answer = ask("POST", f"{self._url}/poll/query.do", deadline, form=form)
        _raise_for_code(answer)
        if str(answer.get("returnCode")) == _NO_RECORD or not answer.get("data"):
            return Answer(question.waybill, fields.carrier(company))
        try:
            return read_answer({**answer, "nu": question.waybill}, datetime.now().astimezone(), strict=False)
        except BadRow as error:
            raise Unreachable("the answer has another shape") from error

    def _company(self, question: Question, deadline: float) -> str:
        """Kuaidi100's code of the carrier; a number alone is asked for its likeliest."""
        known = catalog.carriers().get(question.carrier or "")
        if known:
            return str(known["kuaidi100"])
        url = f"{self._auto_url}/autonumber/auto?key={self._key}&num={question.waybill}"
        likely = ask("GET", url, deadline)
        if not isinstance(likely, list) or not likely or not isinstance(likely[0], dict):
            raise Declined("no carrier for this number")
        return str(likely[0].get("comCode", ""))

    def subscribe(self, question: Question, callback: str, deadline: float) -> None:
        company = self._company(question, deadline)
        parameters = {"callbackurl": callback, "salt": self._salt, "resultv2": "4", "phone": question.tail or ""}
        param = {"company": company, "number": question.waybill, "key": self._key, "parameters": parameters}
        answer = ask("POST", f"{self._url}/poll", deadline, form={"schema": "json", "param": json.dumps(param)})
        if not isinstance(answer, dict) or str(answer.get("returnCode")) not in ("200", _ALREADY):
            raise Declined("the subscription was declined")

    def read_push(self, push: Push, now: datetime) -> list[Answer]:
        """Signed with our salt over `param`; an aborted watch carries no scans and changes nothing."""
        param, signature = push.form.get("param", ""), push.form.get("sign", "")
        if not self._salt or not compare_digest(signature.encode(), sign(param, self._salt).encode()):
            raise Forged("the signature does not fit")
        try:
            result = json.loads(param)["lastResult"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise BadRow("param is not the JSON of a push") from error
        if not isinstance(result, dict) or not result.get("data"):
            return []
        return [read_answer(result, now, strict=False)]

    def receipt(self, fine: bool) -> Row:
        return {"result": fine, "returnCode": "200" if fine else "500", "message": "成功" if fine else "失败"}


def _raise_for_code(answer: Any) -> None:
    if not isinstance(answer, dict):
        raise Unreachable("the answer has another shape")
    code = str(answer.get("returnCode") or "")
    if code == _PHONE:
        raise PhoneNeeded(code)
    if code and code not in ("200", _NO_RECORD):
        raise Declined(f"returnCode {code[:10]}")


def read_answer(answer: Any, now: datetime, *, strict: bool = True) -> Answer:
    """Reads one answer; raises BadRow for one that is none or speaks of no parcel, if `strict` for a new code too."""
    if not isinstance(answer, dict):
        raise BadRow("the line is not a JSON object")
    data = answer.get("data")
    if str(answer.get("status", "200")) != "200" or not isinstance(data, list) or not data:
        raise BadRow(f"the answer carries no scans (returnCode {str(answer.get('returnCode', 'none'))[:10]!r})")
    waybill = fields.waybill(_text(answer, "nu"))
    events = [_event(waybill, item, now, strict) for item in data]
    _name_the_newest(events, _text(answer, "state"), strict)
    carrier = fields.carrier(_text(answer, "com"))
    return Answer(waybill, carrier, fields.phone(_text(answer, "phone"), "phone"), events)


def _event(waybill: str, item: Any, now: datetime, strict: bool) -> Row:
    if not isinstance(item, dict):
        raise BadRow("data holds something that is not a scan")
    at = fields.past(_text(item, "ftime") or _text(item, "time"), "time", now)
    code = fields.words(_text(item, "statusCode"), "statusCode", 60)
    text = fields.words(_text(item, "context"), "context") or ""
    return scan(NAME, waybill, at, code, text, _city(item), strict=strict)


def _name_the_newest(events: list[Row], state: str | None, strict: bool) -> None:
    """Without resultv2 the scans carry no codes: the state of the whole answer is that of the newest."""
    newest = max(events, key=place_in_time)
    if newest["code"] is None and state is not None:
        named = scan(NAME, newest["waybill"], newest["at"], state, "", None, strict=strict)
        newest["status"], newest["reason"] = named["status"], named["reason"]


def _city(item: Row) -> str | None:
    """areaName reads 广东,深圳市,南山区: the second place is the city; else the location as given."""
    area = [part for part in (_text(item, "areaName") or "").split(",") if part]
    city = area[min(1, len(area) - 1)] if area else _text(item, "location") or ""
    return fields.words(city.removesuffix("市"), "areaName", 60)


def _text(record: Row, name: str) -> str | None:
    value = record.get(name)
    return None if value is None else str(value)
