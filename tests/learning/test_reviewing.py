"""The page for what the bot did not catch: who may, what it lists, deciding once, undoing."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event

from bot.db import Database
from bot.learning import intents, reviewing
from bot.settings import ROOT
from bot.wording import LANGUAGES, texts
from tests.conversations.support import Customer, answer_all
from tests.desk.conftest import Desk
from tests.learning.support import LOST, TORN, brain

LINES = {f"那个东西第{n}": LOST for n in "一二三四五六七"}


def say(database: Database, *texts: str) -> None:
    for words in texts:
        Customer(database).send(words)
    answer_all(database, brain({**LINES, "到哪还是啥时候到": TORN}))


def listed(desk: Desk, **query: Any) -> dict[str, Any]:
    return desk.get("/desk/api/learning", params=query).json()


def ids(desk: Desk, **query: Any) -> dict[str, int]:
    return {line["text"]: line["id"] for line in listed(desk, **query)["lines"]}


def act(desk: Desk, line: int, what: str, **body: Any) -> Any:
    return desk.post(f"/desk/api/learning/{line}/{what}", json=body)


def test_quality_and_those_who_lead_review_and_agents_and_strangers_do_not(
    lin: Desk, zhou: Desk, visitor: Desk, login: Callable[[str], Desk], database: Database
) -> None:
    say(database, "那个东西第一")
    (line,) = ids(zhou).values()
    for path in ("/desk/learning", "/desk/api/learning", f"/desk/parts/learning/{line}"):
        assert lin.get(path).status_code == 403
        assert visitor.get(path, follow_redirects=False).status_code in (303, 401)
        assert zhou.get(path).status_code == login("wu").get(path).status_code == 200
    for what in ("assign", "drop", "undo"):
        assert act(lin, line, what, intent="track_shipment").status_code == 403
        without = zhou.post(f"/desk/api/learning/{line}/{what}", json={}, headers={"X-CSRF-Token": "no"})
        assert without.status_code == 403
    assert "/desk/learning" in zhou.get("/desk/").text and "/desk/learning" not in lin.get("/desk/").text


def test_a_line_is_assigned_once_by_whom_and_when_is_kept_and_it_can_be_undone(
    zhou: Desk, login: Callable[[str], Desk], database: Database
) -> None:
    wu = login("wu")
    say(database, "到哪还是啥时候到")
    (line,) = ids(zhou).values()
    assigned = act(zhou, line, "assign", intent="ask_eta").json()
    assert (assigned["state"], assigned["intent"], assigned["decided_by"]) == ("assigned", "ask_eta", "zhou")
    assert assigned["decided_at"] and listed(zhou)["lines"] == []
    assert act(zhou, line, "assign", intent="ask_eta").status_code == 200
    second = act(wu, line, "drop")
    assert second.status_code == 409 and "zhou" in second.json()["error"]
    assert listed(wu, state="assigned")["lines"][0]["intent"] == "ask_eta"
    undone = act(wu, line, "undo").json()
    assert (undone["state"], undone["intent"], undone["decided_by"]) == ("open", None, "wu")
    assert act(wu, line, "drop").json()["state"] == "dropped"
    say(database, "到哪还是啥时候到")
    assert listed(zhou)["lines"] == [] and listed(zhou, state="dropped")["lines"][0]["seen"] == 2


@pytest.mark.parametrize("intent", ["nlu_fallback", "rate_case", "no_such", "", "track_shipment\n    - x"])
def test_what_is_no_intent_of_ours_is_refused(zhou: Desk, database: Database, intent: str) -> None:
    say(database, "那个东西第一")
    (line,) = ids(zhou).values()
    assert act(zhou, line, "assign", intent=intent).status_code == 400
    assert act(zhou, 10**8, "assign", intent="ask_eta").status_code == 404
    assert zhou.get("/desk/api/learning", params={"state": "x"}).status_code == 404


@pytest.mark.parametrize("order", ["frequent", "newest"])
def test_lines_come_most_frequent_or_newest_first_in_pages_without_a_gap(
    zhou: Desk, database: Database, monkeypatch: pytest.MonkeyPatch, order: str
) -> None:
    say(database, *LINES, "那个东西第五", "那个东西第五", "那个东西第三")
    monkeypatch.setattr("bot.desk.learning.catalog.read", lambda name: {"a_page": 3})
    seen, after = [], None
    while True:
        page = listed(zhou, order=order, **({"after": after} if after else {}))
        seen += [line["text"][-1] for line in page["lines"]]
        after = page["next"]
        if after is None:
            break
    assert seen == list("五三七六四二一" if order == "frequent" else "三五七六四二一")


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/Lima"])
def test_pages_have_no_gap_whatever_time_zone_the_database_speaks(
    zhou: Desk, database: Database, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    if not database.is_sqlite:
        event.listen(database.engine, "begin", lambda c: c.exec_driver_sql(f"SET LOCAL TIME ZONE '{zone}'"))
    say(database, *LINES)
    monkeypatch.setattr("bot.desk.learning.catalog.read", lambda name: {"a_page": 4})
    first = listed(zhou, order="newest")
    second = listed(zhou, order="newest", after=first["next"])
    assert [line["text"][-1] for line in (*first["lines"], *second["lines"])] == list("七六五四三二一")


def test_a_page_takes_as_many_statements_for_many_lines_as_for_one(zhou: Desk, database: Database) -> None:
    def statements() -> int:
        counted: list[str] = []
        listener = lambda *args: counted.append(args[2])  # noqa: E731
        event.listen(database.engine, "before_cursor_execute", listener)
        assert zhou.get("/desk/learning").status_code == 200
        event.remove(database.engine, "before_cursor_execute", listener)
        return len(counted)

    say(database, "那个东西第一")
    one = statements()
    say(database, *LINES)
    assert statements() == one


def test_the_page_shows_marks_in_words_guesses_and_why_in_both_languages(zhou: Desk, database: Database) -> None:
    words = "SF1234567890123 那个<b>东西</b>"
    Customer(database).send(words)
    answer_all(database, brain({words: LOST}, {words: [("waybill", 0, 15)]}))
    page = zhou.get("/desk/learning").text
    assert '<span class="mark">运单号</span> 那个&lt;b&gt;东西' in page and "SF1234567890123" not in page
    assert "没听懂" in page and "问什么时候到" in page and "20%" in page
    zhou.cookies.set("yida_desk_language", "en")
    page = zhou.get("/desk/learning").text
    assert '<span class="mark">waybill</span>' in page and "Not understood" in page
    assert re.findall(r"desk_\w+", page) == []


def test_the_list_offers_every_intent_that_has_training_lines_and_each_has_a_name() -> None:
    taught = set()
    for path in ROOT.glob("data/*/nlu.*.yml"):
        taught |= set(re.findall(r"^\s*- intent: (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE))
    offered = [name for names in intents.groups().values() for name in names]
    assert set(offered) == taught and len(offered) == len(taught)
    for own in map(texts, LANGUAGES):
        names = [own.get(f"intent_{name}") or own[f"desk_intent_{name}"] for name in offered]
        assert len(set(names)) == len(names)


def test_the_same_lines_are_given_to_every_training_in_the_same_order(zhou: Desk, database: Database) -> None:
    say(database, *LINES)
    for text, line in ids(zhou).items():
        if text.endswith("七"):
            act(zhou, line, "drop")
        else:
            act(zhou, line, "assign", intent="ask_eta")
    with database.read() as session:
        first, again = reviewing.labelled(session), reviewing.labelled(session)
    assert first == again and {line[0] for line in first} == set(LINES) - {"那个东西第七"}
    assert {line[1:] for line in first} == {("ask_eta", "zh")}
