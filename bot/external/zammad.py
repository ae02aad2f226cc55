"""Zammad for cases: a ticket for each, an article for each step that the customer or the desk sees, states both ways.

Out: here. In: zammad_events. Where nobody knows whether something arrived, Zammad is asked before it is said again.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import case as choice
from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session
from starlette.datastructures import Headers
from starlette.routing import Route

from bot.cases.models import Case, CaseEvent
from bot.db import Database, insert, now
from bot.external import links, tickets
from bot.external import zammad_events as events
from bot.external.desks import ERASE, TICKETS, ExternalDesk, Task, first_task, webhook
from bot.external.models import ExternalLink
from bot.external.zammad_api import ZammadApi
from bot.settings import Settings

NAME = "zammad"
JUST_FINISHED = timedelta(hours=1)
"""A case may be over before it was looked at: it becomes a ticket all the same."""
OPEN, STEP, NOTE, STATE = "open", "step", "note", "state"


class Zammad(ExternalDesk):
    name = NAME
    topic = TICKETS
    poll_s = 5.0  # nobody waits at the other end, and looking through many open cases costs something
    seen_after_s: ClassVar = {OPEN: 30.0}  # its search lags behind its tickets

    def __init__(self, settings: Settings) -> None:
        self._api = ZammadApi(settings)
        self._secret = settings.zammad_secret.encode()
        self._may_erase = bool(settings.zammad_admin_token)

    def routes(self, database: Database) -> Sequence[Route]:
        return [webhook(f"/hooks/{NAME}", database, self._is_genuine, events.read, events.take)]

    def _is_genuine(self, headers: Headers, body: bytes) -> bool:
        """`X-Hub-Signature: sha1=` HMAC-SHA1 of the body with the webhook's token (admin-docs.zammad.org, webhook)."""
        good = "sha1=" + hmac.new(self._secret, body, hashlib.sha1).hexdigest()
        return hmac.compare_digest(headers.get("x-hub-signature", "").encode(), good.encode())

    def waiting(self) -> Sequence[Any]:
        return _unlinked(), _reopened(), _due(self._may_erase)

    def next_task(self, session: Session) -> Task | None:
        _link_a_case(session)
        _open_again(session)
        return first_task(session, _due(self._may_erase), _next)

    def unerased(self) -> Any:
        return select(ExternalLink).where(*erased())

    def check(self) -> None:
        self._api.check()

    def tell(self, task: Task) -> dict[str, Any]:
        data = task.data
        if task.what == ERASE:
            ticket = data["id"] or self._api.find(data["case"])
            if ticket is not None:
                self._api.forget(ticket)
            return {}
        if task.what == OPEN:
            return self._opened(data, doubtful=task.doubtful)
        if task.what == NOTE:
            note = (data["id"], data["case"], data["body"])
            there = self._api.noted_since(*note, data["last_id"]) if task.doubtful else 0
            return {"last_id": there or self._api.note(*note)}
        if task.what == STEP and not (task.doubtful and self._api.has_article(data["id"], data["subject"])):
            at = self._api.change(
                data["id"], data["state"], data["subject"], data["body"], internal=data["internal"]
            )
        else:
            at = self._api.change(data["id"], data["state"])
        return {"state": data["state"], "at": at}

    def _opened(self, data: dict[str, Any], *, doubtful: bool) -> dict[str, Any]:
        found = self._api.find(data["case"]) if doubtful else None
        if found is not None:
            return {"external_id": found}
        made, at = self._api.open(data["title"], data["body"], data["state"], data["priority"])
        return {"external_id": made, "state": data["state"], "at": at}

    def told(self, session: Session, link: ExternalLink, task: Task, result: dict[str, Any]) -> None:
        if task.what == ERASE:
            link.external_id, link.is_open, link.is_ended = None, False, True
            return
        _note_state(link, result, task.data.get("there_at"))
        link.last_id = max(link.last_id, result.get("last_id", 0))
        if task.what == OPEN:
            link.external_id = result["external_id"]
        elif task.what == STEP:
            link.sent = task.data["event"]
        elif task.what == NOTE:
            links.drop_note(link)
        elif not result:  # Zammad will not have this state: it is not asked again until the case moves on
            link.state = task.data["state"]
        link.is_open = _has_more(session, link)

    def gone(self, session: Session, link: ExternalLink, task: Task) -> None:
        if task.what == ERASE:
            self.told(session, link, task, {})
        else:
            super().gone(session, link, task)


def erased() -> tuple[Any, ...]:
    """The conditions on links of erased cases whose tickets are still there."""
    cases = select(Case.id).where(Case.erased_at.isnot(None))
    return ExternalLink.desk == NAME, ExternalLink.external_id.isnot(None), ExternalLink.case_id.in_(cases)


