"""The web chat's JSON (DESIGN §4): a signed session, messages by cursor, files. Live events are in `stream.py`."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.channels.http import Refused, bearer_of, check_origin, language_of, read_json
from bot.channels.limits import Limits, client_address
from bot.channels.stream import event_stream
from bot.conversations.errors import FileRefused, UnknownChoice, UnknownConversation, UnknownFile
from bot.conversations.inbox import MAX_FILE_BYTES, Receipt, open_conversation, read_file, receive, speak, store_file
from bot.conversations.models import Conversation
from bot.conversations.outbox import messages_after
from bot.conversations.text import MAX_STORED
from bot.db import Database
from bot.privacy import vault
from bot.settings import Settings
from bot.wording import LANGUAGES

COOKIE = "yida_chat"
_MULTIPART_SLACK = 64 * 1024


class WebChat:
    """The routes under `/chat`. Everything is done in the conversation the signed session names, and in no other."""

    def __init__(self, database: Database, settings: Settings, limits: Limits) -> None:
        self._database = database
        self._settings = settings
        self._limits = limits
        self._session_s = settings.session_hours * 3600

    def routes(self) -> list[Route]:
        return [
            Route("/chat/session", self.session, methods=["POST"]),
            Route("/chat/language", self.speak, methods=["POST"]),
            Route("/chat/messages", self.send, methods=["POST"]),
            Route("/chat/messages", self.read, methods=["GET"]),
            Route("/chat/events", self.events, methods=["GET"]),
            Route("/chat/files", self.upload, methods=["POST"]),
            Route("/chat/files/{file_id}", self.download, methods=["GET"]),
        ]

    async def session(self, request: Request) -> Response:
        """Goes on with the session the client has, or starts a new one; `{"language"}` is optional."""
        check_origin(request, self._settings)
        language = await _wished_language(request)
        conversation_id = self._session_of(request)
        if conversation_id is None or not await run_in_threadpool(self._go_on, conversation_id, language):
            self._limits.session(client_address(request, self._settings))
            conversation_id = await run_in_threadpool(self._start, language or language_of(request))
        token = _signer().dumps(conversation_id)
        response = JSONResponse({"token": token})
        response.set_cookie(
            COOKIE,
            token,
            self._session_s,
            path="/chat",
            httponly=True,
            samesite="lax",
            secure=self._settings.secure_cookies,
        )
        return response

    async def speak(self, request: Request) -> Response:
        """The customer picked a language on the page: `{"language"}`. It holds until they write in another."""
        conversation_id = self._customer(request)
        language = await _wished_language(request) or language_of(request)
        try:
            await run_in_threadpool(self._speak, conversation_id, language)
        except UnknownConversation as error:
            raise Refused(401, "session_needed") from error
        return Response(status_code=204)

    async def send(self, request: Request) -> Response:
        """Stores a text, a tapped choice or an uploaded file, then acknowledges it: 202 {"id"}."""
        conversation_id = self._customer(request)
        message = _message(await read_json(request))
        address = client_address(request, self._settings)
        self._limits.message(conversation_id, address)
        try:
            receipt = await run_in_threadpool(self._receive, conversation_id, message, address)
        except UnknownConversation as error:
            raise Refused(401, "session_needed") from error
        except UnknownChoice as error:
            raise Refused(410, "unknown_choice") from error
        except UnknownFile as error:
            raise Refused(404, "unknown_file") from error
        return JSONResponse({"id": receipt.seq}, 202)

    async def read(self, request: Request) -> Response:
        conversation_id = self._customer(request)
        after = _cursor(request.query_params.get("after", "0"))
        return JSONResponse({"messages": await run_in_threadpool(self._messages, conversation_id, after)})

    async def events(self, request: Request) -> Response:
        conversation_id = self._customer(request)
        after = _cursor(request.headers.get("last-event-id") or request.query_params.get("after", "0"))
        if not await run_in_threadpool(self._exists, conversation_id):
            raise Refused(401, "session_needed")
        return event_stream(self._database, conversation_id, after)

    async def upload(self, request: Request) -> Response:
        """Multipart field `file`; its type is judged by its content."""
        conversation_id = self._customer(request)
        self._limits.file(conversation_id, client_address(request, self._settings))
        name, data = await _uploaded(request)
        try:
            file_id = await run_in_threadpool(self._store_file, conversation_id, name, data)
        except FileRefused as error:
            raise Refused(413 if error.reason == "file_too_large" else 415, error.reason) from error
        return JSONResponse({"id": file_id}, 201)

    async def download(self, request: Request) -> Response:
        """A file of this conversation, from either side."""
        conversation_id = self._customer(request)
        file = await run_in_threadpool(self._file, conversation_id, request.path_params["file_id"])
        if file is None:
            raise Refused(404, "unknown_file")
        return file_response(file.content, file.media_type, file.name)

    def _customer(self, request: Request) -> str:
        """The conversation the request's signed session names. Raises Refused."""
        if request.method != "GET":
            check_origin(request, self._settings)
        conversation_id = self._session_of(request)
        if conversation_id is None:
            raise Refused(401, "session_needed")
        return conversation_id

    def _session_of(self, request: Request) -> str | None:
        bearer = bearer_of(request)
        token = request.cookies.get(COOKIE, "") if bearer is None else bearer
        try:
            return str(_signer().loads(token, max_age=self._session_s))
        except BadData:
            return None

    def _exists(self, conversation_id: str) -> bool:
        with self._database.read() as session:
            return session.get(Conversation, conversation_id) is not None

    def _go_on(self, conversation_id: str, language: str | None) -> bool:
        """Whether the conversation is still there. As long as nothing was said in it, it takes the page's language."""
        with self._database.write() as session:
            conversation = session.get(Conversation, conversation_id)
            if conversation is not None and language and not conversation.last_seq:
                conversation.language = language
            session.commit()
            return conversation is not None

    def _speak(self, conversation_id: str, language: str) -> None:
        with self._database.write() as session:
            speak(session, conversation_id, language)
            session.commit()

    def _start(self, language: str) -> str:
        with self._database.write() as session:
            conversation = open_conversation(session, "web", uuid4().hex, language)
            session.commit()
            return conversation.id

    def _receive(self, conversation_id: str, message: dict[str, str], address: str) -> Receipt:
        external_id = f"{conversation_id}:{message.pop('client_id')}"
        with self._database.write() as session:
            receipt = receive(session, conversation_id, external_id, **message, address=address)
            session.commit()
            return receipt

    def _messages(self, conversation_id: str, after: int) -> list[dict[str, Any]]:
        with self._database.read() as session:
            return messages_after(session, conversation_id, after)

    def _store_file(self, conversation_id: str, name: str, data: bytes) -> str:
        with self._database.write() as session:
            file_id = store_file(session, conversation_id, name, data)
            session.commit()
            return file_id

    def _file(self, conversation_id: str, file_id: str) -> Any:
        with self._database.read() as session:
            return read_file(session, conversation_id, file_id)


