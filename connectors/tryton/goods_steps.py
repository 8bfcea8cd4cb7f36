"""Goods and their document: receive what came, put it where it belongs, post the credit note.

Totals are asked for, so each function takes the difference from a fresh read. A part of a shipment is received by
lowering its moves first: Tryton opens a new shipment for the rest by itself (sale/sale.py: process).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from connectors.kit.api import Changed, Made, OperationLine, Reply
from connectors.kit.errors import Rejected
from connectors.tryton import case_steps
from connectors.tryton.goods import incoming, inventory, place, source
from connectors.tryton.lookup import INVOICE, SHIPMENT, Row
from connectors.tryton.situation import Next, Situation, Step, facts, finished
from connectors.tryton.wire import ident, pieces, target

Zero = Decimal(0)


def receive(now: Situation) -> Next:
    """Bring the received and damaged totals of each line to what is asked: lower, receive, sort out, put away."""
    for shipment in _ours(now):
        if shipment["state"] == "received":
            return _put_away(now, shipment)
    missing = _missing(now)
    if not any(missing.values()):
        return finished(now, "received", _made(now))
    waiting = [s for s in now.shipments if s["state"] == "draft" and _brings(now, s, missing)]
    if not waiting:
        if any(sale["state"] in ("draft", "quotation") for sale in now.returns) or not now.shipments:
            ready = case_steps.authorize(now)
            if isinstance(ready, Step):
                return ready
        raise Rejected(
            f"no open return shipment in Tryton expects these goods of {now.operation.number}: more came than was "
            "agreed, or the shipment was cancelled; a clerk has to enter a return sale for them",
            code="not_expected",
        )
    shipment = waiting[0]
    changes = _lowered(now, shipment, dict(missing))
    if changes or not shipment["reference"]:
        values: Row = {"reference": shipment["reference"] or _mark(now)}
        undo: Row = {"reference": shipment["reference"]}
        if changes:
            before = {move["id"]: _count(move) for move in incoming(shipment)}
            values["incoming_moves"] = [["write", [move], {"quantity": float(count)}] for move, count in changes]
            undo["incoming_moves"] = [["write", [move], {"quantity": float(before[move])}] for move, _ in changes]
        says = f"expect on shipment {shipment['number']} what came"
        return Step(SHIPMENT, says, values=values, record=shipment["id"], undo=undo)
    says = f"receive shipment {shipment['number']}"
    return Step(SHIPMENT, says, record=shipment["id"], button="receive", settles=True)


def dispose(now: Situation) -> Next:
    """Put goods that were received to the place of their disposition; what is put away already is not moved again."""
    for shipment in now.shipments:
        if shipment["state"] == "received":
            return _put_away(now, shipment, by="disposition")
    lying: dict[tuple[str, str], Decimal] = {}
    for shipment in now.shipments:
        for _, move, count in _put(now, shipment):
            word = place(move, now.settings).get("disposition", "unknown")
            key = (_line_of(now, move, shipment), word)
            lying[key] = lying.get(key, Zero) + count
    for line in now.operation.lines:
        for word, wanted in line.totals.items():
            if lying.get((_key(line), word), Zero) < wanted:
                raise Rejected(
                    f"the goods are put away elsewhere in Tryton: move {wanted} x {line.sku or line.order_line} "
                    f"to the place for {word!r} by an internal shipment there",
                    code="put_away",
                )
    return finished(now, "put away", _made(now, "dispositions"))


def credit(now: Situation) -> Next:
    """Post the draft credit notes of the return sale, up to the amount asked for; each amount is Tryton's own."""
    ids = sorted({i for sale in now.returns for i in sale["invoices"]})
    fields = ["state", "number", "total_amount", "currency.code"]
    notes = now.rest.search(INVOICE, [["id", "in", ids], ["lines.quantity", "<", 0]], fields) if ids else []
    drafts = [n for n in notes if n["state"] in ("draft", "validated")]
    posted = [n for n in notes if n["state"] in ("posted", "paid")]
    done_by_us = str(now.operation.progress.get("credit_notes") or "").split(",")
    mine = [n for n in posted if str(n["id"]) in done_by_us]
    wanted = now.operation.amount
    left = None if wanted is None else wanted - sum((-Decimal(n["total_amount"]) for n in mine), Zero)
    if (left is not None and left <= 0) or (not drafts and _covered(now, posted)):
        standing = mine or posted
        made = tuple(Made("credits", str(n["id"]), fact) for n in standing for fact in facts(now))
        done = finished(now, "credit note posted", made)
        notifications = (*done.read_back, *(Changed("credit_note", str(n["id"])) for n in standing))
        return Reply(objects=done.objects, made=made, read_back=notifications, detail=done.detail)
    if not drafts:
        more = f"beyond the {len(posted)} that are posted" if posted else "yet"
        raise Rejected(
            f"Tryton has no credit note for {now.operation.number} {more}: it writes one when the goods are received "
            "(invoice method fulfillment), or as the return sale says. For money that went back for something else an "
            "accountant writes one by hand",
            code="no_credit_note",
        )
    draft = drafts[0]
    amount = -Decimal(draft["total_amount"])
    if left is not None and amount > left:
        raise Rejected(
            f"the draft credit note in Tryton is over {amount} {draft['currency']['code']}, asked for is {left}: "
            "an accountant has to change it (a fee?) and post it",
            code="amount_differs",
        )
    return Step(INVOICE, f"post credit note over {amount}", record=draft["id"], button="post")


