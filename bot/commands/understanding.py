"""The model: training it, reading with it, measuring it, talking to it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from bot.commands.shared import EXISTING, model_in_service, up_to_date
from bot.settings import settings


@click.command()
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
    from bot.learning.models import ASSIGNED
    from bot.learning.reviewing import counts, labelled
    from bot.nlu import changes, reviewed, training, trial
    from bot.nlu.evaluation import read_lines

    with up_to_date().read() as session:
        ours, assigned = labelled(session), counts(session).get(ASSIGNED, 0)
    lines = reviewed.apart_from((line.text for line in read_lines(trial.LINES)), ours)
    _tell_left_out(assigned - len(ours), "assigned what is no intent of ours any more")
    _tell_left_out(len(ours) - len(lines), "the same as a line models are measured on")
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


def _tell_left_out(count: int, why: str) -> None:
    if count:
        click.echo(f"Reviewed lines left out: {count}, {why}")


@click.command()
def parse() -> None:
    """Read lines on stdin, print what each is understood as, one JSON a line.

    Example: echo 我的快递到哪了 | python -m bot parse
    """
    from bot.nlu.parse import parse_lines

    for understood in parse_lines(model_in_service(), (line.rstrip("\n") for line in sys.stdin)):
        click.echo(json.dumps(understood, ensure_ascii=False))


@click.command()
@click.argument("files", nargs=-1, type=EXISTING)
@click.option("--dialogues", type=EXISTING, help="Hold the whole conversations of this file.")
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

    model = model_in_service()
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
    for name, failures in hold(conversations, model_in_service()):
        passed += not failures
        click.echo(f"{'fails ' if failures else 'passes'}  {name}" + "".join(f"\n        {why}" for why in failures))
    click.echo(f"passed {passed} of {len(conversations)}")
    sys.exit(0 if passed == len(conversations) else 1)


@click.command()
def talk() -> None:
    """Chat with the assistant in this terminal; a number picks a button, an empty line ends.

    Example: python -m bot talk
    """
    from bot.talk import chat

    chat(up_to_date(), settings(), model_in_service())
