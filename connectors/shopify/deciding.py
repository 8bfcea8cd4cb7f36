"""Where the case stands: authorize, reject, cancel, close, reopen, amend.

Each looks at the state first. What stands already is done; what Shopify's state machine never allows is refused here
with a sentence; what is allowed is asked for, and an INVALID_STATE then means that somebody was faster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.kit.api import Changed, Operation, Reply
from connectors.kit.errors import NotFound, Rejected, Unsupported
from connectors.kit.graphql import Graph
from connectors.shopify import reading
from connectors.shopify.admin import Record, nodes


@dataclass(frozen=True, slots=True)
class Step:
    """A move: from these states, by this document; in `done` it has been made."""

    document: str
    of: tuple[str, ...]
    done: tuple[str, ...]
    variables: Callable[[Operation, str], Mapping[str, Any]]
    never: str


def _id(operation: Operation, return_id: str) -> Mapping[str, Any]:
    return {"id": return_id}


STEPS: Mapping[str, Step] = {
    "authorize": Step(
        "Approve",
        ("REQUESTED",),
        ("OPEN", "CLOSED"),
        lambda operation, return_id: {"input": {"id": return_id, "notifyCustomer": operation.notify}},
        "Shopify approves only what is requested; a declined or cancelled return needs a new one",
    ),
    "reject": Step(
        "Decline",
        ("REQUESTED",),
        ("DECLINED",),
        lambda operation, return_id: {
            "input": {
                "id": return_id,
                "declineReason": operation.payload.get("reason") or "OTHER",
                "declineNote": f"Returns Hub {operation.number}",
                "notifyCustomer": operation.notify,
            }
        },
        "Shopify declines only what is requested; an approved return can be cancelled instead",
    ),
    "cancel": Step("Cancel", ("REQUESTED", "OPEN"), ("CANCELED",), _id, "a closed or declined return is not cancelled"),
    "close": Step("Close", ("OPEN",), ("CLOSED",), _id, "Shopify closes only open returns"),
    "reopen": Step("Reopen", ("CLOSED",), ("OPEN",), _id, "Shopify reopens only closed returns"),
}


def decide(graph: Graph, operation: Operation) -> Reply:
    """Make the move, unless it has been made."""
    step, record = STEPS[operation.kind], current(graph, operation)
    if record["status"] in step.done:
        return reply(record["id"], f"{record['name']} is {record['status']} already")
    if record["status"] not in step.of:
        raise Rejected(f"{record['name']} is {record['status']}: {step.never}", code="INVALID_STATE")
    graph.ask(step.document, **step.variables(operation, record["id"]))
    return reply(record["id"], f"{step.document.lower()} {record['name']}")


def decided(graph: Graph, operation: Operation) -> Reply | None:
    """Whether the move has been made."""
    record = current(graph, operation)
    made = record["status"] in STEPS[operation.kind].done
    return reply(record["id"], f"{record['name']} is {record['status']}") if made else None


def amend(graph: Graph, operation: Operation) -> Reply:
    """Take pieces off an open return. Shopify closes one of which nothing is left."""
    record = current(graph, operation)
    off: list[dict[str, Any]] = [
        {"returnLineItemId": line, "quantity": int(count)} for line, count in surplus(operation, record)
    ]
    if not off:
        return reply(record["id"], "nothing is to be taken off")
    if record["status"] != "OPEN":
        raise Rejected(
            f"{record['name']} is {record['status']}: Shopify changes only open returns", code="INVALID_STATE"
        )
    graph.ask("Remove", returnId=record["id"], lines=off)
    return reply(record["id"], f"took {sum(part['quantity'] for part in off)} piece(s) off {record['name']}")


def amended(graph: Graph, operation: Operation) -> Reply | None:
    record = current(graph, operation)
    return None if list(surplus(operation, record)) else reply(record["id"], "nothing is to be taken off")


def surplus(operation: Operation, record: Record) -> Iterator[tuple[str, Decimal]]:
    """Per return line the pieces that should not be on it any more. More pieces than stand there cannot be added."""
    stands = {line["id"]: Decimal(line["quantity"]) for line in nodes(record, "returnLineItems")}
    for line in operation.lines:
        wanted = line.totals.get("quantity", line.quantity) - line.totals.get("cancelled", Decimal(0))
        there = stands.get(line.line or "", Decimal(0))
        if wanted > there:
            raise Unsupported(
                f"{record['name']} has {there} of {line.sku or line.line}, and {wanted} are true: Shopify adds no "
                "pieces to a return; the shop makes a second one"
            )
        if wanted < there and line.line:
            yield line.line, there - wanted


def current(graph: Graph, operation: Operation) -> Any:
    """The return as it stands now, whole. Raises NotFound."""
    return_id = operation.objects["return"]
    record = reading.record(graph, return_id)
    if record is None:
        raise NotFound(f"Shopify has no return {return_id}", code="NOT_FOUND")
    return reading.complete(graph, record)


def reply(return_id: str, detail: str, **more: Any) -> Reply:
    return Reply(objects={"return": return_id}, read_back=(Changed("return", return_id),), detail=detail, **more)
