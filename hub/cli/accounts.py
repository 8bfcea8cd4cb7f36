"""hub accounts: the configured logins. Secrets go in, and never come out again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import yaml

from connectors.kit import registry
from hub import configuration
from hub.cli.out import as_json, dump, show, working
from hub.store import accounts as store
from hub.store import health as pages


@click.group()
def accounts() -> None:
    """Systems we are connected to."""


@accounts.command("list")
@as_json
def list_(json_: bool) -> None:
    """Every account and how it is."""
    with working() as hub, hub.database.begin() as conn:
        rows = pages.overview(conn).accounts
    columns = ("name", "connector", "state", "why", "last_success", "waiting", "lag")
    show(rows, columns, json_, empty="No accounts yet; `hub accounts add NAME CONNECTOR` connects a system.")


@accounts.command()
@click.argument("name")
@click.argument("connector")
@click.option("--set", "given", multiple=True, metavar="KEY=VALUE", help="A setting; what is missing is asked for.")
@click.option("--mapping", default=None, help="A dictionary of its own (default: the connector's).")
def add(name: str, connector: str, given: tuple[str, ...], mapping: str | None) -> None:
    """Connect a system: asks for its settings, hides secrets, and checks the connection."""
    entry = registry.load(connector)
    settings: dict[str, Any] = dict(_pair(text) for text in given)
    for key, spec in entry.manifest.settings.items():
        if key in settings or not (spec.required or spec.secret):
            continue
        text = str(spec.help) or str(spec.label) or key
        settings[key] = click.prompt(text, hide_input=spec.secret, default=spec.default, show_default=not spec.secret)
    with working() as hub:
        wanted = {"connector": connector, "settings": settings}
        configuration.put(hub, name, {**wanted, **({"mapping": mapping} if mapping else {})})
        _say_health(name, configuration.check(hub, name))
        if name in hub.install.offered():
            page = f"http://{hub.settings.listen}/oauth/{name}/"
            click.echo(f"  access can be granted on its own page: open {page} while `hub serve` runs")


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"--set {text!r}: write KEY=VALUE")
    return key, value


@accounts.command()
@click.argument("name")
@as_json
def check(name: str, json_: bool) -> None:
    """Credentials, rights, clock, and what the system can do here."""
    with working() as hub:
        health = configuration.check(hub, name)
    if json_:
        dump({"ok": health.ok, "problems": list(health.problems), "facts": dict(health.facts)})
    else:
        _say_health(name, health)
    if not health.ok:
        raise SystemExit(1)


def _say_health(name: str, health: configuration.Health) -> None:
    click.echo(f"{name}: {'ready' if health.ok else 'not ready'}")
    for problem in health.problems:
        click.echo(f"  - {problem}")
    for fact, value in health.facts.items():
        click.echo(f"  {fact}: {value}")


@accounts.command()
@click.argument("name")
@click.option("--why", default="paused by a person", show_default=True)
def pause(name: str, why: str) -> None:
    """Stop talking to an account; its work waits, webhooks are still taken."""
    with working() as hub, hub.database.begin() as conn:
        store.pause(conn, name, why)
    click.echo(f"{name} is paused; `hub accounts resume {name}` goes on")


@accounts.command()
@click.argument("name")
def resume(name: str) -> None:
    """Go on where a pause, or missing credentials, stopped."""
    with working() as hub, hub.database.begin() as conn:
        store.resume(conn, name)
    click.echo(f"{name} goes on")


@accounts.command("apply")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def apply_(file: Path) -> None:
    """Accounts as code: make the hub's accounts what FILE says; a second time changes nothing."""
    document = configuration.read(file)
    with working() as hub:
        for line in configuration.apply(hub, document):
            click.echo(line)


@accounts.command()
def export() -> None:
    """All accounts as a file for `apply`; secrets are left out, which keeps the stored ones."""
    with working() as hub:
        document = configuration.export(hub)
    click.echo(yaml.safe_dump(document, sort_keys=True, allow_unicode=True), nl=False)


COMMANDS = (accounts,)
