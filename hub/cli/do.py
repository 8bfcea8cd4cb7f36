"""hub do: everything that a person may do, as hub/actions/registry.py lists it."""

from __future__ import annotations

import click

from hub.actions.action import Action
from hub.actions.registry import ACTIONS
from hub.cli.out import act, as_json, dump, say, show


@click.command()
@click.argument("name", default="")
@click.argument("given", metavar="[FIELD=VALUE]...", nargs=-1)
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
def do(name: str, given: tuple[str, ...], yes: bool, json_: bool) -> None:
    """Do what a page's button does, by its NAME; without one, list the actions and their fields."""
    if not name:
        _list(json_)
        return
    action = ACTIONS.get(name)
    if action is None:
        raise LookupError(f"there is no action {name!r}; `hub do` lists them")
    pairs = [text.partition("=") for text in given]
    if alone := [field for field, equals, _ in pairs if not equals]:
        raise ValueError(f"{alone[0]!r} names no value; write FIELD=VALUE, such as {next(iter(action.fields))}=...")
    data = action.gather((field, value) for field, _, value in pairs)
    action.read(data)  # nobody is asked about what cannot be done
    if action.asks and not yes:
        click.confirm(action.asks[1], abort=True, err=True)
    done = action.says(act(name, data))
    if json_:
        dump({"done": done})
    else:
        say(done)


def _list(json_: bool) -> None:
    described = [action.described() for action in ACTIONS.values()]
    if json_:
        dump(described)
        return
    rows = [{**row, "fields": _fields(ACTIONS[row["name"]])} for row in described]
    show(rows, ("name", "fields", "permission", "help"), False, empty="Nothing can be done.")


def _fields(action: Action) -> str:
    """As they are typed; those in brackets may be left out."""
    typed = (
        (f"{name}={'|'.join(field.one_of) or field.kind.upper()}{'...' if field.many else ''}", field.required)
        for name, field in action.fields.items()
    )
    return " ".join(text if required else f"[{text}]" for text, required in typed)


COMMANDS = (do,)
