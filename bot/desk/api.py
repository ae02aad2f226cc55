"""The desk's JSON (DESIGN §4): each handler is one unit of work that begins with who asks."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.cases.errors import BadIncident, BadMerge, NotAllowed, TooLate, UnknownCase
from bot.conversations import ownership, teams
from bot.conversations.errors import Conflict, UnknownConversation
from bot.conversations.text import MAX_STORED, clean
from bot.db import database, now
from bot.desk import accounts, notes, presence, sight
from bot.desk.access import (
    Asked,
    Missing,
    Refused,
    check_change,
    check_origin,
    identify,
    keep_session,
    language_of,
    read,
)  # fmt: skip
from bot.desk.accounts import Person
from bot.desk.throttle import Throttle, TooManyTries
from bot.settings import settings
from bot.shipments import requests
from bot.shipments.errors import StepNotAllowed, UnknownRequest
from bot.shipments.waybill import recognise

Endpoint = Callable[[Request], Awaitable[Response]]
Handler = Callable[[Session, Person, Asked], dict[str, Any]]

A_PAGE, MOST_REASON = 50, 200


@contextmanager
def refusing() -> Iterator[None]:
    """The services' errors as refusals."""
    try:
        yield
    except UnknownConversation as error:
        raise Refused(404, "desk_unknown_chat") from error
    except UnknownCase as error:
        raise Refused(404, "desk_unknown_case") from error
    except Conflict as error:
        raise Refused(409, "desk_not_yours") from error
    except TooLate as error:
        raise Refused(409, "desk_too_late_to_reopen", {"days": error.days}) from error
    except BadMerge as error:
        raise Refused(409, "desk_bad_merge") from error
    except BadIncident as error:
        raise Refused({"unknown": 404, "closed": 409}.get(str(error), 400), f"desk_bad_incident_{error}") from error
    except UnknownRequest as error:
        raise Refused(404, "desk_unknown_request") from error
    except (NotAllowed, StepNotAllowed) as error:
        raise Refused(409, "desk_not_allowed", more={"allowed": list(error.allowed)}) from error


class Data(JSONResponse):
    """JSON without a tag in it: a page that took it for HTML would act on what a customer wrote."""

    def render(self, content: Any) -> bytes:
        return super().render(content).replace(b"<", b"\\u003c")


def answering_json(endpoint: Endpoint) -> Endpoint:
    """Refusals become {"error": sentence, …} in the desk's language."""

    @functools.wraps(endpoint)
    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Refused as refused:
            body = {"error": refused.sentence(language_of(request)), **refused.more}
            return Data(body, refused.status, refused.headers)

    return answer


def reads(handler: Handler, *, noted: bool = False) -> Endpoint:
    """`noted`: the handler writes down that it was read."""

    def work(asked: Asked) -> dict[str, Any]:
        with (database().write if noted else database().read)() as session, refusing():
            result = handler(session, identify(session, asked), asked)
            if noted:
                session.commit()
            return result

    return _endpoint(work)


def changes(handler: Handler, *, answering: bool = True) -> Endpoint:
    """`answering`: only for roles that claim chats and change cases."""

    def work(asked: Asked) -> dict[str, Any]:
        with database().write() as session, refusing():
            person = identify(session, asked)
            check_change(person, asked, answering=answering)
            presence.seen(session, person.name)
            result = handler(session, person, asked)
            session.commit()
            return result

    return _endpoint(work)


def _endpoint(work: Callable[[Asked], dict[str, Any]]) -> Endpoint:
    @answering_json
    async def endpoint(request: Request) -> Response:
        answer = await run_in_threadpool(work, await read(request))
        return Data(answer, headers={"Cache-Control": "no-store"})

    return endpoint


def login(throttle: Throttle, address_of: Callable[[Request], str]) -> Endpoint:
    @answering_json
    async def endpoint(request: Request) -> Response:
        check_origin(request)
        asked = await read(request)
        token, person = await run_in_threadpool(try_login, throttle, asked, address_of(request))
        response = JSONResponse({"csrf": person.csrf, "must_change_password": person.must_change_password})
        keep_session(response, token)
        return response

    return endpoint


