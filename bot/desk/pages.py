"""The desk's pages. They show what the JSON gives; their changes go to the JSON too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.cases import service as cases
from bot.conversations import ownership, teams
from bot.conversations.models import AGENT, StoredFile
from bot.conversations.text import clean
from bot.db import database, now
from bot.desk import canned, customers, panel, presence, sight, unmasking
from bot.desk.access import Asked, identify, read
from bot.desk.accounts import Person
from bot.desk.api import Endpoint, chat_id, refusing, request_list
from bot.desk.case_pages import SHOWN_INLINE
from bot.desk.serving import HEADERS, Page, answering_pages, shown
from bot.shipments import request_states, requests

OUTCOMES = ("resolved", "case_opened", "callback", "no_answer", "not_ours")


def desk(session: Session, person: Person, asked: Asked) -> Page:
    return Page("desk.html", {**sight.queue(session, person), "open_id": None, "chat": None})


def chat(session: Session, person: Person, asked: Asked) -> Page:
    open_chat = {"open_id": chat_id(asked), **_pane(session, person, asked)}
    return Page("desk.html", {**sight.queue(session, person), **open_chat})


def queue_part(session: Session, person: Person, asked: Asked) -> Page:
    return Page("_queue.html", {**sight.queue(session, person), "open_id": asked.query.get("open")})


def pane_part(session: Session, person: Person, asked: Asked) -> Page:
    return Page("_pane.html", _pane(session, person, asked))


def _pane(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    chat = sight.conversation(session, person, chat_id(asked))
    return {
        "chat": chat,
        "messages": _with_notes(chat["messages"], chat["notes"]),
        "cases": cases.cases_of_conversation(session, chat["id"]),
        "customer": customers.about(session, chat["id"]),
        **panel.beside(session, chat, asked.language),
        "may_unmask": chat["masked"] and unmasking.may_unmask(session, person, chat["id"]),
        "reasons": unmasking.REASONS,
        "form_key": uuid4().hex,
        "blanks": canned.blanks(chat["language"]),
        "colleagues": presence.others(session, person.name, now()),
        "teams": teams.CHOSEN,
        "outcomes": OUTCOMES,
        "taken_by": chat["owner"] == AGENT and ownership.taken_by(session, chat["id"], person.name),
    }


def messages_part(session: Session, person: Person, asked: Asked) -> Page:
    chat = sight.conversation(session, person, chat_id(asked))
    after, note_after = asked.number("after") or 0, asked.number("note_after") or 0
    said = [message for message in chat["messages"] if message["id"] > after]
    written = [note for note in chat["notes"] if note["id"] > note_after]
    return Page("_messages.html", {"chat": chat, "messages": _with_notes(said, written)})


def _with_notes(messages: list[dict[str, Any]], notes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """In the order they were written; a note has a `note_id` in place of an `id`."""
    said = [((message["id"], 0), {**message, "note_id": None}) for message in messages]
    written = [((note["after"], note["id"]), {**note, "note_id": note["id"]}) for note in notes]
    return [entry for _, entry in sorted([*said, *written], key=lambda pair: pair[0])]


# Service requests


def request_pages(session: Session, person: Person, asked: Asked) -> Page:
    state = clean(asked.query.get("state", ""))
    found = request_list(session, person, asked)
    return Page("requests.html", {**found, "state": state, "states": request_states.STATES})


def request_page(session: Session, person: Person, asked: Asked) -> Page:
    return Page("request.html", {"request": requests.for_desk(session, clean(asked.path["number"]))})


# Files


def _file(find: Callable[[Session, Person, Asked], StoredFile]) -> Endpoint:
    def work(asked: Asked) -> StoredFile:
        with database().read() as session, refusing():
            return find(session, identify(session, asked), asked)

    @answering_pages
    async def endpoint(request: Request) -> Response:
        return _sent(await run_in_threadpool(work, await read(request)))

    return endpoint


def _sent(file: StoredFile) -> Response:
    """Photos are shown, the rest is saved; nothing in a file may run."""
    kind = "inline" if file.media_type in SHOWN_INLINE else "attachment"
    headers = {
        **HEADERS,
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Content-Disposition": f"{kind}; filename*=UTF-8''{quote(file.name, safe='')}",
    }
    return Response(file.content, media_type=file.media_type, headers=headers)


def chat_file(session: Session, person: Person, asked: Asked) -> StoredFile:
    return sight.file(session, person, chat_id(asked), asked.path["file_id"].hex)


def case_file(session: Session, person: Person, asked: Asked) -> StoredFile:
    case, file_id = cases.get(session, clean(asked.path["number"])), asked.path["file_id"].hex
    return sight.stored(session, case["conversation_id"] if file_id in case["files"] else None, file_id)


def routes() -> list[BaseRoute]:
    chat_path = "/conversations/{id:uuid}"
    return [
        Route("/", shown(desk)),
        Route(chat_path, shown(chat)),
        Route("/parts/queue", shown(queue_part)),
        Route(f"/parts{chat_path}", shown(pane_part)),
        Route(f"/parts{chat_path}/messages", shown(messages_part)),
        Route(chat_path + "/files/{file_id:uuid}", _file(chat_file)),
        Route("/requests", shown(request_pages)),
        Route("/requests/{number}", shown(request_page)),
        Route("/cases/{number}/files/{file_id:uuid}", _file(case_file)),
    ]
