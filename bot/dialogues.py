"""Whole conversations against a running Yida: customers' lines through the REST channel, then what must be true.

The file is YAML: a list of {name, language, turns, expect}; expect holds {ticket: {category, waybill, phone, status}},
{no_ticket: true}, {ticket_count: N}, {handoff: bool}, {order: {type, waybill, phone}}, {no_order: true},
{reply_contains_any: […]}, {reply_to: {turn, contains_any}}, {reply_not_contains: […]}, {language: zh|en}.
"""

from __future__ import annotations

import csv
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import Any

import requests
import yaml
from sqlalchemy import select

from bot.cases.models import Case
from bot.channels.rest import make_key
from bot.conversations.models import BOT, Conversation
from bot.db import Database, migrate, now
from bot.nlu.facts import find_facts
from bot.nlu.language import detect
from bot.settings import ROOT, settings

READY_WITHIN_S, ANSWER_WITHIN_S = 180, 30
PARCEL_COLUMNS = "waybill carrier sender_city receiver_name receiver_phone receiver_city created_at".split()
MADE_UP_PHONE = "13900000000"


class BadDialogues(ValueError):
    """The file is not what it should be; the text says where."""


@dataclass
class Outcome:
    """What a conversation led to. `replies[n]` are the texts after the customer's line n, counted from 0."""

    replies: list[list[str]]
    tickets: list[dict[str, Any]] = field(default_factory=list)
    orders: list[dict[str, Any]] = field(default_factory=list)
    handed_over: bool = False


def read_dialogues(path: Path) -> list[dict[str, Any]]:
    """The conversations of the file. Raises BadDialogues."""
    try:
        dialogues = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadDialogues(f"{path.name} is no YAML in UTF-8") from error
    if not isinstance(dialogues, list):
        raise BadDialogues(f"{path.name}: expected a list of conversations")
    for number, dialogue in enumerate(dialogues, 1):
        missing = {"name", "turns", "expect"} - set(dialogue if isinstance(dialogue, dict) else ())
        if missing:
            raise BadDialogues(f"{path.name}: conversation {number} has no {', '.join(sorted(missing))}")
        unknown = [name for check in dialogue["expect"] for name in check if name not in _CHECKS]
        if unknown:
            raise BadDialogues(f"{path.name}: conversation {dialogue['name']} expects an unknown {unknown[0]}")
    return dialogues


def hold(dialogues: list[dict[str, Any]], model: Path) -> Iterator[tuple[str, list[str]]]:
    """(name, what is not as expected) of each conversation, held with a server of its own on an empty database."""
    with TemporaryDirectory() as folder, _running(Path(folder), dialogues, model) as (address, key, database):
        for number, dialogue in enumerate(dialogues):
            outcome = _outcome(dialogue, f"dialogue-{number}", address, key, database)
            yield dialogue["name"], failures(dialogue, outcome)


def failures(dialogue: dict[str, Any], outcome: Outcome) -> list[str]:
    """One sentence for each expectation that does not hold."""
    checks = [(name, value) for check in dialogue["expect"] for name, value in check.items()]
    return [problem for name, value in checks if (problem := _CHECKS[name](value, outcome))]


