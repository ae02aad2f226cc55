"""微信客服 (WeCom customer service): a callback only says that there is something; messages are pulled with a cursor.

developer.work.weixin.qq.com. Five answers within 48 hours of each message: a turn is one message. The session stays
with the smart assistant (state 1), so that our own desk, and not WeCom's, takes over from the bot.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.channels.models import PullCursor, Wish
from bot.channels.platforms import (
    AccessToken,
    OutsideWindow,
    Platform,
    TryAgain,
    Undeliverable,
    Unsure,
    call,
    keep_photo,
    put_off,
    raw_body,
    take,
)
from bot.channels.rendering import STYLES, Part
from bot.channels.tencent import Api, Seal, fields, token_of
from bot.conversations.ownership import next_steps
from bot.db import Database
from bot.settings import Settings
from bot.wording import say

_BUSY = frozenset({-1, 45009, 45033, 6000})
_WINDOW_CLOSED = frozenset({95001, 95002, 95018})
"""Five answers sent; 48 hours over; a session that is over: the customer's next message opens all of them again."""
_ASSISTANT = 1
_NEW = 0
FROM_CUSTOMER = 3
AT_ONCE = 1000
FIRST_PULL_S = 600
"""Without a cursor WeCom gives three days of messages: what is older than this was answered, or not, by others."""


