"""What a running service prints names nobody and no parcel, however much it is asked to print."""

from __future__ import annotations

import time
from pathlib import Path
from uuid import uuid4

import requests

from tests.support.server import Server

PHONE, NAME, ADDRESS = "13851720399", "李敏敏", "江宁区胜太路18号3栋502室"
ON_ITS_WAY, TAIL = "SF1358204679013", "5821"


class Customer(requests.Session):
    def __init__(self, base_url: str) -> None:
        super().__init__()
        self.base_url = base_url
        self.post(f"{base_url}/chat/session", json={}).raise_for_status()
        self.seen = 0

    def say(self, words: str) -> str:
        """The answer to a message."""
        sent = self.post(f"{self.base_url}/chat/messages", json={"client_id": str(uuid4()), "text": words})
        sent.raise_for_status()
        asked = sent.json()["id"]
        until = time.monotonic() + 20
        while time.monotonic() < until:
            answer = self.get(f"{self.base_url}/chat/messages", params={"after": asked}).json()["messages"]
            if answer:
                return "\n".join(message["text"] for message in answer)
            time.sleep(0.05)
        raise AssertionError(f"no answer to message {asked}")


def test_a_whole_talk_leaves_no_personal_data_in_the_log(tmp_path: Path) -> None:
    with Server(tmp_path, log_level="DEBUG", code_sender="print") as server:
        server.load_demo()
        customer = Customer(server.base_url)
        assert ON_ITS_WAY in customer.say(f"查一下 {ON_ITS_WAY}")
        for words in ("0000", TAIL, "改地址", f"{ADDRESS} 收件人{NAME} {PHONE}", "对的", "000000"):
            customer.say(words)
        for words in ("算了", "我的包裹有哪些", PHONE, "转人工"):
            customer.say(words)
    log = server.log.read_text(encoding="utf-8")
    assert "one-time code for 1" in log, "the demo's sender was reached"
    assert not [value for value in (PHONE, NAME, ADDRESS, ON_ITS_WAY, "13800005821", "林一诺") if value in log]
