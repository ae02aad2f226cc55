"""The desks of other makers that credentials.yml names, made from the settings; none are, where it names none."""

from __future__ import annotations

from collections.abc import Callable

import yaml

from bot.external.chatwoot import Chatwoot
from bot.external.desks import ExternalDesk
from bot.external.zammad import Zammad
from bot.settings import Settings

KNOWN: dict[str, tuple[tuple[str, ...], Callable[[Settings], ExternalDesk]]] = {
    "chatwoot": (
        ("chatwoot_url", "chatwoot_account", "chatwoot_inbox", "chatwoot_token", "chatwoot_secret"), Chatwoot,
    ),
    "zammad": (("zammad_url", "zammad_token", "zammad_group", "zammad_customer", "zammad_secret"), Zammad),
}
"""For each desk the settings it cannot do without, and what makes it of them."""


def names(settings: Settings) -> list[str]:
    """Those under `desks` of the section `yida`, as they stand there."""
    given = yaml.safe_load(settings.credentials_path.read_text(encoding="utf-8")) or {}
    return [str(name) for name in (given.get("yida") or {}).get("desks") or ()]


def configured(settings: Settings) -> list[ExternalDesk]:
    """The desks in service: those that are named and have all they need."""
    return [KNOWN[name][1](settings) for name in names(settings) if name in KNOWN and not _missing(name, settings)]


def problems(settings: Settings) -> list[str]:
    """What is wrong with the desks that are named, a sentence each."""
    named = names(settings)
    unknown = [f"{name} is no desk we know ({', '.join(KNOWN)})" for name in named if name not in KNOWN]
    lacking = {name: _missing(name, settings) for name in named if name in KNOWN}
    return unknown + [f"{name} needs {', '.join(missing)}" for name, missing in lacking.items() if missing]


def _missing(name: str, settings: Settings) -> list[str]:
    return [f"YIDA_{need.upper()}" for need in KNOWN[name][0] if not getattr(settings, need)]
