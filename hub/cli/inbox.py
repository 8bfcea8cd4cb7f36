"""hub inbox: what came in and was not understood."""

from __future__ import annotations

import click

from hub.cli.out import ROW, as_json, dump, say, show, working
from hub.store import console as pages


@click.group()
def inbox() -> None:
    """Messages that we do not understand: fix the mapping, then replay."""


@inbox.command("list")
@click.option("--account", default="")
@as_json
def list_(account: str, json_: bool) -> None:
    """Invalid messages, newest first."""
    with working() as hub, hub.database.begin() as conn:
        rows = pages.invalid(conn, account).rows
    listed = [
        {
            "id": row.id,
            "account": row.account,
            "stream": row.stream,
            "record": row.external_id,
            "at": row.at,
            "times": row.times,
            "why": "; ".join(f"{error.get('field') or 'record'}: {error['why']}" for error in row.error or ()),
        }
        for row in rows
    ]
    show(
        listed,
        ("id", "account", "stream", "record", "at", "times", "why"),
        json_,
        empty="Every message was understood.",
    )


@inbox.command("show")
@click.argument("message", type=ROW)
def show_(message: int) -> None:
    """One invalid message: its errors and its body."""
    with working() as hub, hub.database.begin() as conn:
        found = next((row for row in pages.invalid(conn, before=message + 1, limit=1).rows if row.id == message), None)
    if found is None:
        raise LookupError(f"message {message} is not waiting; `hub inbox list` shows those that are")
    dump({"account": found.account, "stream": found.stream, "record": found.external_id, "errors": found.error})
    say((found.body or b"").decode("utf-8", "backslashreplace"))


@inbox.command()
@click.argument("messages", type=ROW, nargs=-1)
@click.option("--all", "all_", is_flag=True, help="All that are waiting.")
def replay(messages: tuple[int, ...], all_: bool) -> None:
    """Take messages up again with the mapping of today."""
    with working() as hub:
        wanted = list(messages)
        if all_:
            with hub.database.begin() as conn:
                wanted = [row.id for row in pages.invalid(conn, limit=100_000).rows]
        if not wanted:
            raise ValueError("name the messages, or --all; `hub inbox list` shows them")
        say(f"{hub.reconcile.replay(wanted)} messages are in the queue again")


COMMANDS = (inbox,)
