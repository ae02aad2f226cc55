"""Alembic's entry: migrations run on the address given by `bot.db.migrate`, else by the settings."""

from alembic import context
from sqlalchemy import engine_from_config, pool, text
from sqlalchemy.types import TypeDecorator

from bot.schema import metadata
from bot.settings import settings

config = context.config
if not config.get_main_option("sqlalchemy.url"):
    config.set_main_option("sqlalchemy.url", settings().database_address.replace("%", "%%"))


def render_stored_type(kind: str, item: object, _context: object) -> str | bool:
    """Our column types stand in migrations as what they are stored as, so that old migrations never import new code."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl!r}" if "(" in repr(item.impl) else f"sa.{item.impl!r}()"
    return False


def run() -> None:
    engine = engine_from_config(config.get_section(config.config_ini_section, {}), poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=metadata,
            render_as_batch=True,
            compare_type=True,
            render_item=render_stored_type,
        )
        with context.begin_transaction():
            if connection.dialect.name == "postgresql":  # processes that start together migrate one after another
                connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('yida migrations'))"))
            context.run_migrations()


run()
