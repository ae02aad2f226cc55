"""A chat in the terminal, through the same inbox and turns as every channel."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import uuid4

import click

from bot.conversations.inbox import open_conversation, receive
from bot.conversations.outbox import messages_after
from bot.conversations.turns import Turns
from bot.db import Database
from bot.settings import Settings


def chat(database: Database, settings: Settings, model: Path) -> None:
    """Reads lines until an empty one; a number picks one of the buttons last shown."""
    from bot.brain import Brain

    click.echo("Loading the model …", err=True)
    asyncio.run(_chat(database, settings, Brain.load(model)))


async def _chat(database: Database, settings: Settings, brain: object) -> None:
    turns = Turns(
        database,
        brain.answer,  # type: ignore[attr-defined]
        lease_s=settings.lease_s,
        timeout_s=settings.turn_timeout_s,
        at_once=1,
    )
    with database.write() as session:
        conversation_id = open_conversation(session, "talk", uuid4().hex).id
        session.commit()
    after = 0
    choices: list[str] = []
    while line := (await asyncio.to_thread(input, "你 > ")).strip():
        picked = {"choice": choices[int(line) - 1]} if line.isdecimal() and 0 < int(line) <= len(choices) else {}
        with database.write() as session:
            receive(session, conversation_id, f"{conversation_id}:{uuid4()}", **(picked or {"text": line}))
            session.commit()
        while await turns.turn():
            pass
        with database.read() as session:
            said = messages_after(session, conversation_id, after)
        after = said[-1]["id"]
        choices = [choice["id"] for message in said for choice in message["choices"]]
        _print(said)


def _print(said: list[dict]) -> None:
    number = 0
    for message in said:
        if message["from"] == "customer":
            continue
        click.echo(f"驿 > {message['text']}")
        if message["card"]:
            click.echo(f"     [{message['card'].get('status_name', '')}] {message['card'].get('waybill', '')}")
        for choice in message["choices"]:
            number += 1
            click.echo(f"     {number}. {choice['title']}")
