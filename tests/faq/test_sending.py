"""Transit times, outlets and where we deliver."""

from datetime import timedelta

import pytest

from actions.sending import ActionAskServiceArea, ActionAskTransitTime, ActionFindOutlet
from actions.tracking import ActionProvideInfo
from bot.db import Database, now
from bot.shipments.models import Shipment
from tests.faq.talk import Line, answer

# Transit time


def test_the_catalog_s_days_are_told_where_no_parcels_of_the_lane_are_stored(database: Database) -> None:
    sent = answer(ActionAskTransitTime(), "ask_transit_time", "上海到拉萨几天")
    assert sent["response"] == "utter_transit_time_estimate" and sent["days"] == "5-8"


def test_what_the_lane_s_parcels_took_lately_is_told_too(database: Database) -> None:
    with database.write() as session:
        for number in range(6):
            session.add(
                Shipment(
                    waybill=f"SF140928374651{number}", status="delivered", sender_city="上海", receiver_city="北京",
                    created_at=now() - timedelta(days=5), last_event_at=now() - timedelta(days=3.5),
                )
            )  # fmt: skip
        session.commit()
    sent = answer(ActionAskTransitTime(), "ask_transit_time", "浦东到北京朝阳区几天")
    assert sent["response"] == "utter_transit_time_seen"
    assert (sent["days"], sent["parcels"], sent["seen"]) == ("2-3", 6, "2")


def test_half_a_lane_is_asked_for_its_other_half_and_no_lane_gets_the_table(database: Database) -> None:
    line = Line()
    [asked] = line.run(ActionAskTransitTime(), "ask_transit_time", "寄到喀什要几天")
    assert asked["response"] == "utter_transit_time_from" and asked["to_city"] == "喀什"
    [sent] = line.run(ActionProvideInfo(), "provide_info", "杭州")
    assert (sent["from_city"], sent["to_city"], sent["days"]) == ("杭州", "喀什", "8-11")
    assert answer(ActionAskTransitTime(), "ask_transit_time", "一般几天到")["response"] == "utter_ask_transit_time"


def test_a_quote_of_the_lane_just_asked_needs_no_cities_again(database: Database) -> None:
    line = Line()
    line.run(ActionAskTransitTime(), "ask_transit_time", "上海到北京几天")
    assert line.quote("3公斤多少钱")["yuan"] == "20"


# Outlets


def find(text: str, language: str | None = "zh") -> dict[str, str]:
    return answer(ActionFindOutlet(), "find_outlet", text, language)


def test_of_many_outlets_in_a_city_three_are_listed_with_address_phone_and_hours() -> None:
    sent = find("上海有哪些网点")
    lines = sent["outlets"].splitlines()
    assert sent["response"] == "utter_outlets" and (sent["place"], len(lines)) == ("上海", 3)
    assert lines[0] == "张江网点：上海浦东新区演示路 1 号，021-00000101，9:00-19:00"


@pytest.mark.parametrize(
    ("text", "place", "outlet"),
    [
        ("浦东新区的网点在哪", "上海浦东新区", "张江网点"),
        ("杭州余杭区有网点吗", "杭州余杭", "未来科技城网点"),
        ("我在上海市徐汇区漕溪北路18号，附近网点在哪", "上海徐汇", "徐家汇网点"),
        ("望京附近有网点吗", "北京", "望京网点"),
        ("鼓楼区湖南路有网点吗", "南京", "湖南路网点"),
        ("outlet in Pudong", "Pudong", "Pudong Zhangjiang outlet"),
    ],
)
def test_a_district_a_street_or_a_quarter_finds_its_own_outlet(text: str, place: str, outlet: str) -> None:
    sent = find(text, "en" if text.isascii() else "zh")
    assert sent["response"] == "utter_outlets_all" and sent["place"] == place
    assert len(sent["outlets"].splitlines()) == 1 and outlet in sent["outlets"]


