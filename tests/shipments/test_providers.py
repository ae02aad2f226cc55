"""Providers of scans: signed as documented, read as mapped, asked seldom and briefly, and never in the way."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import select

from bot.db import Database
from bot.settings import settings
from bot.shipments import tracking
from bot.shipments.models import Party, Shipment, ShipmentEvent
from bot.shipments.providers import chosen, kdniao, kuaidi100
from bot.shipments.providers.base import Declined, PhoneNeeded, Provider, Question, Unreachable
from bot.shipments.providers.calling import Breaker
from bot.shipments.refreshing import refresh
from tests.support.provider import FAULTS, SLOW, FakeProvider

SF, YT = "SF1409283746510", "YT9693083639795"
NOW = datetime.now(timezone.utc)
DAY = f"{NOW - timedelta(hours=20):%Y-%m-%d %H:%M:%S}"
HOUR = f"{NOW - timedelta(hours=10):%Y-%m-%d %H:%M:%S}"

GOOD: dict[str, Any] = {
    "kuaidi100": {
        "message": "ok", "nu": YT, "ischeck": "0", "com": "yuantong", "status": "200", "state": "5",
        "data": [
            {"time": HOUR, "ftime": HOUR, "context": "【杭州市】派件中", "statusCode": "5", "areaName": "浙江,杭州市"},
            {"time": DAY, "ftime": DAY, "context": "【上海市】已揽收", "statusCode": "103", "areaName": "上海,上海市"},
        ],
    },
    "kdniao": {
        "EBusinessID": "1", "Success": True, "ShipperCode": "YTO", "LogisticCode": YT, "State": "2", "StateEx": "202",
        "Traces": [
            {"AcceptTime": DAY, "AcceptStation": "已揽收", "Location": "上海市", "Action": "1"},
            {"AcceptTime": HOUR, "AcceptStation": "派件中", "Location": "杭州市", "Action": "202"},
        ],
    },
    "17track": {
        "code": 0,
        "data": {
            "accepted": [{"number": YT, "track_info": {
                "latest_status": {"status": "OutForDelivery", "sub_status": "OutForDelivery_Other"},
                "tracking": {"providers": [{"events": [
                    {"time_iso": f"{NOW - timedelta(hours=10):%Y-%m-%dT%H:%M:%S}+00:00", "location": "杭州",
                     "description": "Out for delivery", "sub_status": "OutForDelivery_Other"},
                    {"time_iso": f"{NOW - timedelta(hours=20):%Y-%m-%dT%H:%M:%S}+00:00", "location": "上海",
                     "description": "Picked up", "sub_status": "InTransit_PickedUp"},
                ]}]},
            }}],
            "rejected": [],
        },
    },
}  # fmt: skip
EMPTY: dict[str, Any] = {
    "kuaidi100": {"result": False, "returnCode": "500", "message": "查询无结果，请隔段时间再查"},
    "kdniao": {"Success": True, "LogisticCode": YT, "State": "0", "Traces": [], "Reason": "暂无轨迹信息"},
    "17track": {"code": 0, "data": {"accepted": [], "rejected": [{"number": YT, "error": {"code": -18019909}}]}},
}
DECLINED: dict[str, Any] = {
    "kuaidi100": {"result": False, "returnCode": "601", "message": "KEY已过期"},
    "kdniao": {"Success": False, "Reason": "EBusinessID 无效"},
    "17track": {"code": -18010002, "data": {}},
}
NAMES = tuple(GOOD)


@pytest.fixture
def fake() -> Iterator[FakeProvider]:
    server = FakeProvider()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def forget_providers() -> Iterator[None]:
    chosen.configured.cache_clear()
    yield
    chosen.configured.cache_clear()


@pytest.fixture
def use(fake: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Configures providers, all answered by the local server."""

    def configure(*names: str) -> Provider:
        values = {
            "YIDA_PROVIDERS": ",".join(names), "YIDA_KUAIDI100_KEY": "KEY", "YIDA_KUAIDI100_CUSTOMER": "CUSTOMER",
            "YIDA_KUAIDI100_SALT": "SALT", "YIDA_KUAIDI100_URL": fake.url, "YIDA_KUAIDI100_AUTO_URL": fake.url,
            "YIDA_KDNIAO_ID": "1", "YIDA_KDNIAO_KEY": "APIKEY", "YIDA_KDNIAO_URL": fake.url,
            "YIDA_TRACK17_KEY": "TOKEN", "YIDA_TRACK17_URL": fake.url,
        }  # fmt: skip
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        chosen.configured.cache_clear()
        return chosen.configured()[names[0]][0]

    return configure


def ask(provider: Provider, waybill: str = YT, carrier: str | None = "YTO", budget: float = 1.5) -> Any:
    return provider.query(Question(waybill, carrier, "5821"), time.monotonic() + budget)


def events(database: Database) -> list[tuple[str, str]]:
    with database.read() as session:
        rows = session.execute(select(ShipmentEvent).order_by(ShipmentEvent.at)).scalars()
        return [(row.status, row.city) for row in rows]


