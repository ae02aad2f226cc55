"""How fast cases are opened, found and swept among very many of them.

Fills a database of its own (PostgreSQL: made and dropped on the server of --server; SQLite: a file that is removed)
with made-up cases of three years, nearly all of them closed, and one with a clock running in each hundred; then
measures opening, looking up, the desk's list by each filter and search, and the clock sweep by three workers, each with
connections of its own. Targets (issue D §8): p95 50 ms; the sweep 5 s and never twice. `--plans` shows each list
query's plan, too, and whether it reads a whole table.

Example: python -m benchmarks.cases_scale --database sqlite --cases 200000
Example: python -m benchmarks.cases_scale --database postgresql --cases 1000000 --plans
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any
from uuid import uuid4

from sqlalchemy import event, func, select

from benchmarks.shipments_scale import _database, _insert, _report, _timed
from bot.cases import service
from bot.cases.identifiers import waybill_hash
from bot.cases.models import Case, CaseEvent
from bot.cases.states import CATEGORIES
from bot.cases.terms import terms_of
from bot.conversations.inbox import open_conversation
from bot.db import Database, now
from bot.duework import DueWork
from bot.privacy import phone_hash, vault

BATCH = 10_000
LOOKS = 200
WORKERS = 3
YEARS = timedelta(days=3 * 365)
THINGS = (
    "杯子 手机 衣服 文件 球鞋 水果 电脑 图书 药品 玩具 茶叶 白酒 花盆 相框 台灯 键盘 耳机 "
    "手表 眼镜 雨伞 被子 枕头 毛衣 裙子 皮包 行李 吉他 相机 镜头 奶粉 海鲜 牛肉 月饼 蛋糕 "
    "坚果 香水 口红 面霜 瓷碗 砂锅 水壶 风扇 插座 轮胎 椅子 书桌 画框 种子 鱼竿 球拍"
).split()
HAPPENED = (
    "碎了两个 一直没有送到 包装被压烂 显示签收没收到 快递员态度很差 多收了运费 "
    "丢了一件 放在门口没打电话 送错了地方 被雨淋湿 退回没有通知 货款还没有结 "
    "收到时是空盒 少了一半 三天没有更新 说好上门没有来 电话没有人接 外箱破了一个洞 "
    "被别人领走 拆过又封上"
).split()
AGENTS = tuple(f"agent{n}" for n in range(60))
FINISHED = ("closed",) * 17 + ("withdrawn", "merged", "rejected")
OPEN = ("acknowledged", "triaged", "investigating", "waiting_customer", "waiting_third_party", "proposed")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--server", default="postgresql://postgres@127.0.0.1:5432/postgres")
    parser.add_argument("--cases", type=int, default=200_000)
    parser.add_argument("--due", type=int, default=500, help="clocks that are due in the sweep")
    parser.add_argument("--plans", action="store_true", help="print the plan of each list query")
    wish = parser.parse_args()
    with _database(wish.database, wish.server) as database:
        seconds = _timed(lambda: _fill(database, wish.cases, wish.due))
        print(f"{wish.database}: {wish.cases:,} cases in {seconds:.0f} s")
        _sweep(database, wish.due)
        _open(database)
        _look_up(database, wish.cases)
        _lists(database, wish.cases, wish.plans)


def _phone(number: int) -> str:
    """Two cases a phone on average."""
    return f"139{number // 2:08d}"


def _waybill(number: int) -> str:
    return f"SF{1_000_000_000_000 + number}"


def _fill(database: Database, cases: int, due: int) -> None:
    random, moment = Random(1), now()
    with database.write() as session:
        talks = [open_conversation(session, "web", f"bench-{number}").id for number in range(200)]
        session.commit()
    cipher = vault().encrypt("盒子外面没有破，里面的东西坏了，请尽快处理".encode()).decode()
    files = vault().encrypt(b"[]").decode()
    for start in range(0, cases, BATCH):
        rows = [
            _case(number, cases, moment, random, talks, cipher, files, is_due=number >= cases - due)
            for number in range(start, min(start + BATCH, cases))
        ]
        _insert(database, Case.__table__, rows, raw_text=True)
        work = [
            {"kind": "case_clock", "subject": row["number"], "failures": 0, "due_at": row["overdue_at"]}
            for row in rows
            if row["overdue_at"]
        ]
        _insert(database, DueWork.__table__, [_aware(row) for row in work]) if work else None
    with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("ANALYZE")


def _aware(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "due_at": datetime.fromisoformat(f"{row['due_at']}+00:00")}


def _case(
    number: int, cases: int, moment: datetime, random: Random, talks: list[str], cipher: str, files: str, *,
    is_due: bool,
) -> dict[str, Any]:  # fmt: skip
    """A row as it is stored: ciphertext made once, for encrypting a million texts would measure nothing."""
    at = (moment - YEARS * (1 - number / cases)).replace(tzinfo=None, microsecond=0)
    is_open = is_due or number > cases * 0.99
    if is_due:
        at = (moment - timedelta(hours=25)).replace(tzinfo=None, microsecond=0)
    category = random.choice(CATEGORIES)
    state = "acknowledged" if is_due else random.choice(OPEN if is_open else FINISHED)
    summary = f"{category}: {random.choice(THINGS)}{random.choice(HAPPENED)}，编号{number % 5000}"
    first, result = at + timedelta(hours=24), at + timedelta(days=7)
    runs = state in OPEN[:-1]
    overdue = first if is_due else max(result, moment.replace(tzinfo=None) + timedelta(days=1)) if runs else None
    return {
        "number": f"YD{at:%y%m%d}{number:08d}", "kind": "complaint" if number % 10 else "claim", "category": category,
        "state": state, "escalation": random.choice((0, 0, 0, 1, 2, 3)), "reopened": 0, "language": "zh",
        "conversation_id": talks[number % len(talks)], "waybill": cipher, "phone": cipher, "description": cipher,
        "waybill_hash": waybill_hash(_waybill(number)), "phone_hash": phone_hash(_phone(number)), "files": files,
        "details": files, "summary": summary, "terms": terms_of(summary), "is_open": is_open, "refused": 0,
        "assignee": random.choice(AGENTS) if number % 50 else None, "priority": f"P{random.randint(1, 5)}",
        "signs": "", "passed": "look first_check:warned" if is_due else "look", "created_at": at, "clocks_from": at,
        "first_check_due_at": first, "told_first_check_at": None if is_due else at, "target_due_at": result,
        "result_due_at": result, "told_result_at": None if runs else at, "overdue_at": overdue, "state_since": at,
        "updated_at": at,
    }  # fmt: skip


def _open(database: Database) -> None:
    random, times = Random(2), []
    for _ in range(LOOKS):
        number = random.randrange(10**6)

        def opened(number: int = number) -> None:
            with database.write() as session:
                service.open_case(
                    session, key=uuid4().hex, kind="complaint", category="damage", description="杯子碎了",
                    language="zh", conversation_id=uuid4().hex, waybill=_waybill(number), phone=_phone(number),
                )  # fmt: skip
                session.commit()

        times.append(_timed(opened))
    _report("open", times, 50)


def _look_up(database: Database, cases: int) -> None:
    random, times = Random(3), []
    with database.read() as session:
        ids = [random.randrange(cases) + 1 for _ in range(LOOKS)]
        numbers = list(session.execute(select(Case.number).where(Case.id.in_(ids))).scalars())
    for number in numbers:
        with database.read() as session:
            times.append(_timed(partial(service.progress, session, number, "x", None)))
    _report("look-up", times, 50)


def _lists(database: Database, cases: int, plans: bool) -> None:
    random = Random(4)

    def one(values: list[Any]) -> Any:
        return random.choice(values)

    with database.read() as session:
        old = select(Case.number).where(Case.id.between(cases // 4, cases // 4 + 50))
        deep = list(session.execute(old).scalars())
    looks: dict[str, Any] = {
        "list": lambda: {},
        "list, an old page": lambda: {"after": one(deep)},
        "state closed": lambda: {"state": "closed"},
        "a rare state": lambda: {"state": one(["proposed", "waiting_customer", "triaged"])},
        "kind": lambda: {"kind": "claim"},
        "kind and state": lambda: {"kind": "claim", "state": one(["rejected", "proposed", "closed"])},
        "a kind nobody has": lambda: {"kind": "praise"},
        "priority": lambda: {"priority": one(["P1", "P5"])},
        "a priority nobody has": lambda: {"priority": "P9"},
        "priority and kind": lambda: {"priority": "P1", "kind": one(["claim", "praise"])},
        "priority and state": lambda: {"priority": "P1", "state": one(["proposed", "merged"])},
        "mine": lambda: {"view": "mine", "agent": one(list(AGENTS))},
        "mine, one state": lambda: {"view": "mine", "agent": one(list(AGENTS)), "state": "proposed"},
        "unassigned": lambda: {"view": "unassigned"},
        "overdue": lambda: {"view": "overdue"},
        "escalated": lambda: {"view": "escalated", "kind": "claim"},
        "search number": lambda: {"q": one(deep)},
        "search waybill": lambda: {"q": _waybill(random.randrange(cases))},
        "search phone": lambda: {"q": _phone(random.randrange(cases))},
        "search common word": lambda: {"q": one(["杯子", "送到", "damage", "态度很差"])},
        "search rare word": lambda: {"q": f"编号{random.randrange(5000)}"},
        "search a phrase": lambda: {"q": one(["杯子碎了两个", "玩具丢了一件", "海鲜被雨淋湿"])},
        "search in one state": lambda: {"q": one(["杯子", "丢了一件"]), "state": "rejected"},
        "search no such word": lambda: {"q": one(["骆驼", "没有的词", "xylophone"])},
    }
    for name, query in looks.items():
        times = []
        for _ in range(LOOKS):
            with database.read() as session:
                times.append(_timed(partial(service.list_cases, session, limit=51, **query())))
        _report(name, times, 50)
        if plans:
            _show_plan(database, query())


def _show_plan(database: Database, query: dict[str, Any]) -> None:
    """What the database means to do; a whole table is never read through but along an index that gives the order."""
    caught: list[tuple[str, Any]] = []

    def listen(_c: Any, _k: Any, statement: str, parameters: Any, *_: Any) -> None:
        caught.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", listen)
    with database.read() as session:
        service.list_cases(session, limit=51, **query)
    event.remove(database.engine, "before_cursor_execute", listen)
    explain = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
    with database.engine.connect() as connection:
        lines = connection.exec_driver_sql(explain + caught[-1][0], caught[-1][1]).fetchall()
    plan = [str(line[-1]).strip() for line in lines]
    reads_all = any("Seq Scan on cases" in line or line == "SCAN cases" for line in plan)
    print("    " + " | ".join(line.split("  (")[0] for line in plan)[:300] + ("   WHOLE TABLE" if reads_all else ""))


def _sweep(database: Database, due: int) -> None:
    """Three processes at once, started beforehand: their time is from the first word to the last clock struck."""
    at = max(now(), now().replace(hour=4)) + timedelta(minutes=5)
    command = [sys.executable, "-m", "benchmarks.cases_sweeper", at.isoformat()]
    environment = {**os.environ, "YIDA_DATABASE_URL": database.url}
    workers = [
        subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(WORKERS)
    ]
    for worker in workers:
        assert worker.stdout is not None and worker.stdout.readline() == "ready\n"
    started = time.perf_counter()
    shares = []
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    for worker in workers:
        shares.append(int(worker.communicate()[0]))
    seconds = time.perf_counter() - started
    with database.read() as session:
        struck = select(CaseEvent.case_id, func.count().label("times"))
        rows = session.execute(
            struck.where(CaseEvent.transition == "escalate", CaseEvent.actor == "system").group_by(CaseEvent.case_id)
        ).all()
    twice = sum(row.times > 1 for row in rows)
    verdict = "met" if seconds <= 5 and not twice and len(rows) >= due else "MISSED"
    found = f"{len(rows)} clocks struck, {twice} twice, pieces by worker {shares}, in {seconds:.1f} s"
    print(f"{'sweep':22} {found}   target 5: {verdict}")


if __name__ == "__main__":
    main()
