"""hub review: what only a person can decide."""

from __future__ import annotations

import click

from hub.cli.out import ROW, act, as_json, say, show, working
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
    say(f"both are {act('link', {'a': one, 'b': two})} now")


@review.command()
@click.argument("return_")
@click.argument("objects", nargs=-1, required=True)
def split(return_: str, objects: tuple[str, ...]) -> None:
    """OBJECTS (account/stream/id) of a return are another one."""
    say(f"they are {act('split', {'return': return_, 'objects': list(objects)})} now")


@review.command()
@click.argument("return_")
def confirm(return_: str) -> None:
    """What is bound to a return without proof does belong to it."""
    act("confirm", {"return": return_})
    say("confirmed; it is not judged again")


@review.command()
@click.argument("entry", type=ROW)
def undo(entry: int) -> None:
    """Take back the link that ENTRY of the journal records (hub story shows the entries)."""
    say(f"{act('undo', {'act': entry})} is a return of its own again")


@review.command()
@click.argument("return_")
@click.argument("question")
@click.argument("choice")
def answer(return_: str, question: str, choice: str) -> None:
    """Answer what freezes a return: `hub returns show` lists each QUESTION and its CHOICEs."""
    act("answer", {"return": return_, "question": question, "choice": choice})
    say("answered; what waited for it goes on")


@review.command("take-back")
@click.argument("return_")
@click.argument("given", metavar="ACT")
def take_back(return_: str, given: str) -> None:
    """Take an answer back (`hub returns show` lists the ACTs): it is asked again."""
    act("take_back", {"return": return_, "act": given})
    say("taken back; it is asked again")


@review.command()
@click.argument("id_", metavar="ID", type=ROW)
def again(id_: int) -> None:
    """Try again: a write that did not happen (what is known by its key there is not done twice), or what the hub itself
    could not do."""
    act("again", {"id": id_})
    say("it is tried again")


@review.command()
@click.argument("id_", metavar="ID", type=ROW)
@click.option("--note", default="", help="why, for whoever reads the story")
def done(id_: int, note: str) -> None:
    """A write's question: it happened, was done by hand, or is not wanted any more."""
    act("dealt", {"id": id_, "note": note})
    say("noted; it is not told again")


COMMANDS = (review,)
