"""What we ask of Zammad: docs.zammad.org/en/latest/api/ticket and …/ticket/articles, `Authorization: Token token=…`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.channels.platforms import Undeliverable, Unsure
from bot.db import now
from bot.external.desks import Gone, Misconfigured, ask, delete, moment, number, objects
from bot.external.tickets import PENDING, REMINDED_AFTER
from bot.settings import Settings

NOTE = "#note"
TYPE = "note"
"""How our articles come, and tickets with them: agents' e-mails, calls and the like are other types."""


class ZammadApi:
    """One group's tickets. Everything here may raise TryAgain, Unsure, Undeliverable, Gone."""

    def __init__(self, settings: Settings) -> None:
        self._base = f"{settings.zammad_url.rstrip('/')}/api/v1"
        self._key = {"Authorization": f"Token token={settings.zammad_token}"}
        self._admin_key = {"Authorization": f"Token token={settings.zammad_admin_token}"}
        self._group = settings.zammad_group
        self._customer = settings.zammad_customer

    def open(self, title: str, body: str, state: str, priority: str) -> tuple[str, datetime | None]:
        """A new ticket; gives its id, and when it was made. The customer there is one user who stands for all."""
        ticket = {
            "title": title, "group": self._group, "customer_id": f"guess:{self._customer}", "priority": priority,
            **_state(state), "article": _article(title.split()[0], body, internal=False),
        }  # fmt: skip
        try:
            made = ask("POST", f"{self._base}/tickets", json=ticket, headers=self._key).json()
        except (Gone, Undeliverable) as error:  # no such group, no such customer: the case is not given up
            raise Misconfigured from error
        found = number(made.get("id"))
        if found is None:
            raise Unsure("no ticket id")
        return found, moment(made.get("updated_at"))

    def find(self, case: str) -> str | None:
        """The ticket whose title begins with the case's number, and that is none of a customer's.

        Asked for by the bare number: without Elasticsearch, Zammad compares the query as it stands with titles.
        """
        asked = {"query": case, "limit": "50", "expand": "true"}
        listed = objects(ask("GET", f"{self._base}/tickets/search", params=asked, headers=self._key))
        ours = (each for each in listed if str(each.get("title") or "").split()[:1] == [case] and is_ours(each))
        named = (number(each.get("id")) for each in ours)
        return min((found for found in named if found), key=int, default=None)

    def forget(self, ticket: str) -> None:
        """The ticket with its articles. Raises Gone where it is not there."""
        delete(f"{self._base}/tickets/{ticket}", self._admin_key)

    def check(self) -> None:
        """Raises Misconfigured where this is no Zammad: then nothing was deleted in it."""
        try:
            ask("GET", f"{self._base}/users/me", headers=self._key)
        except (Gone, Undeliverable) as error:
            raise Misconfigured from error

    def change(
        self, ticket: str, state: str, subject: str = "", body: str = "", *, internal: bool = False
    ) -> datetime | None:
        """A state, and what is to be said with it, in one call; gives when, by Zammad's clock."""
        changes: dict[str, Any] = _state(state)
        if body:
            changes["article"] = _article(subject, body, internal=internal)
        changed = ask("PUT", f"{self._base}/tickets/{ticket}", json=changes, headers=self._key).json()
        return moment(changed.get("updated_at"))

    def note(self, ticket: str, case: str, body: str) -> int:
        """An internal article; gives its id."""
        article = {"ticket_id": int(ticket), **_article(f"{case} {NOTE}", body, internal=True)}
        made = ask("POST", f"{self._base}/ticket_articles", json=article, headers=self._key).json()
        return int(number(made.get("id")) or 0)

    def has_article(self, ticket: str, subject: str) -> bool:
        return any(each.get("subject") == subject for each in self._articles(ticket))

    def noted_since(self, ticket: str, case: str, body: str, last_id: int) -> int:
        """The id of a note of these very words newer than `last_id`; 0 for none."""
        same = (each for each in self._articles(ticket) if each.get("subject") == f"{case} {NOTE}")
        ids = (int(number(each.get("id")) or 0) for each in same if str(each.get("body") or "").strip() == body.strip())
        return max((found for found in ids if found > last_id), default=0)

    def _articles(self, ticket: str) -> list[dict[str, Any]]:
        return objects(ask("GET", f"{self._base}/ticket_articles/by_ticket/{ticket}", headers=self._key))


def is_ours(ticket: dict[str, Any]) -> bool:
    """Whether it began as ours do, with a note: whatever its title says, a mail or a form is a customer's."""
    return ticket.get("create_article_type") == TYPE


def _article(subject: str, body: str, *, internal: bool) -> dict[str, Any]:
    return {"subject": subject, "body": body, "content_type": "text/plain", "type": TYPE, "internal": internal}


def _state(state: str) -> dict[str, Any]:
    if state != PENDING:
        return {"state": state}
    return {"state": state, "pending_time": (now() + REMINDED_AFTER).isoformat(timespec="seconds")}
