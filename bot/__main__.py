"""The command line: `python -m bot COMMAND`. Each command wires the rooms together; the work is done in them."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from bot.db import Database, database, migrate, now
from bot.logs import set_up
from bot.settings import settings

_EXISTING: Any = click.Path(exists=True, dir_okay=False, path_type=Path)


def main() -> None:
    """Bad input ends in one clear line, never in a stack."""
    try:
        cli(prog_name="python -m bot")
    except Exception as error:
        problem = _encoder_problem(error)
        if problem is None:
            raise
        sys.exit(f"Error: {problem}")


def _encoder_problem(error: BaseException | None) -> str | None:
    """What is wrong with the sentence encoder, where that is the cause: Rasa wraps it in errors of its own."""
    while error is not None:
        if type(error).__name__ == "EncoderError":  # by name: its module is heavy to import for one look
            return str(error)
        error = error.__cause__ or error.__context__
    return None


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """Yida (驿答), a courier company's self-service assistant."""
    set_up(settings().log_level)


def _up_to_date() -> Database:
    migrate(settings().database_address)
    return database()


def _model() -> Path:
    from bot.nlu.training import latest_model

    model = latest_model()
    if model is None:
        raise click.ClickException("there is no trained model yet: run `python -m bot train` first")
    return model


def _postgres_only(command: str) -> None:
    if database().is_sqlite:
        raise click.ClickException(
            f"`{command}` needs PostgreSQL (YIDA_DATABASE_URL); "
            "on SQLite one process does it all: `python -m bot serve`"
        )


def _worker(data: Database) -> Any:
    from bot.desk import assigning, routing
    from bot.duework import plan_if_new
    from bot.notices.handlers import HANDLERS, RECURRING
    from bot.worker import Worker

    with data.write() as session:
        for kind in (*RECURRING, routing.ROUTE):
            plan_if_new(session, kind, kind, now())
        session.commit()
    return Worker(data, settings(), _model(), {**HANDLERS, **assigning.HANDLERS, **routing.HANDLERS})


@cli.command()
@click.option("--demo", is_flag=True, help="Load the demo data first and print what to try.")
def serve(demo: bool) -> None:
    """Everything in one process: pages, channels, desk and turns.

    Example: python -m bot serve
    """
    from bot.conversations.turns import forget_leases

    listening = _port(settings().host, settings().port)  # first: a second `serve` must not disturb the one that runs
    data = _up_to_date()
    runner = _worker(data)
    if data.is_sqlite:  # on SQLite this is the only process: whatever held a lease is dead
        with data.write() as session:
            forget_leases(session)
            session.commit()
    things_to_try = _load_demo(data) if demo else ""
    _serve_web(data, listening, runner, things_to_try)


@cli.command()
def web() -> None:
    """The web side alone (pages, channels, desk); `worker` processes answer. PostgreSQL only.

    Example: python -m bot web
    """
    _postgres_only("web")
    _serve_web(_up_to_date(), _port(settings().host, settings().port), None)


@cli.command()
def worker() -> None:
    """Answers what the web side stored; start as many as you like. PostgreSQL only.

    Example: python -m bot worker
    """
    _postgres_only("worker")
    runner = _worker(_up_to_date())
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: runner.stop())
    with _listening():
        thread = runner.start()
        while thread.is_alive():
            thread.join(timeout=1.0)
    sys.exit(1 if runner.failed else 0)


def _load_demo(data: Database) -> str:
    from bot.demo import load, welcome

    return welcome(load(data))


def _say_addresses(things_to_try: str) -> None:
    address = settings().public_url.rstrip("/") or f"http://{settings().host}:{settings().port}"
    click.echo(f"\n  Customer page   {address}/\n  Agents' desk    {address}/desk\n{things_to_try}")


