"""hub privacy: what is kept of a person, and how it goes."""

from __future__ import annotations

import getpass

import click

from hub.actions.privacy import PersonalRecord
from hub.cli.out import ROW, act, as_json, say, show, working
from hub.store import reviews


@click.group()
def privacy() -> None:
    """What is kept of a person: find it, erase it, answer what a system asks about them.

    WHO is an e-mail address, a telephone number, ACCOUNT:ID (that system's id of a customer or of an order), or the
    number of a return.
    """


@privacy.command()
@click.argument("who")
@click.option("--said", is_flag=True, help="Also what each record says of them: the answer to whoever asks.")
@as_json
def find(who: str, said: bool, json_: bool) -> None:
    """Every record about WHO, and the rest of their returns."""
    with working() as hub:
        found = hub.privacy.find(who)
        statements = hub.privacy.statements(found) if said else {}
    rows = [{**one._asdict(), "said": statements.get(one[:3], [])} for one in found]
    show(rows, (*PersonalRecord._fields, *(["said"] if said else [])), json_, empty="Nothing is kept about them.")


@privacy.command()
@click.argument("who")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(who: str, yes: bool) -> None:
    """Erase the person from every record about WHO and their returns; goods and money stay. It cannot be undone."""
    with working() as hub:
        found = hub.privacy.find(who)
        show(
            found,
            PersonalRecord._fields,
            False,
            empty="Nothing is kept about them; what comes in later will be masked.",
        )
        if any(one.why == "perhaps" for one in found):
            say("What is perhaps somebody else's stays; name it with its country, by e-mail address or ACCOUNT:ID.")
        if not yes:
            click.confirm("Erase the person from all of these for good?", abort=True)
        done = hub.privacy.erase(who, getpass.getuser())
    say(f"erased from {len(done)} records; read again, they come without the person")


@privacy.command()
@as_json
def requests(json_: bool) -> None:
    """What systems ask about people's data and nobody has done yet, the most urgent first."""
    with working() as hub, hub.database.begin() as conn:
        rows = [row for row in reviews.open_reviews(conn) if row["kind"] == "privacy"]
    columns = ("id", "account", "asks", "customer", "orders", "at", "due")
    listed = [dict.fromkeys(columns) | {"id": row["id"], "at": row["at"], **row["detail"]} for row in rows]
    listed.sort(key=lambda row: row["due"])
    show(listed, columns, json_, empty="No system asks anything about a person's data.")


@privacy.command()
@click.argument("request", type=ROW)
def done(request: int) -> None:
    """Carry out REQUEST where it asks to erase; else note that the person was answered."""
    count = act("carry_out", {"id": request})
    say(f"request {request} is done; erased from {count} records")


COMMANDS = (privacy,)
