"""Who may come in: agents at the desk, servers with a key."""

from __future__ import annotations

import sys

import click

from bot.commands.shared import up_to_date


@click.group()
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
        with up_to_date().write() as session:
            add_agent(session, name, password, role, skills, capacity)
            session.commit()
    except AccountError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{name} can log in at the desk as {role}.")


@click.command()
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
    data = up_to_date()
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