def _note_state(link: ExternalLink, result: dict[str, Any], seen: datetime | None) -> None:
    """Unless somebody there has changed it since, and the webhook was here first: it was not known when we began."""
    at = result.get("at")
    is_newest = link.there_at == seen or (at is not None and at >= link.there_at)
    if "state" in result and is_newest:
        link.state, link.there_at = result["state"], at or seen


def _unlinked() -> Any:
    """Cases that have no ticket yet."""
    linked = exists().where(ExternalLink.case_id == Case.id, ExternalLink.desk == NAME)
    fresh = or_(Case.is_open, Case.updated_at > now() - JUST_FINISHED)
    return select(Case).where(fresh, ~linked, Case.erased_at.is_(None))


def _link_a_case(session: Session) -> None:
    first = _unlinked().limit(1)
    case = session.execute(first.with_for_update(skip_locked=True)).scalar_one_or_none()
    if case is not None:
        values = {"desk": NAME, "case_id": case.id, "sent": _newest_event(session, case.id)}
        session.execute(insert(session, ExternalLink).values(**values).on_conflict_do_nothing())


def _reopened() -> Any:
    """Cases that were opened again after all had been told. Found from the open ones, which are few, not the links."""
    told = (ExternalLink.desk == NAME, ~ExternalLink.is_open, ~ExternalLink.is_ended)
    return select(Case.id).where(Case.is_open, exists().where(ExternalLink.case_id == Case.id, *told))


def _open_again(session: Session) -> None:
    case_id = session.execute(_reopened().limit(1)).scalar_one_or_none()
    if case_id is not None:
        own = select(ExternalLink).where(ExternalLink.desk == NAME, ExternalLink.case_id == case_id)
        link = session.execute(own.with_for_update(skip_locked=True)).scalar_one_or_none()
        if link is not None:
            link.is_open = True
            session.flush()


def _newest_event(session: Session, case_id: int) -> int:
    """What had happened is in the ticket's first article and its state."""
    newest = select(func.max(CaseEvent.id)).where(CaseEvent.case_id == case_id)
    return int(session.execute(newest).scalar_one() or 0)


def _due(may_erase: bool) -> Any:
    # Not `exists`: beside an `or` PostgreSQL would read every event of every case for it.
    newest = select(func.max(CaseEvent.id)).where(CaseEvent.case_id == ExternalLink.case_id).scalar_subquery()
    shown = choice(tickets.SHOWN, value=Case.state)
    something = or_(
        ExternalLink.external_id.is_(None), ExternalLink.notes.isnot(None), newest > ExternalLink.sent,
        func.coalesce(ExternalLink.state, "") != shown,
    )  # fmt: skip
    something = or_(something, Case.erased_at.isnot(None)) if may_erase else something & Case.erased_at.is_(None)
    return (
        select(ExternalLink, Case)
        .join(Case, Case.id == ExternalLink.case_id)
        .where(links.may_be_taken(NAME), something)
    )


def _next(session: Session, link: ExternalLink, case: Case) -> Task | None:
    """What Zammad is told next; None where the news is nothing for it."""
    if case.erased_at is not None:
        return _next_erasure(link, case)
    state = tickets.SHOWN[case.state]
    if link.external_id is None:
        return links.take(
            link, OPEN, case=case.number, title=tickets.title(case), body=tickets.first_words(case), state=state,
            priority=tickets.PRIORITIES.get(case.priority, "2 normal"),
        )  # fmt: skip
    event = _next_event(session, link)
    if event is not None:
        return links.take(
            link, STEP, id=link.external_id, event=event.id, state=tickets.SHOWN[event.to_state],
            there_at=link.there_at, subject=tickets.subject(case.number, event.id), body=tickets.words(event),
            internal=tickets.is_internal(event),
        )  # fmt: skip
    if link.notes:
        note = {"case": case.number, "body": link.notes[0], "last_id": link.last_id}
        return links.take(link, NOTE, id=link.external_id, **note)
    if link.state != state:
        return links.take(link, STATE, id=link.external_id, state=state, there_at=link.there_at)
    link.is_open = _has_more(session, link)
    return None


def _next_erasure(link: ExternalLink, case: Case) -> Task | None:
    if links.is_unheard(link):
        link.is_open, link.is_ended = False, True
        return None
    return links.take(link, ERASE, id=link.external_id, case=case.number)


def _next_event(session: Session, link: ExternalLink) -> CaseEvent | None:
    """The next to be told; those that are not are passed over."""
    query = select(CaseEvent).where(CaseEvent.case_id == link.case_id, CaseEvent.id > link.sent).order_by(CaseEvent.id)
    for event in session.execute(query).scalars():
        if tickets.is_told(event):
            return event
        link.sent = event.id
    return None


def _has_more(session: Session, link: ExternalLink) -> bool:
    """Whether there is, or may still come, something to tell."""
    case = session.get(Case, link.case_id)
    is_behind = link.external_id is None or link.notes is not None or link.state != tickets.SHOWN[case.state]
    return bool(case.is_open or is_behind or link.sent < _newest_event(session, case.id))
