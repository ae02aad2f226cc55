"""Which desks of other makers are in service: those that are named and have what they need; by default none."""

from __future__ import annotations

import pytest

from bot import doctor
from bot.db import Database
from bot.external import chosen
from bot.settings import settings
from tests.external.conftest import Choose

FULL = {"url": "https://desk.example", "account": "3", "inbox": "i", "token": "t", "secret": "s"}


def findings() -> list[tuple[bool, str]]:
    return [(found.fine, found.text) for found in doctor._desks(settings())]


def test_nothing_is_in_service_by_default() -> None:
    assert chosen.configured(settings()) == [] and findings() == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_named_desk_with_all_it_needs_is_in_service(database: Database, in_service: Choose) -> None:
    in_service("chatwoot", FULL)
    assert [desk.name for desk in chosen.configured(settings())] == ["chatwoot"]
    assert findings() == [(True, "chatwoot in service, webhook /hooks/chatwoot")]


@pytest.mark.parametrize("missing", FULL)
def test_the_doctor_names_what_a_desk_lacks(in_service: Choose, missing: str) -> None:
    in_service("chatwoot", {**FULL, missing: ""})
    assert chosen.configured(settings()) == []
    assert findings() == [(False, f"chatwoot needs YIDA_CHATWOOT_{missing.upper()}")]


def test_the_doctor_names_a_desk_that_nobody_knows(in_service: Choose) -> None:
    in_service("zendesk", {})
    assert findings()[0][0] is False and "zendesk is no desk we know" in findings()[0][1]
