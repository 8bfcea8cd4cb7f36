"""hub returns, hub story."""

from __future__ import annotations

import shlex

import click

from hub.cli.out import as_json, console, dump, number, show, working
from hub.model.labels import LABELS
from hub.model.returns import Weak
from hub.store import console as pages


@click.group()
def returns() -> None:
    """The returns, as all systems together tell them."""


@returns.command("list")
@click.argument("text", default="")
@click.option("--status", default="", help="Only this derived status.")
@click.option("--limit", default=50, show_default=True)
@as_json
def list_(text: str, status: str, limit: int, json_: bool) -> None:
    """Search by number, order number or SKU."""
    with working() as hub, hub.database.begin() as conn:
        found = pages.search(conn, text, status, limit=limit).rows
    rows = [
        {
            "number": f"R{one.id}",
            "status": one.status,
            "kind": one.kind,
            "order": one.order_number,
            "sync": dict(one.sync),
            "discrepancies": one.discrepancies,
            "changed": one.at,
        }
        for one in found
    ]
    columns = ("number", "status", "kind", "order", "sync", "discrepancies", "changed")
    show(rows, columns, json_, empty="No returns yet. `hub demo` shows some; `hub accounts add` connects a system.")


@returns.command("show")
@click.argument("return_")
@as_json
def show_(return_: str, json_: bool) -> None:
    """One return: what is known, who said so, and who still has to be told."""
    return_id = number(return_)
    with working() as hub, hub.database.begin() as conn:
        found = pages.find(conn, [return_id]).get(return_id)
        if found is None:
            raise LookupError(f"there is no return R{return_id}; `hub returns list` shows all of them")
        told = pages.telling(conn, return_id)
        questions = pages.reviews_of(conn, return_id)
    if json_:
        dump({"number": f"R{return_id}", "return": pages.document(found.doc), "sync": dict(found.sync)})
        return
    if found.merged_into:
        click.echo(f"R{return_id} is the same return as R{found.merged_into}.")
        return
    ret = found.doc
    orders = ", ".join(f"{order.number} ({order.home})" for order in ret.orders)
    console.print(f"[bold]R{return_id}[/] {ret.status} · {ret.kind} · order {orders or 'unknown'}")
    axes = ret.axes
    console.print(
        f"authorization {axes.authorization.value} · receipt {axes.receipt} · settlement {axes.settlement}"
        f" · exchange {axes.exchange} · closure {axes.closure.value}"
    )
    lines = [
        {
            "line": line.sku or line.name or line.key,
            "quantity": line.quantity - line.cancelled,
            "received": line.received,
            "condition": {word: str(count) for word, count in line.by_condition.items()},
            "reason": line.stated.code if line.stated else None,
            "refunded": "unknown" if line.refunded is None else line.refunded,
        }
        for line in ret.lines
    ]
    show(lines, ("line", "quantity", "received", "condition", "reason", "refunded"), False, empty="No lines.")
    money = ret.money
    if money.currency:
        agreed = "unknown" if money.agreed is None else money.agreed
        console.print(f"money {money.currency}: agreed {agreed}, refunded {money.refunded}, due {money.due}")
    for relation, other in ret.relations:
        console.print(f"{LABELS['relation'][relation][1].lower()} {other}")
    for bound in ret.weak:
        what = ", ".join("/".join(name) for name in bound.objects)
        console.print(f"{what} (was {bound.was}): bound by {bound.why}, {_standing(bound)}")
    for question in questions:
        console.print(f"[red]question {question.id}[/] {question.text}")
    for discrepancy in ret.discrepancies:
        console.print(f"[red]discrepancy[/] {discrepancy.kind}: {discrepancy.text}")
        for choice in discrepancy.choices:
            typed = f"{choice.text}:{choice.takes.upper()}" if choice.takes else choice.text
            says = LABELS["choice"][choice.word][1]
            console.print(f"  {says} {choice.names or choice.to}", highlight=False, markup=False)
            command = f"    hub review answer R{return_id} {discrepancy.question} {shlex.quote(typed)}"
            console.print(command, highlight=False, markup=False, soft_wrap=True)
    for given in ret.answers:
        word, _, what = given.answer.partition(":")
        says = f"{given.by} answered {given.kind}: {LABELS['choice'][word][1]} {what}".rstrip()
        console.print(f"{says} (hub review take-back R{return_id} {given.act})", markup=False, soft_wrap=True)
    for row in told:
        still = ", ".join(operation["kind"] for operation in row.planned) or "nothing"
        cannot = "; ".join(f"{residue.fact}: {residue.why}" for residue in pages.cannot(row))
        console.print(f"{row.account}: {row.shown} · still to tell: {still}")
        if cannot:
            console.print(f"  cannot be told: {cannot}")


def _standing(bound: Weak) -> str:
    if bound.firm:
        return "confirmed by a person"
    undo = f"`hub review undo {bound.entry}` parts it"
    return f"without proof{', not counted yet' if bound.waits else ''}; {undo}"


@click.command()
@click.argument("return_")
@as_json
def story(return_: str, json_: bool) -> None:
    """Everything that happened to one return, oldest first."""
    return_id = number(return_)
    with working() as hub, hub.database.begin() as conn:
        told = pages.story(conn, return_id)
    rows = [{"at": line.at, "stage": line.stage, "text": line.text} for line in told]
    show(
        rows, ("at", "stage", "text"), json_, empty=f"R{return_id} has no story; `hub returns list` shows all returns."
    )


COMMANDS = (returns, story)