def status(database: Database, waybill: str = YT) -> str | None:
    with database.read() as session:
        shipment = session.get(Shipment, waybill)
        return shipment.status if shipment else None


def test_signatures_are_those_of_the_vendors_examples() -> None:
    param = '{"com": "yuantong", "num": "YT9693083639795"}'
    assert kuaidi100.sign(param, "KEY", "CUSTOMER") == "4B04F5A6D58D9A8AEAC31F43DB08D86B"
    data = '{"LogisticCode":"SF1673179789153"}'
    assert kdniao.sign(data, "APIKEY") == "Mjg5MjhkNGJmYjU1M2NkZTEyN2YxN2E4ZWNmNTE3ZGE="


def test_what_is_signed_is_what_is_sent(use: Any, fake: FakeProvider) -> None:
    fake.answer = GOOD["kuaidi100"]
    ask(use("kuaidi100"))
    form = fake.asked[0]["form"]
    assert form["sign"] == hashlib.md5(f"{form['param']}KEYCUSTOMER".encode()).hexdigest().upper()
    assert json.loads(form["param"]) | {"com": "yuantong", "num": YT, "phone": "5821"} == json.loads(form["param"])
    fake.answer = GOOD["kdniao"]
    ask(use("kdniao"))
    form = fake.asked[1]["form"]
    assert form["DataSign"] == kdniao.sign(form["RequestData"], "APIKEY") and form["RequestType"] == "8001"
    assert json.loads(form["RequestData"])["CustomerName"] == "5821"
    fake.answer = GOOD["17track"]
    ask(use("17track"))
    assert {name.lower(): value for name, value in fake.asked[2]["headers"].items()}["17token"] == "TOKEN"


@pytest.mark.parametrize("name", NAMES)
def test_a_good_answer_becomes_scans_in_our_words(use: Any, fake: FakeProvider, name: str) -> None:
    fake.answer = GOOD[name]
    scans = sorted(ask(use(name)).events, key=lambda row: row["at"])
    assert [(row["status"], row["city"]) for row in scans] == [("picked_up", "上海"), ("out_for_delivery", "杭州")]


@pytest.mark.parametrize("name", NAMES)
def test_no_record_yet_is_an_answer_without_scans(use: Any, fake: FakeProvider, name: str) -> None:
    fake.answer = EMPTY[name]
    assert ask(use(name)).events == []


@pytest.mark.parametrize("name", NAMES)
def test_a_declined_account_is_told_apart_from_a_fault(use: Any, fake: FakeProvider, name: str) -> None:
    fake.answer = DECLINED[name]
    with pytest.raises(Declined):
        ask(use(name))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_ends_in_time_and_is_called_unreachable(
    use: Any, fake: FakeProvider, name: str, fault: str
) -> None:
    fake.answer = FAULTS[fault]
    provider, started = use(name), time.monotonic()
    with pytest.raises(Unreachable):
        ask(provider, budget=0.6 if fault in SLOW else 3)
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("name", NAMES)
def test_nobody_listening_is_unreachable_too(use: Any, fake: FakeProvider, name: str) -> None:
    provider = use(name)
    fake.close()
    with pytest.raises(Unreachable):
        ask(provider)


def test_an_overloaded_gateway_is_asked_once_more(use: Any, fake: FakeProvider) -> None:
    answers = iter([FAULTS["503"], GOOD["kuaidi100"]])
    fake.answer = lambda _path: next(answers)
    assert len(ask(use("kuaidi100"), budget=3).events) == 2


def test_a_carrier_that_wants_a_phone_is_not_asked_without_one(use: Any, fake: FakeProvider) -> None:
    provider = use("kdniao")
    with pytest.raises(PhoneNeeded):
        provider.query(Question(SF, "SF"), time.monotonic() + 1)
    assert fake.asked == []
    fake.answer = {"result": False, "returnCode": "408", "message": "请输入收、寄件人电话号码"}
    with pytest.raises(PhoneNeeded):
        ask(use("kuaidi100"), SF, "SF")


def test_a_number_17track_has_not_seen_is_registered(use: Any, fake: FakeProvider) -> None:
    unknown = {"code": 0, "data": {"accepted": [], "rejected": [{"number": YT, "error": {"code": -18019902}}]}}
    done = {"code": 0, "data": {"accepted": [{"number": YT}], "rejected": []}}
    fake.answer = lambda path: done if path.endswith("register") else unknown
    assert ask(use("17track")).events == []
    assert [call["path"] for call in fake.asked] == ["/gettrackinfo", "/register"]


def test_a_code_nobody_has_mapped_is_an_unknown_status_and_no_fault(use: Any, fake: FakeProvider) -> None:
    answer = json.loads(json.dumps(GOOD["kuaidi100"]))
    answer["data"][0]["statusCode"] = "99999"
    fake.answer = answer
    assert [row["status"] for row in ask(use("kuaidi100")).events] == ["unknown", "picked_up"]


