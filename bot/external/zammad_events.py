"""What is done in Zammad, from its triggers' webhook: articles come to the case, states move it where it may move.

Payload: admin-docs.zammad.org/en/latest/manage/webhook/payload.html: {"ticket": {"id", "title", "state", "updated_at",
"updated_by": {…}, …}, "article": {"id", "subject", "body", "sender", "created_by": {…}, …} or {}}.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from html import unescape
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session
from starlette.datastructures import Headers

from bot.cases import service as cases
from bot.cases.errors import NotAllowed, TooLate
from bot.cases.models import Case, CaseEvent
from bot.cases.moving import found
from bot.channels.http import Refused
from bot.conversations.text import clean
from bot.external import links, tickets
from bot.external.desks import LANGUAGE, moment, number, take_once
from bot.external.models import ExternalLink
from bot.external.zammad_api import TYPE, is_ours
from bot.wording import say

NAME = "zammad"
ACTOR_LENGTH = 60
_BREAK = re.compile(r"<br\s*/?>|</(?:p|div|li|tr|h\d)>", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class Event:
    delivery: str
    ticket: str
    case: str
    """The first word of the title of a ticket made by us: the case's number, unless somebody changed it."""
    state: str
    at: datetime | None
    agent: str
    article: str | None = None
    author: str = ""
    text: str = ""


def read(headers: Headers, data: dict[str, Any]) -> Event:
    """Raises Refused for less than is documented."""
    ticket, article = data.get("ticket"), data.get("article") or {}
    delivery = headers.get("x-zammad-delivery", "")
    if not isinstance(ticket, dict) or not isinstance(article, dict) or not delivery:
        raise Refused(400, "bad_event")
    its_id, state = number(ticket.get("id")), ticket.get("state")
    if its_id is None or not isinstance(state, str):
        raise Refused(400, "bad_event")
    case = str(ticket.get("title") or "").split(maxsplit=1)[:1] if is_ours(ticket) else []
    return Event(
        delivery=delivery,
        ticket=its_id,
        case=clean(case[0]) if case else "",
        state=state,
        at=moment(ticket.get("updated_at")),
        agent=_name(ticket.get("updated_by")),
        **_article(article),
    )


def _article(article: dict[str, Any]) -> dict[str, Any]:
    """Of an agent's article that is none of ours; those are notes with the case's number in the subject, which Zammad
    may copy into an e-mail that answers one."""
    its_id, body, subject = number(article.get("id")), article.get("body"), article.get("subject")
    is_own = isinstance(subject, str) and re.match(r"YD\d+( #|$)", subject) and article.get("type") == TYPE
    if its_id is None or is_own or article.get("sender") != "Agent" or not isinstance(body, str):
        return {}
    text = _plain(body) if "html" in str(article.get("content_type")) else body
    return {"article": its_id, "author": _name(article.get("created_by")), "text": clean(text)}


def take(session: Session, event: Event) -> None:
    """Does what was done there, once; nothing for a ticket that is none of ours."""
    link = _link(session, event)
    if link is None:
        return

    def do() -> None:
        case = found(session, _number(session, link), locked=True)
        _add(session, case, event)
        _move(session, link, case, event)

    take_once(session, NAME, event.delivery, "desk_event", do)


def _link(session: Session, event: Event) -> ExternalLink | None:
    """By the ticket's id; by the case's number where the id was not noted yet. Under its row lock. None once erased."""
    query = (
        select(ExternalLink)
        .join(Case, Case.id == ExternalLink.case_id)
        .where(
            ExternalLink.desk == NAME,
            Case.erased_at.is_(None),
            or_(
                ExternalLink.external_id == event.ticket,
                ExternalLink.external_id.is_(None) & (Case.number == event.case),
            ),
        )
        .order_by(ExternalLink.external_id.is_(None))
        .limit(1)
        .with_for_update(of=ExternalLink)
    )
    link = session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    if link is not None:
        link.external_id = link.external_id or event.ticket
    return link


def _number(session: Session, link: ExternalLink) -> str:
    return str(session.execute(select(Case.number).where(Case.id == link.case_id)).scalar_one())


def _add(session: Session, case: Case, event: Event) -> None:
    """An agent's article is kept with the case for the desk; a trigger may send it more than once."""
    if event.article is not None and event.text:
        key = f"{NAME}:article:{event.article}"
        cases.add_detail(session, case.number, event.text, actor=tickets.BY + event.author, key=key)


def _move(session: Session, link: ExternalLink, case: Case, event: Event) -> None:
    """Where the state is news, the case moves; a step that it may not take is noted on the ticket, and the state there
    follows the case again."""
    if event.state not in tickets.STANDINGS or _is_overtaken(link, event):
        return
    known, link.state = link.state, event.state
    if event.state in (known, tickets.SHOWN[case.state]) or _is_echo(session, link, event.state):
        return
    name = tickets.asked_for(event.state, case.state, case.kind)
    try:
        if name is None:
            links.add_note(session, link, tickets.not_allowed(case))
        else:
            cases.transition(session, case.number, name, actor=tickets.BY + event.agent)
    except NotAllowed:
        links.add_note(session, link, tickets.not_allowed(case))
    except TooLate as late:
        links.add_note(session, link, say(LANGUAGE, "desk_other_too_late", days=late.days))
    link.is_open = True


def _is_overtaken(link: ExternalLink, event: Event) -> bool:
    """Webhooks come in any order: an older state says nothing of the present one."""
    if event.at is not None and link.there_at is not None and event.at < link.there_at:
        return True
    link.there_at = event.at or link.there_at
    return False


def _is_echo(session: Session, link: ExternalLink, state: str) -> bool:
    """A state that we are just telling, while the case has already gone on."""
    coming = select(CaseEvent.to_state).where(CaseEvent.case_id == link.case_id, CaseEvent.id > link.sent)
    return state in {tickets.SHOWN[ours] for ours in session.execute(coming).scalars()}


def _plain(html: str) -> str:
    return unescape(_TAG.sub("", _BREAK.sub("\n", html)))


def _name(person: Any) -> str:
    """Zammad's own agents by name; the login where there is none."""
    given = person if isinstance(person, dict) else {}
    parts = [given[key] for key in ("firstname", "lastname") if isinstance(given.get(key), str)]
    login = given.get("login") if isinstance(given.get("login"), str) else ""
    return clean(" ".join(parts) or login or "")[: ACTOR_LENGTH - len(tickets.BY)].strip()
