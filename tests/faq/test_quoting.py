"""Asking what a parcel costs, in one line or in several."""

import pytest
from rasa_sdk import Action

from actions.faq import ActionFaqOversize
from actions.loads import size_in, yuan_in
from actions.particulars import ActionFaqInsurance
from actions.quoting import ActionQuoteAside
from tests.faq.talk import Line, answer

ROUTE = "quote_form_quote_route"


def test_one_line_with_everything_gets_the_sum_and_each_part() -> None:
    sent = Line().quote("从上海寄到喀什，30x40x50厘米 8公斤，保价3000元，多少钱")
    assert sent["response"] == "utter_quote_freight_estimate"
    assert (sent["from_city"], sent["to_city"], sent["yuan"], sent["days"]) == ("上海", "喀什", "188", "8-11")
    assert sent["parts"].split("、") == [
        "运费 148 元（体积重 10 公斤大于实重，按 10 公斤计费）",
        "偏远附加 10 元",
        "保价费 30 元（声明价值 3000 元）",
    ]


def test_what_is_missing_is_asked_and_what_was_given_stays() -> None:
    line = Line()
    assert line.quote("寄到北京多少钱")["response"] == "utter_ask_quote_form_quote_from"
    asked = line.quote("从上海寄", "book_pickup")
    assert asked["response"] == "utter_ask_quote_form_quote_weight"
    assert (asked["from_city"], asked["first"], asked["further"], asked["days"]) == ("上海", "12", "4", "2-3")
    sent = line.quote("8公斤", "provide_info")
    assert (sent["from_city"], sent["to_city"], sent["yuan"]) == ("上海", "北京", "40")


@pytest.mark.parametrize(
    ("answered", "intent", "basis"),
    [
        ("8", "provide_info", "（计费 8 公斤）"),
        ("50*40*30cm", "faq_oversize", "按体积重 10 公斤"),
        ("30x40x50厘米 8公斤", "faq_oversize", "体积重 10 公斤"),
        ("不知道诶", "deny", "首重 1 公斤"),
        ("还没称呢，不清楚", "provide_info", "首重 1 公斤"),
    ],
)
def test_a_weight_is_understood_as_people_say_it_whatever_the_intent(answered: str, intent: str, basis: str) -> None:
    line = Line()
    line.quote("上海到北京运费")
    assert basis in line.quote(answered, intent)["parts"]


def test_another_question_is_left_to_its_own_rule_and_the_form_keeps_waiting() -> None:
    line = Line()
    line.quote("上海到北京运费")
    assert line.quote("充电宝能寄吗", "faq_prohibited") == {} and line.rejected
    assert line.quote("3公斤", "provide_info")["yuan"] == "20"


def test_a_new_route_forgets_the_weight_of_the_parcel_before_and_a_new_weight_keeps_the_route() -> None:
    line = Line()
    line.quote("上海到北京3公斤多少钱")
    assert line.quote("那5公斤多少钱")["yuan"] == "28"
    assert line.quote("广州到深圳呢")["response"] == "utter_ask_quote_form_quote_weight"


@pytest.mark.parametrize(
    ("action", "text", "part"),
    [
        (ActionFaqOversize(), "50*40*30cm", "体积重 10 公斤"),
        (ActionFaqInsurance(), "保价2000元", "保价费 2 元（声明价值 2000 元）"),
    ],
)
def test_a_size_or_value_told_after_the_quote_changes_it_whatever_the_intent(
    action: Action, text: str, part: str
) -> None:
    line = Line()
    line.quote("上海到北京3公斤多少钱")
    [sent] = line.run(action, "faq_oversize", text)
    assert sent["response"] == "utter_quote_freight_estimate" and part in sent["parts"]


def test_a_size_without_a_quote_is_told_what_it_counts_for() -> None:
    assert answer(ActionFaqOversize(), "faq_oversize", "60*40*30的箱子能寄吗")["volumetric"] == "12"
    assert answer(ActionFaqOversize(), "faq_oversize", "2米*1米*1米")["response"] == "utter_quote_too_large"
    assert answer(ActionFaqOversize(), "faq_oversize", "大件怎么寄")["response"] == "utter_faq_oversize"


@pytest.mark.parametrize("text", ["SF1409283746510", "YD26112400001"])
def test_a_waybill_or_case_number_is_left_to_whom_it_concerns(text: str) -> None:
    line = Line()
    line.quote("上海到北京运费")
    assert line.quote(text, "provide_info") == {} and line.rejected


