"""The shipment card: how it stands for anybody with the waybill, the whole way for who knows the phone."""

import pytest
from playwright.sync_api import expect

from tests.support.server import Server
from tests.widget.conftest import OpenPage
from tests.widget.customer import Customer

Parcels = list[tuple[str, str]]


@pytest.fixture(scope="module")
def parcels(server: Server) -> Parcels:
    return server.load_demo()


def test_a_waybill_alone_shows_status_and_stage_but_not_the_way(customer: Customer, parcels: Parcels) -> None:
    customer.ask(parcels[0][0])
    card = customer.page.locator(".Shipment")
    expect(card).to_contain_text(parcels[0][0])
    expect(card.locator("[aria-current=step]")).to_have_text("运输中")
    expect(card.locator(".Step")).to_have_count(0)
    expect(card.locator(".Timeline")).to_have_css("padding-top", "0px")  # no gap where the way would be


def test_the_cards_words_are_not_said_a_second_time_beside_it(customer: Customer, parcels: Parcels) -> None:
    reply = customer.ask(parcels[0][0])
    headline = reply.locator(".Shipment-headline").inner_text()
    assert reply.inner_text().count(headline) == 1


def test_four_digits_open_the_way_and_a_long_one_can_be_unfolded(customer: Customer, parcels: Parcels) -> None:
    waybill, tail = parcels[2]
    customer.ask(waybill)
    customer.choose("看详细物流")
    steps = customer.ask(tail).locator(".Step")
    expect(steps.first).to_be_visible()
    unfold = customer.page.get_by_role("button", name="查看全部")
    folded = steps.count()
    expect(unfold).to_have_attribute("aria-expanded", "false")
    unfold.click()
    assert steps.count() > folded
    customer.page.get_by_role("button", name="收起").click()
    assert steps.count() == folded


def test_an_english_page_shows_an_english_card(open_page: OpenPage, parcels: Parcels) -> None:
    customer = open_page("/?lang=en")
    card = customer.ask(f"where is {parcels[0][0]}").locator(".Shipment")
    expect(card.locator("[aria-current=step]")).to_have_text("In transit")
    expect(card).to_contain_text("Promised by")
    assert not any("一" <= letter <= "鿿" for letter in card.inner_text())


def test_the_courier_can_be_called_by_a_relay_number_once_the_digits_are_given(customer: Customer) -> None:
    customer.ask("SF1402266983175")
    customer.choose("看详细物流")
    call = customer.ask("4455").locator(".Shipment a[href^='tel:']")
    expect(call).to_have_text("950013-4472")
