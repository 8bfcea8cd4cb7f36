"""hub returns, hub story."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import click

from hub.cli.out import as_json, dump, line, number, say, show, working
from hub.model.language.labels import LABELS
from hub.model.schema.returns import Discrepancy, Provisional
from hub.store import console as pages


@click.group()
def returns() -> None:
    """The returns, as all systems together tell them."""


@returns.command("list")
@click.argument("text", default="")
@click.option("--status", default="", help="Only this derived status.")
@click.option("--discrepant", is_flag=True, help="Only where something does not fit.")
@click.option("--unbound", is_flag=True, help="Records that are still without a return.")
@click.option("--limit", default=50, show_default=True)
@as_json
def list_(text: str, status: str, discrepant: bool, unbound: bool, limit: int, json_: bool) -> None:
    """Search by number, order number or SKU."""
    with working() as hub, hub.database.begin() as conn:
        found = pages.search(conn, text, status, discrepant=discrepant, unbound=unbound, limit=limit).rows
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
    none = "No returns yet. `hub demo` shows some; `hub accounts add` connects a system."
    unfit = "No return fits this search; `hub returns list` shows all of them."
    show(rows, columns, json_, empty=unfit if text or status or discrepant or unbound else none)


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
        listed = pages.telling(conn, return_id)
        questions = pages.reviews_of(conn, return_id)
    if json_:
        dump({"number": f"R{return_id}", "return": pages.document(found.doc), "sync": dict(found.sync)})
        return
    if found.merged_into:
        say(f"R{return_id} is the same return as R{found.merged_into}.")
        return
    ret = found.doc
    orders = ", ".join(f"{order.number} ({order.home})" for order in ret.orders)
    line((f"R{return_id}", "bold"), f" {ret.status} · {ret.kind} · order {orders or 'unknown'}")
    axes = ret.axes
    line(
        f"authorization {axes.authorization.value} · receipt {axes.receipt} · settlement {axes.settlement}"
        f" · exchange {axes.exchange} · closure {axes.closure.value}"
    )
    lines = [
        {
            "line": piece.sku or piece.name or piece.key,
            "quantity": piece.quantity - piece.cancelled,
            "received": piece.received,
            "condition": {word: str(count) for word, count in piece.by_condition.items()},
            "reason": piece.stated.code if piece.stated else None,
            "refunded": "unknown" if piece.refunded is None else piece.refunded,
        }
        for piece in ret.lines
    ]
    show(lines, ("line", "quantity", "received", "condition", "reason", "refunded"), False, empty="No lines.")
    money = ret.money
    if money.currency:
        agreed = "unknown" if money.agreed is None else money.agreed
        line(f"money {money.currency}: agreed {agreed}, refunded {money.refunded}, due {money.due}")
    for relation, other in ret.relations:
        line(f"{LABELS['relation'][relation][1].lower()} {other}")
    for bound in ret.provisional:
        what = ", ".join("/".join(name) for name in bound.objects)
        line(f"{what} (was {bound.was}): bound by {bound.why}, {_standing(bound)}")
    for question in questions:
        line((f"question {question.id}", "red"), f" {question.text}")
    for discrepancy in ret.discrepancies:
        line(("discrepancy", "red"), f" {discrepancy.kind}: {discrepancy.text}")
        for means, command in ways(return_id, discrepancy):
            say(f"  {means}")
            say(f"    {command}")
    for given in ret.answers:
        word, _, what = given.answer.partition(":")
        says = f"{given.by} answered {given.kind}: {LABELS['choice'][word][1]} {what}".rstrip()
        say(f"{says} (hub review take-back R{return_id} {given.act})")
    for row in listed:
        still = ", ".join(operation["kind"] for operation in row.planned) or "nothing"
        line(f"{row.account}: {row.shown} · still to tell: {still}")
        for undeliverable in pages.cannot(row):
            line(f"  cannot be told: {undeliverable.fact}: {undeliverable.why}")
            if undeliverable.question:
                say(f"    hub review answer R{return_id} {undeliverable.question} by_hand")


def ways(return_id: int, asked: Discrepancy) -> Iterator[tuple[str, str]]:
    """What may be answered to a discrepancy: (what it means, the command that answers it)."""
    for choice in asked.choices:
        typed = f"{choice.text}:{choice.takes.upper()}" if choice.takes else choice.text
        means = f"{LABELS['choice'][choice.word][1]} {choice.names or choice.to}".rstrip()
        yield means, f"hub review answer R{return_id} {asked.question} {shlex.quote(typed)}"


def _standing(bound: Provisional) -> str:
    if bound.confirmed:
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
        listed = pages.story(conn, return_id)
    rows = [{"at": entry.at, "stage": entry.stage, "text": entry.text} for entry in listed]
    show(
        rows, ("at", "stage", "text"), json_, empty=f"R{return_id} has no story; `hub returns list` shows all returns."
    )


COMMANDS = (returns, story)
