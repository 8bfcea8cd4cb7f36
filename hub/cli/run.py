"""hub serve, worker, clock, demo, db: the hub's processes."""

from __future__ import annotations

import click

from hub.cli.out import say, working
from hub.settings import Settings
from hub.store.database import upgrade


@click.command()
@click.option(
    "--workers", type=click.IntRange(1, 1000), default=None, help="Threads that work off jobs (default: HUB_WORKERS)."
)
def serve(workers: int | None) -> None:
    """Everything in one process: console, webhooks, workers and clock."""
    from hub.cli.process import serve_all

    serve_all(Settings.load(), workers)


@click.command()
@click.option("--workers", type=click.IntRange(1, 1000), default=None)
def worker(workers: int | None) -> None:
    """Only workers; as many of these processes as you like beside `serve`."""
    from hub.cli.process import work

    work(Settings.load(), workers)


@click.command()
def clock() -> None:
    """Only the clock: polls, sweeps, tidying. Running several is harmless."""
    from hub.cli.process import tick

    tick(Settings.load())


@click.command()
@click.option("--once", is_flag=True, help="One complete return through all systems, told as a story; then the end.")
@click.option(
    "--scene",
    type=click.Choice(["shop", "omnichannel"]),
    default="shop",
    show_default=True,
    help="shop: a web shop and an ERP; omnichannel: a shop, a counter, two carriers and an ERP.",
)
def demo(once: bool, scene: str) -> None:
    """Systems and customers who return things, on this machine only."""
    from hub.demo import run

    raise SystemExit(run(Settings.load(), scene=scene, once=once))


@click.group()
def db() -> None:
    """The database."""


@db.command("upgrade")
def upgrade_() -> None:
    """Bring the tables to this version of the hub (every start does so)."""
    with working() as hub:
        upgrade(hub.database.url)
    say("the database is up to date")


COMMANDS = (serve, worker, clock, demo, db)