def _port(host: str, port: int) -> socket.socket:
    """A bound socket, so that a taken port is one clear line and not found out after the model has loaded."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        problem = f"cannot serve on {host}:{port} ({error.strerror}); YIDA_PORT chooses another"
        raise click.ClickException(problem) from error
    return listening


def _serve_web(data: Database, listening: socket.socket, runner: Any, things_to_try: str = "") -> None:
    import uvicorn

    from bot.app import create_app

    app = create_app(data, settings(), lambda: runner is None or runner.ready)
    config = uvicorn.Config(
        app,
        log_config=None,
        ws="wsproto",  # uvicorn's own choice fails on the websockets version Rasa pins
        access_log=False,  # request lines carry conversation and file ids
        timeout_graceful_shutdown=3,
    )
    server = uvicorn.Server(config)
    with _listening(), _thinking(runner, server, on_ready=lambda: _say_addresses(things_to_try)):
        server.run(sockets=[listening])
    sys.exit(1 if runner is not None and runner.failed else 0)


@contextlib.contextmanager
def _thinking(runner: Any, server: Any, on_ready: Callable[[], None]) -> Iterator[None]:
    """The worker in its thread; the server ends with it, for a service that cannot answer should be restarted."""

    def watch() -> None:
        while not (server.started and (runner is None or runner.ready)):
            if server.should_exit or (thread is not None and not thread.is_alive()):
                break
            threading.Event().wait(0.05)
        else:
            on_ready()
        if thread is not None:
            thread.join()
            server.should_exit = True

    thread = runner.start() if runner is not None else None
    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        if runner is not None and thread is not None:
            runner.stop()
            thread.join(timeout=10)


@contextlib.contextmanager
def _listening() -> Iterator[None]:
    """Wake-ups from other processes, where there can be any."""
    if database().is_sqlite:
        yield
        return
    from bot.conversations.wakeups import listen_to_postgres

    stopped = threading.Event()
    listen_to_postgres(settings().database_address, stopped)
    try:
        yield
    finally:
        stopped.set()


@cli.command("migrate")
def migrate_command() -> None:
    """Bring the database to the newest schema.

    Example: python -m bot migrate
    """
    migrate(settings().database_address)
    click.echo("The database is up to date.")


@cli.command()
@click.option("--if-needed", is_flag=True, help="Only when there is no model for the present data.")
@click.option("--with-reviewed", is_flag=True, help="Also from lines reviewed at the desk; a worse model is refused.")
def train(if_needed: bool, with_reviewed: bool) -> None:
    """Train a model from config.yml, domain.yml and data/, and with --with-reviewed from what was reviewed at the desk.
    That model is compared with the one in service first; only if it is good enough is it put in service.

    \b
    Example: python -m bot train --if-needed
    Example: python -m bot train --with-reviewed
    """
    from bot.nlu.training import TrainingError, is_of_reviewed_lines, latest_model
    from bot.nlu.training import train as train_model

    before = latest_model()
    try:
        model = _train_with_reviewed(if_needed) if with_reviewed else train_model(if_needed=if_needed)
    except TrainingError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Model: {model.name}")
    if before and is_of_reviewed_lines(before) and not is_of_reviewed_lines(model):
        click.echo("It has learnt no reviewed lines, as the one before had: python -m bot train --with-reviewed")


def _train_with_reviewed(if_needed: bool) -> Path:
    from bot.learning.reviewing import labelled
    from bot.nlu import changes, reviewed, training, trial
    from bot.nlu.evaluation import read_lines

    with _up_to_date().read() as session:
        lines = reviewed.apart_from((line.text for line in read_lines(trial.LINES)), labelled(session))
    present, folder = training.latest_model(), settings().models_folder
    if if_needed and present is not None and present.name == reviewed.model_name(lines):
        return present
    with reviewed.trained_apart(lines) as model:
        held = trial.hold(present, model, [reviewed.plain(line, language) for line, _, language in lines])
        click.echo(changes.told(held, f"{len(lines)} reviewed lines"))
        problem = trial.refusal(held)
        if problem:
            stays = f"{present.name} stays in service" if present else "no model is in service"
            raise click.ClickException(f"the new model is refused ({problem}); {stays}")
        return training.put_in_service(model, folder)


@cli.command()
def parse() -> None:
    """Read lines on stdin, print what each is understood as, one JSON a line.

    Example: echo 我的快递到哪了 | python -m bot parse
    """
    from bot.nlu.parse import parse_lines

    for understood in parse_lines(_model(), (line.rstrip("\n") for line in sys.stdin)):
        click.echo(json.dumps(understood, ensure_ascii=False))


@cli.command()
@click.argument("files", nargs=-1, type=_EXISTING)
@click.option("--dialogues", type=_EXISTING, help="Hold the whole conversations of this file.")
@click.option("--baseline", is_flag=True, help="Train stock Rasa on the same lines and compare (minutes to an hour).")
@click.option("--report/--no-report", default=True, help="Write docs/nlu.md and its picture.")
def evaluate(files: tuple[Path, ...], dialogues: Path | None, baseline: bool, report: bool) -> None:
    """Measure understanding on lines (TSV: text, intent, entities as JSON), or hold the conversations of a file.

    \b
    Example: python -m bot evaluate bot/nlu/lines.tsv --no-report
    Example: python -m bot evaluate --dialogues conversations.yml
    """
    if bool(files) == bool(dialogues):
        raise click.UsageError("give either FILES of lines or --dialogues FILE")
    if dialogues:
        _hold(dialogues)
    else:
        _measure(files, baseline, report)


def _measure(files: tuple[Path, ...], baseline: bool, report: bool) -> None:
    from bot.nlu import report as reporting
    from bot.nlu.evaluation import BadLine, evaluate
    from bot.nlu.evaluation import read_lines as read_file
    from bot.nlu.parse import parse_lines
    from bot.nlu.training import training_seconds

    model = _model()
    try:
        lines = {file.stem: read_file(file) for file in files}
    except BadLine as error:
        raise click.ClickException(str(error)) from error
    if not all(lines.values()):
        raise click.ClickException("there is a file without lines")
    columns = {name: evaluate(held, lambda texts: parse_lines(model, texts)) for name, held in lines.items()}
    process = [f"memory of the reading process: {_memory_mb():.0f} MB", f"training: {training_seconds(model)}"]
    if baseline:
        from bot.nlu.baseline import baseline_model

        stock = baseline_model()
        for name, held in lines.items():
            columns[f"{name}, stock"] = evaluate(held, lambda texts: parse_lines(stock, texts))
    click.echo(reporting.as_text(reporting.table(columns)))
    click.echo("\n".join(process))
    if report:
        from bot.settings import ROOT

        click.echo(f"Written: {reporting.write(columns, process, ROOT / 'docs').relative_to(ROOT)}")


def _memory_mb() -> float:
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def _hold(file: Path) -> None:
    from bot.dialogues import BadDialogues, hold, read_dialogues

    try:
        conversations = read_dialogues(file)
    except BadDialogues as error:
        raise click.ClickException(str(error)) from error
    passed = 0
    for name, failures in hold(conversations, _model()):
        passed += not failures
        click.echo(f"{'fails ' if failures else 'passes'}  {name}" + "".join(f"\n        {why}" for why in failures))
    click.echo(f"passed {passed} of {len(conversations)}")
    sys.exit(0 if passed == len(conversations) else 1)


@cli.command()
def talk() -> None:
    """Chat with the assistant in this terminal; a number picks a button, an empty line ends.

    Example: python -m bot talk
    """
    from bot.talk import chat

    chat(_up_to_date(), settings(), _model())


@cli.command()
def demo() -> None:
    """Load demo shipments and a demo agent, and print what to try. Running it again refreshes them.

    Example: python -m bot demo
    """
    click.echo(_load_demo(_up_to_date()))


@cli.group("import")
def import_group() -> None:
    """Bring in shipments and events from files. Bad rows are reported with their line, good rows are kept."""


def _import(kind: str, path: Path) -> None:
    from bot.shipments import importing

    report = getattr(importing, f"import_{kind}")(_up_to_date(), path)
    click.echo(f"{report.good} rows taken, {report.bad} refused.")
    sys.exit(1 if report.bad else 0)


_FILE = click.argument("file", type=_EXISTING)


@import_group.command("shipments")
@_FILE
def import_shipments(file: Path) -> None:
    """Shipments from a CSV file; only the column waybill is required.

    Example: python -m bot import shipments shipments.csv
    """
    _import("shipments", file)


@import_group.command("events")
@_FILE
def import_events(file: Path) -> None:
    """Couriers' scans from a CSV file: waybill, time, city, code, text.

    Example: python -m bot import events events.csv
    """
    _import("events", file)


@import_group.command("kuaidi100")
@_FILE
def import_kuaidi100(file: Path) -> None:
    """Kuaidi100 query responses, one JSON a line, with an optional "phone".

    Example: python -m bot import kuaidi100 answers.jsonl
    """
    _import("kuaidi100", file)


@cli.group()
def agent() -> None:
    """People who answer customers at the desk."""


@agent.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(["agent", "quality", "supervisor", "admin"]), default="agent")
@click.option("--skills", default="", help="Comma separated: phone, online, complaints, vip.")
@click.option("--capacity", type=click.IntRange(0, 50), help="Chats at once; without it catalog/routing.yml says.")
def agent_add(name: str, role: str, skills: str, capacity: int | None) -> None:
    """Add an agent; the password is read from stdin.

    Example: printf %s "$PASSWORD" | python -m bot agent add lin --role supervisor --skills online,complaints
    """
    from bot.desk.accounts import AccountError, add_agent

    password = sys.stdin.readline().rstrip("\n")
    try:
        with _up_to_date().write() as session:
            add_agent(session, name, password, role, skills, capacity)
            session.commit()
    except AccountError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{name} can log in at the desk as {role}.")


@cli.command()
@click.argument("name", required=False)
@click.option("--channel", default="rest", help="A social channel, where a listener brings what people post there.")
@click.option("--rotate", is_flag=True, help="Rewrite what is stored with the newest YIDA_SECRET_KEY.")
def key(name: str | None, channel: str, rotate: bool) -> None:
    """Print a new bearer key for the REST channel, or rewrite the store after a change of the secret key.

    \b
    Example: python -m bot key shop-backend
    Example: python -m bot key weibo-listener --channel weibo
    Example: YIDA_OLD_SECRET_KEYS=$OLD YIDA_SECRET_KEY=$NEW python -m bot key --rotate
    """
    if rotate == (name is not None):
        raise click.UsageError("give either a NAME for a new channel key, or --rotate")
    data = _up_to_date()
    if rotate:
        from bot.rotation import rewrite

        click.echo(f"{rewrite(data)} rows now carry the newest key.")
        return
    from bot.channels.rest import REST, BadKeyName, make_key
    from bot.conversations.public import social_channels

    known = (REST, *social_channels())
    if channel not in known:
        raise click.BadParameter(f"a channel is one of {', '.join(known)}", param_hint="--channel")
    assert name is not None
    try:
        with data.write() as session:
            made = make_key(session, name, channel)
            session.commit()
    except BadKeyName as error:
        raise click.ClickException(str(error)) from error
    click.echo(made)


@cli.command()
@click.option("--phone", is_flag=True, required=True, help="It is read from stdin, where no history keeps it.")
@click.option("--export", "copy", type=click.Path(dir_okay=False, path_type=Path), help="Keep a copy first.")
def erase(phone: bool, copy: Path | None) -> None:
    """Erase what is held on a person: chats, files, dialogue, case texts, couriers' words. What the law keeps, open
    cases and parcels under way go by themselves once they may.

    \b
    Example: printf %s "$PHONE" | python -m bot erase --phone
    """
    from bot.rights import command

    try:
        found = command.checked(_up_to_date(), sys.stdin.readline().strip())
    except command.BadPhone as error:
        raise click.ClickException(str(error)) from error
    if copy is not None:
        command.export(database(), found, copy)
    done = command.erase(database(), found)
    click.echo("Erased." if done else "Erased what may go now; the rest follows by itself, with a worker running.")


@cli.command()
@click.argument(
    "kind", type=click.Choice(["exceptions", "monthly", "answering", "shift", "statement", "investigation"])
)
@click.option("--from", "first", help="First day (2026-10-05) or month (2026-10).")
@click.option("--to", "last", help="Last day or month, included.  [default: the same]")
@click.option("--case", "number", help="Number of the case to investigate.")
@click.option("--format", "form", type=click.Choice(["html", "csv", "png"]), default="html", show_default=True)
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("."), help="Folder.")
def report(
    kind: str, first: str | None, last: str | None, number: str | None, form: str, language: str, out: Path
) -> None:
    """Write a report into a folder: daily exceptions (of yesterday), monthly statistics (of the last month), how
    customers were answered and what each agent did (today), the
    statement of one customer (whose phone is read from stdin), or the investigation of one case, which is unmasked
    and noted in the case's history.

    \b
    Example: python -m bot report monthly --from 2026-10 --format csv --out reports
    Example: printf %s "$PHONE" | python -m bot report statement --from 2026-10
    Example: python -m bot report investigation --case YD26112700001
    """
    from bot.reports.command import BadRequest, produce

    if (kind == "investigation") != (number is not None):
        raise click.UsageError("--case NUMBER goes with `investigation`, and with nothing else")
    phone = sys.stdin.readline().strip() if kind == "statement" else None
    try:
        path = produce(
            _up_to_date(), kind, first=first, last=last, number=number, phone=phone, form=form, language=language,
            folder=out,
        )  # fmt: skip
    except BadRequest as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Written: {path}")


@cli.command()
def doctor() -> None:
    """Check what this installation needs, and say what is missing.

    Example: python -m bot doctor
    """
    from bot.doctor import findings

    found = list(findings(settings()))
    for finding in found:
        click.echo(("ok    " if finding.fine else "FAULT ") + finding.text)
    sys.exit(0 if all(finding.fine for finding in found) else 1)


if __name__ == "__main__":
    main()
