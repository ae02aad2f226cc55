"""Telegram: a webhook with a secret token in, the Bot API out (core.telegram.org/bots/api).

Private chats only. A tapped button is acknowledged in the webhook's own response, which Telegram takes as a call.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.channels.http import Refused
from bot.channels.models import Wish
from bot.channels.platforms import Platform, TryAgain, Undeliverable, call, keep_photo, put_off, raw_body, take, welcome
from bot.channels.rendering import STYLES, Part
from bot.conversations.inbox import MAX_FILE_BYTES
from bot.db import Database
from bot.settings import Settings

_FILE_PATH = re.compile(r"[\w./-]+")
_EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp"}


class Telegram(Platform):
    """One bot. `external_id` is Telegram's update id, which it repeats with a repeated webhook."""

    name = "telegram"
    style = STYLES["telegram"]

    def __init__(self, settings: Settings) -> None:
        self._secret = settings.telegram_secret
        self._calls = f"{settings.telegram_url}/bot{settings.telegram_token}"
        self._files = f"{settings.telegram_url}/file/bot{settings.telegram_token}"

    def routes(self, database: Database) -> Sequence[Route]:
        async def hook(request: Request) -> Response:
            given = request.headers.get("x-telegram-bot-api-secret-token", "")
            if not secrets.compare_digest(given.encode(), self._secret.encode()):
                raise Refused(401, "key_needed")
            update = _update(await raw_body(request))
            return JSONResponse(await run_in_threadpool(self._keep, database, update))

        return [Route(f"/hooks/{self.name}", hook, methods=["POST"])]

    def _keep(self, database: Database, update: dict[str, Any]) -> dict[str, Any]:
        """Stores the update; gives the call that Telegram is to make of our response, if any."""
        external_id = str(update["update_id"])
        tapped, message = update.get("callback_query"), update.get("message")
        with database.write() as session:
            if isinstance(tapped, dict):
                self._keep_tap(session, external_id, tapped)
            elif isinstance(message, dict):
                self._keep_message(session, external_id, message)
            session.commit()
        if isinstance(tapped, dict):
            return {"method": "answerCallbackQuery", "callback_query_id": str(tapped.get("id"))}
        return {}

    def _keep_tap(self, session: Session, external_id: str, tapped: dict[str, Any]) -> None:
        chat, data = _private_chat(tapped.get("message")), tapped.get("data")
        if chat and isinstance(data, str):
            take(session, self.name, chat, external_id, choice=data, language=_language(tapped))

    def _keep_message(self, session: Session, external_id: str, message: dict[str, Any]) -> None:
        chat, language = _private_chat(message), _language(message)
        if not chat:
            return
        photo = _photo(message)
        if message.get("text") == "/start":
            welcome(session, self.name, chat, external_id, language)
            return
        if photo:
            put_off(session, self.name, chat, external_id, {**photo, "language": language})
        said = _words(message)
        if said or not photo:  # a sticker or a voice message has no words: the dialogue asks for some
            words_id = f"{external_id}-words" if photo else external_id
            take(session, self.name, chat, words_id, text=said, language=language)

    def send(self, to: str, part: Part) -> None:
        if part.image is not None:
            name = f"photo.{_EXTENSIONS.get(part.media_type, 'jpg')}"
            self._ask("sendPhoto", data={"chat_id": to}, files={"photo": (name, part.image, part.media_type)})
            return
        asked: dict[str, Any] = {"chat_id": to, "text": part.text}
        if part.choices:
            keys = [[{"text": title, "callback_data": choice_id}] for choice_id, title in part.choices]
            asked["reply_markup"] = {"inline_keyboard": keys}
        self._ask("sendMessage", json=asked)

    def fetch(self, database: Database, wish: Wish) -> None:
        reference = wish.reference
        found = self._ask("getFile", json={"file_id": reference["file_id"]}).get("result")
        path = found.get("file_path") if isinstance(found, dict) else None
        if not isinstance(path, str) or not _FILE_PATH.fullmatch(path) or ".." in path:
            raise Undeliverable("no file path")
        answer = call("GET", f"{self._files}/{path}")
        if answer.status != 200:
            raise Undeliverable(f"status {answer.status}")
        with database.write() as session:
            keep_photo(
                session, self.name, wish.sender, wish.external_id, reference["name"], answer.content,
                reference["language"],
            )  # fmt: skip
            session.commit()

    def _ask(self, method: str, **given: Any) -> dict[str, Any]:
        answer = call("POST", f"{self._calls}/{method}", **given).json()
        if answer.get("ok") is True:
            return answer
        code = answer.get("error_code")
        if code == 429:
            raise TryAgain(_retry_after(answer))
        raise Undeliverable(f"{method}: {code}")


def _update(body: bytes) -> dict[str, Any]:
    """Raises Refused for what is no update."""
    try:
        update = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(400, "bad_json") from error
    if not isinstance(update, dict) or not isinstance(update.get("update_id"), int):
        raise Refused(400, "bad_json")
    return update


def _private_chat(message: Any) -> str | None:
    """The chat's id; none for groups and channels, where others would read along."""
    chat = message.get("chat") if isinstance(message, dict) else None
    if not isinstance(chat, dict) or chat.get("type") != "private" or not isinstance(chat.get("id"), int):
        return None
    return str(chat["id"])


def _language(said: dict[str, Any]) -> str:
    author = said.get("from")
    code = author.get("language_code") if isinstance(author, dict) else None
    return "zh" if not isinstance(code, str) or code.startswith("zh") else "en"


def _words(message: dict[str, Any]) -> str:
    """Text, caption, or a place in words."""
    venue, location = message.get("venue"), message.get("location")
    if isinstance(venue, dict):
        return f"{venue.get('title', '')} {venue.get('address', '')}".strip()
    if isinstance(location, dict):
        return f"{location.get('latitude')}, {location.get('longitude')}"
    given = message.get("text") or message.get("caption")
    return given if isinstance(given, str) else ""


def _photo(message: dict[str, Any]) -> dict[str, str] | None:
    """The largest size that we take of a photo, or a document; what it really is, its content says."""
    sizes, document = message.get("photo"), message.get("document")
    if isinstance(sizes, list):
        fitting = [size for size in sizes if isinstance(size, dict) and _fits(size)]
        largest = max(fitting, key=lambda size: size.get("file_size") or 0, default=None)
        return {"file_id": str(largest["file_id"]), "name": "photo.jpg"} if largest else None
    if isinstance(document, dict) and _fits(document):
        return {"file_id": str(document["file_id"]), "name": str(document.get("file_name") or "")}
    return None


def _fits(file: dict[str, Any]) -> bool:
    size = file.get("file_size") or 0
    return isinstance(file.get("file_id"), str) and isinstance(size, int) and size <= MAX_FILE_BYTES


def _retry_after(answer: dict[str, Any]) -> float | None:
    given = (answer.get("parameters") or {}).get("retry_after")
    return float(given) if isinstance(given, int) and given > 0 else None