def _covered(now: Situation, posted: Sequence[Row]) -> bool:
    """Whether what is posted by now holds what is asked for, beside what was posted when it was asked."""
    if not posted or now.operation.amount is None:
        return bool(posted)
    before = Decimal(str(now.operation.payload.get("credited") or 0))
    return sum((-Decimal(n["total_amount"]) for n in posted), Zero) >= before + now.operation.amount


def _mark(now: Situation) -> str:
    return f"{now.operation.reference}/{now.operation.id}"


def _ours(now: Situation) -> list[Row]:
    """The shipments that the hub itself received for this return: by progress, else by our mark in their reference."""
    touched = str(now.operation.progress.get("shipments") or "").split(",")
    marks = (f"{now.operation.reference}/", f"{now.operation.number}/")
    return [s for s in now.shipments if str(s["id"]) in touched or str(s["reference"] or "").startswith(marks)]


def _key(line: OperationLine) -> str:
    """A line's name in sums: the sold line's id where known, else the SKU."""
    return line.order_line or f"sku:{line.sku}"


def _line_of(now: Situation, move: Row, shipment: Row) -> str:
    """The operation's line that this move is about, by that name; "" for none."""
    came = move
    if target(move["origin"], "sale.line") is None:
        entered = incoming(shipment)
        came = next((m for m in entered if m["id"] == source(move, entered)), move)
    line = now.order_line(came)
    for entry in now.operation.lines:
        if entry.order_line and line is not None:
            if entry.order_line == str(line):
                return _key(entry)
        elif entry.sku == move["product"]["code"]:
            return _key(entry)
    return ""


def _arrived(now: Situation) -> dict[str, Decimal]:
    """By line: how much came in."""
    sums: dict[str, Decimal] = {}
    for shipment in now.shipments:
        if shipment["state"] in ("received", "done"):
            for move in incoming(shipment):
                key = _line_of(now, move, shipment)
                sums[key] = sums.get(key, Zero) + _count(move)
    return sums


def _put(now: Situation, shipment: Row) -> Iterable[tuple[str, Row, Decimal]]:
    """Line, move and quantity of everything that was put away, or is about to be."""
    if shipment["state"] not in ("received", "done"):
        return
    for move in inventory(shipment) or incoming(shipment):
        yield _line_of(now, move, shipment), move, _count(move)


def _count(move: Row) -> Decimal:
    return Decimal(str(pieces(move["quantity"], move["unit"]["digits"])))


def _missing(now: Situation) -> dict[str, Decimal]:
    """By line: how much has still to be received here."""
    arrived = _arrived(now)
    return {
        _key(line): max(Zero, line.totals.get("received", line.quantity) - arrived.get(_key(line), Zero))
        for line in now.operation.lines
    }


def _brings(now: Situation, shipment: Row, missing: dict[str, Decimal]) -> bool:
    return any(missing.get(_line_of(now, move, shipment)) for move in incoming(shipment))


