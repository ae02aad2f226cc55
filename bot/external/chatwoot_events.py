"""What Chatwoot's agents do, from its webhook: their words to the customer, and that they are done.

Shapes: chatwoot.com/hc/user-guide/articles/1677693021-how-to-use-webhooks. `message_created` and `message_updated` are
a message with its `conversation`; `conversation_status_changed` is a conversation. An inbox's webhook is sent once:
where we did not answer, the message is marked as failed, and its agent's "Retry" sends `message_updated`, as does any
change of a message. So each message is taken once. Its jobs run in no order that one could rely on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from bot.channels.http import Refused
from bot.conversations import ownership
from bot.conversations.errors import UnknownConversation
from bot.conversations.inbox import lock
from bot.conversations.models import AGENT, QUEUED, Conversation, Handoff
from bot.conversations.outbox import add_message
from bot.conversations.text import MAX_STORED, clean
from bot.db import now
from bot.external import links
from bot.external.desks import LANGUAGE, number, take_once
from bot.external.models import ExternalLink
from bot.wording import say, texts

NAME = "chatwoot"
MESSAGE, CHANGED, DONE = "message_created", "message_updated", "conversation_status_changed"
RESOLVED = "resolved"
OVERTAKEN = timedelta(minutes=2)
"""An agent's last words may come after the news that they are done."""
TOLD_AGAIN = timedelta(days=1)
"""So long after the end, a change of a message is no "Retry" but somebody who tidies up."""
NAME_LENGTH = 60
MOST_FILES = 15
"""Of a message, by Chatwoot's own limit."""


@dataclass(frozen=True)
class Event:
    conversation: str
    source: str
    agent: str
    message: str | None = None
    """Its number; none: they are done."""
    text: str = ""
    files: tuple[str, ...] = ()
    """Where Chatwoot keeps them; empty for one that is nowhere."""
    is_changed: bool = False
    """It is not new, so that we know it already or could not be told of it when it was."""


def read(data: dict[str, Any], account: str) -> Event | None:
    """None for what is no word or deed of an agent. Raises Refused for less than is documented."""
    name = data.get("event")
    if not isinstance(name, str):
        raise Refused(400, "bad_event")
    its_account = number(_object(data.get("account")).get("id"))
    if its_account is not None and its_account != account:
        return None
    if name in (MESSAGE, CHANGED):
        return _message(data)
    if name == DONE:
        return _done(data)
    return None


def _message(data: dict[str, Any]) -> Event | None:
    """An agent's public message: no note, nothing of the customer's, of a bot's or of a rule's."""
    chat, author = _object(data.get("conversation")), _object(data.get("sender"))
    conversation = number(chat.get("id")) or number(chat.get("display_id"))
    message = number(data.get("id"))
    if conversation is None or message is None or not isinstance(data.get("message_type"), (str, int)):
        raise Refused(400, "bad_event")
    by_agent = author.get("type", "user") == "user" and bool(author)
    is_gone = data.get("status") == "failed" or bool(_object(data.get("content_attributes")).get("deleted"))
    if data["message_type"] not in ("outgoing", 1) or data.get("private") is True or not by_agent or is_gone:
        return None
    text, files = data.get("content"), _files(data)
    text = text if isinstance(text, str) else ""
    if not files and not clean(text):
        return None
    is_changed = data["event"] == CHANGED
    return Event(conversation, _source(chat), _name(author), message, text, files, is_changed)


def _files(data: dict[str, Any]) -> tuple[str, ...]:
    listed = data.get("attachments")
    urls = [_object(each).get("data_url") for each in listed[:MOST_FILES]] if isinstance(listed, list) else []
    return tuple(url if isinstance(url, str) else "" for url in urls)


def _done(data: dict[str, Any]) -> Event | None:
    conversation, status = number(data.get("id")), data.get("status")
    if conversation is None or not isinstance(status, str):
        raise Refused(400, "bad_event")
    if status != RESOLVED:
        return None
    agent = _name(_object(_object(data.get("meta")).get("assignee")))
    return Event(conversation=conversation, source=_source(data), agent=agent)


