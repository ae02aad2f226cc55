"""What a customer reads of people: masked (domain-facts §3.8), before and after the digits."""

from __future__ import annotations

import pytest

from bot.settings import settings
from bot.shipments.models import Party
from tests.actions.conftest import Chat

ON_ITS_WAY, TAIL = "SF1358204679013", "5821"
MINE = {"phone": "13851720399", "name": "李敏敏", "address": "江宁区胜太路18号3栋502室"}


@pytest.fixture
def on_record(chat: Chat) -> list[str]:
    """Names, whole phones and the receiver's address of the parcel."""
    with chat.database.read() as session:
        parties = [session.get(Party, (ON_ITS_WAY, role)) for role in ("sender", "receiver")]
        return [value for party in parties for value in (party.name, party.phone, party.address) if value]


def shown(chat: Chat) -> str:
    return repr([(reply.text, reply.choices, reply.card) for reply in chat.replies])


def test_the_number_alone_shows_neither_people_nor_the_way(chat: Chat, on_record: list[str]) -> None:
    chat.say(f"查一下 {ON_ITS_WAY}")
    assert len(on_record) >= 5 and not [value for value in on_record if value in shown(chat)]
    assert chat.card is not None and chat.card["timeline"] == [] and "周" not in shown(chat)


def test_the_digits_show_the_way_with_people_masked(chat: Chat, on_record: list[str]) -> None:
    chat.say(f"查一下 {ON_ITS_WAY}")
    chat.tap("看详细物流")
    chat.say(TAIL)
    assert not [value for value in on_record if value in shown(chat)]
    assert "周**" in shown(chat) and "周大力" not in shown(chat) and "13900007788" not in shown(chat)


@pytest.mark.parametrize("wish", [f"改地址 {ON_ITS_WAY}", f"{ON_ITS_WAY} 改到后天下午送", f"拦截 {ON_ITS_WAY}"])
def test_asking_for_a_change_shows_nobody_s_phone_name_or_address(
    chat: Chat, on_record: list[str], wish: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings(), "code_sender", "print")
    seen = []
    for words in (wish, f"{MINE['address']} 收件人{MINE['name']} {MINE['phone']}", "对的", "0000"):
        chat.say(words)
        seen.append(shown(chat))
    assert not [value for value in [*on_record, MINE["phone"], MINE["name"]] if value in "".join(seen)]