def test_where_there_is_none_the_city_s_or_the_province_s_are_offered_honestly() -> None:
    sent = find("杭州萧山区有网点吗")
    assert (sent["response"], sent["place"], sent["wider"]) == ("utter_outlets_wider", "杭州萧山", "杭州")
    sent = find("湛江有没有网点")
    assert (sent["response"], sent["place"], sent["wider"]) == ("utter_outlets_wider", "湛江", "广东")
    assert find("广东的网点")["response"] == "utter_outlets"
    assert find("拉萨的网点在哪")["response"] == "utter_no_outlet_listed"


def test_a_district_of_several_cities_is_asked_about_unless_one_of_them_has_an_outlet_there() -> None:
    assert find("城关区有网点吗")["response"] == "utter_problem_which_city"
    assert find("朝阳区有网点吗")["outlets"].startswith("望京网点：北京")


def test_a_quarter_that_two_cities_have_is_listed_with_both() -> None:
    assert find("科技园附近有网点吗")["place"] == "北京、深圳"


def test_without_a_place_the_bot_asks_and_the_place_alone_answers() -> None:
    line = Line(None)
    [asked] = line.run(ActionFindOutlet(), "find_outlet", "附近网点")
    assert asked["response"] == "utter_find_outlet" and "上海、北京" in asked["cities"]
    [sent] = line.run(ActionProvideInfo(), "provide_info", "浦东新区")
    assert sent["response"] == "utter_outlets_all" and "张江网点" in sent["outlets"]


def test_outlets_are_listed_in_the_language_of_the_reply() -> None:
    sent = find("outlet in Chengdu", "en")
    assert sent["place"] == "Chengdu" and "Jinjiang Chunxi outlet" in sent["outlets"]
    assert "Chengdu, 028-00000127, 9:00-19:00" in sent["outlets"]


# Where we deliver


@pytest.mark.parametrize(
    ("text", "response"),
    [
        ("达州能送吗", "yes"),
        ("四川省凉山彝族自治州能送到吗", "remote"),
        ("喀什送不送", "remote"),
        ("拉萨能送到吗", "yes"),
        ("能送到新疆吗", "partly"),
        ("你们快递到得了怒江不", "remote"),
        ("能送到回龙观吗", "unknown"),
        ("能送到浦东吗", "yes"),
        ("香港能送吗", "customs"),
        ("寄到巴西可以吗", "unknown"),
        ("朝阳区能送吗", "yes"),
    ],
)
def test_whether_we_deliver_there_is_told_by_the_list(text: str, response: str) -> None:
    assert answer(ActionAskServiceArea(), "ask_service_area", text)["response"] == f"utter_service_area_{response}"


def test_a_remote_place_is_told_with_its_days_and_surcharge() -> None:
    sent = answer(ActionAskServiceArea(), "ask_service_area", "do you deliver to Kashgar", "en")
    assert (sent["place"], sent["extra_days"], sent["surcharge"]) == ("Kashgar", 3, 10)


def test_an_unknown_place_is_said_to_be_unknown_and_no_place_is_asked_for() -> None:
    sent = answer(ActionAskServiceArea(), "ask_service_area", "王家村3组能送吗")
    assert sent["response"] == "utter_service_area_unknown" and "王家村" in sent["place"]
    line = Line()
    [asked] = line.run(ActionAskServiceArea(), "ask_service_area", "农村送不送")
    assert asked["response"] == "utter_ask_service_area"
    [sent] = line.run(ActionProvideInfo(), "provide_info", "玉树")
    assert sent["response"] == "utter_service_area_remote"


@pytest.mark.parametrize("text", ["能送上楼吗", "会给送到门口吗", "do you carry it upstairs"])
def test_the_doorstep_and_upstairs_get_the_rule(text: str) -> None:
    assert answer(ActionAskServiceArea(), "ask_service_area", text)["response"] == "utter_service_doorstep"


def test_a_weight_after_a_quote_changes_the_quote() -> None:
    line = Line()
    line.quote("上海到北京3公斤多少钱")
    [sent] = line.run(ActionProvideInfo(), "provide_info", "那5公斤呢")
    assert sent["yuan"] == "28"


def test_a_fact_that_nothing_asked_for_is_answered_as_before() -> None:
    [sent] = Line().run(ActionProvideInfo(), "provide_info", "杭州")
    assert sent["response"] == "utter_provide_info"
