"""One customer on several channels: linked by a one-time code, one history, told where they were last."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import event

from bot.cases import service as cases
from bot.conversations.inbox import open_conversation
from bot.conversations.models import Conversation
from bot.customers import store, subscriptions
from bot.customers.models import Customer, CustomerEvent, Identity
from bot.db import Database, now
from bot.notices.telling import tell
from bot.rights.scope import scope
from tests.cases.support import NOON, PHONE, Teller, pass_time, seen, step

OTHER_PHONE = "13900006666"


@pytest.fixture
def web(database: Database) -> Teller:
    return Teller(database)


@pytest.fixture
def app(database: Database) -> Teller:
    """The same person on a messaging app, or somebody else: nobody knows yet."""
    teller = Teller(database)
    with database.write() as session:
        teller.id = open_conversation(session, "telegram", uuid4().hex).id
        session.commit()
    return teller


def show(teller: Teller, phone: str = PHONE) -> None:
    with teller.database.write() as session:
        store.identify(session, teller.id, phone, NOON)
        session.commit()


def own_cases(teller: Teller) -> set[str]:
    with teller.database.read() as session:
        return {case["number"] for case in cases.cases_of_conversation(session, teller.id)}


def test_two_channels_of_one_phone_have_one_set_of_cases_and_others_none_of_them(
    database: Database, web: Teller, app: Teller
) -> None:
    stranger = Teller(database)
    number = web.open(phone=PHONE)
    assert own_cases(app) == set()
    show(web)
    show(app)
    show(stranger, OTHER_PHONE)
    assert own_cases(app) == own_cases(web) == {number} and own_cases(stranger) == set()
    with database.read() as session:
        assert cases.progress(session, number, app.id) is not None
        assert cases.progress(session, number, stranger.id) is None
        assert cases.is_own(session, number, app.id) and not cases.is_own(session, number, stranger.id)


def test_a_phone_that_is_only_named_in_a_case_links_nothing(database: Database, web: Teller, app: Teller) -> None:
    number = web.open(phone=PHONE)
    app.open(phone=PHONE, category="delay")
    assert number not in own_cases(app)
    with database.read() as session:
        assert session.query(Customer).count() == session.query(Identity).count() == 0


def test_a_second_complaint_from_another_channel_joins_the_open_one(web: Teller, app: Teller) -> None:
    number = web.open(waybill="SF1234567890123")
    show(web)
    show(app)
    assert app.open(waybill="SF1234567890123") == number


def test_a_conversation_that_shows_another_phone_is_that_phones(database: Database, web: Teller, app: Teller) -> None:
    number = web.open()
    show(web)
    show(app)
    show(app, OTHER_PHONE)
    assert own_cases(web) == {number} and own_cases(app) == set()
    with database.read() as session:
        assert session.query(Customer).count() == 2


def test_news_comes_where_the_customer_was_last(database: Database, web: Teller, app: Teller) -> None:
    number = web.open()
    show(web)
    show(app)
    with database.write() as session:
        session.get(Conversation, app.id).last_message_at = now() + timedelta(minutes=5)
        session.commit()
    with database.write() as session:
        assert tell(session, web.id, lambda language: (f"{number} 有进展", ()))
        session.commit()
    assert app.told() == [f"{number} 有进展"] and web.told() == []


def test_showing_a_phone_again_changes_nothing(database: Database, web: Teller) -> None:
    for _ in range(3):
        show(web)
    with database.read() as session:
        assert [event.what for event in session.query(CustomerEvent).order_by(CustomerEvent.id)] == ["made", "linked"]


def test_an_a_class_customers_case_is_a_supervisors_at_once(database: Database, web: Teller, app: Teller) -> None:
    assert seen(database, web.open(category="delay"))["escalation"] == 0
    web.becomes("A")
    assert seen(database, web.open(category="lost"))["escalation"] == 2
    assert seen(database, app.open(category="cod", phone=PHONE))["escalation"] == 2


def test_consent_is_kept_as_it_was_said_last(database: Database, web: Teller) -> None:
    show(web)
    with database.write() as session:
        customer = store.customer_of(session, web.id)
        assert customer is not None and store.consents(session, customer.id) == {}
        for given in (True, False):
            store.set_consent(session, customer.id, store.MARKETING, given, NOON)
        store.agree(session, web.id, store.NOTICES, NOON)
        session.commit()
    with database.read() as session:
        assert store.consents(session, customer.id) == {"marketing": False, "notices": True}
        assert store.history(session, customer.id)[0]["detail"] == "notices given"


def test_the_cases_of_a_customer_take_the_same_queries_however_many_channels(database: Database, web: Teller) -> None:
    def asked() -> int:
        said: list[str] = []
        with database.read() as session:
            event.listen(session.connection(), "before_cursor_execute", lambda *call: said.append(call[2]))
            cases.cases_of_conversation(session, web.id)
        return len(said)

    show(web)
    alone = asked()
    for _ in range(5):
        show(Teller(database))
    assert asked() == alone


def test_progress_told_is_told_on_the_channel_used_last(database: Database, web: Teller, app: Teller) -> None:
    number = web.open(at=NOON)
    show(web)
    show(app)
    with database.write() as session:
        session.get(Conversation, app.id).last_message_at = now() + timedelta(minutes=5)
        session.commit()
    step(database, number, "triage", NOON)
    step(database, number, "first_check", NOON, message="已联系网点核实")
    pass_time(database, NOON)
    assert any("已联系网点核实" in text for text in app.told()) and web.told() == []


def test_on_a_device_that_two_people_use_neither_sees_the_other_elsewhere(database: Database, web: Teller) -> None:
    home = Teller(database)
    show(web)
    number = web.open(phone=PHONE)
    show(web, OTHER_PHONE)
    show(home, OTHER_PHONE)
    assert own_cases(home) == set() and own_cases(web) == {number}
    with database.read() as session:
        assert cases.progress(session, number, home.id) is None
        assert web.id not in scope(session, OTHER_PHONE).conversations + scope(session, PHONE).conversations
    with database.write() as session:
        session.get(Conversation, home.id).last_message_at = now() + timedelta(minutes=5)
        tell(session, web.id, lambda language: ("有进展", ()))
        session.commit()
    assert home.told() == []


def test_a_chat_linked_after_notices_were_stopped_is_stopped_too(database: Database, web: Teller, app: Teller) -> None:
    show(web)
    with database.write() as session:
        subscriptions.subscribe(session, app.id, "SF1234567890123", None, NOON)
        customer = store.customer_of(session, web.id)
        assert customer is not None
        store.set_consent(session, customer.id, store.NOTICES, False, NOON)
        session.commit()
    show(app)
    with database.read() as session:
        assert subscriptions.subscribed(session, app.id) == []
