"""Logging in: passwords, throttling, cookies, CSRF, one-time passwords."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from starlette.applications import Starlette

from bot.db import Database, now
from bot.desk.accounts import AccountError, add_agent, set_one_time_password
from bot.desk.models import Agent, DeskSession
from tests.desk.conftest import PASSWORD, Desk

CHAT, CASE = f"/conversations/{'a' * 32}", "/cases/YD26010100001"
PAGES = ("/", "/cases", CASE, "/password", CHAT, f"{CHAT}/files/{'b' * 32}", "/parts/queue", f"/parts{CHAT}")
READS = ("/api/queue", "/api/cases", f"/api{CASE}", f"/api{CHAT}", "/api/events")


def test_a_login_gives_a_csrf_token_and_a_cookie_scripts_cannot_read(visitor: Desk) -> None:
    answer = visitor.post("/desk/api/login", json={"name": "lin", "password": PASSWORD})
    assert answer.status_code == 200 and len(answer.json()["csrf"]) == 64
    cookie = answer.headers["set-cookie"].lower()
    assert all(part in cookie for part in ("httponly", "samesite=strict", "path=/desk"))
    assert "secure" not in cookie


def test_behind_https_the_cookie_is_secure(visitor: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.settings import settings

    monkeypatch.setenv("YIDA_SECURE_COOKIES", "true")
    settings.cache_clear()
    answer = visitor.post("/desk/api/login", json={"name": "lin", "password": PASSWORD})
    assert "secure" in answer.headers["set-cookie"].lower()


@pytest.mark.parametrize("name", ["lin", "nobody", "li\u0000n", "\ud800"])
def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(visitor: Desk, name: str) -> None:
    answer = visitor.post("/desk/api/login", content=_json(name, "not-the-password\ud800"))
    assert answer.status_code == 401
    assert answer.json() == {"error": "账号或密码不对，请再试一次。"}


def _json(name: str, password: str) -> bytes:
    import json

    return json.dumps({"name": name, "password": password}).encode()


def test_the_sixth_try_on_a_name_is_turned_away_even_with_the_right_password(visitor: Desk) -> None:
    for _ in range(5):
        assert visitor.post("/desk/api/login", json={"name": "lin", "password": "wrong-wrong"}).status_code == 401
    answer = visitor.post("/desk/api/login", json={"name": "lin", "password": PASSWORD})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) == answer.json()["retry_after"] > 200
    assert visitor.post("/desk/api/login", json={"name": "chen", "password": PASSWORD}).status_code == 200


def test_another_way_to_write_a_name_gives_no_further_tries(visitor: Desk) -> None:
    names = ["lin", " lin", "LIN", "ｌｉｎ", "lin\u0000"]
    for name in names:
        visitor.post("/desk/api/login", json={"name": name, "password": "wrong-wrong"})
    assert visitor.post("/desk/api/login", json={"name": "lin\t", "password": PASSWORD}).status_code == 429


def test_a_right_password_clears_the_count_of_wrong_ones(visitor: Desk) -> None:
    for _ in range(3):
        for _ in range(3):
            visitor.post("/desk/api/login", json={"name": "lin", "password": "wrong-wrong"})
        assert visitor.post("/desk/api/login", json={"name": "lin", "password": PASSWORD}).status_code == 200


def test_an_address_that_tries_many_names_is_turned_away(visitor: Desk) -> None:
    tries = [visitor.post("/desk/api/login", json={"name": f"n{i}", "password": "x" * 9}) for i in range(31)]
    assert [answer.status_code for answer in tries] == [401] * 30 + [429]


def test_nothing_but_the_login_page_opens_without_a_login(visitor: Desk) -> None:
    for path in PAGES:
        answer = visitor.get(f"/desk{path}", follow_redirects=False)
        assert answer.status_code == 303 and answer.headers["location"].startswith("/desk/login?next="), path
    for path in READS:
        answer = visitor.get(f"/desk{path}")
        assert answer.status_code == 401 and answer.json()["error"], path
    assert visitor.get("/desk/login").status_code == 200


def test_a_made_up_or_expired_cookie_is_no_login(visitor: Desk, lin: Desk, database: Database) -> None:
    visitor.cookies.set("yida_desk", "made-up", path="/desk")
    assert visitor.get("/desk/api/queue").status_code == 401
    assert lin.get("/desk/api/queue").status_code == 200
    with database.write() as session:
        session.execute(update(DeskSession).values(expires_at=now() - timedelta(seconds=1)))
        session.commit()
    assert lin.get("/desk/api/queue").status_code == 401


def test_only_hashes_of_passwords_and_cookies_are_stored(lin: Desk, database: Database) -> None:
    with database.read() as session:
        assert all(
            stored.startswith("$argon2id$") for stored in session.execute(select(Agent.password_hash)).scalars()
        )
        hashes = session.execute(select(DeskSession.token_hash)).scalars().all()
    assert lin.cookies["yida_desk"] not in hashes


@pytest.mark.parametrize("token", ["", "wrong", "\u00e9"])
def test_a_change_without_the_csrf_token_is_turned_away(lin: Desk, customer, token: str) -> None:
    headers = {"X-CSRF-Token": token.encode("latin-1")}
    answer = lin.post(f"/desk/api/conversations/{customer.id}/claim", headers=headers)
    assert answer.status_code == 403
    assert lin.get("/desk/api/queue").json()["waiting"] == 1


def test_ones_csrf_token_does_not_serve_another(lin: Desk, chen: Desk, customer) -> None:
    answer = lin.post(
        f"/desk/api/conversations/{customer.id}/claim", headers={"X-CSRF-Token": chen.headers["X-CSRF-Token"]}
    )
    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["/desk/api/login", "/desk/login"])
def test_another_sites_page_cannot_log_anyone_in(visitor: Desk, path: str) -> None:
    foreign = {"Origin": "https://evil.test"}
    answer = visitor.post(path, json={"name": "lin", "password": PASSWORD}, headers=foreign)
    assert answer.status_code == 403 and "set-cookie" not in answer.headers
    own = {"Origin": "http://testserver"}
    assert visitor.post(path, json={"name": "lin", "password": PASSWORD}, headers=own).status_code == 200


@pytest.mark.parametrize("body", [b"{", b"[]", b"7", b'{"name": 3, "password": "x"}', b"{}", b"[" * 5000])
def test_a_body_that_is_no_login_gets_one_sentence(visitor: Desk, body: bytes) -> None:
    answer = visitor.post("/desk/api/login", content=body)
    assert answer.status_code == 400 and answer.json()["error"]


def test_logging_out_ends_the_session(lin: Desk) -> None:
    token = lin.cookies["yida_desk"]
    assert lin.post("/desk/logout", data={"csrf": "wrong"}, headers={"X-CSRF-Token": ""}).status_code == 403
    answer = lin.post("/desk/logout", data={"csrf": lin.headers["X-CSRF-Token"]}, follow_redirects=False)
    assert answer.status_code == 303
    lin.cookies.set("yida_desk", token, path="/desk")
    assert lin.get("/desk/api/queue").status_code == 401


def test_the_login_form_needs_no_script_and_leads_where_one_wanted_to_go(visitor: Desk) -> None:
    form = {"name": "lin", "password": PASSWORD, "next": "/desk/cases"}
    answer = visitor.post("/desk/login", data=form, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/cases")


@pytest.mark.parametrize(
    "address", ["https://evil.test", "//evil.test", "/desk/x\n", "/chat/session", "/desk?y=\\", "/deskx"]
)
def test_the_login_form_leads_to_the_desk_only(visitor: Desk, address: str) -> None:
    form = {"name": "lin", "password": PASSWORD, "next": address}
    answer = visitor.post("/desk/login", data=form, follow_redirects=False)
    assert answer.headers["location"] == "/desk/"


def test_a_wrong_login_form_says_one_sentence_and_keeps_the_name(visitor: Desk) -> None:
    answer = visitor.post("/desk/login", data={"name": "lin<", "password": "wrong-wrong"})
    assert answer.status_code == 401
    assert "账号或密码不对" in answer.text and 'value="lin&lt;"' in answer.text and "wrong-wrong" not in answer.text


@pytest.fixture
def newcomer(app: Starlette, database: Database) -> Desk:
    """Logged in with a one-time password."""
    with database.write() as session:
        assert set_one_time_password(session, "demo", "one-time-word", "supervisor", "online")
        session.commit()
    return Desk(app).log_in("demo", "one-time-word")


def test_a_one_time_password_opens_nothing_but_the_choice_of_a_password(newcomer: Desk) -> None:
    assert newcomer.get("/desk/api/queue").status_code == 403
    page = newcomer.get("/desk/")
    assert page.url.path == "/desk/password" and "一次性密码" in page.text


def test_a_chosen_password_replaces_the_one_time_one_and_ends_other_logins(
    newcomer: Desk, app: Starlette, database: Database
) -> None:
    other = Desk(app).log_in("demo", "one-time-word")
    form = {
        "csrf": newcomer.headers["X-CSRF-Token"], "old": "one-time-word",
        "password": "my-own-password", "again": "my-own-password",
    }  # fmt: skip
    assert newcomer.post("/desk/password", data=form).url.path == "/desk/"
    assert newcomer.get("/desk/api/queue").status_code == 200
    assert other.get("/desk/api/queue").status_code == 401
    Desk(app).log_in("demo", "my-own-password")
    with database.write() as session:
        assert not set_one_time_password(session, "demo", "another-word", "supervisor", "online")


def test_an_unused_one_time_password_is_renewed(newcomer: Desk, app: Starlette, database: Database) -> None:
    with database.write() as session:
        assert set_one_time_password(session, "demo", "the-next-word", "supervisor", "online")
        session.commit()
    assert newcomer.get("/desk/password", follow_redirects=False).status_code == 303
    Desk(app).log_in("demo", "the-next-word")


@pytest.mark.parametrize(
    ("old", "new", "again", "sentence"),
    [
        ("wrong-wrong", "my-own-password", "my-own-password", "当前密码不对"),
        ("one-time-word", "short", "short", "至少 8 位"),
        ("one-time-word", "one-time-word", "one-time-word", "不能与原来的相同"),
        ("one-time-word", "my-own-password", "my-other-password", "两次输入的新密码不一致"),
    ],
)
def test_a_password_that_cannot_be_taken_is_explained(
    newcomer: Desk, old: str, new: str, again: str, sentence: str
) -> None:
    form = {"csrf": newcomer.headers["X-CSRF-Token"], "old": old, "password": new, "again": again}
    answer = newcomer.post("/desk/password", data=form)
    assert answer.status_code == 400 and sentence in answer.text


@pytest.mark.parametrize(
    ("name", "password", "role"),
    [
        ("", PASSWORD, "agent"),
        ("x" * 61, PASSWORD, "agent"),
        ("lin", PASSWORD, "agent"),
        ("mo", "short", "agent"),
        ("mo", PASSWORD, "boss"),
    ],
)
def test_an_account_that_cannot_be_made_is_explained_in_one_line(
    app: Starlette, database: Database, name: str, password: str, role: str
) -> None:
    with database.write() as session, pytest.raises(AccountError, match=r"^[^\n]+\.$"):
        add_agent(session, name, password, role)


def test_pages_allow_nothing_from_elsewhere_and_no_inline_code(lin: Desk) -> None:
    page = lin.get("/desk/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    assert page.headers["cache-control"] == "no-store"
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|https?://", page.text)
