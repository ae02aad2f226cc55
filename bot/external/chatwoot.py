"""Chatwoot as a desk beside ours: an API-channel inbox, a conversation there for each handoff.

Out: contact, conversation, the packet as a private note, then the customer's words in their order. In: chatwoot_events.
Where nobody knows whether something arrived, Chatwoot is asked before it is said again.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import exists, func, or_, select, update
from sqlalchemy.orm import Session
from starlette.datastructures import Headers
from starlette.routing import Route

from bot.channels.platforms import Undeliverable, Unsure
from bot.channels.rendering import can_show
from bot.conversations import ownership
from bot.conversations.errors import FileRefused
from bot.conversations.inbox import store_file
from bot.conversations.models import (
    AGENT,
    FOR_DESK,
    QUEUED,
    Conversation,
    Handoff,
    InboxMessage,
    Message,
    StoredFile,
)
from bot.conversations.outbox import add_message
from bot.db import Database, insert, now
from bot.external import chatwoot_events as events
from bot.external import links, packets
from bot.external.chatwoot_api import ChatwootApi
from bot.external.desks import ERASE, LANGUAGE, ExternalDesk, Task, first_task, webhook
from bot.external.models import ExternalLink
from bot.settings import Settings
from bot.wording import say

NAME = "chatwoot"
FRESH_S = 300
"""Older webhooks are refused: Chatwoot stamps each when it sends it (github.com/chatwoot/chatwoot/pull/13573)."""
GIVE_UP_AFTER = timedelta(hours=24)
"""A chat that was over so long ago is not told of any more."""
MOST_TRIES = 6
"""Of a photo or file, either way: what follows in the chat waits behind it."""
OPEN, PACKET, SAY, FETCH, NOTE, END = "open", "packet", "say", "fetch", "note", "end"


class Chatwoot(ExternalDesk):
    name = NAME

    def __init__(self, settings: Settings) -> None:
        self._api = ChatwootApi(settings)
        self._account = settings.chatwoot_account
        self._secret = settings.chatwoot_secret.encode()

    def routes(self, database: Database) -> Sequence[Route]:
        def read(headers: Headers, data: dict[str, Any]) -> events.Event | None:
            return events.read(data, self._account)

        return [webhook(f"/hooks/{NAME}", database, self._is_genuine, read, events.take)]

    def _is_genuine(self, headers: Headers, body: bytes) -> bool:
        """`X-Chatwoot-Signature: sha256=` HMAC-SHA256 of timestamp, dot and body, with the inbox's secret."""
        stamp, given = headers.get("x-chatwoot-timestamp", ""), headers.get("x-chatwoot-signature", "")
        good = "sha256=" + hmac.new(self._secret, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(given.encode(), good.encode()):
            return False
        return stamp.isdecimal() and abs(now().timestamp() - int(stamp)) <= FRESH_S

    def waiting(self) -> Sequence[Any]:
        return _unlinked(), _due(), _left_over()

    def next_task(self, session: Session) -> Task | None:
        _link_a_handoff(session)
        return first_task(session, _due(), _next) or first_task(session, _left_over(), _forget)

    def unerased(self) -> Any:
        return select(ExternalLink).where(ExternalLink.desk == NAME, *_ORPHAN)

    def check(self) -> None:
        self._api.check()

    def tell(self, task: Task) -> dict[str, Any]:
        data = task.data
        if task.what == ERASE:
            self._api.forget(data["contact"])
            return {}
        if task.what == OPEN:
            contact, found = self._api.open(data["source"], data["name"], data["known"], doubtful=task.doubtful)
            return {"contact": contact, "external_id": found}
        if task.what == SAY:
            there = self._api.said_since(data["id"], data["last_id"]) if task.doubtful else 0
            return {"last_id": there or self._say(task), "repeated": task.doubtful and not there}
        if task.what == FETCH:
            return {"file": self._fetch(task)}
        there = self._api.noted_since(data["id"], data["last_id"], data["text"]) if task.doubtful else 0
        noted = there or self._api.note(data["id"], data["text"])
        if task.what == END:
            self._api.resolve(data["id"])
        return {"last_id": noted}

    def _say(self, task: Task) -> int:
        data = task.data
        text = say(LANGUAGE, "desk_other_repeated", text=data["text"]) if task.doubtful else data["text"]
        try:
            return self._api.say(data["contact"], data["id"], text, data["file"])
        except Unsure as error:
            if data["file"] and task.doubtful and data["tries"] >= MOST_TRIES:  # it did answer where it was looked for
                raise Undeliverable("a file that does not get through") from error
            raise

    def _fetch(self, task: Task) -> tuple[str, bytes]:
        if task.data["tries"] >= MOST_TRIES:
            raise Undeliverable("a file that is not to be had")
        return self._api.fetch(task.data["url"])

    def told(self, session: Session, link: ExternalLink, task: Task, result: dict[str, Any]) -> None:
        link.last_id = max(link.last_id, result.get("last_id", 0))
        if task.what == OPEN:
            link.contact, link.external_id = result["contact"], result["external_id"]
        elif task.what == PACKET:
            link.is_told = True
        elif task.what == SAY:
            link.sent = task.data["seq"]
            link.repeated += bool(result.get("repeated"))
            link.is_ended = False  # words open a conversation again that was resolved
            if not result and task.data["file"]:
                links.add_note(session, link, say(LANGUAGE, "desk_other_file_failed"))
        elif task.what == FETCH:
            links.drop_file(link)
            _pass_on(session, link, task, result.get("file"))
        elif task.what == NOTE:
            links.drop_note(link)
        elif task.what == ERASE:
            session.delete(link)
        else:
            link.is_ended = True  # the next look closes it, unless something more came

    def gone(self, session: Session, link: ExternalLink, task: Task) -> None:
        """Whoever had the chat there cannot answer: it waits again for whoever is here."""
        if task.what == ERASE:
            self.told(session, link, task, {})
            return
        super().gone(session, link, task)
        handoff = session.get(Handoff, link.handoff_id) if link.handoff_id is not None else None
        if handoff is not None and handoff.ended_at is None:
            chat = session.get(Conversation, handoff.conversation_id)
            if events.has_it(chat):
                ownership.queue_lost(session, chat)


def _unlinked() -> Any:
    """Handoffs that wait or are with an agent and that Chatwoot was not told of yet."""
    linked = exists().where(ExternalLink.handoff_id == Handoff.id, ExternalLink.desk == NAME)
    return (
        select(Handoff)
        .join(Conversation, Conversation.id == Handoff.conversation_id)
        .where(Conversation.owner.in_((QUEUED, AGENT)), Handoff.ended_at.is_(None), ~linked)
    )


def _link_a_handoff(session: Session) -> None:
    first = _unlinked().order_by(Handoff.id).limit(1)
    handoff = session.execute(first.with_for_update(of=Conversation, skip_locked=True)).scalar_one_or_none()
    if handoff is None:
        return
    begins = _begins_after(session, handoff)
    values = {"desk": NAME, "handoff_id": handoff.id, "contact": handoff.conversation_id, "sent": begins}
    session.execute(insert(session, ExternalLink).values(**values).on_conflict_do_nothing())
    earlier = select(Handoff.id).where(Handoff.conversation_id == handoff.conversation_id, Handoff.id < handoff.id)
    session.execute(
        update(ExternalLink.__table__)
        .where(ExternalLink.handoff_id.in_(earlier), ExternalLink.desk == NAME, ExternalLink.upto.is_(None))
        .values(upto=begins)
    )


_ORPHAN = (ExternalLink.handoff_id.is_(None), ExternalLink.case_id.is_(None))


def _left_over() -> Any:
    """Links whose chat was erased here, by whatever: the contact there goes with all its conversations."""
    return select(ExternalLink).where(links.is_free(NAME), *_ORPHAN)


def _forget(session: Session, link: ExternalLink) -> Task:
    link.notes = link.files = None
    return links.take(link, ERASE, contact=link.contact)


def _pass_on(session: Session, link: ExternalLink, task: Task, file: tuple[str, bytes] | None) -> None:
    """An agent's file to the customer, under both locks; its agent hears where that is not to be."""
    handoff = session.get(Handoff, link.handoff_id) if link.handoff_id is not None else None
    if handoff is None:
        return
    chat = session.get(Conversation, handoff.conversation_id)
    if not events.may_speak(link, handoff, chat):
        links.add_note(session, link, say(LANGUAGE, "desk_other_over"))
        return
    file_id = _kept(session, chat, *file) if file else None
    if file_id is None:
        links.add_note(session, link, say(LANGUAGE, "desk_other_no_file"))
    else:
        add_message(session, chat, "agent", "", agent=task.data["agent"], file_id=file_id)


def _kept(session: Session, chat: Conversation, name: str, content: bytes) -> str | None:
    """The file's id, where it is a photo or PDF that the customer's channel can show."""
    try:
        stored = session.get(StoredFile, store_file(session, chat.id, name, content))
    except FileRefused:
        return None
    if can_show(chat.channel, stored.media_type, stored.size):
        return str(stored.id)
    session.delete(stored)
    return None


def _begins_after(session: Session, handoff: Handoff) -> int:
    """The customer's message that led to the handoff: what follows is for its agent."""
    answered = (
        select(InboxMessage.seq)
        .join(Message, Message.answers == InboxMessage.id)
        .where(Message.conversation_id == handoff.conversation_id, Message.epoch == handoff.epoch)
        .order_by(InboxMessage.seq)
        .limit(1)
    )
    newest = select(func.max(Message.seq)).where(Message.conversation_id == handoff.conversation_id)
    found = session.execute(answered).scalar_one_or_none()
    return int(found if found is not None else session.execute(newest).scalar_one() or 0)


def _due() -> Any:
    words = exists().where(
        InboxMessage.conversation_id == Conversation.id,
        InboxMessage.state == FOR_DESK,
        InboxMessage.seq > ExternalLink.sent,
        InboxMessage.seq <= func.coalesce(ExternalLink.upto, Conversation.last_seq),
    )
    something = or_(
        ExternalLink.external_id.is_(None), ExternalLink.is_told.is_(False), words, _taken_elsewhere(),
        ExternalLink.files.isnot(None), ExternalLink.notes.isnot(None), Handoff.ended_at.isnot(None),
    )  # fmt: skip
    return (
        select(ExternalLink, Handoff, Conversation)
        .join(Handoff, Handoff.id == ExternalLink.handoff_id)
        .join(Conversation, Conversation.id == Handoff.conversation_id)
        .where(links.may_be_taken(NAME), something)
    )


def _taken_elsewhere() -> Any:
    """An agent of ours has the chat and Chatwoot does not know."""
    another = or_(ExternalLink.agent.is_(None), ExternalLink.agent != Conversation.agent, ExternalLink.is_theirs)
    return (Conversation.owner == AGENT) & Conversation.desk.is_(None) & Handoff.ended_at.is_(None) & another


def _next(session: Session, link: ExternalLink, handoff: Handoff, chat: Conversation) -> Task | None:
    """What Chatwoot is told next; None where there is nothing (any more)."""
    if _is_past(link, handoff):
        link.is_open = False
        return None
    if link.external_id is None:
        name = say(LANGUAGE, "desk_other_contact", value=f"{chat.channel} {chat.id[:6]}")
        return links.take(link, OPEN, source=chat.id, name=name, known=_known(session, chat.id))
    if not link.is_told:
        text = packets.as_note(handoff.packet, handoff.reason, chat.channel, chat.id)
        return links.take(link, PACKET, text=text, **_where(link, chat))
    message = _next_words(session, link, chat)
    if message is not None:
        file = session.get(StoredFile, message.file_id) if message.file_id else None
        photo = (file.name, file.media_type, file.content) if file else None
        words = {"text": message.text, "file": photo, "seq": message.seq, "tries": link.attempts}
        return links.take(link, SAY, **words, **_where(link, chat))
    if link.files:
        agent, url = link.files[0]
        return links.take(link, FETCH, chat=chat.id, agent=agent, url=url, tries=link.attempts)
    if handoff.ended_at is None and _is_taken_here(link, chat):
        link.agent, link.is_theirs = chat.agent, False
        links.add_note(session, link, say(LANGUAGE, "desk_other_taken", value=chat.agent))
    if link.notes:
        return links.take(link, NOTE, text=link.notes[0], **_where(link, chat))
    if handoff.ended_at is not None and not link.is_ended:
        ended = say(LANGUAGE, "desk_other_ended", value=events.worded(handoff.outcome or ""))
        return links.take(link, END, text=ended, **_where(link, chat))
    link.is_open = handoff.ended_at is None
    return None


def _is_taken_here(link: ExternalLink, chat: Conversation) -> bool:
    """By an agent of ours of whom Chatwoot does not know; who has the same name as one there is somebody else."""
    is_ours = chat.owner == AGENT and chat.desk is None
    return is_ours and (link.is_theirs or link.agent != chat.agent)


def _is_past(link: ExternalLink, handoff: Handoff) -> bool:
    """Over before Chatwoot heard of it, or so long ago that nobody there cares, unless somebody there just wrote."""
    if handoff.ended_at is None:
        return False
    return links.is_unheard(link) or (not link.notes and now() - handoff.ended_at > GIVE_UP_AFTER)


def _where(link: ExternalLink, chat: Conversation) -> dict[str, Any]:
    return {"chat": chat.id, "id": link.external_id, "contact": link.contact, "last_id": link.last_id}


def _known(session: Session, conversation_id: str) -> list[str]:
    """Conversations there that earlier handoffs of this chat stand for."""
    query = (
        select(ExternalLink.external_id)
        .join(Handoff, Handoff.id == ExternalLink.handoff_id)
        .where(Handoff.conversation_id == conversation_id, ExternalLink.external_id.isnot(None))
    )
    return list(session.execute(query).scalars())


def _next_words(session: Session, link: ExternalLink, chat: Conversation) -> Message | None:
    query = (
        select(Message)
        .join(
            InboxMessage,
            (InboxMessage.conversation_id == Message.conversation_id) & (InboxMessage.seq == Message.seq),
        )
        .where(
            Message.conversation_id == chat.id,
            InboxMessage.state == FOR_DESK,
            Message.seq > link.sent,
            Message.seq <= (link.upto if link.upto is not None else chat.last_seq),
        )
        .order_by(Message.seq)
        .limit(1)
    )
    return session.execute(query).scalar_one_or_none()
