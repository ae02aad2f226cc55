"""What the desk knows of a customer, and who may set the class."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

from bot.customers import store
from bot.customers.models import Customer
from bot.db import Database, now
from tests.cases.support import PHONE, Teller
from tests.conversations.support import Customer as Talker
from tests.desk.conftest import Desk


def known(database: Database, conversation_id: str) -> str:
    with database.write() as session:
        customer = store.identify(session, conversation_id, PHONE, now())
        session.commit()
        return str(customer.id)


def test_a_chat_and_a_case_show_who_it_is_once_that_was_shown(lin: Desk, customer: Talker, database: Database) -> None:
    teller = Teller(database)
    number = teller.open(now())
    addresses = (f"/desk/conversations/{customer.id}", f"/desk/cases/{number}")
    assert all("已核验客户" not in lin.get(address).text for address in addresses)
    for conversation_id in (customer.id, teller.id):
        known(database, conversation_id)
    for address in addresses:
        page = lin.get(address).text
        assert "C 类" in page and "13*******77" in page and PHONE not in page and "进行中 1" in page


def test_a_supervisor_sets_the_class_and_it_is_kept_who_did(
    login: Callable[[str], Desk], customer: Talker, database: Database
) -> None:
    customer_id = known(database, customer.id)
    address = f"/desk/api/customers/{customer_id}/class"
    assert login("lin").post(address, json={"class": "A"}).status_code == 403
    assert login("zhou").post(address, json={"class": "A"}).status_code == 403
    wu = login("wu")
    assert wu.post(address, json={"class": "A"}).json()["class"] == "A"
    assert wu.post(address, json={"class": "Z"}).status_code == 400
    assert wu.post(f"/desk/api/customers/{uuid4()}/class", json={"class": "A"}).status_code == 404
    with database.read() as session:
        assert session.get(Customer, customer_id).customer_class == "A"
        last, *_ = store.history(session, customer_id)
        assert (last["actor"], last["what"], last["detail"]) == ("wu", "class", "C A")
