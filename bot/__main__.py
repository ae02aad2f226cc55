"""The command line: `python -m bot COMMAND`. The commands are in `bot/commands`."""

from __future__ import annotations

import sys

import click

from bot.commands import access, data, serving, understanding
from bot.logs import set_up
from bot.settings import settings


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


for command in (
    *(serving.serve, serving.web, serving.worker),
    *(understanding.train, understanding.parse, understanding.evaluate, understanding.talk),
    *(data.migrate_command, data.demo, data.import_group, data.erase, data.report),
    *(access.agent, access.key),
):
    cli.add_command(command)

if __name__ == "__main__":
    main()