def test_the_rule_is_told_to_who_asks_how_freight_is_reckoned() -> None:
    sent = Line(quote_from=["上海", "上海", ""]).quote("运费怎么算")
    assert sent["response"] == f"utter_ask_{ROUTE}" and sent["same_city_first_kg"] == 8


def test_the_destination_may_be_named_first_and_english_is_answered_in_english() -> None:
    sent = Line("en").quote("to Kashgar from Shanghai, 3kg")
    assert (sent["from_city"], sent["to_city"]) == ("Shanghai", "Kashgar")
    assert sent["parts"] == "freight 50 yuan (3 kg billed), remote area 10 yuan"


def test_districts_are_quoted_by_their_city_and_an_open_one_is_asked_about() -> None:
    line = Line()
    asked = line.quote("浦东寄到朝阳区 2公斤")
    assert asked["response"] == "utter_problem_which_city" and asked["candidates"] == "北京、长春"
    sent = line.quote("北京", "provide_info")
    assert (sent["from_city"], sent["to_city"], sent["yuan"]) == ("上海浦东新区", "北京", "16")


@pytest.mark.parametrize("abroad", ["香港", "伦敦"])
def test_beyond_customs_there_is_no_quote_but_a_person(abroad: str) -> None:
    asked = Line().quote(f"上海寄到{abroad}多少钱")
    assert asked["response"] == "utter_problem_place_elsewhere" and asked["place"] == abroad


def test_within_one_city_one_name_is_enough() -> None:
    assert Line().quote("上海同城3公斤多少钱")["yuan"] == "11"
    line = Line()
    line.quote("从上海寄3公斤多少钱")
    assert line.quote("同城", "provide_info")["yuan"] == "11"


def test_a_province_is_quoted_with_what_its_remotest_places_add() -> None:
    sent = Line().quote("上海到新疆3公斤多少钱")
    assert sent["yuan"] == "50" and "偏远地区另加，最多 12 元" in sent["parts"]


def test_a_declared_value_is_read_in_figures_and_in_words() -> None:
    for words in ("保价5000元", "保价五千", "价值5千的手机，保价"):
        assert "声明价值 5000 元" in Line().quote(f"上海到北京3公斤，{words}，多少钱")["parts"], words


def test_too_large_a_piece_goes_to_a_person_and_too_high_a_value_to_the_outlet() -> None:
    assert Line().quote("上海到北京 80公斤多少钱")["response"] == "utter_quote_too_large"
    sent = Line().quote("上海到北京 2公斤 保价5万 多少钱")
    assert sent["yuan"] == "16" and "待网点确认" in sent["parts"]


def test_an_oversize_piece_shows_its_surcharge() -> None:
    assert "超大超重附加 20 元" in Line().quote("上海到北京 5公斤 130*20*20cm 多少钱")["parts"]


def test_money_that_declares_nothing_is_not_a_declared_value() -> None:
    assert "保价" not in Line().quote("上海到北京3公斤20块钱够吗")["parts"]


def test_inside_another_form_freight_is_told_without_questions() -> None:
    assert answer(ActionQuoteAside(), "quote_freight", "运费多少")["response"] == "utter_quote_freight"
    assert answer(ActionQuoteAside(), "quote_freight", "上海到北京3公斤运费多少")["yuan"] == "20"


@pytest.mark.parametrize(
    ("words", "sides"),
    [
        ("30x40x50厘米 8公斤", [30, 40, 50]),
        ("50*40*30cm", [50, 40, 30]),
        ("0.5米×0.4米×0.3米", [50, 40, 30]),
        ("300*200*100mm", [30, 20, 10]),
        ("长50cm 宽40cm，高30cm", [50, 40, 30]),
        ("20 by 10 by 5 inches", [50.8, 25.4, 12.7]),
        ("50x40", None),
        ("8公斤", None),
        ("0x40x50", None),
    ],
)
def test_a_size_is_read_in_centimetres(words: str, sides: list[float] | None) -> None:
    assert size_in(words) == sides


@pytest.mark.parametrize(
    ("words", "yuan"), [("1万2", 12000), ("五千", 5000), ("2000元", 2000), ("1,200元", 1200), ("两万八", 28000)]
)
def test_an_amount_is_read_in_yuan(words: str, yuan: int) -> None:
    assert yuan_in(words) == yuan
