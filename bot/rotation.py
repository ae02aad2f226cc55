"""Rewriting the store after a change of the secret key: ciphertext under the newest key, look-up hashes anew.

A hash column says in its `info["rehash"]` how it follows from the other columns of its row.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Table, and_, bindparam, select, tuple_, update
from sqlalchemy.orm import Session

from bot.db import Database
from bot.privacy import EncryptedBytes, EncryptedText
from bot.schema import metadata

BATCH = 200


def rewrite(database: Database) -> int:
    """Rewrites every row that holds ciphertext or look-up hashes; may be run again after an interruption."""
    return sum(_rewrite_table(database, table) for table in metadata.sorted_tables if _personal_columns(table))


def _personal_columns(table: Table) -> list[Column]:
    return [c for c in table.columns if isinstance(c.type, (EncryptedText, EncryptedBytes)) or "rehash" in c.info]


def _rewrite_table(database: Database, table: Table) -> int:
    columns = _personal_columns(table)
    key = list(table.primary_key.columns)
    change = (
        update(table)
        .where(and_(*(column == bindparam(f"key_{column.name}") for column in key)))
        .values({column.name: bindparam(f"new_{column.name}") for column in columns})
    )
    rewritten = 0
    after: tuple[Any, ...] | None = None
    while True:
        with database.write() as session:  # a short transaction a batch: customers are served meanwhile
            rows = list(_batch(session, table, key, after))
            if not rows:
                return rewritten
            session.connection().execute(change, [_changed(row, key, columns) for row in rows])
            session.commit()
        rewritten += len(rows)
        after = tuple(rows[-1][column.name] for column in key)


def _batch(session: Session, table: Table, key: list[Column], after: tuple[Any, ...] | None) -> Iterator[Any]:
    query = select(table).order_by(*key).limit(BATCH).with_for_update()
    if after is not None:
        query = query.where(tuple_(*key) > tuple_(*after))
    return iter(session.execute(query).mappings())


def _changed(row: Any, key: list[Column], columns: list[Column]) -> dict[str, Any]:
    """Binding a value encrypts it with the newest key."""
    old = {f"key_{column.name}": row[column.name] for column in key}
    new = {f"new_{c.name}": c.info["rehash"](row) if "rehash" in c.info else row[c.name] for c in columns}
    return old | new
