"""Platforms as their customers and their servers are seen by a test: what a webhook holds, what an answer means."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import time
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from starlette.testclient import TestClient

from bot.channels.delivering import Deliverer
from bot.channels.feishu import Feishu
from bot.channels.line import Line
from bot.channels.platforms import Platform
from bot.channels.telegram import Telegram
from bot.channels.tencent import Seal
from bot.channels.wechat import WeChat
from bot.channels.wecom import WeCom
from bot.channels.whatsapp import WhatsApp
from bot.db import Database
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
    numbered = False
    """Choices are answered by their number."""
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
        body, proof = self.seal(push if isinstance(push, bytes) else self.written(push))
        return hook.post(f"/hooks/{self.name}", content=body, **{self.proof: {**proof, **forged}}).status_code

    proof = "headers"
    """Where the proof stands: in headers or params."""

    def written(self, push: Any) -> bytes:
        return json.dumps(push).encode()

    def pull(self, database: Database, platform: Platform) -> None:
        """For a platform whose messages are pulled: pulls them."""

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


class TencentPeer(Peer):
    """A token and a key of 43 characters; the proof stands in the address."""

    proof = "params"
    mode: dict[str, str] = {}
    aes_key = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
    receiver: str
    busy = {"errcode": -1, "errmsg": "system error"}
    token_over = {"errcode": 42001, "errmsg": "access_token expired"}

    def seal(self, body: bytes) -> tuple[bytes, dict[str, str]]:
        seal = Seal(SECRET, self.aes_key, self.receiver)
        sealed = seal.close(body)
        told = {"timestamp": "1764200000", "nonce": "abc"}
        proof = {"msg_signature": seal.signature(sealed, *told.values()), **told, **self.mode}
        outer = f"<xml><ToUserName><![CDATA[x]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
        return outer.encode(), proof

    def written(self, push: Any) -> bytes:
        if not isinstance(push, dict):
            return json.dumps(push).encode()
        return f"<xml>{''.join(f'<{key}><![CDATA[{value}]]></{key}>' for key, value in push.items())}</xml>".encode()


class WeChatPeer(TencentPeer):
    name, make, receiver = "wechat", WeChat, "wx0123456789abcdef"
    mode = {"encrypt_type": "aes"}
    settings = {
        "app_id": receiver, "app_secret": "made-up", "token": SECRET, "aes_key": TencentPeer.aes_key,
    }  # fmt: skip
    ok = {"errcode": 0, "errmsg": "ok"}
    blocked = {"errcode": 43004, "errmsg": "require subscribe"}
    closed = {"errcode": 45015, "errmsg": "response out of time limit"}
    numbered = True

    def answer(self, to_a_message: Any) -> Any:
        fixed = {
            "stable_token": {"access_token": "t-made-up", "expires_in": 7200},
            "/media/upload": {"type": "image", "media_id": "m-1", "created_at": 1764200000},
        }
        return lambda path: next((known for part, known in fixed.items() if part in path), to_a_message)

    def message(self, number: int, kind: str, **what: str) -> Any:
        common = {"ToUserName": "gh_1", "FromUserName": "oABC", "CreateTime": "1764200000", "MsgType": kind}
        return {**common, "MsgId": f"2{number:08d}", **what}

    def text(self, number: int, text: str) -> Any:
        return self.message(number, "text", Content=text)

    def tap(self, number: int, choice: str) -> Any:
        return self.text(number, choice)

    def photo(self, number: int) -> Any:
        return self.message(number, "image", PicUrl="http://x/1", MediaId="m-55")

    def photo_answer(self, content: bytes) -> Any:
        usual = self.answer(self.ok)
        return lambda path: content if "/media/get" in path else usual(path)

    def said(self) -> list[dict[str, Any]]:
        return [self._shown(body["touser"], body["text"]["content"]) for body in self.bodies("/custom/send")]

    @staticmethod
    def _shown(to: str, text: str) -> dict[str, Any]:
        """The number of a choice stands for its id."""
        words, _, lines = text.partition("\n\n1. ")
        choices = re.findall(r"^(\d+)\. (.+)$", f"1. {lines}", re.MULTILINE) if lines else []
        return {"to": to, "text": words, "choices": choices}


class WeComPeer(TencentPeer):
    """A push says that there is something; what it is waits in `inbox` to be pulled."""

    name, make, receiver = "wecom", WeCom, "ww0123456789abcdef"
    settings = {"corp_id": receiver, "secret": "made-up", "token": SECRET, "aes_key": TencentPeer.aes_key}
    ok = {"errcode": 0, "errmsg": "ok", "msgid": "out"}
    blocked = {"errcode": 95000, "errmsg": "invalid open_kfid"}
    closed = {"errcode": 95001, "errmsg": "send msg count limit"}

    def __init__(self, api: FakeProvider) -> None:
        self.inbox: list[Any] = []
        super().__init__(api)

    def answer(self, to_a_message: Any) -> Any:
        fixed = {
            "/gettoken": {"errcode": 0, "access_token": "t-made-up", "expires_in": 7200},
            "/service_state": {"errcode": 0, "service_state": 0},
            "/media/upload": {"errcode": 0, "type": "image", "media_id": "m-1"},
        }

        def respond(path: str) -> Any:
            if "/sync_msg" in path:
                return self._page()
            return next((known for part, known in fixed.items() if part in path), to_a_message)

        return respond

    def _page(self) -> Any:
        """Two messages at a time, from the cursor on."""
        begin = int(json.loads(self.api.asked[-1]["body"])["cursor"] or 0)
        page, end = self.inbox[begin : begin + 2], min(begin + 2, len(self.inbox))
        return {"errcode": 0, "next_cursor": str(end), "has_more": int(end < len(self.inbox)), "msg_list": page}

    def message(self, number: int, kind: str, **content: Any) -> Any:
        common = {"msgid": f"m{number}", "open_kfid": "wk1", "external_userid": "wm1", "origin": 3}
        return {**common, "send_time": time.time(), "msgtype": kind, kind: content}

    def text(self, number: int, text: str) -> Any:
        return self.message(number, "text", content=text)

    def tap(self, number: int, choice: str) -> Any:
        return self.message(number, "text", content="查快递", menu_id=choice)

    def photo(self, number: int) -> Any:
        return self.message(number, "image", media_id="m-55")

    def photo_answer(self, content: bytes) -> Any:
        usual = self.answer(self.ok)
        return lambda path: content if "/media/get" in path else usual(path)

    def post(self, hook: TestClient, push: Any, **forged: bytes) -> int:
        if isinstance(push, bytes):
            return super().post(hook, push, **forged)
        self.inbox.append(push)
        event = {"MsgType": "event", "Event": "kf_msg_or_event", "Token": "sync-token", "OpenKfId": "wk1"}
        return super().post(hook, self.written(event), **forged)

    def pull(self, database: Database, platform: Platform) -> None:
        deliverer = Deliverer(database, platform)
        while (wish := deliverer.next_wish()) is not None and "account" in wish.reference:
            deliverer.fetch(wish)

    def said(self) -> list[dict[str, Any]]:
        return [self._shown(body) for body in self.bodies("/kf/send_msg")]

    @staticmethod
    def _shown(body: dict[str, Any]) -> dict[str, Any]:
        if body["msgtype"] == "text":
            return {"to": body["touser"], "text": body["text"]["content"], "choices": []}
        menu = body["msgmenu"]
        choices = [(entry["click"]["id"], entry["click"]["content"]) for entry in menu["list"]]
        return {"to": body["touser"], "text": menu["head_content"], "choices": choices}


PEERS = {
    peer.name: peer for peer in (WeChatPeer, WeComPeer, TelegramPeer, WhatsAppPeer, LinePeer, FeishuPeer)
}
