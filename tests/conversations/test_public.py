"""What is said where others read along: anger goes to those who lead, the rest is answered as anywhere else."""

from __future__ import annotations

import asyncio

import pytest

from bot.brain import Brain
from bot.conversations import views
from bot.conversations.inbox import open_conversation
from bot.conversations.models import Conversation
from bot.db import Database
from tests.conversations.support import Customer, turns

ANGRY = {
    "zh": ("快递丢了三天没人管 投诉你们", "什么垃圾快递 气死我了", "派件员态度恶劣还骂人", "显示签收我根本没收到"),
    "en": ("Worst courier ever, your driver was so rude to me", "my parcel arrived smashed", "you lost my parcel"),
}
CALM = {
    "zh": ("我的快递到哪了", "谢谢小哥 送得很快", "寄到北京多少钱"),
    "en": ("where is my parcel", "thanks, great service"),
}


def hear(database: Database, brain: Brain, channel: str, language: str, words: str) -> Customer:
    customer = Customer(database, language)
    with database.write() as session:
        customer.id = open_conversation(session, channel, words, language).id
        session.commit()
    customer.send(words)
    asyncio.run(turns(database, brain.answer, timeout_s=30.0).turn())
    return customer


def team(database: Database, customer: Customer) -> str | None:
    """Whom the chat waits for; None where the bot answers."""
    with database.read() as session:
        if session.get(Conversation, customer.id).owner == "bot":
            return None
        (chat,) = views.queue(session)
        return str(chat["team"])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_negative_public_message_goes_to_the_supervisors_and_the_customer_is_told(
    database: Database, brain: Brain, language: str
) -> None:
    wrong = []
    for words in ANGRY[language]:
        customer = hear(database, brain, "weibo", language, words)
        (reply,) = customer.hears()
        waits_for = team(database, customer)
        if waits_for != "supervisor" or not ("主管" in reply or "supervisor" in reply):
            wrong.append((words, waits_for, reply))
        with database.write() as session:
            session.delete(session.get(Conversation, customer.id))
            session.commit()
    assert wrong == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_calm_public_message_is_answered_by_the_bot(
    database: Database, brain: Brain, language: str
) -> None:
    for words in CALM[language]:
        assert team(database, hear(database, brain, "weibo", language, words)) is None, words


def test_where_nobody_reads_along_a_complaint_is_taken_by_the_bot(database: Database, brain: Brain) -> None:
    assert team(database, hear(database, brain, "web", "zh", ANGRY["zh"][0])) is None
