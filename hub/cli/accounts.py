"""hub accounts: the configured logins. Secrets go in, and never come out again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import yaml

from connectors.kit import registry
from connectors.kit.api import Health
from connectors.kit.manifest_parts import Setting
from hub import checkup, configuration
from hub.accounts import expected
from hub.cli.out import act, as_json, dump, say, show, working
from hub.plain import plain
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
        rows = pages.overview(conn, expected(hub.accounts.all())).accounts
    columns = (
        "name",
        "connector",
        "state",
        "why",
        "last_success",
        "last_heard",
        "refused",
        "waiting",
        "lag",
        "concerns",
    )
    show(rows, columns, json_, empty="No accounts yet; `hub accounts add NAME CONNECTOR` connects a system.")


@accounts.command()
@click.argument("name")
@click.argument("connector")
@click.option("--set", "given", multiple=True, metavar="KEY=VALUE", help="A setting; what is missing is asked for.")
@click.option("--mapping", default=None, help="A dictionary of its own (default: the connector's).")
def add(name: str, connector: str, given: tuple[str, ...], mapping: str | None) -> None:
    """Connect a system: asks for its settings, hides secrets, and checks the connection.

    An account that is there already gets these settings instead of its own; what it may decide and be asked stays.
    """
    specs = registry.load(connector).manifest.settings
    settings: dict[str, Any] = dict(_pair(text) for text in given)
    settings |= {key: said for key, spec in specs.items() if key not in settings and (said := _asked(spec))}
    taken = [f"{key}={spec.default}" for key, spec in specs.items() if key not in settings and spec.default is not None]
    with working() as hub:
        with hub.database.begin() as conn:
            before = store.get(conn, name)
        if before and before.connector == connector:
            mapping = mapping or before.mapping
        wanted = {"connector": connector, "settings": settings, "terms": before.terms if before else {}}
        configuration.put(hub, name, {**wanted, **({"mapping": mapping} if mapping else {})})
        if before:
            say(f"{name} was there already: its settings are replaced, its terms stay")
        if taken:
            say(f"as usual: {', '.join(taken)} (--set says otherwise)")
        health = checkup.check(hub, name)
        page = f"http://{hub.settings.listen}/oauth/{name}/" if name in hub.install.offered() else ""
    _say_health(name, health)
    if page:
        say(f"  access can be granted on its own page: open {page} while `hub serve` runs")
    if not health.ok:
        say(f"{name} is stored; `hub accounts check {name}` looks again")


def _asked(spec: Setting) -> str:
    """What a person says to a setting; nothing where it may stay empty, or has a default."""
    if spec.default is not None:
        return ""
    if str(spec.help):
        say(spec.help)
    text = f"{str(spec.label) or spec.name} ({spec.name}{'' if spec.required else ', may stay empty'})"
    one_of = click.Choice(spec.choices) if spec.choices and spec.required and not spec.many else None
    empty = None if spec.required else ""
    return str(click.prompt(plain(text), hide_input=spec.secret, default=empty, show_default=False, type=one_of))


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise ValueError("--set wants KEY=VALUE, and one of them has no '='")
    return key, value


@accounts.command()
@click.argument("name")
@as_json
def check(name: str, json_: bool) -> None:
    """Credentials, rights, clock, the address for webhooks, and what the system can do here."""
    with working() as hub:
        health = checkup.check(hub, name)
    if json_:
        dump({"ok": health.ok, "problems": list(health.problems), "facts": dict(health.facts)})
    else:
        _say_health(name, health)
    if not health.ok:
        raise SystemExit(1)


def _say_health(name: str, health: Health) -> None:
    say(f"{name}: {'ready' if health.ok else 'not ready'}")
    for problem in health.problems:
        say(f"  - {problem}")
    for fact, value in health.facts.items():
        say(f"  {fact}: {value}")


@accounts.command()
@click.argument("name")
@click.option("--why", default="paused by a person", show_default=True)
def pause(name: str, why: str) -> None:
    """Stop talking to an account; its work waits, webhooks are still taken."""
    act("pause", {"account": name, "note": why})
    say(f"{name} is paused; `hub accounts resume {name}` goes on")


@accounts.command()
@click.argument("name")
def resume(name: str) -> None:
    """Go on where a pause, or missing credentials, stopped."""
    act("resume", {"account": name})
    say(f"{name} goes on")


@accounts.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(name: str, yes: bool) -> None:
    """Forget an account: what it told of returns stays; what could not be read of it is waited for no more."""
    with working() as hub:
        if not yes:
            click.confirm(f"Forget {name}, its settings and its secrets for good?", abort=True)
        configuration.remove(hub, name)
    say(f"{name} is removed")


@accounts.command("apply")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def apply_(file: Path) -> None:
    """Accounts as code: make the hub's accounts what FILE says; a second time changes nothing."""
    document = configuration.read(file)
    with working() as hub:
        for line in configuration.apply(hub, document):
            say(line)


@accounts.command()
def export() -> None:
    """All accounts as a file for `apply`; secrets are left out, which keeps the stored ones."""
    with working() as hub:
        document = configuration.export(hub)
    text = yaml.safe_dump(document, sort_keys=True, allow_unicode=True)
    if plain(text) != text:  # as escapes, so that `apply` reads the same again
        text = yaml.safe_dump(document, sort_keys=True)
    say(text, nl=False)


COMMANDS = (accounts,)
