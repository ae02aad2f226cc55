"""The providers that the settings name."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from bot.settings import Settings, settings
from bot.shipments.providers.base import Provider
from bot.shipments.providers.calling import Breaker
from bot.shipments.providers.kdniao import KDNiao
from bot.shipments.providers.kuaidi100 import Kuaidi100
from bot.shipments.providers.track17 import Track17

KNOWN: dict[str, Callable[[Settings], Provider]] = {"kuaidi100": Kuaidi100, "kdniao": KDNiao, "17track": Track17}


def names(chosen: Settings) -> list[str]:
    return [name for part in chosen.providers.split(",") if (name := part.strip().lower())]


@lru_cache(maxsize=1)
def configured() -> dict[str, tuple[Provider, Breaker]]:
    """Providers of this process that have all they need, in the order of the settings, each with its breaker."""
    made = {name: KNOWN[name](settings()) for name in names(settings()) if name in KNOWN}
    return {name: (provider, Breaker()) for name, provider in made.items() if not provider.missing()}


def problems(chosen: Settings) -> list[str]:
    """What is wrong with the providers that the settings name, a sentence each."""
    unknown = [f"{name} is no provider we know ({', '.join(KNOWN)})" for name in names(chosen) if name not in KNOWN]
    lacking = {name: KNOWN[name](chosen).missing() for name in names(chosen) if name in KNOWN}
    return unknown + [f"{name} needs {', '.join(missing)}" for name, missing in lacking.items() if missing]
