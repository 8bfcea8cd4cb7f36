"""How the command line speaks: tables for people, JSON for programs, letters instead of tracebacks."""

from __future__ import annotations

import functools
import getpass
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import click
import msgspec
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from connectors.kit.errors import ConnectorError
from hub.actions.people import NotNow
from hub.boot import Hub, hub
from hub.model.language.spelling import return_number
from hub.plain import in_json, plain
from hub.postgres import PostgresError
from hub.settings import Settings, SettingsError
from hub.store.database import DatabaseError
from mappings.engine import InvalidJson, MappingError, Untranslatable

Command = TypeVar("Command", bound=click.Command)

LETTERS = (
    *(ConnectorError, DatabaseError, NotNow, PostgresError, SettingsError),
    *(InvalidJson, MappingError, Untranslatable),
    *(LookupError, ValueError),
)
"""Errors whose text is written for the person who typed the command."""

as_json = click.option("--json", "json_", is_flag=True, help="One JSON document instead of a table.")

ROW = click.IntRange(1, 2**63 - 2)
"""The number of something that the database keeps."""

LONGEST_WORD = 20
"""Columns of the terminal that a word may want for itself: a longer one (a digest, an address) is broken."""
GAP = 2

console = Console()


@contextmanager
def working() -> Iterator[Hub]:
    """A hub for the length of one command."""
    with hub(Settings.load(), lambda text: say(text, err=True)) as ready:
        yield ready


def act(name: str, data: Mapping[str, Any]) -> str | None:
    """What a person does by a command, on a hub for its length; what the action says itself."""
    with working() as ready:
        return ready.perform(name, data, getpass.getuser())


def show(rows: Sequence[Any], columns: Sequence[str], json_: bool, *, empty: str) -> None:
    """Rows (mappings or named) as a table, or as JSON with the same names."""
    cells = [{column: _get(row, column) for column in columns} for row in rows]
    if json_:
        dump(cells)
        return
    if not cells:
        say(empty)
        return
    texts = {column.replace("_", " "): [plain(_cell(row[column])) for row in cells] for column in columns}
    widths = _widths(texts, console.width)
    if widths is None:
        _records(texts)
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading, width in zip(texts, widths, strict=True):
        table.add_column(heading, overflow="fold", width=width)
    for row in zip(*texts.values(), strict=True):
        table.add_row(*map(Text, row))
    console.print(table)


def _widths(texts: Mapping[str, Sequence[str]], width: int) -> list[int] | None:
    """How wide each column is, so that no word is broken that a person reads; None where that does not fit."""
    columns = [(heading, *column) for heading, column in texts.items()]
    words = [max((cell_len(word) for text in column for word in text.split()), default=1) for column in columns]
    widths = [min(longest, LONGEST_WORD) for longest in words]
    wanted = [max(map(cell_len, column)) - has for column, has in zip(columns, widths, strict=True)]
    spare = width - sum(widths) - GAP * (len(widths) - 1)
    if spare < 0:
        return None
    # The column that wants least is served first; what it leaves is shared by the others.
    for left, at in zip(range(len(widths), 0, -1), sorted(range(len(widths)), key=wanted.__getitem__), strict=True):
        given = max(0, min(wanted[at], spare // left))
        widths[at] += given
        spare -= given
    return widths


def _records(texts: Mapping[str, Sequence[str]]) -> None:
    """Each row by itself, a line for each of its columns: for what is too wide to stand side by side."""
    for number, row in enumerate(zip(*texts.values(), strict=True)):
        table = Table.grid(padding=(0, GAP, 0, 0))
        table.add_column(style="bold", no_wrap=True)
        table.add_column(overflow="fold")
        for heading, text in zip(texts, row, strict=True):
            table.add_row(heading, Text(text))
        if number:
            console.print()
        console.print(table)


def say(text: object, *, err: bool = False, nl: bool = True) -> None:
    """A line for a person. Much of it was written by others, so nothing in it reaches the terminal as a command."""
    click.echo(plain(str(text)), err=err, nl=nl)


def line(*parts: str | tuple[str, str]) -> None:
    """A line with styled parts: (text, style)."""
    styled = [part if isinstance(part, tuple) else (part, "") for part in parts]
    console.print(Text.assemble(*((plain(text), style) for text, style in styled)))


def dump(value: Any) -> None:
    """JSON for a program to read."""
    click.echo(in_json(msgspec.json.format(msgspec.json.encode(value, enc_hook=str)).decode()))


def _get(row: Any, column: str) -> Any:
    return row[column] if isinstance(row, dict) else getattr(row, column)


def _cell(value: Any) -> str:
    if value is None or value is False or value in ("", [], (), {}):
        return "-"
    if value is True:
        return "yes"
    if hasattr(value, "strftime"):
        return str(value.strftime("%Y-%m-%d %H:%M:%S"))
    if isinstance(value, dict):
        return ", ".join(f"{key} {word}" for key, word in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return str(value)


def letters(command: Command) -> Command:
    """An error that was foreseen ends the command with its text; everything else is a bug and shows its traceback."""
    if isinstance(command, click.Group):
        for name in command.commands:
            letters(command.commands[name])
    elif command.callback is not None:
        command.callback = _lettered(command.callback)
    return command


def _lettered(callback: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(callback)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return callback(*args, **kwargs)
        except LETTERS as problem:
            text = problem.args[0] if isinstance(problem, KeyError) and problem.args else problem
            raise click.ClickException(plain(str(text))) from problem

    return wrapped


def number(text: str) -> int:
    """A return's number as people write it: R1001, r-1001 or 1001. Raises ValueError."""
    found = return_number(text) or return_number(f"R{text}")
    if found is None:
        raise ValueError(f"{text!r} is no return; write its number, such as R1001 (hub returns list shows them)")
    return int(found[1:])
