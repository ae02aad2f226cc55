"""Which desks of other makers are in service: those that are named and have what they need; by default none."""

from __future__ import annotations

import pytest

from bot import doctor
from bot.external import chosen
from bot.settings import settings
from tests.external.conftest import Choose

FULL = {
    "chatwoot": {"url": "https://desk.example", "account": "3", "inbox": "i", "token": "t", "secret": "s"},
    "zammad": {"url": "https://desk.example", "group": "g", "customer": "c@example.com", "token": "t", "secret": "s"},
}
NEEDS = [(name, need) for name, needs in FULL.items() for need in needs]


def findings() -> list[tuple[bool, str]]:
    return [(found.fine, found.text) for found in doctor._desks(settings())]


def test_nothing_is_in_service_by_default() -> None:
    assert chosen.configured(settings()) == [] and findings() == []


@pytest.mark.parametrize("name", FULL)
def test_a_named_desk_with_all_it_needs_is_in_service(in_service: Choose, name: str) -> None:
    in_service(name, FULL[name])
    assert [desk.name for desk in chosen.configured(settings())] == [name]
    assert findings() == [(True, f"{name} in service, webhook /hooks/{name}")]


@pytest.mark.parametrize(("name", "missing"), NEEDS)
def test_the_doctor_names_what_a_desk_lacks(in_service: Choose, name: str, missing: str) -> None:
    in_service(name, {**FULL[name], missing: ""})
    assert chosen.configured(settings()) == []
    assert findings() == [(False, f"{name} needs YIDA_{name.upper()}_{missing.upper()}")]


def test_the_doctor_names_a_desk_that_nobody_knows(in_service: Choose) -> None:
    in_service("zendesk", {})
    assert findings()[0][0] is False and "zendesk is no desk we know" in findings()[0][1]
