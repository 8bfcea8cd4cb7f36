"""hub sync, hub reconcile, hub backfill: what other systems still have to be told, and asking them again."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from hub.cli.out import act, as_json, say, show, working
from hub.pipeline.intake.poll import backfill as read_from
from hub.plain import plain
from hub.store import console as pages


@click.group()
def sync() -> None:
    """Who still has to be told what."""


@sync.command("list")
@click.option("--state", default="", help="pending, awaiting, blocked, untold or in_sync; default: the first three.")
@click.option("--account", default="")
@as_json
def list_(state: str, account: str, json_: bool) -> None:
    """Sync rows, last changed first."""
    with working() as hub, hub.database.begin() as conn:
        rows = pages.sync_rows(conn, state, account, limit=200).rows
    listed = [
        {
            "return": f"R{row.return_id}",
            "account": row.account,
            "state": row.shown,
            "to_tell": [operation["kind"] for operation in row.planned],
            "cannot": [f"{undeliverable.fact}: {undeliverable.why}" for undeliverable in pages.cannot(row)],
            "why": row.why,
            "changed": row.at,
        }
        for row in rows
    ]
    columns = ("return", "account", "state", "to_tell", "cannot", "why", "changed")
    show(listed, columns, json_, empty="Every system knows what it should know.")


@sync.command()
@click.argument("return_")
@click.argument("account")
def retry(return_: str, account: str) -> None:
    """Tell an account again, also what it refused."""
    act("retry_sync", {"return": return_, "account": account})
    say(f"{return_} will be told to {account} again")


@click.command()
@click.argument("account")
def reconcile(account: str) -> None:
    """Read back all that ACCOUNT told of open returns, and compare."""
    count = act("reconcile", {"account": account})
    say(f"{count} records of {account} will be read again; `hub sync list` shows what differs")


@click.command()
@click.argument("account")
@click.argument("stream")
@click.option("--since", type=click.DateTime(), required=True, help="UTC; records changed at or after this.")
def backfill(account: str, stream: str, since: datetime) -> None:
    """Read STREAM of ACCOUNT from a moment in the past; goes on where it stopped."""
    with (
        working() as hub,
        Progress(SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn()) as progress,
    ):
        task = progress.add_task(f"{account} {stream}")
        for count, cursor in read_from(hub.database, hub.accounts, account, stream, since.replace(tzinfo=UTC)):
            progress.update(task, description=plain(f"{account} {stream}: {count} records, up to {cursor}"))
    say("everything is in the inbox; the workers translate it")


COMMANDS = (sync, reconcile, backfill)
