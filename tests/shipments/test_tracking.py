"""The shipment card: coarse for whoever knows the number, whole with people masked for who may see it."""

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from bot.db import Database
from bot.shipments.masking import masked
from bot.shipments.models import Shipment, fingerprint
from bot.shipments.statuses import read_code
from bot.shipments.store import party, write_events, write_parties
from bot.shipments.tracking import area, look_up, view

NOW = datetime(2026, 11, 24, 4, tzinfo=timezone.utc)
SF = "SF1409283746510"


def scan(hours_ago: float, code: str, text: str, city: str | None = None, waybill: str = SF) -> dict[str, Any]:
    at, (status, reason) = NOW - timedelta(hours=hours_ago), read_code(code)
    return {
        "waybill": waybill, "at": at, "city": city, "status": status, "reason": reason, "code": code, "text": text,
        "fingerprint": fingerprint(at, code, text),
    }  # fmt: skip


@pytest.fixture
def card(database: Database) -> Any:
    """Stores scans of a parcel for 李雷, and gives its card."""

    def make(*scans: dict[str, Any], waybill: str = SF, detailed: bool = False, language: str = "zh") -> Any:
        with database.write() as session:
            write_events(session, list(scans))
            write_parties(session, [party(waybill, "receiver", "李雷", "13900135821", "深圳市科技路1号")])
            session.commit()
        with database.read() as session:
            return view(session, waybill, detailed=detailed, language=language, now=NOW)

    return make


DELIVERING = scan(1, "5", "快递员王小明正在派件，电话13800138000，收件人李雷，科技路1号", "深圳")
ARRIVED = scan(9, "1001", "到达深圳", "深圳市")


def test_the_number_alone_shows_status_and_city_and_what_it_means_but_no_people(card: Any) -> None:
    shown = card(ARRIVED, DELIVERING)
    assert (shown["status"], shown["city"], shown["verdict"]) == ("out_for_delivery", "深圳", "waiting")
    assert shown["timeline"] == [] and shown["detailed"] is False
    assert shown["headline"] and shown["why"] and shown["next"] and shown["action"]["title"]
    assert not any(word in json.dumps(shown, ensure_ascii=False) for word in ("王小明", "李雷", "1380013", "科技路"))


def test_details_show_the_way_newest_first_with_names_and_phones_masked(card: Any) -> None:
    shown = card(ARRIVED, DELIVERING, detailed=True)
    newest, oldest = shown["timeline"]
    assert oldest["text"] == "到达深圳" and newest["text"].startswith("快递员王**正在派件，电话13*******00")
    assert "王小明" not in newest["text"] and "李雷" not in newest["text"]
    assert datetime.fromisoformat(newest["at"]) == NOW - timedelta(hours=1)


def test_a_card_is_json_and_speaks_the_customers_language(card: Any) -> None:
    shown = card(ARRIVED, DELIVERING, language="en", detailed=True)
    assert json.loads(json.dumps(shown)) == shown
    assert (shown["carrier_name"], shown["city"]) == ("SF Express", "Shenzhen")
    assert shown["status_name"] == "Out for delivery"
    assert {event["city"] for event in shown["timeline"]} == {"Shenzhen"}


def test_the_city_is_the_last_one_named_and_never_guessed(card: Any) -> None:
    assert card(ARRIVED, scan(1, "1002", "运输中"))["city"] == "深圳市"
    other = "YT4401928374650"
    assert card(scan(1, "1002", "运输中", waybill=other), waybill=other)["city"] == ""


def test_a_parcel_is_found_however_its_number_is_written_and_an_unknown_one_is_none(
    database: Database, card: Any
) -> None:
    card(ARRIVED)
    with database.read() as session:
        assert look_up(session, "ｓｆ 1409-2837-46510") is not None
        assert look_up(session, "SF1409283746511") is None
        assert view(session, "SF1409283746511", detailed=True, language="zh", now=NOW) is None


def test_a_parcel_without_a_known_city_to_go_to_has_no_area(database: Database, card: Any) -> None:
    card(ARRIVED)
    with database.read() as session:
        assert [area(session, waybill) for waybill in (SF, "SF1409283746511", None)] == [None, None, None]


@pytest.mark.parametrize(("text", "shown"), [
    ("派送员：钱多多，电话：13900006655", "派送员：钱**，电话：13*******55"),
    ("快递员【王小明】（138 1234 5678）正在派送", "快递员【王**】（13*******78）正在派送"),
    ("【深圳】王小明(+86 13812345678)已揽收", "【深圳】王**(13*******78)已揽收"),
    ("签收人：张三丰，疑问请拨0755-86920347", "签收人：张**，疑问请拨07********47"),
    ("signed by Wang Xiaoming, 13812345678", "signed by W************, 13*******78"),
    ("签收人：本人", "签收人：本人"), ("已签收，签收人：门卫代签", "已签收，签收人：门卫代签"),
    ("快递员正在派件，请保持电话畅通", "快递员正在派件，请保持电话畅通"),
    ("快递员联系不上收件人", "快递员联系不上收件人"),
    ("客服热线95338或400-811-1111", "客服热线95338或400-811-1111"),
    ("到达深圳，2026-11-20 10:00:00，SF1409283746510", "到达深圳，2026-11-20 10:00:00，SF1409283746510"),
])  # fmt: skip
def test_couriers_texts_lose_people_and_keep_the_rest(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_the_couriers_relay_number_is_shown_to_who_may_see_it_while_he_has_the_parcel(
    card: Any, database: Database
) -> None:
    card(ARRIVED, DELIVERING)
    with database.write() as session:
        look_up(session, SF).courier_relay = "950013-4472"
        session.commit()
    assert card(detailed=True)["courier"] == "950013-4472" and card()["courier"] is None
    assert card(scan(0.5, "301", "本人签收"), detailed=True)["courier"] is None


def test_without_a_promise_the_lanes_own_parcels_say_when_it_is_late(card: Any, database: Database) -> None:
    """Twelve parcels of the lane took one day each: one that is on its way for two days is slower than usual."""
    with database.write() as session:
        for number in range(12):
            sent = NOW - timedelta(days=9, hours=number)
            session.add(Shipment(
                waybill=f"SF15000000000{number:02d}", status="delivered", sender_city="上海", receiver_city="杭州市",
                created_at=sent, last_event_at=sent + timedelta(hours=20),
            ))  # fmt: skip
        session.commit()
    card(scan(30, "103", "揽收"), scan(9, "1001", "到达杭州", "杭州"))
    with database.write() as session:
        parcel = look_up(session, SF)
        parcel.sender_city, parcel.receiver_city, parcel.created_at = "上海", "杭州", NOW - timedelta(hours=31)
        session.commit()
    shown = card()
    assert shown["verdict"] == "late" and "一般时效" in shown["why"]
