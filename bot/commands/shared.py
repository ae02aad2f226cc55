"""What several commands begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bot.db import Database, database, migrate
from bot.settings import settings

EXISTING: Any = click.Path(exists=True, dir_okay=False, path_type=Path)


def up_to_date() -> Database:
    migrate(settings().database_address)
    return database()


def load_demo(data: Database) -> str:
    from bot.demo import load, welcome

    return welcome(load(data))


def model_in_service() -> Path:
    from bot.nlu.training import latest_model

    model = latest_model()
    if model is None:
        raise click.ClickException("there is no trained model yet: run `python -m bot train` first")
    return model
