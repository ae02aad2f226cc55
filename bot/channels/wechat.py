"""WeChat official account (公众号): signed or encrypted pushes in, the customer-service API out.

WeChat waits 5 s and asks three times: we store and say "success" at once. It takes five answers within 48 hours of each
message: a turn is one message. Choices are numbered lines, which every account may send.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.channels.http import Refused
from bot.channels.models import Wish
from bot.channels.platforms import AccessToken, Platform, call, keep_photo, put_off, raw_body, take, welcome
from bot.channels.rendering import STYLES, Part
from bot.channels.tencent import Api, Seal, fields, token_of
from bot.db import Database
from bot.settings import Settings

_BUSY = frozenset({-1, 45009, 45011})
_WINDOW_CLOSED = frozenset({45015, 45047})
"""No message of the customer within 48 hours; all answers to it used up."""
_SAFE = "aes"


class WeChat(Platform):
    """One account. `external_id` is MsgId, for events the user and the time, which WeChat repeats with a push."""

    name = "wechat"
    style = STYLES["wechat"]

    def __init__(self, settings: Settings) -> None:
        self._id, self._secret = settings.wechat_app_id, settings.wechat_app_secret
        self._seal = Seal(settings.wechat_token, settings.wechat_aes_key, self._id)
        self._url = settings.wechat_url
        self._api = Api(self._url, AccessToken(self._new_token), busy=_BUSY, closed=_WINDOW_CLOSED)

    def routes(self, database: Database) -> Sequence[Route]:
        async def prove(request: Request) -> Response:
            asked = request.query_params
            self._seal.check(asked.get("signature", ""), asked.get("timestamp", ""), asked.get("nonce", ""))
            return PlainTextResponse(asked.get("echostr", ""))

        async def hook(request: Request) -> Response:
            message = self._opened(request, await raw_body(request))
            await run_in_threadpool(self._keep, database, message)
            return PlainTextResponse("success")

        path = f"/hooks/{self.name}"
        return [Route(path, prove, methods=["GET"]), Route(path, hook, methods=["POST"])]

    def _opened(self, request: Request, body: bytes) -> dict[str, str]:
        """The fields of the push. Only encrypted ones: a plain push's signature leaves its body open to anybody."""
        asked = request.query_params
        if asked.get("encrypt_type") != _SAFE:
            raise Refused(401, "key_needed")
        told = [asked.get(name, "") for name in ("msg_signature", "timestamp", "nonce")]
        return fields(self._seal.open(fields(body).get("Encrypt", ""), *told))

    def _keep(self, database: Database, message: dict[str, str]) -> None:
        sender, kind = message.get("FromUserName", ""), message.get("MsgType")
        if not 0 < len(sender) <= 100:
            return
        with database.write() as session:
            if kind == "event":
                self._keep_event(session, sender, message)
            else:
                self._keep_message(session, sender, message)
            session.commit()

    def _keep_event(self, session: Session, sender: str, message: dict[str, str]) -> None:
        external_id = f"{sender}:{message.get('CreateTime', '')}"[:120]
        event = message.get("Event", "").lower()
        if event == "subscribe":
            welcome(session, self.name, sender, external_id)
        elif event == "click":  # a menu entry is what its key says
            take(session, self.name, sender, external_id, text=message.get("EventKey", ""))

    def _keep_message(self, session: Session, sender: str, message: dict[str, str]) -> None:
        external_id = message.get("MsgId", "")
        if not 0 < len(external_id) <= 100:
            return
        if message.get("MsgType") == "image" and message.get("MediaId"):
            put_off(session, self.name, sender, external_id, {"media_id": message["MediaId"]})
        else:
            take(session, self.name, sender, external_id, text=_words(message))

    def send(self, to: str, part: Part) -> None:
        if part.image is not None:
            kind, content = "image", {"media_id": self._api.upload(part)}
        else:
            kind, content = "text", {"content": part.text}
        self._api.ask("POST", "/cgi-bin/message/custom/send", json={"touser": to, "msgtype": kind, kind: content})

    def fetch(self, database: Database, wish: Wish) -> None:
        content = self._api.load("/cgi-bin/media/get", media_id=wish.reference["media_id"])
        with database.write() as session:
            keep_photo(session, self.name, wish.sender, wish.external_id, "photo.jpg", content)
            session.commit()

    def _new_token(self) -> tuple[str, float]:
        """The stable one: asked for by several processes, it stays the same."""
        given = {"grant_type": "client_credential", "appid": self._id, "secret": self._secret}
        return token_of(call("POST", f"{self._url}/cgi-bin/stable_token", json=given).json())


def _words(message: dict[str, str]) -> str:
    """Text, what was heard in a voice message, a place or a shared link in words; nothing for anything else."""
    given = [message.get(key, "") for key in ("Content", "Recognition", "Label", "Title")]
    return next((words for words in given if words), "")