class WeCom(Platform):
    """One corp. A customer is `<open_kfid>:<external_userid>`; `external_id` is WeCom's msgid."""

    name = "wecom"
    style = STYLES["wecom"]

    def __init__(self, settings: Settings) -> None:
        self._id, self._secret = settings.wecom_corp_id, settings.wecom_secret
        self._seal = Seal(settings.wecom_token, settings.wecom_aes_key, self._id)
        self._url = settings.wecom_url
        self._api = Api(self._url, AccessToken(self._new_token), busy=_BUSY, closed=_WINDOW_CLOSED)

    def routes(self, database: Database) -> Sequence[Route]:
        async def prove(request: Request) -> Response:
            return PlainTextResponse(self._opened(request, request.query_params.get("echostr", "")))

        async def hook(request: Request) -> Response:
            sealed = fields(await raw_body(request)).get("Encrypt", "")
            event = fields(self._opened(request, sealed))
            await run_in_threadpool(self._keep, database, event)
            return PlainTextResponse("success")

        path = f"/hooks/{self.name}"
        return [Route(path, prove, methods=["GET"]), Route(path, hook, methods=["POST"])]

    def _opened(self, request: Request, sealed: str) -> bytes:
        told = [request.query_params.get(name, "") for name in ("msg_signature", "timestamp", "nonce")]
        return self._seal.open(sealed, *told)

    def _keep(self, database: Database, event: dict[str, str]) -> None:
        account = event.get("OpenKfId", "")
        if event.get("Event") != "kf_msg_or_event" or not 0 < len(account) <= 64:
            return
        with database.write() as session:
            put_off(session, self.name, "", f"pull:{account}", {"account": account, "token": event.get("Token", "")})
            session.commit()

    def fetch(self, database: Database, wish: Wish) -> None:
        if "media_id" in wish.reference:
            content = self._api.load("/cgi-bin/media/get", media_id=wish.reference["media_id"])
            with database.write() as session:
                keep_photo(session, self.name, wish.sender, wish.external_id, "photo.jpg", content)
                session.commit()
            return
        while self._pull(database, wish.reference):
            pass

    def _pull(self, database: Database, reference: dict[str, Any]) -> bool:
        """One page of messages, kept together with the cursor behind it; whether there are more."""
        account = reference["account"]
        with database.read() as session:
            known = session.get(PullCursor, (self.name, account))
        cursor = known.cursor if known else ""
        asked = {"cursor": cursor, "token": reference["token"], "open_kfid": account, "limit": AT_ONCE}
        page = self._api.ask("POST", "/cgi-bin/kf/sync_msg", json=asked)
        messages = [message for message in page.get("msg_list") or () if isinstance(message, dict)]
        since = 0 if cursor else time.time() - FIRST_PULL_S
        recent = [message for message in messages if _number(message.get("send_time")) >= since]
        following = page.get("next_cursor")
        with database.write() as session:
            for message in recent:
                self._keep_message(session, account, message)
            if isinstance(following, str) and following:
                session.merge(PullCursor(channel=self.name, account=account, cursor=following))
            session.commit()
        self._attend(account, recent)
        return bool(page.get("has_more")) and isinstance(following, str) and following != cursor

    def _keep_message(self, session: Session, account: str, message: dict[str, Any]) -> None:
        user, external_id, kind = message.get("external_userid"), message.get("msgid"), message.get("msgtype")
        if message.get("origin") != FROM_CUSTOMER or not _short(user) or not _short(external_id):
            return
        sender, content = f"{account}:{user}", _content(message)
        if kind in ("image", "file") and isinstance(content.get("media_id"), str):
            put_off(session, self.name, sender, str(external_id), {"media_id": content["media_id"]})
        elif isinstance(content.get("menu_id"), str) and content["menu_id"]:
            title = str(content.get("content", ""))  # what is chosen of a greeting, no message of ours holds
            take(session, self.name, sender, str(external_id), choice=content["menu_id"], text=title)
        else:
            words = [content.get(key) for key in ("content", "name", "address", "title")]
            text = " ".join(word for word in words if isinstance(word, str))
            take(session, self.name, sender, str(external_id), text=text)

    def _attend(self, account: str, messages: list[dict[str, Any]]) -> None:
        """Greets who has come in and keeps new sessions with the assistant; what fails is tried at the next message."""
        said = [message for message in messages if message.get("origin") == FROM_CUSTOMER]
        users = {message["external_userid"] for message in said if _short(message.get("external_userid"))}
        codes = [str(_content(m).get("welcome_code")) for m in messages if _content(m).get("welcome_code")]
        for step, given in [*((self._greet, code) for code in codes), *((self._keep_session, user) for user in users)]:
            try:
                step(account, given)
            except (TryAgain, Unsure, OutsideWindow, Undeliverable):
                continue

    def _greet(self, account: str, code: str) -> None:
        menu = [(f"hello{number}", title) for number, (title, _) in enumerate(next_steps("zh"))]
        content = _menu(Part(say("zh", "platform_welcome"), tuple(menu)))
        message_id = hashlib.sha256(code.encode()).hexdigest()[:32]
        said = {"code": code, "msgid": message_id, "msgtype": "msgmenu", "msgmenu": content}
        self._api.ask("POST", "/cgi-bin/kf/send_msg_on_event", json=said)

    def _keep_session(self, account: str, user: str) -> None:
        who = {"open_kfid": account, "external_userid": user}
        if self._api.ask("POST", "/cgi-bin/kf/service_state/get", json=who).get("service_state") == _NEW:
            self._api.ask("POST", "/cgi-bin/kf/service_state/trans", json={**who, "service_state": _ASSISTANT})

    def send(self, to: str, part: Part) -> None:
        account, _, user = to.partition(":")
        if part.image is not None:
            kind, content = "image", {"media_id": self._api.upload(part)}
        elif part.choices:
            kind, content = "msgmenu", _menu(part)
        else:
            kind, content = "text", {"content": part.text}
        self._api.ask(
            "POST", "/cgi-bin/kf/send_msg",
            json={"touser": user, "open_kfid": account, "msgtype": kind, kind: content},
        )  # fmt: skip

    def _new_token(self) -> tuple[str, float]:
        given = {"corpid": self._id, "corpsecret": self._secret}
        return token_of(call("GET", f"{self._url}/cgi-bin/gettoken", params=given).json())


def _menu(part: Part) -> dict[str, Any]:
    entries = [{"type": "click", "click": {"id": id_, "content": title}} for id_, title in part.choices]
    return {"head_content": part.text, "list": entries}


def _content(message: dict[str, Any]) -> dict[str, Any]:
    """What a message of its type holds."""
    kind = message.get("msgtype")
    content = message.get(kind) if isinstance(kind, str) else None
    return content if isinstance(content, dict) else {}


def _short(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 100


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 0.0
