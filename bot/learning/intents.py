"""What a line may be assigned: the intents of catalog/learning.yml, in groups."""

from functools import cache

from bot import catalog


def groups() -> dict[str, list[str]]:
    """Intents by the flow they belong to, in the order in which the desk shows them."""
    found: dict[str, list[str]] = catalog.read("learning")["intents"]
    return found


def is_one(name: str | None) -> bool:
    return name in _all()


@cache
def _all() -> frozenset[str]:
    return frozenset(name for names in groups().values() for name in names)