@contextmanager
def _running(folder: Path, dialogues: list[dict[str, Any]], model: Path) -> Iterator[tuple[str, str, Database]]:
    url, port = f"sqlite:///{folder}/dialogues.db", _free_port()
    environment = {
        **os.environ, "YIDA_DATABASE_URL": url, "YIDA_PORT": str(port), "YIDA_MODELS_DIR": str(model.parent),
        "YIDA_SECRET_KEY": settings().key_ring[0], "YIDA_CATALOG_DIR": str(_open_at_any_hour(folder)),
        **dict.fromkeys(("YIDA_MESSAGES_PER_MINUTE", "YIDA_ADDRESS_MESSAGES_PER_MINUTE"), "10000"),
    }  # fmt: skip
    migrate(url)
    database = Database(url)
    _import_shipments(database, dialogues, folder)
    with database.write() as session:
        key = make_key(session, "dialogues")
        session.commit()
    log = (folder / "log").open("wb")
    server = subprocess.Popen([sys.executable, "-m", "bot", "serve"], cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        _wait_until_ready(server, f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}", key, database
    finally:
        server.terminate()
        server.wait(timeout=20)
        log.close()
        database.dispose()


def _open_at_any_hour(folder: Path) -> Path:
    """The catalog, with people at the desk day and night: a conversation must not depend on when it is held."""
    catalog = folder / "catalog"
    copytree(settings().catalog_folder, catalog)
    file = catalog / "service_hours.yml"
    hours = yaml.safe_load(file.read_text(encoding="utf-8"))
    hours["desk"] |= {"opens": "00:00", "closes": "23:59:59"}
    file.write_text(yaml.safe_dump(hours, allow_unicode=True), encoding="utf-8")
    return catalog


def _import_shipments(database: Database, dialogues: list[dict[str, Any]], folder: Path) -> None:
    """Every waybill of the conversations becomes a parcel under way, to the phone that its conversation gives."""
    from bot.shipments.importing import import_events, import_shipments

    shipments, events = folder / "shipments.csv", folder / "events.csv"
    with shipments.open("w", newline="") as one, events.open("w", newline="") as two:
        parcels, scans = csv.writer(one), csv.writer(two)
        parcels.writerow(
            PARCEL_COLUMNS
        )
        scans.writerow(["waybill", "time", "city", "code", "text"])
        begun = (now() - timedelta(days=2)).isoformat()
        for waybill, phone in _parcels(dialogues).items():
            parcels.writerow([waybill, "", "广州", "李想", phone, "上海", begun])
            scans.writerow([waybill, (now() - timedelta(hours=5)).isoformat(), "杭州", "1002", "快件已发往下一站"])
    import_shipments(database, shipments)
    import_events(database, events)


def _parcels(dialogues: list[dict[str, Any]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for dialogue in dialogues:
        facts = [fact for text in dialogue["turns"] for fact in find_facts(text)]
        phone = next((fact.value for fact in facts if fact.kind == "phone"), MADE_UP_PHONE)
        found |= {fact.value: phone for fact in facts if fact.kind == "waybill"}
    return found


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def _wait_until_ready(server: subprocess.Popen[bytes], address: str) -> None:
    for _ in range(READY_WITHIN_S * 5):
        if server.poll() is not None:
            raise RuntimeError("the server for the conversations ended before it was ready")
        try:
            if requests.get(f"{address}/readyz", timeout=2).ok:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.2)
    raise RuntimeError("the server for the conversations was not ready in time")


def _outcome(dialogue: dict[str, Any], sender: str, address: str, key: str, database: Database) -> Outcome:
    replies = [_replies(text, sender, address, key) for text in dialogue["turns"]]
    with database.read() as session:
        query = select(Conversation)
        talk = next(found for found in session.execute(query).scalars() if found.sender.endswith(sender))
        cases = session.execute(select(Case).where(Case.conversation_id == talk.id)).scalars()
        tickets = [
            {"category": case.category or case.kind, "waybill": case.waybill, "phone": case.phone, "status": case.state}
            for case in cases if case.kind != "callback"
        ]  # fmt: skip
        return Outcome(replies, tickets, _orders(session, talk.id), talk.owner != BOT)


def _orders(session: Any, conversation_id: str) -> list[dict[str, Any]]:
    """Requests for a change or pickup that this conversation made."""
    from bot.shipments import models

    table = getattr(models, "ServiceRequest", None)
    if table is None:
        return []
    query = select(table).where(table.conversation_id == conversation_id)
    return [
        {"type": made.type, "waybill": made.waybill, "phone": made.phone} for made in session.execute(query).scalars()
    ]


def _replies(text: str, sender: str, address: str, key: str) -> list[str]:
    answer = requests.post(
        f"{address}/webhooks/rest/webhook", headers={"Authorization": f"Bearer {key}"}, timeout=ANSWER_WITHIN_S,
        json={"sender": sender, "message": text, "message_id": secrets.token_hex(8)},
    )  # fmt: skip
    said = answer.json()
    return [_shown(message) for message in said] if isinstance(said, list) else []


def _shown(message: dict[str, Any]) -> str:
    """All that a customer reads of a message: text, card, buttons."""
    buttons = " ".join(button["title"] for button in message.get("buttons") or ())
    return f"{message.get('text', '')} {message.get('custom') or ''} {buttons}"


def _ticket(wanted: dict[str, Any], outcome: Outcome) -> str | None:
    wanted = {name: value for name, value in wanted.items() if name != "status" or value in ("withdrawn",)}
    return None if any(_fits(wanted, ticket) for ticket in outcome.tickets) else f"no case with {wanted}"


def _order(wanted: dict[str, Any], outcome: Outcome) -> str | None:
    return None if any(_fits(wanted, order) for order in outcome.orders) else f"no service request with {wanted}"


def _fits(wanted: dict[str, Any], found: dict[str, Any]) -> bool:
    return all(str(found.get(name)) == str(value) for name, value in wanted.items())


def _contains(words: list[str], replies: list[str], where: str) -> str | None:
    return None if any(word in reply for word in words for reply in replies) else f"{where} contains none of {words}"


def _reply_to(wanted: dict[str, Any], outcome: Outcome) -> str | None:
    return _contains(wanted["contains_any"], outcome.replies[wanted["turn"] - 1], f"reply to line {wanted['turn']}")


def _all(outcome: Outcome) -> list[str]:
    return [reply for replies in outcome.replies for reply in replies]


def _not_contains(words: list[str], outcome: Outcome) -> str | None:
    said = [word for word in words if any(word in reply for reply in _all(outcome))]
    return f"a reply contains {said}" if said else None


def _language(wanted: str, outcome: Outcome) -> str | None:
    last = next((reply for reply in reversed(_all(outcome)) if reply.strip()), "")
    return None if detect(last) == wanted else f"the last reply is not in {wanted}"


def _is(wanted: object, found: object, what: str) -> str | None:
    return None if wanted == found else f"{what}: expected {wanted}, found {found}"


_CHECKS: dict[str, Callable[[Any, Outcome], str | None]] = {
    "ticket": _ticket,
    "no_ticket": lambda wanted, outcome: _is(wanted, not outcome.tickets, "no case"),
    "ticket_count": lambda wanted, outcome: _is(wanted, len(outcome.tickets), "cases"),
    "handoff": lambda wanted, outcome: _is(wanted, outcome.handed_over, "handed to a person"),
    "order": _order,
    "no_order": lambda wanted, outcome: _is(wanted, not outcome.orders, "no service request"),
    "reply_contains_any": lambda words, outcome: _contains(words, _all(outcome), "no reply"),
    "reply_to": _reply_to,
    "reply_not_contains": _not_contains,
    "language": _language,
}
