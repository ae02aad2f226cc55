"""Incidents: whom they touch, who is told and how often, which complaints are linked, and what ends them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from actions.parcels import view_for
from bot.cases import incidents
from bot.cases.errors import BadIncident
from bot.db import Database, now
from bot.notices import parcels
from bot.shipments.models import Shipment, ShipmentEvent
from tests.cases.support import DAY, HOUR, NOON, Teller, pass_time, seen

NIGHT = datetime(2026, 11, 27, 15, 30, tzinfo=timezone.utc)  # 23:30 in Shanghai
MORNING = datetime(2026, 11, 28, 0, 0, tzinfo=timezone.utc)
SF = "SF1409283746510"


def declared(database: Database, at: datetime = NOON, **facts: Any) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        "kind": "natural_disaster", "areas": ["杭州"], "text_zh": "受台风影响，派送可能晚一到两天。",
        "text_en": "A typhoon may delay deliveries by a day or two.", "actor": "wu",
    }  # fmt: skip
    with database.write() as session:
        made = incidents.declare(session, now=at, **{**defaults, **facts})
        session.commit()
    return made


def ended(database: Database, incident_id: int, at: datetime = NOON, summary: str = "三天恢复") -> None:
    with database.write() as session:
        incidents.close(session, incident_id, summary, actor="wu", now=at)
        session.commit()


def found(database: Database, *places: str, at: datetime = NOON) -> int | None:
    with database.read() as session:
        incident = incidents.incident_for(session, places, at)
    return incident and incident["id"]


def parcel(
    database: Database, waybill: str = SF, to: str = "杭州", at: str | None = "上海", status: str = "in_transit"
) -> None:
    with database.write() as session:
        session.add(
            Shipment(waybill=waybill, carrier="SF", status=status, sender_city="宁波", receiver_city=to,
                     last_event_at=NOON - HOUR)
        )  # fmt: skip
        session.flush()
        if at:
            session.add(
                ShipmentEvent(waybill=waybill, at=NOON - HOUR, city=at, status=status, text="到达", fingerprint="f")
            )
        session.commit()


def watch(teller: Teller, waybill: str = SF) -> None:
    with teller.database.write() as session:
        assert parcels.start(session, teller.id, waybill, NOON) == "started"
        session.commit()


@pytest.mark.parametrize(
    ("areas", "facility", "places", "touched"),
    [
        (["杭州"], None, ["杭州"], True), (["杭州市"], None, ["杭州"], True), (["Hangzhou"], None, ["杭州"], True),
        (["浙江"], None, ["杭州"], True), (["浙江省"], None, ["上海", "宁波市"], True),
        (["杭州"], None, ["浙江"], False),
        (["杭州"], None, ["宁波"], False), (["杭州"], None, ["余杭区"], True), (["杭州"], None, [], False),
        ([], "萧山转运中心", ["萧山转运中心"], True), ([], "萧山转运中心", ["萧山"], False),
    ],
)  # fmt: skip
def test_an_incident_touches_its_places_and_what_lies_in_them(
    database: Database, areas: list[str], facility: str | None, places: list[str], touched: bool
) -> None:
    made = declared(database, areas=areas, facility=facility)
    assert found(database, *places) == (made["id"] if touched else None)


def test_it_counts_from_its_beginning_to_its_end_and_not_once_it_is_closed(database: Database) -> None:
    made = declared(database, begins_at=NOON + HOUR, ends_at=NOON + DAY)
    times = {NOON: False, NOON + HOUR: True, NOON + DAY - HOUR: True, NOON + DAY: False}
    assert {at: found(database, "杭州", at=at) is not None for at in times} == times
    ended(database, made["id"])
    assert found(database, "杭州", at=NOON + HOUR) is None


def test_who_watches_an_affected_parcel_is_told_once_in_their_language(database: Database) -> None:
    lin, amy, far = Teller(database), Teller(database, "en"), Teller(database)
    parcel(database)
    parcel(database, "SF1409283746511", to="广州")
    watch(lin)
    watch(amy)
    watch(far, "SF1409283746511")
    declared(database, ends_at=NOON + DAY)
    for minutes in (0, 20, 60, 300):
        pass_time(database, NOON + timedelta(minutes=minutes))
    (told,) = lin.told()
    assert "台风" in told and SF in told and "11月28日" in told
    assert "typhoon" in amy.told()[0] and len(amy.told()) == 1 and far.told() == []


def test_a_parcel_that_comes_into_the_area_later_is_told_of_too(database: Database) -> None:
    lin = Teller(database)
    declared(database)
    pass_time(database, NOON)
    parcel(database)
    watch(lin)
    pass_time(database, NOON + HOUR)
    assert len(lin.told()) == 1


@pytest.mark.parametrize("status", ["delivered", "returned"])
def test_parcels_that_are_over_are_not_affected(database: Database, status: str) -> None:
    lin = Teller(database)
    parcel(database, status=status)
    watch(lin)
    declared(database)
    pass_time(database, NOON)
    assert not any("台风" in text for text in lin.told())


def test_a_parcel_not_yet_picked_up_is_affected_where_it_waits(database: Database) -> None:
    lin = Teller(database)
    parcel(database, to="广州", at=None, status="awaiting_pickup")
    watch(lin)
    declared(database, areas=["宁波"])
    pass_time(database, NOON)
    assert any("台风" in text for text in lin.told())


def test_at_night_nobody_is_woken_for_it(database: Database) -> None:
    lin = Teller(database)
    parcel(database)
    watch(lin)
    declared(database, NIGHT)
    pass_time(database, NIGHT)
    assert lin.told() == []
    pass_time(database, MORNING)
    assert len(lin.told()) == 1


@pytest.mark.parametrize("first", ["case", "incident"])
def test_complaints_on_affected_parcels_are_linked_and_told_whichever_came_first(
    database: Database, first: str
) -> None:
    lin = Teller(database)
    parcel(database)
    if first == "incident":
        declared(database)
    number = lin.open(category="delay", waybill=SF)
    pass_time(database, NOON)
    if first == "case":
        declared(database, NOON + HOUR, begins_at=NOON - HOUR)
    pass_time(database, NOON + 2 * HOUR)
    pass_time(database, NOON + 3 * HOUR)
    assert seen(database, number)["incident_id"] is not None
    assert sum("台风" in text for text in lin.told()) == 1
    with database.read() as session:
        assert [incident["cases"] for incident in incidents.listed(session)] == [1]


def test_complaints_of_before_it_began_are_not_linked(database: Database) -> None:
    lin = Teller(database)
    parcel(database)
    number = lin.open(NOON - DAY, category="delay", waybill=SF)
    pass_time(database, NOON)
    declared(database)
    pass_time(database, NOON + HOUR)
    assert seen(database, number)["incident_id"] is None


@pytest.mark.parametrize(("language", "words"), [("zh", "台风"), ("en", "typhoon")])
def test_an_answer_about_an_affected_parcel_mentions_it_until_it_is_closed(
    database: Database, language: str, words: str
) -> None:
    parcel(database)
    made = declared(database, now() - HOUR)

    def why() -> str:
        with database.read() as session:
            view = view_for(session, "somebody", SF, language)
        return str(view and view["why"])

    assert words in why()
    ended(database, made["id"])
    assert words not in why()


def test_closing_asks_for_a_summary_and_happens_once(database: Database) -> None:
    made = declared(database)
    for wrong in (lambda: ended(database, made["id"], summary="  "), lambda: ended(database, 999)):
        with pytest.raises(BadIncident):
            wrong()
    ended(database, made["id"])
    with pytest.raises(BadIncident):
        ended(database, made["id"])
    with database.read() as session:
        (closed,) = incidents.listed(session)
    assert (closed["summary"], closed["closed_by"]) == ("三天恢复", "wu")
