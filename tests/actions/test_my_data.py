"""My data in the chat, in both languages: seen after a code, corrected, exported, notices stopped, erased."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from bot.conversations.models import Conversation, StoredFile
from bot.customers import store, subscriptions
from bot.customers.models import Identity
from bot.db import now
from bot.rights import erasing
from bot.rights.models import Erasure
from bot.shipments.models import Party
from tests.actions.conftest import Chat
from tests.actions.test_my_parcels import sent_codes  # noqa: F401

PARCEL = "SF1358204679013"
ASKS = {"zh": "我想看看你们存了我哪些信息", "en": "what data do you hold on me? I want to see my data"}


@pytest.fixture
def phone(chat: Chat) -> str:
    with chat.database.write() as session:
        session.add(Conversation(id=chat.name, channel="web", sender=chat.name, sender_hash=chat.name))
        session.commit()
        return str(session.get(Party, (PARCEL, "receiver")).phone)


def show(chat: Chat, phone: str, sent_codes: Any, words: str = "/my_data") -> str:  # noqa: F811
    chat.say(words)
    chat.say(phone)
    return chat.say(sent_codes()[-1])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_after_the_code_the_customer_sees_what_we_hold_and_what_can_be_done(
    chat: Chat, phone: str, sent_codes: Any, language: str  # noqa: F811
) -> None:
    chat.language = language
    said = show(chat, phone, sent_codes, ASKS[language])
    wanted = {"zh": ("包裹", "导出我的信息", "删除我的信息"), "en": ("Parcels", "Export my data", "Erase my data")}
    assert all(word in said for word in wanted[language]) and phone not in said
    assert "验证码" not in chat.say("/my_data") and "code" not in chat.say("/my_data")  # shown just now


def test_nothing_is_shown_or_done_without_the_code(chat: Chat, phone: str, sent_codes: Any) -> None:  # noqa: F811
    for step in ("export_my_data", "erase_my_data", "confirm_erase", "withdraw_consent", "correct_my_data"):
        assert "核对是您本人" in chat.say(f"/{step}"), step
        chat.say("/cancel")
    with chat.database.read() as session:
        assert session.query(Erasure).count() == session.query(StoredFile).count() == 0


def test_an_hour_later_the_code_is_asked_for_again(chat: Chat, phone: str, sent_codes: Any) -> None:  # noqa: F811
    show(chat, phone, sent_codes)
    with chat.database.write() as session:
        session.query(Identity).one().linked_at = now() - timedelta(hours=1)
        session.commit()
    assert "核对是您本人" in chat.say("/export_my_data")


def test_the_copy_is_a_file_of_this_chat(chat: Chat, phone: str, sent_codes: Any) -> None:  # noqa: F811
    show(chat, phone, sent_codes)
    assert "副本" in chat.tap("导出我的信息")
    file_id = next(reply.file_id for reply in chat.replies if reply.file_id)
    with chat.database.read() as session:
        file = session.get(StoredFile, file_id)
        copy = json.loads(file.content)
    assert file.conversation_id == chat.name and copy["customer"]["phone"] == phone
    assert PARCEL in {parcel["waybill"] for parcel in copy["parcels"]}


def test_the_name_is_corrected_in_the_customers_words(chat: Chat, phone: str, sent_codes: Any) -> None:  # noqa: F811
    show(chat, phone, sent_codes)
    assert "怎么称呼" in chat.tap("更正称呼")
    assert "已更正" in chat.say("钱多多")
    with chat.database.read() as session:
        assert store.customer_of(session, chat.name).name == "钱多多"
    assert "钱**" in chat.say("/my_data")


def test_notices_stop_at_a_tap(chat: Chat, phone: str, sent_codes: Any) -> None:  # noqa: F811
    chat.say(f"查 {PARCEL}")
    chat.say("/subscribe")
    show(chat, phone, sent_codes)
    assert "已停止" in chat.tap("停止所有通知")
    with chat.database.read() as session:
        assert subscriptions.subscribed(session, chat.name) == []
        assert store.consents(session, store.customer_of(session, chat.name).id) == {"notices": False}


def test_erasing_is_explained_confirmed_and_asked_for_once(chat: Chat, phone: str, sent_codes: Any) -> None:  # noqa: F811
    show(chat, phone, sent_codes)
    said = chat.tap("删除我的信息")
    assert "365 天" in said and "不能恢复" in said
    chat.tap("确认删除")
    assert "10 分钟" in "".join(reply.text for reply in chat.replies)
    with chat.database.read() as session:
        assert session.query(Erasure).count() == 1
        assert session.execute("SELECT subject FROM due_work WHERE kind = :kind", {"kind": erasing.ERASE}).scalar()


def test_erasing_can_be_left(chat: Chat, phone: str, sent_codes: Any) -> None:  # noqa: F811
    show(chat, phone, sent_codes)
    chat.tap("删除我的信息")
    chat.tap("暂不删除")
    with chat.database.read() as session:
        assert session.query(Erasure).count() == 0


def test_a_phone_nobody_knows_hears_the_same_and_gets_no_code(
    chat: Chat, other_chat: Chat, phone: str, sent_codes: Any  # noqa: F811
) -> None:
    chat.say("/my_data")
    other_chat.say("/my_data")
    known, unknown = chat.say(phone), other_chat.say("13700009999")
    assert len(sent_codes()) == 1
    assert known.replace(phone[-2:], "") == unknown.replace("99", "") or "验证码" in unknown