def try_login(throttle: Throttle, asked: Asked, address: str) -> tuple[str, Person]:
    """Session token and person. Raises Refused: wrong, or too many tries."""
    name, password = accounts.tidy(asked.text("name")), asked.text("password")
    try:
        throttle.count(name, address)
        token, person = accounts.log_in(database(), name, password, settings().desk_session_hours)
    except TooManyTries as error:
        minutes = -(-error.retry_after // 60)
        more = {"retry_after": error.retry_after}
        raise Refused(429, "desk_too_many_tries", {"minutes": minutes}, more) from error
    except accounts.WrongPassword as error:
        raise Refused(401, "desk_wrong_password") from error
    throttle.forgive(name)
    return token, person


def choose_password(asked: Asked) -> tuple[str, Person]:
    """Changes one's own password, ends all one's logins and opens a new one. Raises Refused."""
    with database().write() as session:
        person = identify(session, asked, newcomer=True)
        check_change(person, asked, answering=False)
        try:
            accounts.change_password(session, person.id, asked.text("old"), asked.text("password"))
        except accounts.WrongPassword as error:
            raise Refused(400, "desk_wrong_old_password") from error
        except accounts.WeakPassword as error:
            raise Refused(400, "desk_weak_password", {"least": accounts.MIN_PASSWORD}) from error
        token = accounts.open_session(session, person.id, settings().desk_session_hours)
        renewed = accounts.who(session, token)
        session.commit()
    assert renewed is not None
    return token, renewed


@answering_json
async def password(request: Request) -> Response:
    token, person = await run_in_threadpool(choose_password, await read(request))
    response = JSONResponse({"csrf": person.csrf})
    keep_session(response, token)
    return response


def chat_id(asked: Asked) -> str:
    return asked.path["id"].hex


def queue(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    return sight.queue(session, person)


def here(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    """Of pages without the event stream: their desk is open. Gives what has come meanwhile (`sight.counts`)."""
    return sight.counts(sight.queue(session, person), person)


def conversation(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    return sight.conversation(session, person, chat_id(asked))


def claim(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    try:
        ownership.claim(session, chat_id(asked), person.name)
    except Conflict as error:
        raise Refused(409, "desk_claimed_already") from error
    return _standing(session, person, asked)


def reply(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    text = clean(asked.text("text"))
    if not text:
        raise Missing("text")
    if len(asked.text("text")) > MAX_STORED:
        raise Refused(400, "text_too_long")
    return {"id": ownership.reply(session, chat_id(asked), person.name, text).seq}


def transfer(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    """{"to": a colleague} or {"team": a skill}, and {"note"?} for whoever has it next."""
    team = str(asked.body.get("team") or "")
    notes.add(session, person, chat_id(asked), str(asked.body.get("note") or ""))
    if team:
        if team not in teams.CHOSEN:
            raise Refused(400, "desk_no_team")
        ownership.transfer_to_team(session, chat_id(asked), person.name, team)
    else:
        ownership.transfer(session, chat_id(asked), person.name, _colleague(session, person, asked))
    return _standing(session, person, asked)


def _colleague(session: Session, person: Person, asked: Asked) -> str:
    """The customer is told who has come: it must be someone who is there."""
    to = asked.text("to")
    found = next((one for one in presence.others(session, person.name, now()) if one["name"] == to), None)
    if found is None:
        raise Refused(400, "desk_no_colleague")
    if not found["present"]:
        raise Refused(400, "desk_not_here", {"name": to})
    return to


def take_over(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    """Someone who leads takes a waiting chat or an agent's."""
    require_lead(person)
    ownership.take_over(session, chat_id(asked), person.name)
    return _standing(session, person, asked)


def assign(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    """{"to"}: someone who leads gives a waiting chat to an agent."""
    require_lead(person)
    ownership.assign(session, chat_id(asked), person.name, _colleague(session, person, asked))
    return _standing(session, person, asked)


def require_lead(person: Person) -> None:
    if not person.leads:
        raise Refused(403, "desk_role")


def note(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    """{"text"}: from whoever has the chat, or a word of those who lead to them."""
    chat = sight.conversation(session, person, chat_id(asked))
    if not (chat["own"] or person.leads):
        raise Refused(409, "desk_not_yours")
    notes.add(session, person, chat["id"], asked.text("text"))
    return {"id": chat["id"]}


def return_to_bot(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    ownership.return_to_bot(session, chat_id(asked), person.name)
    return _standing(session, person, asked)


def close(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    ownership.close(session, chat_id(asked), person.name, asked.text("outcome"))
    return _standing(session, person, asked)


def _standing(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    session.flush()
    chat = sight.conversation(session, person, chat_id(asked))
    return {name: chat[name] for name in ("id", "owner", "agent", "epoch")}


def request_list(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    """{"requests": […], "next": the value of `after` for the following page, or null}; open ones without `state`."""
    state = clean(asked.query.get("state", "")) or None
    found = requests.listed(session, state=state, after_id=asked.number("after"), limit=A_PAGE + 1)
    page = found[:A_PAGE]
    return {"requests": page, "next": page[-1]["id"] if len(found) > A_PAGE else None}


def request(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    return requests.for_desk(session, clean(asked.path["number"]))


def request_step(session: Session, person: Person, asked: Asked) -> dict[str, Any]:
    """A refusal needs its reason: it is what the customer reads. A pickup may be given its waybill."""
    note, name = clean(str(asked.body.get("note") or "")) or None, asked.path["step"]
    if name == "refuse" and not note:
        raise Missing("note")
    number = clean(asked.path["number"])
    given = recognise(clean(str(asked.body.get("waybill") or "")))
    if asked.body.get("waybill") and (given is None or given.problem):
        raise Refused(400, "desk_bad_waybill")
    return requests.step(
        session, number, name, actor=person.name, now=now(), note=note and note[:MOST_REASON],
        waybill=given.value if given else None,
    )  # fmt: skip


def routes(throttle: Throttle, address_of: Callable[[Request], str]) -> list[BaseRoute]:
    chats = "/conversations/{id:uuid}"
    acts = {
        "claim": claim, "reply": reply, "transfer": transfer, "return": return_to_bot, "close": close,
        "take": take_over, "assign": assign, "note": note,
    }  # fmt: skip
    return [
        Route("/login", login(throttle, address_of), methods=["POST"]),
        Route("/password", password, methods=["POST"]),
        Route("/queue", reads(queue)),
        Route("/here", changes(here), methods=["POST"]),
        Route(chats, reads(conversation)),
        *(Route(f"{chats}/{name}", changes(act), methods=["POST"]) for name, act in acts.items()),
        Route("/requests", reads(request_list)),
        Route("/requests/{number}", reads(request)),
        Route("/requests/{number}/{step}", changes(request_step), methods=["POST"]),
    ]