def test_a_failing_provider_is_left_alone_and_tried_again_after_a_rest() -> None:
    breaker = Breaker(failures=3, rest_s=0.05)
    for _ in range(3):
        assert breaker.lets_through()
        breaker.note(fine=False)
    assert not breaker.lets_through()
    time.sleep(0.06)
    assert breaker.lets_through() and not breaker.lets_through()
    breaker.note(fine=True)
    assert breaker.lets_through()


def test_a_look_up_stores_the_scans_and_asks_no_second_time_within_half_an_hour(
    use: Any, fake: FakeProvider, database: Database
) -> None:
    fake.answer = GOOD["kuaidi100"]
    use("kuaidi100")
    for minutes in (0, 1, 29):
        refresh(database, YT, NOW + timedelta(minutes=minutes))
    assert len(fake.asked) == 1 and status(database) == "out_for_delivery"
    refresh(database, YT, NOW + timedelta(minutes=31))
    assert len(fake.asked) == 2
    assert events(database) == [("picked_up", "上海"), ("out_for_delivery", "杭州")]


def test_without_providers_nothing_is_asked(database: Database, fake: FakeProvider) -> None:
    refresh(database, YT, NOW)
    assert fake.asked == [] and status(database) is None


def test_the_next_provider_is_asked_where_the_first_fails_or_knows_nothing(
    use: Any, fake: FakeProvider, database: Database
) -> None:
    use("kuaidi100", "kdniao")
    fake.answer = lambda path: FAULTS["500"] if path.startswith("/poll") else GOOD["kdniao"]
    refresh(database, YT, NOW)
    assert status(database) == "out_for_delivery"


def test_a_slow_provider_costs_no_more_than_the_budget_and_what_is_stored_is_shown_with_its_age(
    use: Any, fake: FakeProvider, database: Database
) -> None:
    fake.answer = GOOD["kuaidi100"]
    use("kuaidi100")
    refresh(database, YT, NOW)
    fake.answer = FAULTS["slow drip"]
    started = time.monotonic()
    refresh(database, YT, NOW + timedelta(hours=1))
    assert time.monotonic() - started < 3.5
    with database.read() as session:
        view = tracking.view(session, YT, detailed=False, language="zh", now=NOW + timedelta(hours=1))
    assert view is not None and view["status"] == "out_for_delivery" and "没有回应" in view["stale"]
    fake.answer = GOOD["kuaidi100"]
    refresh(database, YT, NOW + timedelta(hours=1, minutes=6))
    with database.read() as session:
        view = tracking.view(session, YT, detailed=False, language="zh", now=NOW)
    assert view is not None and view["stale"] == ""


def test_the_phone_on_record_goes_along_and_digits_given_later_open_what_was_closed(
    use: Any, fake: FakeProvider, database: Database
) -> None:
    use("kdniao")
    fake.answer = json.loads(json.dumps(GOOD["kdniao"]))
    fake.answer["LogisticCode"], fake.answer["ShipperCode"] = SF, "SF"
    refresh(database, SF, NOW)
    assert fake.asked == [] and status(database, SF) is None
    refresh(database, SF, NOW + timedelta(minutes=1), tail="5821")
    assert status(database, SF) == "out_for_delivery"
    with database.read() as session:
        assert session.get(Party, (SF, "receiver")).tail_hash
    refresh(database, SF, NOW + timedelta(hours=1))
    assert json.loads(fake.asked[-1]["form"]["RequestData"])["CustomerName"] == "5821"


def test_a_parcel_long_delivered_is_not_asked_about(use: Any, fake: FakeProvider, database: Database) -> None:
    use("kuaidi100")
    with database.write() as session:
        session.add(Shipment(waybill=YT, status="delivered", last_event_at=NOW - timedelta(days=9)))
        session.commit()
    refresh(database, YT, NOW)
    assert fake.asked == []


def test_changes_are_pushed_to_us_where_we_have_an_address(
    use: Any, fake: FakeProvider, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YIDA_PUBLIC_URL", "https://yida.example")
    fake.answer = lambda path: GOOD["kuaidi100"] if path.endswith("query.do") else {"result": True, "returnCode": "200"}
    use("kuaidi100")
    refresh(database, YT, NOW)
    refresh(database, YT, NOW + timedelta(hours=1))
    subscribed = [json.loads(call["form"]["param"]) for call in fake.asked if call["path"] == "/poll"]
    assert len(subscribed) == 1
    assert subscribed[0]["parameters"]["callbackurl"] == "https://yida.example/hooks/tracking/kuaidi100"


def test_the_settings_are_checked_in_words(use: Any) -> None:
    use("kuaidi100")
    assert chosen.problems(settings()) == []
    lacking = settings().copy(update={"providers": "kuaidi100,dhl", "kuaidi100_key": ""})
    assert chosen.problems(lacking) == [
        "dhl is no provider we know (kuaidi100, kdniao, 17track)", "kuaidi100 needs YIDA_KUAIDI100_KEY"
    ]  # fmt: skip
