"""A new secret key: everything stored stays readable, is rewritten once, and the old key is no longer needed."""

import pytest
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import select

from bot import privacy, settings
from bot.cases.models import Case
from bot.conversations.inbox import find_conversation, open_conversation
from bot.conversations.models import Conversation, Message, StoredFile
from bot.db import Database
from bot.privacy import PrivacyError, phone_hash, vault
from bot.rotation import rewrite
from bot.schema import metadata
from tests.conversations.support import Customer

PHONE = "13800138000"


def use_keys(monkeypatch: pytest.MonkeyPatch, new: str, *old: str) -> None:
    monkeypatch.setenv("YIDA_SECRET_KEY", new)
    monkeypatch.setenv("YIDA_OLD_SECRET_KEYS", ",".join(old))
    settings.settings.cache_clear()
    privacy.vault.cache_clear()


def fill(database: Database) -> str:
    customer = Customer(database)
    for number in range(250):
        customer.send(f"第{number}条，电话{PHONE}")
    with database.write() as session:
        open_conversation(session, "rest", "shop:小明")
        photo = {"name": "箱子.png", "media_type": "image/png", "size": 1, "content": b"x"}
        session.add(StoredFile(id="f", conversation_id=customer.id, **photo))
        case = {"number": "YD1", "kind": "complaint", "state": "new", "description": "碎了", "summary": "破损"}
        session.add(Case(phone=PHONE, phone_hash=phone_hash(PHONE), **case))
        session.commit()
    return customer.id


def test_after_a_rotation_the_new_key_alone_reads_and_finds_everything(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = settings.settings().secret_key
    conversation_id = fill(database)
    use_keys(monkeypatch, "a-new-key-for-tests-0123456789abcdef", old)
    assert rewrite(database) >= 254
    use_keys(monkeypatch, "a-new-key-for-tests-0123456789abcdef")
    with database.read() as session:
        texts = session.execute(select(Message.text).where(Message.conversation_id == conversation_id)).scalars().all()
        assert len(texts) == 250 and all(PHONE in line for line in texts)
        assert session.get(StoredFile, "f").content == b"x"
        assert find_conversation(session, "rest", "shop:小明") is not None
        assert session.execute(select(Case.number).where(Case.phone_hash == phone_hash(PHONE))).scalar_one() == "YD1"


def test_before_the_rotation_runs_both_keys_read_and_new_rows_carry_the_new_one(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = settings.settings().secret_key
    fill(database)
    use_keys(monkeypatch, "a-new-key-for-tests-0123456789abcdef", old)
    fresh = Customer(database)
    with database.read() as session:
        assert len(session.execute(select(Conversation.sender)).all()) == 3
    use_keys(monkeypatch, "a-new-key-for-tests-0123456789abcdef")
    with database.read() as session:
        assert session.get(Conversation, fresh.id).sender
        with pytest.raises(PrivacyError):
            session.execute(select(Message.text)).all()


def test_signed_sessions_outlive_a_rotation(monkeypatch: pytest.MonkeyPatch) -> None:
    token = URLSafeTimedSerializer(vault().signing_keys, salt="s").dumps("c1")
    use_keys(monkeypatch, "a-new-key-for-tests-0123456789abcdef", settings.settings().secret_key)
    assert URLSafeTimedSerializer(vault().signing_keys, salt="s").loads(token) == "c1"


def test_every_hash_column_knows_how_it_is_made_anew() -> None:
    random = {"key_hash", "token_hash", "password_hash"}  # not made with the installation's secret
    forgotten = {"verification_attempts", "one_time_codes", "origins"}  # made anew within minutes, or with a message
    for table in metadata.sorted_tables:
        for column in table.columns:
            if column.name.endswith("_hash") and column.name not in random and table.name not in forgotten:
                assert "rehash" in column.info, f"{table.name}.{column.name}"
