"""The database: one engine a process, units of work, and operations that happen once.

SQLite (WAL, one writer at a time, taken at BEGIN) and PostgreSQL run the same code.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from threading import RLock
from typing import Any
from zlib import crc32

from sqlalchemy import Column, DateTime, String, event, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine, create_engine, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, declarative_base
from sqlalchemy.pool import QueuePool
from sqlalchemy.types import TypeDecorator

from bot.privacy import EncryptedJSON
from bot.settings import ROOT, settings

Base: Any = declarative_base()

BUSY_TIMEOUT_S = 10

UNAVAILABLE = (DBAPIError, PoolTimeout)
"""The database failed, or every connection to it was taken for too long: what was asked may be tried again."""


class UTCDateTime(TypeDecorator):
    """A point in time: aware in Python, naive UTC in the database (SQLite keeps no zone)."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        return None if value is None else value.astimezone(timezone.utc).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return None if value is None else value.replace(tzinfo=timezone.utc)


def now() -> datetime:
    return datetime.now(timezone.utc)


class Operation(Base):
    """The stored first result of something that must happen once: key (e.g. an inbox id) and name."""

    __tablename__ = "operations"

    key = Column(String(80), primary_key=True)
    name = Column(String(40), primary_key=True)
    result = Column(EncryptedJSON, nullable=False)
    at = Column(UTCDateTime, nullable=False, default=now, index=True)


class Database:
    """One engine and its units of work: `read()` and `write()` give a Session.

    Leaving `write()` without `session.commit()` rolls back.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(url) if self.is_sqlite else _postgres_engine(url)
        self._writer = self.engine.execution_options(yida_write=True)
        self._turn_to_write: Any = RLock() if self.is_sqlite else nullcontext()

    @contextmanager
    def read(self) -> Iterator[Session]:
        with Session(self.engine, future=True) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        # SQLite lets one write at a time and the others sleep and look again, up to 0.1 s: here they are woken.
        with self._turn_to_write, Session(self._writer, future=True, expire_on_commit=False) as session:
            yield session

    def dispose(self) -> None:
        self.engine.dispose()


def _sqlite_engine(url: str) -> Engine:
    _make_folder(url)
    engine = create_engine(
        url,
        future=True,
        hide_parameters=True,
        poolclass=QueuePool,
        pool_size=10,
        max_overflow=20,
        pool_use_lifo=True,  # the connection used last has the warmest cache
        connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_S},
    )
    event.listen(engine, "connect", _set_sqlite_pragmas)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_folder(url: str) -> None:
    path = make_url(url).database
    if path:
        Path(path).parent.mkdir(parents=True, exist_ok=True)


def _set_sqlite_pragmas(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGIN is deferred: it could fail at the first write
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # an acknowledged message survives a power cut too
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get("yida_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _postgres_engine(url: str) -> Engine:
    return create_engine(
        url,
        future=True,
        hide_parameters=True,
        pool_size=10,
        max_overflow=20,
        pool_pre_ping=True,
        executemany_mode="values_plus_batch",  # psycopg2 alone sends one statement a row
    )


@lru_cache(maxsize=1)
def database() -> Database:
    """The database of this process, as the settings name it."""
    return Database(settings().database_address)


def insert(session: Session, table: Any) -> Any:
    """An INSERT of the dialect at hand, which knows `on_conflict_do_nothing`."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    return dialect.insert(table)


def in_turn(session: Session, name: str) -> None:
    """Waits until no other transaction is past here under `name`; ends with this one.

    For what counts rows and then adds one: two at once would both find room. On SQLite there is one writer anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(crc32(name.encode()))))


def once(session: Session, key: str, name: str, do: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Runs `do` the first time and keeps its JSON result in the same transaction; afterwards gives that result.

    A turn that died is run again with the same inbox id, so everything that creates or changes something
    goes through here before any other check (DESIGN §1.5).
    """
    stored = session.execute(
        select(Operation.result).where(Operation.key == key, Operation.name == name)
    ).scalar_one_or_none()
    if stored is not None:
        return stored
    result = json.loads(json.dumps(do()))
    session.add(Operation(key=key, name=name, result=result))
    session.flush()
    return result


def migrate(url: str) -> None:
    """Brings the database to the newest schema (Alembic)."""
    from alembic import command
    from alembic.config import Config

    if make_url(url).get_backend_name() == "sqlite":
        _make_folder(url)
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, "head")
