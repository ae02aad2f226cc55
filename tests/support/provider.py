"""A local server in place of a provider: it answers what the test tells it, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

Answering = Callable[[BaseHTTPRequestHandler], None]


class FakeProvider:
    """`answer` may be set at any time: JSON, bytes, a Fault, or a function of the path that gives one of them."""

    def __init__(self) -> None:
        self.answer: Any = {}
        self.asked: list[dict[str, Any]] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                form = dict(parse_qsl(body.decode(errors="replace")))
                asked = {"method": self.command, "path": self.path, "form": form, "body": body}
                fake.asked.append({**asked, "headers": dict(self.headers)})
                with suppress(OSError):
                    _respond(self, fake.answer(self.path) if callable(fake.answer) else fake.answer)

            do_GET = do_PUT = do_DELETE = do_POST

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _respond(handler: BaseHTTPRequestHandler, answer: Any) -> None:
    if isinstance(answer, Fault):
        answer.show(handler)
        return
    content = answer if isinstance(answer, bytes) else json.dumps(answer, ensure_ascii=False).encode()
    handler.send_response(200)
    handler.send_header("content-length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)


class Fault:
    """A way in which providers fail."""

    def __init__(self, show: Answering) -> None:
        self.show = show


def status(code: int, answer: Any = None, **headers: str) -> Fault:
    """Another status than 200, with JSON where `answer` is given; headers by name, `_` for `-`."""
    content = b"" if answer is None else json.dumps(answer).encode()

    def show(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("content-length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return Fault(show)


def _body(content: bytes, promised: int | None = None) -> Fault:
    def show(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("content-length", str(promised or len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return Fault(show)


def _drip(in_headers: bool) -> Fault:
    """A byte every tenth of a second, without end: no read time-out ever strikes."""

    def show(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + (b"" if in_headers else b"content-length: 5000\r\n\r\n"))
        for _ in range(120):
            handler.wfile.write(b"x-a: b\r\n" if in_headers else b" ")
            handler.wfile.flush()
            time.sleep(0.1)

    return Fault(show)


def _silence(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(12)


FAULTS = {
    "500": status(500),
    "503": status(503),
    "redirect": status(302, location="http://127.0.0.1:9/elsewhere"),
    "empty body": _body(b""),
    "html": _body(b"<html><body>Maintenance</body></html>"),
    "garbage": _body(b"\xff\xfe\x00garbage{{{"),
    "other json": _body(b"[[[1, 2]]]"),
    "a bare string": _body(b'"ok"'),
    "cut off": _body(b'{"message": "ok", "da', promised=4000),
    "too large": _body(b"[" + b"1," * 1_200_000 + b"1]"),
    "slow drip": _drip(in_headers=False),
    "dripping headers": _drip(in_headers=True),
    "silence": Fault(_silence),
}
SLOW = frozenset({"slow drip", "dripping headers", "silence"})
