"""Kills the product at random moments while customers talk to it, and looks whether it kept its word.

SQLite: one `serve`. PostgreSQL: two `worker` and one `web`, in a database of their own. Each killed process is started
again at once. Customers send what was not acknowledged again under the same client_id. First the same chats are
rehearsed undisturbed; then every acknowledged message must be there once and be answered once, as in the rehearsal; the
store must hold as many cases as customers were told numbers; chats handed to people must still be with them.

Example: python -m benchmarks.kill --database sqlite --kills 20 --chats 30 --messages 600 --seed 1
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import aiohttp
from sqlalchemy import create_engine, text

from benchmarks import oracle
from benchmarks.customers import Customer
from benchmarks.desk import AGENT, PASSWORD, Agent
from benchmarks.processes import Killer, Processes, running
from benchmarks.talks import Say, calm, plan

QUIET_S = 3.0
"""Time for whatever might still come when it should not."""


@dataclass
class Wish:
    """What to run; one in `hand_off_every` chats asks for a person."""

    database: str = "sqlite"
    kills: int = 20
    chats: int = 30
    messages: int = 600
    seed: int = 1
    hand_off_every: int = 5


@dataclass
class Result:
    """What came out, for the table."""

    verdict: oracle.Verdict
    kills: int
    seconds: float
    cut_off: int = 0
    begun_again: int = 0
    cases: int = 0
    claimed: int = 0


async def rehearse(address: str, plans: list[list[Say]]) -> tuple[list[list[list[oracle.Reply]]], set[str], list[str]]:
    """Per plan and message the replies, the case numbers that were told, and what is wrong with the rehearsal."""
    async with aiohttp.ClientSession(address) as http:
        customers = [Customer(http, one, Random(number)) for number, one in enumerate(plans)]
        await asyncio.gather(*(customer.run() for customer in customers))
        transcripts = [await customer.transcript() for customer in customers]
    replies = [oracle.expected_replies(customer, t) for customer, t in zip(customers, transcripts, strict=True)]
    faults = [fault for customer in customers for fault in customer.broken]
    for one, given in zip(plans, replies, strict=True):
        faults += oracle.rehearsal_faults(one, given) if len(one) == len(given) else ["a rehearsal broke off"]
    told = {number for t in transcripts for m in t for number in oracle.CASE_NUMBER.findall(m["text"])}
    return replies, told, faults


async def talk_and_kill(processes: Processes, wish: Wish, plans: list[list[Say]], rehearsal: list[list[Say]]) -> Result:
    started = time.monotonic()
    rehearsed, told_before, faults = await rehearse(processes.address, rehearsal)
    verdict = oracle.Verdict(told_cases=told_before, violations=[f"rehearsal: {fault}" for fault in faults])
    confirmed_before = sum(say.confirms for one in plans for say in one)
    if faults:
        return Result(verdict, 0, time.monotonic() - started)
    answers = sum(reply[0] == "bot" for replies in rehearsed for group in replies for reply in group)
    killer = Killer(processes, wish.kills, answers, wish.seed)
    limit = aiohttp.TCPConnector(limit=0)
    jar = aiohttp.CookieJar(unsafe=True)  # the desk's cookie of an address without a name
    async with aiohttp.ClientSession(processes.address, connector=limit, cookie_jar=aiohttp.DummyCookieJar()) as http, \
            aiohttp.ClientSession(processes.address, cookie_jar=jar) as desk:
        agent = Agent(desk)
        await agent.log_in()
        customers = [
            Customer(http, one, Random(number), killer.answer_seen, 0.4, [len(group) for group in replies])
            for number, (one, replies) in enumerate(zip(plans, rehearsed, strict=True))
        ]
        beside = [asyncio.create_task(killer.run()), asyncio.create_task(agent.work())]
        await asyncio.gather(*(customer.run() for customer in customers))
        await processes.all_started()
        await asyncio.sleep(QUIET_S)
        for task in beside:
            if task.done():
                task.result()  # raises what ended it
            task.cancel()
        transcripts = [await customer.transcript() for customer in customers]
        owners = [await customer.owner() for customer in customers]
    names = [f"chat {number}" for number in range(len(customers))]
    for name, customer, transcript, replies, owner in zip(
        names, customers, transcripts, rehearsed, owners, strict=True
    ):
        oracle.judge(verdict, name, customer, transcript, replies)
        oracle.judge_owner(verdict, name, customer, owner)
    result = Result(verdict, processes.killed, time.monotonic() - started)
    result.cut_off = sum(customer.cut_off for customer in customers)
    result.claimed = len(agent.claimed)
    hold_against_store(result, processes.database_url, confirmed_before)
    if processes.killed < wish.kills:
        verdict.violations.append(f"only {processes.killed} of {wish.kills} kills came before the chats were over")
    return result


def hold_against_store(result: Result, url: str, confirmed_before: int) -> None:
    """What customers were told, against the tables; nothing may be left waiting."""
    verdict, engine = result.verdict, create_engine(url)
    with engine.connect() as connection:
        numbers = [number for (number,) in connection.execute(text("SELECT number FROM cases"))]
        waiting, result.begun_again = connection.execute(
            text(
                "SELECT COUNT(CASE WHEN state = 'waiting' THEN 1 END), COUNT(CASE WHEN attempts > 1 THEN 1 END)"
                " FROM inbox"
            )
        ).one()
        with_agent = connection.execute(text("SELECT COUNT(*) FROM conversations WHERE owner = 'agent'")).scalar_one()
    engine.dispose()
    result.cases = len(numbers)
    confirmed = verdict.confirmed + confirmed_before
    if sorted(numbers) != sorted(verdict.told_cases) or len(numbers) != confirmed:
        told = len(verdict.told_cases)
        verdict.violations.append(f"{confirmed} complaints confirmed, {told} numbers told, {len(numbers)} cases stored")
    if waiting:
        verdict.violations.append(f"{waiting} messages were left waiting")
    if with_agent != result.claimed:
        verdict.violations.append(f"{result.claimed} claims were acknowledged, {with_agent} chats are with the agent")


def run(wish: Wish, folder: Path) -> Result:
    """Starts everything, talks, kills, judges."""
    with running(wish.database, folder) as processes:
        parcels = processes.servers[0].load_demo()
        processes.servers[0].run("agent", "add", AGENT, stdin=PASSWORD)
        each = wish.messages // wish.chats
        plans, rehearsal = [
            [
                plan(wish.seed * 1000 + chat, each, parcels, numbers, hands_off=chat % wish.hand_off_every == 0)
                for chat in range(wish.chats)
            ]
            for numbers in (Random(wish.seed), Random(f"rehearsal {wish.seed}"))
        ]
        return asyncio.run(talk_and_kill(processes, wish, plans, [calm(one) for one in rehearsal]))


def table(wish: Wish, result: Result) -> str:
    verdict = result.verdict
    rows = [
        ("kills", result.kills, "sends tried again without an answer", result.cut_off),
        ("messages acknowledged", verdict.acknowledged, "in the transcript exactly once", verdict.stored_once),
        ("messages to the bot", verdict.to_bot, "answered exactly once", verdict.answered_once),
        ("turns begun again after a kill", result.begun_again, "", ""),
        ("case numbers told", len(verdict.told_cases), "cases in the store", result.cases),
        ("chats handed to a person", verdict.handed_off, "still with people", verdict.still_handed_off),
        ("of them claimed by an agent", result.claimed, "", ""),
        ("violations", len(verdict.violations), "seconds in all", round(result.seconds)),
    ]
    lines = [f"{wish.database}, {wish.chats} chats, seed {wish.seed}"]
    lines += [f"  {name:<32}{count!s:>6}   {other:<36}{number!s:>6}" for name, count, other, number in rows]
    return "\n".join([*lines, *(f"  VIOLATION {violation}" for violation in verdict.violations)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--chats", type=int, default=30)
    parser.add_argument("--messages", type=int, default=600, help="of all chats together")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    kept_word = True
    for database in ("sqlite", "postgresql") if given.database == "both" else (given.database,):
        wish = Wish(database, given.kills, given.chats, given.messages, given.seed)
        with TemporaryDirectory() as folder:
            result = run(wish, Path(folder))
        print(table(wish, result), flush=True)
        kept_word = kept_word and not result.verdict.violations
    sys.exit(0 if kept_word else 1)


if __name__ == "__main__":
    main()
