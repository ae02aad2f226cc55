"""The store on both databases: units of work, encryption at rest, operations once, migrations."""

import os
import subprocess
import sys
from datetime import datetime, timezone
from uuid import uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, select, text
from sqlalchemy.engine import make_url

from bot.conversations.models import Conversation, Message
from bot.db import Database, insert, once
from bot.privacy import PrivacyError, vault
from bot.schema import metadata
from bot.settings import ROOT, settings


def conversation(**fields: object) -> Conversation:
    return Conversation(**{"channel": "web", "sender_hash": "h", "sender": "小明", **fields})


def test_leaving_a_unit_of_work_without_commit_rolls_back(database: Database) -> None:
    with database.write() as session:
        session.add(conversation())
        session.flush()
    with database.read() as session:
        assert session.execute(select(Conversation)).first() is None


def test_committed_work_is_there_for_the_next_reader(database: Database) -> None:
    with database.write() as session:
        session.add(conversation())
        session.commit()
    with database.read() as session:
        assert session.execute(select(Conversation.sender)).scalar_one() == "小明"


def test_personal_fields_are_ciphertext_in_the_database(database: Database) -> None:
    with database.write() as session:
        row = conversation(id="c1")
        session.add(row)
        session.flush()
        session.add(Message(conversation_id="c1", seq=1, sender="customer", text="我的电话13800138000", epoch=0))
        session.commit()
    with database.read() as session:
        stored = session.execute(text("select m.text, c.sender from messages m, conversations c")).one()
    assert "13800138000" not in stored[0] and "小明" not in stored[1]


def test_data_written_with_another_key_is_refused_in_one_sentence(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        session.add(conversation())
        session.commit()
    monkeypatch.setenv("YIDA_SECRET_KEY", "another secret")
    settings.cache_clear()
    vault.cache_clear()
    with database.read() as session, pytest.raises(PrivacyError, match="YIDA_SECRET_KEY"):
        session.execute(select(Conversation.sender)).all()


def test_times_come_back_as_the_same_aware_instant(database: Database) -> None:
    at = datetime(2026, 11, 24, 8, 30, tzinfo=timezone.utc)
    with database.write() as session:
        session.add(conversation(created_at=at))
        session.commit()
    with database.read() as session:
        assert session.execute(select(Conversation.created_at)).scalar_one() == at


def test_an_operation_happens_once_and_gives_its_first_result_again(database: Database) -> None:
    calls = []
    for _ in range(2):
        with database.write() as session:
            result = once(session, "inbox-7", "open_case", lambda: calls.append(1) or {"number": "YD1"})
            session.commit()
        assert result == {"number": "YD1"}
    assert len(calls) == 1


def test_an_operation_that_failed_is_not_remembered(database: Database) -> None:
    def fail() -> dict[str, str]:
        raise RuntimeError

    with pytest.raises(RuntimeError), database.write() as session:
        once(session, "inbox-7", "open_case", fail)
    with database.write() as session:
        assert once(session, "inbox-7", "open_case", lambda: {"number": "YD1"}) == {"number": "YD1"}


def test_inserting_a_row_twice_with_on_conflict_do_nothing_keeps_one(database: Database) -> None:
    with database.write() as session:
        for _ in range(2):
            values = {"id": "c1", "channel": "web", "sender_hash": "h", "sender": "x"}
            session.execute(insert(session, Conversation).values(**values).on_conflict_do_nothing())
        session.commit()
    with database.read() as session:
        assert len(session.execute(select(Conversation)).all()) == 1


def test_processes_that_start_together_on_a_new_database_all_come_up(postgres_server: str) -> None:
    name = f"yida_test_{uuid4().hex[:12]}"
    url = make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
    engine = create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    command, environment = [sys.executable, "-m", "bot", "migrate"], {**os.environ, "YIDA_DATABASE_URL": url}
    started = [subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE) for _ in range(3)]
    ended = [(process.communicate()[1][-500:], process.returncode) for process in started]
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()
    assert [code for _, code in ended] == [0, 0, 0], ended


def test_the_migrations_give_exactly_the_tables_of_the_code(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
