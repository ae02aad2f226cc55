"""Masks hide what GB/T 41833 says must be hidden (domain-facts §3.8), whatever surrounds it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.privacy import mask_name, mask_phone, mask_text, mask_waybill, phone_hash

MOBILE = st.from_regex(r"1[3-9]\d{9}", fullmatch=True)


@given(MOBILE)
def test_a_phone_keeps_at_most_five_digits_alone_or_in_a_sentence(phone: str) -> None:
    for masked in (mask_phone(phone), mask_text(f"请打{phone}，谢谢")):
        assert phone not in masked and sum(char.isdigit() for char in masked) <= 5


@pytest.mark.parametrize("written", ["138 0013 8000", "138-0013-8000", "+86 13800138000", "8613800138000"])
def test_a_phone_is_masked_however_it_is_written(written: str) -> None:
    masked = mask_text(f"电话{written}。")
    assert "*" * 5 in masked and "0013" not in masked


@given(st.text(max_size=50), MOBILE, st.text(max_size=50))
def test_no_phone_survives_in_any_text(before: str, phone: str, after: str) -> None:
    assert phone not in mask_text(f"{before} {phone} {after}")


@pytest.mark.parametrize(("address", "masked"), [
    ("科技路1号3栋2单元502室", "科技路1号3栋*单元*室"),
    ("示范街 6 号 1 栋 301", "示范街 6 号 1 栋 *"),
    ("送到A座1203号房", "送到A座*号房"),
    ("阳光花园8栋b301户", "阳光花园8栋*户"),
    ("Flat 12B, 3 Garden Road", "Flat *, 3 Garden Road"),
    ("12 Garden Road, apt. #4", "12 Garden Road, apt. #*"),
    ("2个包裹，3天，United 5", "2个包裹，3天，United 5"),
])
def test_an_address_keeps_its_street_and_loses_unit_and_room(address: str, masked: str) -> None:
    assert mask_text(address) == masked


@pytest.mark.parametrize(("name", "masked"), [("王小明", "王**"), ("李", "李*"), ("", ""), ("Anna", "A***")])
def test_a_name_keeps_its_first_character(name: str, masked: str) -> None:
    assert mask_name(name) == masked


def test_a_waybill_keeps_four_characters_at_each_end() -> None:
    assert mask_waybill("SF1234567890123") == "SF12*******0123"


def test_one_phone_in_two_spellings_is_found_by_one_hash() -> None:
    assert phone_hash("138 0013 8000") == phone_hash("+8613800138000") != phone_hash("13800138001")
