"""What an installation holds: tables, demo data, imports, reports, and what is erased."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from bot.commands.shared import EXISTING, load_demo, up_to_date
from bot.db import database, migrate
from bot.settings import settings


@click.command("migrate")
def migrate_command() -> None:
    """Bring the database to the newest schema.

    Example: python -m bot migrate
    """
    migrate(settings().database_address)
    click.echo("The database is up to date.")


@click.command()
def demo() -> None:
    """Load demo shipments and a demo agent, and print what to try. Running it again refreshes them.

    Example: python -m bot demo
    """
    click.echo(load_demo(up_to_date()))


@click.group("import")
def import_group() -> None:
    """Bring in shipments and events from files. Bad rows are reported with their line, good rows are kept."""


def _import(kind: str, path: Path) -> None:
    from bot.shipments import importing

    report = getattr(importing, f"import_{kind}")(up_to_date(), path)
    click.echo(f"{report.good} rows taken, {report.bad} refused.")
    sys.exit(1 if report.bad else 0)


_FILE = click.argument("file", type=EXISTING)


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


@click.command()
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
        found = command.checked(up_to_date(), sys.stdin.readline().strip())
    except command.BadPhone as error:
        raise click.ClickException(str(error)) from error
    if copy is not None:
        command.export(database(), found, copy)
    done = command.erase(database(), found)
    click.echo("Erased." if done else "Erased what may go now; the rest follows by itself, with a worker running.")


@click.command()
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
            up_to_date(), kind, first=first, last=last, number=number, phone=phone, form=form, language=language,
            folder=out,
        )  # fmt: skip
    except BadRequest as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Written: {path}")