def take(session: Session, event: Event) -> None:
    """Does what an agent did, once; nothing for a conversation that is none of ours."""
    found = _find(session, event)
    if found is None:
        return
    try:
        chat = lock(session, found.conversation_id)  # before the link: whoever links the next handoff takes them so
    except UnknownConversation:
        return
    link = session.get(ExternalLink, found.id, with_for_update=True, populate_existing=True)
    handoff = session.get(Handoff, found.handoff_id, populate_existing=True)
    if link.external_id is None:
        link.external_id = event.conversation
    if event.message is None:
        _end(session, link, handoff, chat)
        return
    one = f"message:{event.message}"
    take_once(session, NAME, one, "desk_event", lambda: _speak(session, link, handoff, chat, event))


def _find(session: Session, event: Event) -> Any:
    """The link's id with its handoff's and chat's, by the conversation's number; by the contact where the number was
    not noted yet."""
    unnoted = ExternalLink.external_id.is_(None) & ExternalLink.is_open & (Handoff.conversation_id == event.source)
    query = (
        select(ExternalLink.id, ExternalLink.handoff_id, Handoff.conversation_id)
        .join(Handoff, Handoff.id == ExternalLink.handoff_id)
        .where(ExternalLink.desk == NAME, or_(ExternalLink.external_id == event.conversation, unnoted))
        .order_by(ExternalLink.external_id.is_(None), ExternalLink.id.desc())
        .limit(1)
    )
    return session.execute(query).first()


def _speak(session: Session, link: ExternalLink, handoff: Handoff, chat: Conversation, event: Event) -> None:
    """The first words take the chat for their agent; words of another agent there pass it on."""
    if handoff.ended_at is not None:
        _speak_late(session, link, handoff, chat, event)
        return
    if chat.owner == QUEUED:
        ownership.claim(session, chat.id, event.agent, NAME)
    elif not has_it(chat):
        links.add_note(session, link, say(LANGUAGE, "desk_other_not_yours", value=chat.agent))
        return
    elif chat.agent != event.agent:
        ownership.transfer(session, chat.id, chat.agent, event.agent, NAME)
    link.agent, link.is_theirs = event.agent, True
    _pass_on(session, link, chat, event)


def _speak_late(session: Session, link: ExternalLink, handoff: Handoff, chat: Conversation, event: Event) -> None:
    """Words that were overtaken by the end are an agent's all the same; later ones find the bot at work."""
    if may_speak(link, handoff, chat):
        _pass_on(session, link, chat, event)
    elif not event.is_changed or now() - handoff.ended_at < TOLD_AGAIN:
        links.add_note(session, link, say(LANGUAGE, "desk_other_over"))


def _pass_on(session: Session, link: ExternalLink, chat: Conversation, event: Event) -> None:
    """The words at once; files have to be fetched first, and Chatwoot waits for our answer."""
    for piece in _pieces(event.text):
        add_message(session, chat, "agent", piece, agent=event.agent)
    for url in event.files:
        links.add_file(session, link, event.agent, url)


def may_speak(link: ExternalLink, handoff: Handoff, chat: Conversation) -> bool:
    """An agent there has the chat, or had it until just now."""
    if handoff.ended_at is None:
        return has_it(chat)
    return bool(link.is_theirs) and handoff.outcome == RESOLVED and now() - handoff.ended_at < OVERTAKEN


def _end(session: Session, link: ExternalLink, handoff: Handoff, chat: Conversation) -> None:
    """Resolved there: back to the bot, unless it is over already or one of our own agents has the chat."""
    if handoff.ended_at is not None:
        return
    if chat.owner == QUEUED:
        ownership.give_back_waiting(session, chat, RESOLVED)
    elif has_it(chat):
        ownership.return_to_bot(session, chat.id, chat.agent, RESOLVED, NAME)
    else:
        return
    link.is_theirs, link.is_ended = True, True


def has_it(chat: Conversation) -> bool:
    """Whether an agent of Chatwoot's has the chat."""
    return bool(chat.owner == AGENT and chat.desk == NAME)


def worded(outcome: str) -> str:
    return texts(LANGUAGE).get(f"desk_outcome_{outcome}", outcome)


def _pieces(text: str) -> list[str]:
    """An agent may write more than one message of ours holds."""
    cleaned = (clean(text[start : start + MAX_STORED]) for start in range(0, len(text), MAX_STORED))
    return [piece for piece in cleaned if piece]


def _name(author: dict[str, Any]) -> str:
    given = author.get("name")
    return clean(given)[:NAME_LENGTH].strip() if isinstance(given, str) and clean(given) else "Chatwoot"


def _source(chat: dict[str, Any]) -> str:
    given = _object(chat.get("contact_inbox")).get("source_id")
    return given if isinstance(given, str) and given.isascii() and given.isalnum() else ""


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
