"""hub review: what only a person can decide."""

from __future__ import annotations

import getpass

import click

from hub.cli.out import ROW, as_json, number, say, show, working
from hub.cli.returns import ways
from hub.model.merge.questions import waiting
from hub.store import console, reviews


@click.group()
def review() -> None:
    """Questions for a person, and their answers."""


@review.command("list")
@as_json
def list_(json_: bool) -> None:
    """The open questions, oldest first; those without an id are answered with `hub review answer`."""
    with working() as hub, hub.database.begin() as conn:
        rows = [{**row, "answers": []} for row in reviews.open_reviews(conn)]
        asking = console.asking(conn, limit=None).rows
    for row in rows:
        row["returns"] = [f"R{return_id}" for return_id in row["returns"]]
    for one in asking:
        rows += (
            {
                "id": None,
                "kind": asked.kind,
                "returns": [f"R{one.id}"],
                "text": asked.text,
                "at": one.at,
                "answers": [{"means": means, "command": command} for means, command in ways(one.id, asked)],
            }
            for asked in waiting(one.doc)
        )
    columns = ("id", "kind", "returns", "text", "at")
    show(rows, (*columns, "answers") if json_ else columns, json_, empty="Nothing waits for a decision.")
    if not json_:
        for row in rows:
            for answer in row["answers"]:
                say(f"{row['returns'][0]} {answer['means']}: {answer['command']}")


@review.command()
@click.argument("one")
@click.argument("two")
def link(one: str, two: str) -> None:
    """Two returns are one; the older number survives."""
    with working() as hub:
        survivor = hub.people.link(number(one), number(two), getpass.getuser())
    say(f"both are R{survivor} now")


@review.command()
@click.argument("return_")
@click.argument("objects", nargs=-1, required=True)
def split(return_: str, objects: tuple[str, ...]) -> None:
    """OBJECTS (account/stream/id) of a return are another one."""
    names = [_name(text) for text in objects]
    with working() as hub:
        new = hub.people.split(number(return_), names, getpass.getuser())
    say(f"they are R{new} now")


def _name(text: str) -> tuple[str, str, str]:
    parts = text.split("/", 2)
    if len(parts) != 3:
        raise ValueError(f"{text!r} is no object; write account/stream/id, such as web/return/return_01M8")
    return parts[0], parts[1], parts[2]


@review.command()
@click.argument("return_")
def confirm(return_: str) -> None:
    """What is bound to a return without proof does belong to it."""
    with working() as hub:
        hub.people.confirm(number(return_), getpass.getuser())
    say("confirmed; it is not judged again")


@review.command()
@click.argument("entry", type=ROW)
def undo(entry: int) -> None:
    """Take back the link that ENTRY of the journal records (hub story shows the entries)."""
    with working() as hub:
        other = hub.people.undo(entry, getpass.getuser())
    say(f"R{other} is a return of its own again")


@review.command()
@click.argument("return_")
@click.argument("question")
@click.argument("choice")
def answer(return_: str, question: str, choice: str) -> None:
    """Answer what freezes a return: `hub returns show` lists each QUESTION and its CHOICEs."""
    with working() as hub:
        hub.answering.answer(number(return_), question, choice, getpass.getuser())
    say("answered; what waited for it goes on")


@review.command("take-back")
@click.argument("return_")
@click.argument("act")
def take_back(return_: str, act: str) -> None:
    """Take an answer back (`hub returns show` lists the ACTs): it is asked again."""
    with working() as hub:
        hub.answering.take_back(number(return_), act, getpass.getuser())
    say("taken back; it is asked again")


@review.command()
@click.argument("id_", metavar="ID", type=ROW)
def again(id_: int) -> None:
    """Try again: a write that did not happen (what is known by its key there is not done twice), or what the hub itself
    could not do."""
    with working() as hub:
        hub.people.again(id_, getpass.getuser())
    say("it is tried again")


@review.command()
@click.argument("id_", metavar="ID", type=ROW)
@click.option("--note", default="", help="why, for whoever reads the story")
def done(id_: int, note: str) -> None:
    """A write's question: it happened, was done by hand, or is not wanted any more."""
    with working() as hub:
        hub.people.dealt(id_, getpass.getuser(), note)
    say("noted; it is not told again")


COMMANDS = (review,)
