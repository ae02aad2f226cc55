"""Who signed, whether the money was paid out, whether the value was declared: after four digits, never before."""

from typing import Any

import pytest

from actions.particulars import ActionFaqCod, ActionFaqInsurance, ActionProofOfDelivery
from actions.tracking import ActionProvideInfo, ActionTrackDetails, ValidateTailForm
from bot.customers.verification import grant
from bot.db import Database, now
from bot.shipments.models import Shipment
from bot.shipments.store import party, write_parties
from tests.faq.talk import Line, answer

SF, PHONE = "SF1409283746510", "13900135821"


@pytest.fixture(autouse=True)
def parcel(database: Database) -> None:
    with database.write() as session:
        session.add(Shipment(waybill=SF, status="delivered", reason="by_proxy", cod_amount=199, last_event_at=now()))
        session.flush()
        write_parties(session, [party(SF, "sender", "李雷", PHONE)])
        session.commit()


@pytest.fixture
def verified(database: Database) -> None:
    with database.write() as session:
        grant(session, "c1", SF, "sender", now())
        session.commit()


@pytest.mark.parametrize(
    ("action", "text", "response"),
    [
        (ActionProofOfDelivery(), f"{SF} 谁签收的", "utter_proof_by_proxy"),
        (ActionFaqCod(), f"{SF} 代收货款到账了吗", "utter_cod_payout_due"),
        (ActionFaqInsurance(), f"{SF} 保价了吗", "utter_value_undeclared"),
    ],
)
def test_who_may_see_the_parcel_is_told_at_once(verified: None, action: Any, text: str, response: str) -> None:
    sent = answer(action, "faq_cod", text)
    assert sent["response"] == response and sent["waybill"] == SF


@pytest.mark.parametrize("number", [SF, "SF1409283746528"])
def test_who_may_not_is_asked_for_the_digits_be_there_a_parcel_or_not(number: str) -> None:
    line = Line()
    assert line.run(ActionProofOfDelivery(), "ask_proof_of_delivery", f"{number} 谁签收的") == []
    assert line.followed_by == ["tail_form"] and line.slots["waybill"] == number


def test_after_the_digits_the_question_is_answered_and_not_the_whole_card() -> None:
    line = Line()
    line.run(ActionFaqCod(), "faq_cod", f"{SF} 货款结算了吗")
    line.form, line.slots["requested_slot"] = "tail_form", "phone_tail"
    line.run(ValidateTailForm(), "provide_info", PHONE[-4:], [{"event": "user"}])
    line.form = None
    [sent] = line.run(ActionTrackDetails(), "provide_info", PHONE[-4:])
    assert sent["response"] == "utter_cod_payout_due" and sent["amount"] == "199"
    assert line.slots["particular_asked"] is None


def test_the_details_asked_for_later_are_the_details() -> None:
    line = Line()
    line.run(ActionFaqCod(), "faq_cod", f"{SF} 货款结算了吗")
    line.form = "tail_form"
    line.run(
        ValidateTailForm(),
        "track_details",
        "看详细物流",
        [{"event": "user"}, {"event": "active_loop", "name": "tail_form"}],
    )
    assert line.slots["particular_asked"] is None


def test_without_a_number_the_rule_is_told_and_the_number_alone_goes_on(verified: None) -> None:
    line = Line()
    [sent] = line.run(ActionProofOfDelivery(), "ask_proof_of_delivery", "把签收底单发我")
    assert sent["response"] == "utter_ask_proof_of_delivery"
    [sent] = line.run(ActionProvideInfo(), "provide_info", SF)
    assert sent["response"] == "utter_proof_by_proxy"


def test_a_question_about_my_own_means_the_parcel_at_hand_and_one_about_the_rule_does_not(verified: None) -> None:
    assert answer(ActionFaqCod(), "faq_cod", "我的货款到账了吗", waybill=SF)["response"] == "utter_cod_payout_due"
    assert answer(ActionFaqCod(), "faq_cod", "代收手续费几个点", waybill=SF)["response"] == "utter_faq_cod"


def test_inside_another_form_no_digits_are_asked_for() -> None:
    line = Line()
    line.form = "complaint_form"
    [sent] = line.run(ActionProofOfDelivery(), "ask_proof_of_delivery", f"{SF} 谁签收的")
    assert sent["response"] == "utter_ask_proof_of_delivery" and line.followed_by == []


def test_what_declaring_an_amount_costs_is_reckoned() -> None:
    sent = answer(ActionFaqInsurance(), "faq_insurance", "保价1万2要交多少钱")
    assert sent["response"] == "utter_faq_insurance_fee" and (sent["value"], sent["fee"]) == (12000, "120")
    assert answer(ActionFaqInsurance(), "faq_insurance", "保价怎么算")["response"] == "utter_faq_insurance"
