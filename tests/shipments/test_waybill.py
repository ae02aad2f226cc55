"""The recogniser: which numbers in a message are waybills, whose, and what is wrong with the near misses."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.shipments import foreign
from bot.shipments.waybill import find, normalise, recognise

EXAMPLES = Path(__file__).resolve().parents[3] / "shared" / "tracking_number_data" / "couriers"


def only(text: str) -> tuple[str, str, tuple[str, ...], str | None]:
    """The one waybill of the text: as written, its value, carriers and problem."""
    (found,) = find(text)
    return text[found.start : found.end], found.value, found.carriers, found.problem


@pytest.mark.parametrize(("text", "written", "value", "carrier"), [
    ("帮我查下SF1409283746510到哪了", "SF1409283746510", "SF1409283746510", "SF"),
    ("yt4401928374650 签收凭证发我", "yt4401928374650", "YT4401928374650", "YTO"),
    ("JT4019283746510今天不方便收", "JT4019283746510", "JT4019283746510", "JTSD"),
    ("JD0098817264532 未收到", "JD0098817264532", "JD0098817264532", "JD"),
    ("子母件JDVA28374650192", "JDVA28374650192", "JDVA28374650192", "JD"),
    ("JDVC09876543210-1-2- 只到一件", "JDVC09876543210-1-2-", "JDVC09876543210", "JD"),
    ("my supplier gave me DPK364512009871.", "DPK364512009871", "DPK364512009871", "DBL"),
    ("DPL364512009871", "DPL364512009871", "DPL364512009871", "DBL"),
    ("YT2229521272164446", "YT2229521272164446", "YT2229521272164446", "YUNEXPRESS"),
    ("发错了 看这个 ZTO73500012345678", "ZTO73500012345678", "73500012345678", "ZTO"),
    ("STO-7731234567890", "STO-7731234567890", "7731234567890", "STO"),
    ("快递单号是YD3141592653589", "YD3141592653589", "3141592653589", "YD"),
    ("where is 1Z5R89390357567127", "1Z5R89390357567127", "1Z5R89390357567127", "UPS"),
    ("RB123456785GB", "RB123456785GB", "RB123456785GB", "UPU"),
    ("ee471108151cn到巴黎没", "ee471108151cn", "EE471108151CN", "EMS"),
])  # fmt: skip
def test_a_prefixed_number_names_its_carrier(text: str, written: str, value: str, carrier: str) -> None:
    assert only(text) == (written, value, (carrier,), None)


@pytest.mark.parametrize("text", [
    "ＳＦ１４０９２８３７４６５１０", "sf 1409 2837 46510", "SF-1409-2837-46510", "SF　1409283746510",
    "运单：SF–1409283746510",
])  # fmt: skip
def test_width_case_spaces_and_hyphens_do_not_matter(text: str) -> None:
    assert only(text)[1:] == ("SF1409283746510", ("SF",), None)


@pytest.mark.parametrize(("digits", "first"), [
    ("73190553102532", "ZTO"), ("78203847561029", "ZTO"), ("268123456789", "STO"), ("773019284756120", "STO"),
    ("3914712788236", "YD"), ("312208599281014", "YD"), ("9712345678901", "EMS"), ("288123456789", "SF"),
])  # fmt: skip
def test_digits_alone_give_ranked_candidates(digits: str, first: str) -> None:
    _, value, carriers, problem = only(f"单号{digits}换个地址送")
    assert (value, carriers[0], problem) == (digits, first, None)
    assert len(set(carriers)) == len(carriers)


@pytest.mark.parametrize("text", [
    "电话13812345678", "138 1234 5678", "138-1234-5678", "+86 13912345678", "8613912345678", "座机0571-86920347",
    "+44 7911 123456", "138 1234 5678 2件",
    "订单号:3294817560021187 商品:卫衣", "订单号是 3029 8811 2200", "订单283746102938", "order no. 283746102938",
    "YD26112400017", "yd-26112400017", "WO20241108026", "GD20241109140", "TS2024110900183", "工单号 202504180066",
    "2024-11-09 10 30到的", "39.90元", "尾号5821", "取件码12-3-4567", "身份证110101199003071234",
    "JD618活动", "SF 2024", "",
])  # fmt: skip
def test_phones_orders_cases_dates_and_small_numbers_are_no_waybills(text: str) -> None:
    assert find(text) == [] and recognise(text) is None


@pytest.mark.parametrize(("text", "problem"), [
    ("RB123456786GB", "check_digit"), ("1Z5R89390357567128", "check_digit"), ("EA471108152CN", "check_digit"),
    ("SF14092837465", "too_short"), ("SF140928374651012", "too_long"), ("YT440192837465", "too_short"),
    ("JD0029384471", "too_short"), ("1Z88F20417739", "too_short"), ("单号 55671209", "too_short"),
    ("AWB 12345678901234567", "too_long"),
])  # fmt: skip
def test_a_near_miss_says_what_is_wrong(text: str, problem: str) -> None:
    assert only(text)[3] == problem


def test_several_numbers_come_in_reading_order_and_are_not_run_together() -> None:
    text = "SF1409283746510 15066281947 还有 773019928847 和 73190553102532 SF1409283746511"
    assert [found.value for found in find(text)] == [
        "SF1409283746510", "773019928847", "73190553102532", "SF1409283746511",
    ]  # fmt: skip


def test_the_word_after_a_number_is_not_its_country() -> None:
    assert find("UK558201937 no scans since Tuesday") == []


def test_an_answer_to_which_waybill_is_judged_as_a_whole() -> None:
    found = recognise("  sf 1409 2837 46510 ")
    assert found is not None and found.value == "SF1409283746510"
    short = recognise("55671209")
    assert short is not None and short.problem == "too_short"
    assert recognise("不记得了") is None


@given(st.text())
def test_no_text_makes_it_fail_and_offsets_point_at_what_was_written(text: str) -> None:
    check_offsets(text)


WRITTEN = st.sampled_from(["SF1409283746510", "7319 0553 102532", "ee471108151cn", "13812345678", "JD-0098817264532"])
FILLER = st.text(st.sampled_from("查件 ,:-SFYD＋１２0129\u3000單号\n"), max_size=12)


@given(st.lists(st.one_of(WRITTEN, FILLER)).map("".join))
def test_offsets_hold_among_numbers_and_separators(text: str) -> None:
    check_offsets(text)


def check_offsets(text: str) -> None:
    end = 0
    for found in find(text):
        assert end <= found.start < found.end <= len(text)
        assert found.value in normalise(text[found.start : found.end])
        end = found.end


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@pytest.mark.parametrize(("number", "name", "right"), [
    ("986578788855", "FedEx Express (12)", True), ("986578788856", "FedEx Express (12)", False),
    ("3318810025", "DHL Express", True), ("3318810026", "DHL Express", False),
    ("1Z5R89390357567127", "UPS", True), ("1Z5R89390357567128", "UPS", False),
    ("320595463938", "Purolator (12)", True), ("320595463939", "Purolator (12)", False),
    ("0998000002003 3F".replace(" ", ""), "DPD (14)", True), ("09980000020033D", "DPD (14)", False),
    ("C11031500001879", "OnTrac", True), ("C11031500001878", "OnTrac", False),
    ("9400111206206406260787", "USPS IMpb N", True), ("9400111206206406260788", "USPS IMpb N", False),
    ("RB123456785GB", "S10", True), ("RB123456785XX", "S10", False),
    ("TBA000000000000", "Amazon Logistics", True), ("TBA50288727400A", "Amazon Logistics", False),
])  # fmt: skip
def test_each_kind_of_check_digit_abroad(number: str, name: str, right: bool) -> None:
    assert foreign.judge(number, name) is right


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the shared examples are not here")
def test_all_published_examples_are_judged_right_in_their_format() -> None:
    judged = [
        (form["name"], number, foreign.judge(normalise(number), form["name"]) is (kind == "valid"))
        for file in EXAMPLES.glob("*.json")
        for form in json.loads(file.read_text(encoding="utf-8"))["tracking_numbers"]
        for kind in ("valid", "invalid")
        for number in form["test_numbers"][kind]
    ]
    assert len(judged) == 280
    assert [row for row in judged if not row[2]] == []


@pytest.mark.parametrize(("text", "carriers", "problem"), [
    ("FedEx 986578788855 到哪了", ("FEDEX",), None),
    ("联邦快递的 986578788856", ("FEDEX",), "check_digit"),
    ("DHL 60120172242323", ("DHL",), None),
    ("60120172242323", ("ZTO",), None),
    ("986578788855", ("SF", "ZTO", "STO", "YTO"), None),
    ("TBA010000000000 where", ("AMAZON",), None),
    ("9400 1112 0620 6406 2607 87", ("USPS",), None),
])  # fmt: skip
def test_a_carrier_abroad_counts_for_bare_digits_only_when_it_is_named(
    text: str, carriers: tuple[str, ...], problem: str | None
) -> None:
    assert only(text)[2:] == (carriers, problem)


@given(st.from_regex(r"[1-9][0-9]{11,14}", fullmatch=True))
def test_no_plain_chinese_number_is_ever_given_to_a_carrier_abroad(digits: str) -> None:
    abroad = {form.carrier for form in foreign.FORMATS}
    assert not any(abroad & set(found.carriers) for found in find(f"查一下 {digits}"))


@pytest.mark.parametrize(("typed", "value"), [
    ("SF14O92837465lO", "SF1409283746510"), ("yt44O1928374650", "YT4401928374650"),
    ("SF I4O9283746510", "SF1409283746510"),
])  # fmt: skip
def test_letters_typed_for_digits_are_read_as_digits(typed: str, value: str) -> None:
    assert only(f"单号{typed}")[1:] == (value, (("SF",) if value.startswith("SF") else ("YTO",)), None)


@given(st.text(alphabet="SFYTJDPKLO I1Z0123456789-运单号FedEx ", max_size=60))
def test_whatever_is_typed_offsets_cover_what_was_read(text: str) -> None:
    for found in find(text):
        written = normalise(text[found.start : found.end])
        assert found.value in written or found.value in written.translate(str.maketrans("OIL", "011"))
