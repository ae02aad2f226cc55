"""Feishu (飞书): encrypted events in, the open API out (open.feishu.cn/document).

A message carries a uuid: what is sent again after a doubt is taken once, within the hour that Feishu remembers it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Sequence
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.channels.http import Refused
from bot.channels.models import Wish
from bot.channels.platforms import (
    AccessToken,
    Platform,
    TryAgain,
    Undeliverable,
    call,
    keep_photo,
    put_off,
    raw_body,
    take,
)
from bot.channels.rendering import STYLES, Part
from bot.db import Database
from bot.settings import Settings

_BUSY = frozenset({99991400, 230020})
_TOKEN_OVER = frozenset({99991661, 99991663, 99991664, 99991668})
_BLOCK = 16


class Feishu(Platform):
    """One app. `external_id` is the event's id, the same in a repeated push."""

    name = "feishu"
    style = STYLES["feishu"]

    def __init__(self, settings: Settings) -> None:
        self._id, self._secret = settings.feishu_app_id, settings.feishu_app_secret
        self._encrypt_key = settings.feishu_encrypt_key
        self._verify = settings.feishu_verification_token
        self._url = f"{settings.feishu_url}/open-apis"
        self._token = AccessToken(self._new_token)

    def routes(self, database: Database) -> Sequence[Route]:
        async def hook(request: Request) -> Response:
            body = await raw_body(request)
            event = self._opened(body)
            if event.get("type") == "url_verification":
                self._check_token(event.get("token"))
                return JSONResponse({"challenge": event.get("challenge")})
            self._check_signature(request, body)
            await run_in_threadpool(self._keep, database, event)
            return JSONResponse({})

        return [Route(f"/hooks/{self.name}", hook, methods=["POST"])]

    def _opened(self, body: bytes) -> dict[str, Any]:
        """What was encrypted with our key. Raises Refused: others cannot have made it."""
        try:
            sealed = base64.b64decode(json.loads(body)["encrypt"], validate=True)
            key = hashlib.sha256(self._encrypt_key.encode()).digest()
            reader = Cipher(algorithms.AES(key), modes.CBC(sealed[:_BLOCK])).decryptor()
            padded = reader.update(sealed[_BLOCK:]) + reader.finalize()
            unpadding = PKCS7(_BLOCK * 8).unpadder()
            event = json.loads(unpadding.update(padded) + unpadding.finalize())
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise Refused(401, "key_needed") from error
        if not isinstance(event, dict):
            raise Refused(401, "key_needed")
        return event

    def _check_token(self, given: Any) -> None:
        if not secrets.compare_digest(str(given).encode(), self._verify.encode()):
            raise Refused(401, "key_needed")

    def _check_signature(self, request: Request, body: bytes) -> None:
        told = [request.headers.get(f"x-lark-request-{name}", "") for name in ("timestamp", "nonce")]
        expected = hashlib.sha256("".join([*told, self._encrypt_key]).encode() + body).hexdigest()
        if not secrets.compare_digest(request.headers.get("x-lark-signature", "").encode(), expected.encode()):
            raise Refused(401, "key_needed")

    def _keep(self, database: Database, push: dict[str, Any]) -> None:
        header, event = _dict(push, "header"), _dict(push, "event")
        self._check_token(header.get("token"))
        external_id, kind = header.get("event_id"), header.get("event_type")
        if not isinstance(external_id, str) or not 0 < len(external_id) <= 100:
            return
        with database.write() as session:
            if kind == "im.message.receive_v1":
                self._keep_message(session, external_id, event)
            elif kind == "card.action.trigger":
                self._keep_tap(session, external_id, event)
            session.commit()

    def _keep_message(self, session: Session, external_id: str, event: dict[str, Any]) -> None:
        message, sender = _dict(event, "message"), _dict(_dict(event, "sender"), "sender_id").get("open_id")
        if not isinstance(sender, str) or message.get("chat_type") != "p2p":  # in groups others would read along
            return
        content = _content(message)
        key = content.get("image_key") or content.get("file_key")
        if message.get("message_type") in ("image", "file") and isinstance(key, str):
            kind = "image" if "image_key" in content else "file"
            name = str(content.get("file_name") or "photo.jpg")
            reference = {"message_id": str(message.get("message_id")), "key": key, "kind": kind, "name": name}
            put_off(session, self.name, sender, external_id, reference)
            return
        words = content.get("text") or content.get("name")
        take(session, self.name, sender, external_id, text=words if isinstance(words, str) else "")

    def _keep_tap(self, session: Session, external_id: str, event: dict[str, Any]) -> None:
        sender = _dict(event, "operator").get("open_id")
        choice = _dict(_dict(event, "action"), "value").get("choice")
        if isinstance(sender, str) and isinstance(choice, str):
            take(session, self.name, sender, external_id, choice=choice)

    def send(self, to: str, part: Part) -> None:
        if part.image is not None:
            image_key = _dict(self._upload(part), "data").get("image_key")
            kind, content = "image", {"image_key": image_key}
        elif part.choices:
            kind, content = "interactive", _card(part)
        else:
            kind, content = "text", {"text": part.text}
        once = hashlib.sha256(part.key.encode()).hexdigest()[:50]
        said = {"receive_id": to, "msg_type": kind, "content": json.dumps(content, ensure_ascii=False), "uuid": once}
        self._ask("POST", "im/v1/messages?receive_id_type=open_id", json=said)

    def _upload(self, part: Part) -> dict[str, Any]:
        files = {"image": ("photo", part.image, part.media_type)}
        return self._ask("POST", "im/v1/images", data={"image_type": "message"}, files=files)

    def fetch(self, database: Database, wish: Wish) -> None:
        reference = wish.reference
        path = f"im/v1/messages/{reference['message_id']}/resources/{reference['key']}?type={reference['kind']}"
        reaction = call("GET", f"{self._url}/{path}", headers=self._headers(self._token.value()))
        if reaction.status != 200:
            raise Undeliverable(f"status {reaction.status}")
        with database.write() as session:
            keep_photo(session, self.name, wish.sender, wish.external_id, reference["name"], reaction.content)
            session.commit()

    def _ask(self, method: str, path: str, **given: Any) -> dict[str, Any]:
        """The answer where the code is 0; a token that is over is renewed once."""
        for _ in range(2):
            token = self._token.value()
            answer = call(method, f"{self._url}/{path}", headers=self._headers(token), **given).json()
            code = answer.get("code")
            if code == 0:
                return answer
            if code in _BUSY:
                raise TryAgain
            if code not in _TOKEN_OVER:
                raise Undeliverable(f"code {code}")
            self._token.forget(token)
        raise TryAgain

    def _new_token(self) -> tuple[str, float]:
        url = f"{self._url}/auth/v3/tenant_access_token/internal"
        answer = call("POST", url, json={"app_id": self._id, "app_secret": self._secret}).json()
        token, life_s = answer.get("tenant_access_token"), answer.get("expire")
        if answer.get("code") != 0 or not isinstance(token, str) or not isinstance(life_s, int):
            raise TryAgain
        return token, float(life_s)

    @staticmethod
    def _headers(token: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {token}"}


def _dict(holder: dict[str, Any], key: str) -> dict[str, Any]:
    found = holder.get(key)
    return found if isinstance(found, dict) else {}


def _content(message: dict[str, Any]) -> dict[str, Any]:
    """A message's content is JSON in a string."""
    try:
        content = json.loads(message.get("content") or "{}")
    except (ValueError, TypeError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _card(part: Part) -> dict[str, Any]:
    def plain(text: str) -> dict[str, str]:
        return {"tag": "plain_text", "content": text}

    buttons = [
        {"tag": "button", "type": "default", "text": plain(title), "value": {"choice": choice_id}}
        for choice_id, title in part.choices
    ]
    return {"elements": [{"tag": "div", "text": plain(part.text)}, {"tag": "action", "actions": buttons}]}