def _lowered(now: Situation, shipment: Row, missing: dict[str, Decimal]) -> list[tuple[int, Decimal]]:
    """The incoming moves whose quantity has to change, so that exactly what came is received."""
    moves = incoming(shipment)
    changes = []
    for move in moves:
        key = _line_of(now, move, shipment)
        others = sum((_count(m) for m in moves if m["id"] > move["id"] and _line_of(now, m, shipment) == key), Zero)
        came = missing.get(key, Zero)
        taken = came if came <= _count(move) or not others else _count(move)
        missing[key] = came - taken
        if taken != _count(move):
            changes.append((move["id"], taken))
    return changes


def _put_away(now: Situation, shipment: Row, by: str = "condition") -> Next:
    """Send each piece to its place by changing where the inventory moves lead, then carry them out."""
    writes: list[Any] = []
    for line in now.operation.lines:
        key = _key(line)
        moves = [m for m in inventory(shipment) if _line_of(now, m, shipment) == key]
        for word, wanted in _apart(line, by).items():
            there = sum((c for k, m, c in _everywhere(now) if k == key and _word(now, m, by) == word), Zero)
            writes += _reroute(now, moves, word, wanted - there, by)
    if writes:
        says = f"sort out what came with shipment {shipment['number']}"
        return Step(SHIPMENT, says, values={"inventory_moves": writes}, record=shipment["id"])
    return Step(SHIPMENT, f"put away shipment {shipment['number']}", record=shipment["id"], button="do")


def _apart(line: OperationLine, by: str) -> dict[str, Decimal]:
    """Totals that need a place of their own; good pieces go where Tryton puts them."""
    if by == "condition":
        return {word: total for word, total in line.totals.items() if word not in ("received", "good") and total}
    return {word: total for word, total in line.totals.items() if word != "restock" and total}


def _everywhere(now: Situation) -> Iterable[tuple[str, Row, Decimal]]:
    for shipment in now.shipments:
        yield from _put(now, shipment)


def _word(now: Situation, move: Row, by: str) -> str:
    return str(place(move, now.settings).get(by, "unknown"))


def _reroute(now: Situation, moves: list[Row], word: str, count: Decimal, by: str) -> list[Any]:
    """Commands that lead `count` more pieces to the place for `word`, splitting a move where only a part goes there."""
    writes: list[Any] = []
    for move in moves:
        if count <= 0:
            break
        if _word(now, move, by) == word:
            continue
        there = _location(now, word, by)
        taken = min(count, _count(move))
        count -= taken
        if taken == _count(move):
            writes.append(["write", [move["id"]], {"to_location": there}])
            continue
        writes.append(["write", [move["id"]], {"quantity": float(_count(move) - taken)}])
        split = {
            "product": ident(move["product"]),
            "unit": ident(move["unit"]),
            "quantity": float(taken),
            "from_location": ident(move["from_location"]),
            "to_location": there,
            "origin": move["origin"],
            "company": now.company,
        }
        writes.append(["create", [split]])
    return writes


def _location(now: Situation, word: str, by: str) -> int:
    """The place for goods of this condition or disposition, by the account's table."""
    table = now.settings.get("locations") or {}
    codes = [code for code, meaning in table.items() if meaning.get(by) == word]
    found = now.rest.search("stock.location", [["code", "in", codes]], ["code"]) if codes else []
    if not found:
        raise Rejected(
            f"the account names no location for {by} {word!r} (setting `locations`), or Tryton has none with its code: "
            "add one, or put the goods away there by hand",
            code="no_location",
        )
    return int(min(found, key=lambda row: codes.index(row["code"]))["id"])


def _made(now: Situation, kind: str = "receipts") -> tuple[Made, ...]:
    """The moves that show each line's facts: of the shipments this operation touched; a clerk's are other facts."""
    touched = str(now.operation.progress.get("shipments") or "").split(",")
    mine = [s for s in now.shipments if str(s["id"]) in touched or s["reference"] == _mark(now)]
    return tuple(
        Made(kind, str(move["id"]), fact)
        for line in now.operation.lines
        for shipment in mine
        for key, move, _ in _put(now, shipment)
        if key == _key(line)
        for fact in line.facts
    )
