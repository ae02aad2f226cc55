"""My parcels after a one-time code, and being told of a parcel: wanted and no longer wanted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from bot.customers import subscriptions
from bot.settings import settings
from bot.shipments.models import Party
from tests.actions.conftest import Chat

ON_ITS_WAY = "SF1358204679013"


@pytest.fixture
def sent_codes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Any]:
    """One-time codes are printed; gives those sent since it was last asked."""
    monkeypatch.setattr(settings(), "code_sender", "print")
    yield lambda: re.findall(r"one-time code for \S+ (\d{6})", capsys.readouterr().out)


def phone_of(chat: Chat, waybill: str, role: str = "receiver") -> str:
    with chat.database.read() as session:
        return session.get(Party, (waybill, role)).phone


def test_the_parcels_of_a_phone_are_listed_after_the_code_and_open_to_this_chat(chat: Chat, sent_codes: Any) -> None:
    assert "手机号" in chat.say("我的包裹有哪些")
    said = chat.say(phone_of(chat, ON_ITS_WAY))
    assert "验证码" in said and ON_ITS_WAY not in said
    assert "对不上" in chat.say("000000")
    said = chat.say(sent_codes()[-1])
    assert ON_ITS_WAY in said
    chat.say("第一个")
    assert chat.card is not None and chat.card["detailed"]


def test_an_unknown_phone_hears_the_same_and_gets_no_code(chat: Chat, other_chat: Chat, sent_codes: Any) -> None:
    chat.say("查我名下的包裹")
    known = chat.say(phone_of(chat, ON_ITS_WAY))
    assert len(sent_codes()) == 1
    other_chat.say("查我名下的包裹")
    unknown = other_chat.say("13700009999")
    assert sent_codes() == []
    masked = r"\d+\*+\d+"
    assert re.sub(masked, "*", known) == re.sub(masked, "*", unknown)
    for _ in range(6):  # wrong, and wrong, and locked
        known, unknown = chat.say("000000"), other_chat.say("000000")
        assert re.sub(masked, "*", known) == re.sub(masked, "*", unknown)


def test_without_a_sender_the_same_answer_for_every_phone_leads_to_a_person(chat: Chat, other_chat: Chat) -> None:
    chat.say("我的包裹")
    other_chat.say("我的包裹")
    said = chat.say(phone_of(chat, ON_ITS_WAY))
    assert "人工" in said and said == other_chat.say("13700009999")


def test_the_list_can_be_left(chat: Chat, sent_codes: Any) -> None:
    chat.say("我的包裹")
    assert "先不列" in chat.say("算了")
    assert "运单号" in chat.say("查快递")


def test_a_parcel_just_looked_up_is_watched_at_a_tap_and_no_longer_at_another(chat: Chat) -> None:
    chat.say(f"查 {ON_ITS_WAY}")
    assert ON_ITS_WAY in chat.tap("有变化提醒我")
    with chat.database.read() as session:
        assert subscriptions.subscribed(session, chat.name) == [ON_ITS_WAY]
    assert "提醒已停" in chat.say("取消提醒")
    with chat.database.read() as session:
        assert subscriptions.subscribed(session, chat.name) == []


def test_watching_in_english(chat: Chat) -> None:
    chat.language = "en"
    said = chat.say(f"notify me about updates on {ON_ITS_WAY} please")
    assert "I'll tell you here" in said and ON_ITS_WAY in said


def test_watching_without_a_number_asks_which(chat: Chat) -> None:
    assert "哪一单" in chat.say("有物流更新就通知我")


def test_numbers_that_are_named_need_no_code(chat: Chat) -> None:
    said = chat.say("帮我查这几个 SF1358204679013 YT2604417093385 SF1402266983175")
    assert "派送中" in said and "手机号" not in said
