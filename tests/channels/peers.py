"""Platforms as their customers and their servers are seen by a test: what a webhook holds, what an answer means."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from starlette.testclient import TestClient

from bot.channels.feishu import Feishu
from bot.channels.line import Line
from bot.channels.platforms import Platform
from bot.channels.telegram import Telegram
from bot.channels.whatsapp import WhatsApp
from bot.settings import Settings
from tests.support.provider import FakeProvider, status

SECRET = "a-secret-that-only-tests-know"


class Peer:
    """One platform: `settings` it needs, `ok` as its answer to a message, and what it says when it will not."""

    name: str
    make: type[Platform]
    settings: dict[str, str]
    ok: Any
    busy: Any
    blocked: Any
    says_by_status = False
    """Whatever the body of a 200 holds, the message was taken."""

    def __init__(self, api: FakeProvider) -> None:
        self.api = api
        api.answer = self.answer(self.ok)

    def answer(self, to_a_message: Any) -> Any:
        """What the stand-in server answers: `to_a_message` to what is sent, the usual to everything else."""
        return to_a_message

    def platform(self, settings: Settings) -> Platform:
        return self.make(settings)  # type: ignore[call-arg]

    def text(self, number: int, text: str) -> Any:
        """A webhook with a customer's words; the number makes its id."""
        raise NotImplementedError

    def tap(self, number: int, choice: str) -> Any:
        raise NotImplementedError

    def photo(self, number: int) -> Any:
        raise NotImplementedError

    def photo_answer(self, content: bytes) -> Any:
        """What the stand-in server answers to whoever fetches the photo."""
        raise NotImplementedError

    def seal(self, body: bytes) -> tuple[bytes, dict[str, str]]:
        """The body as it is sent and the headers that prove where it comes from."""
        raise NotImplementedError

    def post(self, hook: TestClient, push: Any, **forged: bytes) -> int:
        body, headers = self.seal(push if isinstance(push, bytes) else json.dumps(push).encode())
        return hook.post(f"/hooks/{self.name}", content=body, headers={**headers, **forged}).status_code

    def said(self) -> list[dict[str, Any]]:
        """What the platform was sent: [{"to", "text", "choices": [(id, title)]}]."""
        raise NotImplementedError

    def bodies(self, path: str) -> list[dict[str, Any]]:
        return [json.loads(asked["body"]) for asked in self.api.asked if urlsplit(asked["path"]).path.endswith(path)]