def file_response(content: bytes, media_type: str, name: str) -> Response:
    """A file from a chat, which no browser may take for anything but what its content was judged to be."""
    headers = {
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(name)}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "private, no-store",
    }
    return Response(content, media_type=media_type, headers=headers)


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(vault().signing_keys, salt="web chat session")


async def _wished_language(request: Request) -> str | None:
    language = (await read_json(request)).get("language")
    return language if language in LANGUAGES else None


def _message(data: dict[str, Any]) -> dict[str, str]:
    """client_id and exactly one of text, choice, file, as `receive` wants them. Raises Refused."""
    try:
        client_id = str(UUID(data.get("client_id")))
    except (ValueError, TypeError, AttributeError) as error:
        raise Refused(422, "client_id_needed") from error
    given = {name: data[name] for name in ("text", "choice", "file") if data.get(name) is not None}
    if len(given) != 1 or not all(isinstance(value, str) for value in given.values()):
        raise Refused(422, "one_message_needed")
    if len(given.get("text", "")) > MAX_STORED:
        raise Refused(413, "text_too_long")
    if "file" in given:
        given["file_id"] = given.pop("file")
    return {"client_id": client_id, **given}


def _cursor(value: str) -> int:
    if not value.isdecimal() or len(value) > 9:
        raise Refused(422, "bad_cursor")
    return int(value)


async def _uploaded(request: Request) -> tuple[str, bytes]:
    """Name and content of the field `file`. Raises Refused."""
    length = request.headers.get("content-length", "")
    if not length.isdecimal():
        raise Refused(411, "file_needed")
    if int(length) > MAX_FILE_BYTES + _MULTIPART_SLACK:
        raise Refused(413, "file_too_large")
    try:
        async with request.form(max_files=1, max_fields=4) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise Refused(422, "file_needed")
            return file.filename or "", await file.read()
    except MultiPartException as error:
        raise Refused(400, "file_needed") from error
