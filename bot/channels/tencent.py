"""What WeChat and WeCom share: signed and encrypted callbacks, XML, access tokens (developers.weixin.qq.com).

AES-256-CBC; the key is 43 characters of base64, the vector its first 16 bytes; inside: 16 random bytes, the length of
the message in 4, the message, the receiver's id; padded to 32 bytes.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import struct
from typing import Any
from xml.parsers import expat

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.channels.http import Refused
from bot.channels.platforms import AccessToken, OutsideWindow, Reaction, TryAgain, Undeliverable, Unsure, call
from bot.channels.rendering import Part

BLOCK, RANDOM = 32, 16
TOKEN_OVER = frozenset({40001, 40014, 41001, 42001})


class Seal:
    """Checks and opens what a callback holds. `receiver` is the app id or corp id that must stand inside."""

    def __init__(self, token: str, aes_key: str, receiver: str) -> None:
        """Raises ValueError for a key that is none."""
        self._token, self._receiver = token, receiver.encode()
        self._key = base64.b64decode(f"{aes_key}=", validate=True)
        if len(self._key) != 32:
            raise ValueError("an EncodingAESKey has 43 letters and digits")

    def open(self, sealed: str, signature: str, timestamp: str, nonce: str) -> bytes:
        """The message. Raises Refused for what was not made with our token and key."""
        self.check(signature, timestamp, nonce, sealed)
        try:
            cipher = base64.b64decode(sealed, validate=True)
            reader = self._cipher().decryptor()
            return self._unpacked(reader.update(cipher) + reader.finalize())
        except (ValueError, struct.error, IndexError) as error:
            raise Refused(401, "key_needed") from error

    def close(self, message: bytes) -> str:
        """The other way round."""
        packed = secrets.token_bytes(RANDOM) + struct.pack("!I", len(message)) + message + self._receiver
        missing = BLOCK - len(packed) % BLOCK
        writer = self._cipher().encryptor()
        return base64.b64encode(writer.update(packed + bytes([missing]) * missing) + writer.finalize()).decode()

    def check(self, signature: str, *signed: str) -> None:
        """SHA-1 of the token and what is signed, sorted. Raises Refused."""
        if not secrets.compare_digest(signature.encode(), self.signature(*signed).encode()):
            raise Refused(401, "key_needed")

    def signature(self, *signed: str) -> str:
        return hashlib.sha1("".join(sorted((self._token, *signed))).encode()).hexdigest()

    def _cipher(self) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16]))

    def _unpacked(self, padded: bytes) -> bytes:
        missing = padded[-1]
        if not 1 <= missing <= BLOCK:
            raise ValueError("padding")
        packed = padded[RANDOM:-missing]
        (length,) = struct.unpack("!I", packed[:4])
        message, receiver = packed[4 : 4 + length], packed[4 + length :]
        if len(message) != length or not secrets.compare_digest(receiver, self._receiver):
            raise ValueError("receiver")
        return message


def fields(xml: bytes) -> dict[str, str]:
    """The fields of a flat XML message. Raises Refused for what is none, and for one that declares entities."""
    found: dict[str, str] = {}
    open_tags: list[str] = []

    def begin(tag: str, _: object) -> None:
        open_tags.append(tag)

    def text(words: str) -> None:
        if len(open_tags) == 2:
            found[open_tags[-1]] = found.get(open_tags[-1], "") + words

    def refuse(*_: object) -> None:
        raise Refused(400, "bad_form")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.CharacterDataHandler = begin, text
    parser.EndElementHandler = lambda _: open_tags.pop()
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(xml, True)
    except (expat.ExpatError, ValueError, LookupError) as error:  # LookupError: an encoding that nobody knows
        raise Refused(400, "bad_form") from error
    return found


class Api:
    """Calls with an access token that is renewed once where it is over; Tencent says all in `errcode`."""

    def __init__(self, url: str, token: AccessToken, *, busy: frozenset[int], closed: frozenset[int]) -> None:
        self._url, self._token, self._busy, self._closed = url, token, busy, closed

    def ask(self, method: str, path: str, **given: Any) -> dict[str, Any]:
        """The answer where `errcode` is 0 or missing. Raises TryAgain, Unsure, OutsideWindow, Undeliverable."""
        for _ in range(2):
            token = self._token.value()
            answer = call(method, f"{self._url}{path}", **self._carrying(token, given)).json()
            if self._was_done(answer, token):
                return answer
        raise TryAgain

    def upload(self, part: Part) -> str:
        """An image's media id, by which a message shows it. Raises as `ask` does."""
        files = {"media": ("photo.png", part.image, part.media_type)}
        media_id = self.ask("POST", "/cgi-bin/media/upload", params={"type": "image"}, files=files).get("media_id")
        if not isinstance(media_id, str):
            raise Unsure("no media_id")
        return media_id

    def load(self, path: str, **params: str) -> bytes:
        """A file; where there is none Tencent answers in JSON. Raises as `ask` does."""
        for _ in range(2):
            token = self._token.value()
            answer = call("GET", f"{self._url}{path}", **self._carrying(token, {"params": params}))
            if not _is_json(answer):
                return _file(answer)
            if self._was_done(answer.json(), token):
                raise Undeliverable("no file")
        raise TryAgain

    def _was_done(self, answer: dict[str, Any], token: str) -> bool:
        """False where a new token is needed, which the next call gets. Raises what any other `errcode` means."""
        code = answer.get("errcode", 0)
        if not isinstance(code, int):
            raise Unsure("errcode is no number")
        if code == 0:
            return True
        if code in TOKEN_OVER:
            self._token.forget(token)
            return False
        if code in self._busy:
            raise TryAgain
        if code in self._closed:
            raise OutsideWindow
        raise Undeliverable(f"errcode {code}")

    @staticmethod
    def _carrying(token: str, given: dict[str, Any]) -> dict[str, Any]:
        return {**given, "params": {**given.get("params", {}), "access_token": token}}


def _is_json(answer: Reaction) -> bool:
    return "json" in answer.headers.get("content-type", "") or answer.content[:1] == b"{"


def _file(answer: Reaction) -> bytes:
    if answer.status != 200:
        raise Undeliverable(f"status {answer.status}")
    return answer.content


def token_of(answer: dict[str, Any]) -> tuple[str, float]:
    """An access token and its seconds. Raises TryAgain where there is none."""
    token, life_s = answer.get("access_token"), answer.get("expires_in")
    if not isinstance(token, str) or not isinstance(life_s, int):
        raise TryAgain
    return token, float(life_s)
