"""Empty databases for tests, quickly: bringing one up to date takes seconds, and hundreds of tests want one."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory

from sqlalchemy import text

from bot.db import Database, migrate
from bot.schema import metadata

_FIRST_NUMBERS = text("SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'")


def new_sqlite(path: Path) -> str:
    """A migrated SQLite file at `path`, copied from one made once a process; gives its address."""
    copyfile(Path(_template().name, "yida.db"), path)
    return f"sqlite:///{path}"


@lru_cache(maxsize=1)
def _template() -> TemporaryDirectory[str]:
    folder = TemporaryDirectory()
    migrate(f"sqlite:///{folder.name}/yida.db")
    return folder


def empty(postgres: Database) -> None:
    """Row by row: tables of a test hold few, and to truncate forty of them takes thirty times as long."""
    with postgres.write() as session:
        for table in reversed(metadata.sorted_tables):
            session.execute(table.delete())
        session.execute(_FIRST_NUMBERS)
        session.commit()
