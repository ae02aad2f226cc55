"""The processes of a running installation: all in one, the web side, the worker."""

from __future__ import annotations

import contextlib
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import click

from bot.commands.shared import load_demo, model_in_service, up_to_date
from bot.db import Database, database, now
from bot.settings import settings


def _postgres_only(command: str) -> None:
    if database().is_sqlite:
        raise click.ClickException(
            f"`{command}` needs PostgreSQL (YIDA_DATABASE_URL); "
            "on SQLite one process does it all: `python -m bot serve`"
        )


def _worker(data: Database) -> Any:
    from bot.desk import assigning, routing
    from bot.duework import plan_if_new
    from bot.external import erasing
    from bot.notices.handlers import HANDLERS, RECURRING
    from bot.worker import Worker

    with data.write() as session:
        for kind in (*RECURRING, routing.ROUTE, erasing.ERASURES):
            plan_if_new(session, kind, kind, now())
        session.commit()
    handlers = {**HANDLERS, **assigning.HANDLERS, **routing.HANDLERS, **erasing.HANDLERS}
    return Worker(data, settings(), model_in_service(), handlers)


@click.command()
@click.option("--demo", is_flag=True, help="Load the demo data first and print what to try.")
def serve(demo: bool) -> None:
    """Everything in one process: pages, channels, desk and turns.

    Example: python -m bot serve
    """
    from bot.conversations.turns import forget_leases

    listening = _port(settings().host, settings().port)  # first: a second `serve` must not disturb the one that runs
    data = up_to_date()
    runner = _worker(data)
    if data.is_sqlite:  # on SQLite this is the only process: whatever held a lease is dead
        with data.write() as session:
            forget_leases(session)
            session.commit()
    things_to_try = load_demo(data) if demo else ""
    _serve_web(data, listening, runner, things_to_try)


@click.command()
def web() -> None:
    """The web side alone (pages, channels, desk); `worker` processes answer. PostgreSQL only.

    Example: python -m bot web
    """
    _postgres_only("web")
    _serve_web(up_to_date(), _port(settings().host, settings().port), None)


@click.command()
def worker() -> None:
    """Answers what the web side stored; start as many as you like. PostgreSQL only.

    Example: python -m bot worker
    """
    _postgres_only("worker")
    _count_aloud(settings().worker_metrics_port)
    runner = _worker(up_to_date())
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: runner.stop())
    with _listening():
        thread = runner.start()
        while thread.is_alive():
            thread.join(timeout=1.0)
    sys.exit(1 if runner.failed else 0)


def _count_aloud(port: int) -> None:
    """What was delivered, and how it went, is counted where it is done: the web side's /metrics knows nothing of it."""
    if not port:
        return
    from prometheus_client import start_http_server

    try:
        start_http_server(port, addr="127.0.0.1")
    except OSError as error:
        problem = f"cannot give metrics on port {port} ({error.strerror}); YIDA_WORKER_METRICS_PORT chooses another"
        raise click.ClickException(problem) from error


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
