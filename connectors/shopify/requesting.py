"""`create_return`: the hub's return in Shopify, approved already or as a request; what is wanted instead goes with it.

Shopify keeps no reference of ours on a return. The reason's note of each line is the only place for the hub's mark; by
it the return is found again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from connectors.kit.api import Changed, Operation, OperationLine, Reply
from connectors.kit.errors import NotFound, Rejected
from connectors.kit.graphql import Graph
from connectors.kit.marks import Mark
from connectors.kit.names import spellings
from connectors.shopify.admin import nodes

ENDED = frozenset(("DECLINED", "CANCELED"))
OTHER = "other-reason"
"""The reason, by its handle, of a line without one, or with one that the library does not have (any more)."""
NOTE = 255
"""Characters that a reason's note may have (the customer's: 300)."""


def create_return(graph: Graph, operation: Operation) -> Reply:
    """Create it, unless it stands there."""
    order_id = order_of(graph, operation)
    if standing := mine(graph, order_id, operation.reference):
        return created(standing, order_id)
    words = {line.get("order_line"): line for line in operation.payload.get("lines") or ()}
    approved = bool(operation.payload.get("authorized"))
    note = "returnReasonNote" if approved else "customerNote"
    open_ = list(returnable(graph, order_id))
    known = reasons(graph, [said.get("reason") or OTHER for said in words.values()])
    lines: list[dict[str, Any]] = []
    wanted: list[dict[str, Any]] = []
    for line in operation.lines:
        said = words.get(line.order_line, {})
        reason = known.get(said.get("reason") or OTHER, known[OTHER])
        why = {"returnReasonDefinitionId": reason, note: noted(operation, said.get("note"))}
        lines += [{**part, **why} for part in pieces(line, open_)]
        if said.get("wanted_sku"):
            wanted.append({"variantId": variant(graph, said["wanted_sku"]), "quantity": int(line.quantity)})
    asked: dict[str, Any] = {"orderId": order_id, "returnLineItems": lines}
    if not approved:
        if wanted:
            raise Rejected("Shopify takes what is wanted instead only with an approved return: authorize it first")
        made = graph.ask("Request", input=asked)["returnRequest"]["return"]
    else:
        made = graph.ask("Create", input={**asked, **({"exchangeLineItems": wanted} if wanted else {})})
        made = made["returnCreate"]["return"]
    return created(made, order_id)


def reasons(graph: Graph, handles: Iterable[str]) -> dict[str, str]:
    """The ids of these reasons, and of OTHER, in Shopify's library. Raises Rejected where it lacks even that one."""
    wanted = sorted({*handles, OTHER})
    listed = nodes(graph.ask("Reasons", handles=wanted), "returnReasonDefinitions")
    known = {str(item["handle"]): str(item["id"]) for item in listed}
    if OTHER not in known:
        raise Rejected(
            f"Shopify's library of return reasons has no {OTHER!r} any more; the dictionary needs its new word"
        )
    return known


def found(graph: Graph, operation: Operation) -> Reply | None:
    """The return that carries the hub's number."""
    order_id = order_of(graph, operation)
    standing = mine(graph, order_id, operation.reference)
    return created(standing, order_id) if standing else None


def created(record: Any, order_id: str) -> Reply:
    back = (Changed("return", record["id"]), Changed("order", order_id))
    return Reply(objects={"return": record["id"]}, read_back=back, detail=f"{record['name']} stands in Shopify")


def noted(operation: Operation, comment: str | None) -> str:
    """Our mark, and what the customer said as far as it fits."""
    mark = str(Mark(operation.reference, operation.id))
    return f"{mark}; {comment}"[:NOTE] if comment else mark


def mine(graph: Graph, order_id: str, reference: str) -> Any:
    """This order's return that carries the hub's number, if one stands."""
    for page in graph.pages("ReturnsOf", "order.returns", id=order_id):
        for record in page:
            notes = [
                line.get(n) for line in nodes(record, "returnLineItems") for n in ("returnReasonNote", "customerNote")
            ]
            marks = (Mark.read(note) for note in notes)
            if record["status"] not in ENDED and any(mark and mark.reference == reference for mark in marks):
                return record
    return None


def returnable(graph: Graph, order_id: str) -> Iterator[dict[str, Any]]:
    """What was sent and can still come back: Shopify counts what other returns have asked for."""
    for page in graph.pages("Returnable", "returnableFulfillments", id=order_id):
        for fulfillment in page:
            yield from (dict(part) for part in nodes(fulfillment, "returnableFulfillmentLineItems"))


def pieces(line: OperationLine, open_: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The line's pieces on the fulfillments that carried them; `open_` is used up."""
    left = int(line.quantity)
    for part in open_:
        sent = part["fulfillmentLineItem"]
        fits = sent["lineItem"]["id"] == line.order_line or (
            line.order_line is None and sent["lineItem"]["sku"] == line.sku
        )
        taken = min(left, part["quantity"]) if fits else 0
        if taken > 0:
            part["quantity"] -= taken
            left -= taken
            yield {"fulfillmentLineItemId": sent["id"], "quantity": taken}
    if left:
        raise Rejected(
            f"{line.quantity} of {line.sku or line.order_line} are asked back, and {line.quantity - Decimal(left)} can "
            "still come back: the rest was not sent, or is on another return already"
        )


def variant(graph: Graph, sku: str) -> str:
    """The article to be sent instead. The search finds words, so the SKU is compared."""
    listed = nodes(graph.ask("VariantBySku", search=f"sku:{quoted(sku)}"), "productVariants")
    found_ids = [str(item["id"]) for item in listed if item["sku"] == sku]
    if len(found_ids) != 1:
        raise Rejected(f"Shopify has {len(found_ids) or 'no'} article(s) with the SKU {sku}; which one is to be sent?")
    return found_ids[0]


def order_of(graph: Graph, operation: Operation) -> str:
    """The order's id: known, or found by the name people use (#1001). The search finds words, so names are compared."""
    if known := operation.objects.get("order"):
        return known
    name = operation.order_number or ""
    listed = nodes(graph.ask("OrderByName", search=f"name:{quoted(name)}"), "orders") if name else []
    found_ids = [str(item["id"]) for item in listed if item["name"] in spellings(name)]
    if len(found_ids) != 1:
        raise NotFound(f"Shopify has {len(found_ids) or 'no'} order(s) {name}", code="NOT_FOUND")
    return found_ids[0]


def quoted(word: str) -> str:
    """A word for Shopify's search, in which a quotation mark cannot end it."""
    return "'" + word.replace("\\", "\\\\").replace("'", "\\'") + "'"