class TelegramPeer(Peer):
    name, make = "telegram", Telegram
    settings = {"token": "1:made-up", "secret": SECRET}
    ok = {"ok": True, "result": {"message_id": 1}}
    busy = {"ok": False, "error_code": 429, "parameters": {"retry_after": 7}}
    blocked = {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked by the user"}
    _chat = {"id": 424242, "type": "private", "first_name": "测试"}
    _author = {"id": 424242, "is_bot": False, "first_name": "测试", "language_code": "zh-hans"}

    def message(self, number: int, **what: Any) -> Any:
        inner = {"message_id": number, "from": self._author, "chat": self._chat, "date": 1764200000, **what}
        return {"update_id": number, "message": inner}

    def text(self, number: int, text: str) -> Any:
        return self.message(number, text=text)

    def tap(self, number: int, choice: str) -> Any:
        tapped = {"id": "77", "from": self._author, "message": {"message_id": 9, "chat": self._chat}, "data": choice}
        return {"update_id": number, "callback_query": tapped}

    def photo(self, number: int) -> Any:
        return self.message(number, photo=[{"file_id": "small", "file_size": 9}, {"file_id": "large", "file_size": 99}])

    def photo_answer(self, content: bytes) -> Any:
        found = {"ok": True, "result": {"file_path": "photos/1.png"}}
        return lambda path: content if path.startswith("/file/") else found

    def seal(self, body: bytes) -> tuple[bytes, dict[str, str]]:
        return body, {"X-Telegram-Bot-Api-Secret-Token": SECRET}

    def said(self) -> list[dict[str, Any]]:
        return [
            {
                "to": body["chat_id"],
                "text": body["text"],
                "choices": [
                    (key["callback_data"], key["text"])
                    for row in body.get("reply_markup", {}).get("inline_keyboard", ())
                    for key in row
                ],
            }
            for body in self.bodies("/sendMessage")
        ]


class WhatsAppPeer(Peer):
    name, make = "whatsapp", WhatsApp
    settings = {
        "token": "made-up", "number_id": "100200300", "secret": SECRET, "verify_token": "made-up-too",
        "template": "parcel_news:zh_CN",
    }  # fmt: skip
    ok = {"messaging_product": "whatsapp", "messages": [{"id": "wamid.out"}]}
    busy = status(400, {"error": {"message": "(#130429) Rate limit hit", "code": 130429}})
    blocked = status(400, {"error": {"message": "Message undeliverable", "code": 131026}})
    closed = status(400, {"error": {"message": "Re-engagement message", "code": 131047}})

    def message(self, number: int, **what: Any) -> Any:
        inner = {"from": "8613800000000", "id": f"wamid.{number}", "timestamp": "1764200000", **what}
        metadata = {"display_phone_number": "8613900000000", "phone_number_id": self.settings["number_id"]}
        value = {"messaging_product": "whatsapp", "metadata": metadata, "messages": [inner]}
        change = {"field": "messages", "value": value}
        return {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}

    def text(self, number: int, text: str) -> Any:
        return self.message(number, type="text", text={"body": text})

    def tap(self, number: int, choice: str) -> Any:
        reply = {"type": "button_reply", "button_reply": {"id": choice, "title": "查快递"}}
        return self.message(number, type="interactive", interactive=reply)

    def photo(self, number: int) -> Any:
        return self.message(number, type="image", image={"id": "55", "mime_type": "image/png", "sha256": "…"})

    def photo_answer(self, content: bytes) -> Any:
        found = {"url": f"{os.environ['YIDA_WHATSAPP_URL']}/a-file", "mime_type": "image/png", "id": "55"}
        return lambda path: content if path == "/a-file" else found

    def seal(self, body: bytes) -> tuple[bytes, dict[str, str]]:
        return body, {"X-Hub-Signature-256": "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}

    def said(self) -> list[dict[str, Any]]:
        return [self._shown(body) for body in self.bodies("/messages") if body["type"] != "template"]

    @staticmethod
    def _shown(body: dict[str, Any]) -> dict[str, Any]:
        content = body[body["type"]]
        if body["type"] == "text":
            return {"to": body["to"], "text": content["body"], "choices": []}
        action = content["action"]
        rows = [button["reply"] for button in action.get("buttons", ())]
        rows += [row for section in action.get("sections", ()) for row in section["rows"]]
        choices = [(row["id"], row["title"]) for row in rows]
        return {"to": body["to"], "text": content["body"]["text"], "choices": choices}


class LinePeer(Peer):
    name, make = "line", Line
    settings = {"token": "made-up", "secret": SECRET}
    ok = {"sentMessages": [{"id": "1"}]}
    busy = status(429, {"message": "The API rate limit has been exceeded."})
    blocked = status(400, {"message": "Failed to send messages"})
    says_by_status = True
    _source = {"type": "user", "userId": "U0123456789abcdef"}

    def event(self, number: int, kind: str, **what: Any) -> Any:
        again = {"isRedelivery": False}
        common = {"type": kind, "webhookEventId": f"01ABC{number}", "deliveryContext": again, "source": self._source}
        return {"destination": "Ubot", "events": [{**common, "replyToken": "0", **what}]}

    def text(self, number: int, text: str) -> Any:
        return self.event(number, "message", message={"id": str(number), "type": "text", "text": text})

    def tap(self, number: int, choice: str) -> Any:
        return self.event(number, "postback", postback={"data": choice})

    def photo(self, number: int) -> Any:
        provider = {"type": "line"}
        return self.event(number, "message", message={"id": "55", "type": "image", "contentProvider": provider})

    def photo_answer(self, content: bytes) -> Any:
        return lambda path: content if path == "/v2/bot/message/55/content" else self.ok

    def seal(self, body: bytes) -> tuple[bytes, dict[str, str]]:
        made = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
        return body, {"X-Line-Signature": made}

    def said(self) -> list[dict[str, Any]]:
        return [
            {
                "to": body["to"],
                "text": message["text"],
                "choices": [
                    (item["action"]["data"], item["action"]["label"])
                    for item in message.get("quickReply", {}).get("items", ())
                ],
            }
            for body in self.bodies("/push")
            for message in body["messages"]
        ]


class FeishuPeer(Peer):
    name, make = "feishu", Feishu
    settings = {
        "app_id": "cli_made_up", "app_secret": "made-up", "encrypt_key": SECRET, "verification_token": "made-up-too",
    }  # fmt: skip
    ok = {"code": 0, "data": {"message_id": "om_1"}}
    busy = {"code": 230020, "msg": "This operation triggers the frequency limit."}
    blocked = {"code": 230013, "msg": "Bot has NO availability to this user."}
    token_over = {"code": 99991663, "msg": "Invalid access token"}

    def answer(self, to_a_message: Any) -> Any:
        token = {"code": 0, "tenant_access_token": "t-made-up", "expire": 7200}
        return lambda path: token if "tenant_access_token" in path else to_a_message

    def event(self, number: int, kind: str, event: dict[str, Any]) -> Any:
        header = {"event_id": f"ev{number}", "event_type": kind, "token": self.settings["verification_token"]}
        return {"schema": "2.0", "header": header, "event": event}

    def message(self, number: int, kind: str, content: dict[str, Any]) -> Any:
        message = {
            "message_id": f"om_{number}", "chat_type": "p2p", "message_type": kind, "content": json.dumps(content),
        }  # fmt: skip
        return self.event(
            number, "im.message.receive_v1", {"sender": {"sender_id": {"open_id": "ou_1"}}, "message": message}
        )

    def text(self, number: int, text: str) -> Any:
        return self.message(number, "text", {"text": text})

    def tap(self, number: int, choice: str) -> Any:
        tapped = {"operator": {"open_id": "ou_1"}, "action": {"tag": "button", "value": {"choice": choice}}}
        return self.event(number, "card.action.trigger", tapped)

    def photo(self, number: int) -> Any:
        return self.message(number, "image", {"image_key": "img_55"})

    def photo_answer(self, content: bytes) -> Any:
        usual = self.answer(self.ok)
        return lambda path: content if "/resources/img_55" in path else usual(path)

    def seal(self, body: bytes) -> tuple[bytes, dict[str, str]]:
        padding = PKCS7(128).padder()
        padded = padding.update(body) + padding.finalize()
        start = b"0123456789abcdef"
        writer = Cipher(algorithms.AES(hashlib.sha256(SECRET.encode()).digest()), modes.CBC(start)).encryptor()
        sealed = base64.b64encode(start + writer.update(padded) + writer.finalize()).decode()
        outer = json.dumps({"encrypt": sealed}).encode()
        signature = hashlib.sha256(b"1764200000" + b"abc" + SECRET.encode() + outer).hexdigest()
        told = {"X-Lark-Request-Timestamp": "1764200000", "X-Lark-Request-Nonce": "abc"}
        return outer, {**told, "X-Lark-Signature": signature}

    def said(self) -> list[dict[str, Any]]:
        return [self._shown(body, json.loads(body["content"])) for body in self.bodies("/im/v1/messages")]

    @staticmethod
    def _shown(body: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
        if body["msg_type"] == "text":
            return {"to": body["receive_id"], "text": content["text"], "choices": []}
        words, keys = content["elements"]
        choices = [(key["value"]["choice"], key["text"]["content"]) for key in keys["actions"]]
        return {"to": body["receive_id"], "text": words["text"]["content"], "choices": choices}


PEERS = {peer.name: peer for peer in (TelegramPeer, WhatsAppPeer, LinePeer, FeishuPeer)}
