"""Pushes of tracking providers: signed ones are taken once in any order, all others refused without effect."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from bot.app import create_app
from bot.db import Database
from bot.settings import settings
from bot.shipments.models import Shipment, ShipmentEvent
from bot.shipments.providers import chosen, kdniao, kuaidi100

YT = "YT9693083639795"
NOW = datetime.now(timezone.utc)


@pytest.fixture
def client(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    for name, value in {
        "PROVIDERS": "kuaidi100,kdniao,17track", "KUAIDI100_KEY": "K", "KUAIDI100_CUSTOMER": "C",
        "KUAIDI100_SALT": "SALT", "KDNIAO_ID": "1", "KDNIAO_KEY": "APIKEY", "TRACK17_KEY": "TOKEN",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"YIDA_{name}", value)
    settings.cache_clear()
    chosen.configured.cache_clear()
    with TestClient(create_app(database, settings(), lambda: True)) as test_client:
        yield test_client
    chosen.configured.cache_clear()


def scan_at(hours: int, code: str) -> dict[str, str]:
    at = f"{NOW - timedelta(hours=hours):%Y-%m-%d %H:%M:%S}"
    return {"time": at, "ftime": at, "context": f"扫描 {code}", "statusCode": code, "areaName": "浙江,杭州市"}


def kuaidi100_push(*scans: dict[str, str], salt: str = "SALT") -> dict[str, str]:
    result = {"status": "200", "state": "0", "nu": YT, "com": "yuantong", "data": list(scans)}
    param = json.dumps({"status": "polling", "lastResult": result}, ensure_ascii=False)
    return {"param": param, "sign": kuaidi100.sign(param, salt)}


def kdniao_push(key: str = "APIKEY") -> dict[str, str]:
    at = f"{NOW - timedelta(hours=2):%Y-%m-%d %H:%M:%S}"
    trace = {"AcceptTime": at, "AcceptStation": "派件中", "Action": "202", "Location": "杭州"}
    data = json.dumps({"Data": [{"ShipperCode": "YTO", "LogisticCode": YT, "State": "2", "Traces": [trace]}]})
    return {"RequestData": data, "DataSign": kdniao.sign(data, key), "RequestType": "101"}


def track17_push(token: str = "TOKEN") -> tuple[bytes, dict[str, str]]:
    event = {"time_iso": (NOW - timedelta(hours=2)).isoformat(), "description": "x", "sub_status": "Delivered_Other"}
    info = {"latest_status": {"status": "Delivered"}, "tracking": {"providers": [{"events": [event]}]}}
    body = json.dumps({"event": "TRACKING_UPDATED", "data": {"number": YT, "track_info": info}}).encode()
    return body, {"sign": hashlib.sha256(body + b"/" + token.encode()).hexdigest()}


def status(database: Database) -> str | None:
    with database.read() as session:
        shipment = session.get(Shipment, YT)
        return shipment.status if shipment else None


def scans(database: Database) -> int:
    with database.read() as session:
        return session.execute(select(func.count()).select_from(ShipmentEvent)).scalar_one()


def test_signed_pushes_of_each_provider_are_taken_and_answered_in_its_own_shape(
    client: TestClient, database: Database
) -> None:
    answer = client.post("/hooks/tracking/kuaidi100", data=kuaidi100_push(scan_at(9, "103")))
    assert answer.status_code == 200 and answer.json()["result"] is True and status(database) == "picked_up"
    answer = client.post("/hooks/tracking/kdniao", data=kdniao_push())
    assert answer.status_code == 200 and answer.json()["Success"] is True and status(database) == "out_for_delivery"
    body, headers = track17_push()
    answer = client.post("/hooks/tracking/17track", content=body, headers=headers)
    assert answer.status_code == 200 and status(database) in ("delivered", "out_for_delivery")
    assert scans(database) == 3


def test_a_forged_push_changes_nothing(client: TestClient, database: Database) -> None:
    assert client.post("/hooks/tracking/kuaidi100", data=kuaidi100_push(scan_at(1, "3"), salt="x")).status_code == 401
    assert client.post("/hooks/tracking/kuaidi100", data={"param": "{}"}).status_code == 401
    assert client.post("/hooks/tracking/kdniao", data=kdniao_push("other")).status_code == 401
    body, headers = track17_push("other")
    assert client.post("/hooks/tracking/17track", content=body, headers=headers).status_code == 401
    assert client.post("/hooks/tracking/17track", content=body).status_code == 401
    assert status(database) is None


def test_a_changed_body_no_longer_fits_its_signature(client: TestClient, database: Database) -> None:
    body, headers = track17_push()
    assert client.post("/hooks/tracking/17track", content=body + b" ", headers=headers).status_code == 401
    assert status(database) is None


def test_the_same_push_ten_times_at_once_is_one_scan(client: TestClient, database: Database) -> None:
    push = kuaidi100_push(scan_at(5, "0"), scan_at(9, "103"))
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: client.post("/hooks/tracking/kuaidi100", data=push), range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert scans(database) == 2 and status(database) == "in_transit"


def test_pushes_in_any_order_end_in_the_newest_state(client: TestClient, database: Database) -> None:
    for hours, code in ((1, "301"), (9, "103"), (3, "5"), (6, "0")):
        client.post("/hooks/tracking/kuaidi100", data=kuaidi100_push(scan_at(hours, code)))
    assert status(database) == "delivered" and scans(database) == 4


def test_an_aborted_watch_is_acknowledged_and_changes_nothing(client: TestClient, database: Database) -> None:
    param = json.dumps({"status": "abort", "message": "3天查询无记录", "lastResult": {"nu": YT, "data": []}})
    push = {"param": param, "sign": kuaidi100.sign(param, "SALT")}
    assert client.post("/hooks/tracking/kuaidi100", data=push).status_code == 200
    assert status(database) is None


def signed(param: str) -> dict[str, str]:
    return {"param": param, "sign": kuaidi100.sign(param, "SALT")}


@pytest.mark.parametrize(
    "param",
    ["", "no json", "[]", "{}", '{"lastResult": {"nu": "!", "data": [{}]}}', '{"lastResult": {"data": [1]}}',
     json.dumps({"lastResult": {"nu": YT, "data": [{"ftime": "2999-01-01 00:00:00", "context": "x"}]}})],
)  # fmt: skip
def test_a_signed_push_that_makes_no_sense_is_refused_in_its_shape(
    client: TestClient, database: Database, param: str
) -> None:
    answer = client.post("/hooks/tracking/kuaidi100", data=signed(param))
    assert answer.status_code == 400 and answer.json()["result"] is False
    assert status(database) is None


def test_what_is_too_large_or_no_text_is_refused(client: TestClient) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    large: Any = b"param=" + b"x" * (1024 * 1024)
    assert client.post("/hooks/tracking/kuaidi100", content=large, headers=form).status_code == 413
    assert client.post("/hooks/tracking/kuaidi100", content=b"param=\xff\xfe", headers=form).status_code == 400


def test_a_provider_that_is_not_set_up_has_no_door(client: TestClient) -> None:
    assert client.post("/hooks/tracking/aftership", content=b"{}").status_code == 404
    assert client.get("/hooks/tracking/kuaidi100").status_code == 405
