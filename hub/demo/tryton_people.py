"""The people who work with the demo's Tryton: a shop that sells, a clerk, a store keeper, an accountant.

They press the buttons a person presses in Tryton's own client. The demo and the peer tests play them; never the hub.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.demo.tryton_rpc import TrytonRPC, decimal
from hub.demo.tryton_seed import product

RETURN = "stock.shipment.out.return"


@dataclass(frozen=True, slots=True)
class Goods:
    """One line of an order: `price` for one piece, tax included."""

    sku: str
    quantity: Decimal
    price: Decimal
    name: str = ""


@dataclass(frozen=True, slots=True)
class Sold:
    """A sale as it stands after shipping and invoicing. `lines`: sale line id by SKU."""

    sale: int
    number: str
    lines: Mapping[str, int]
    shipment: int | None
    invoice: int | None


class People:
    """Everybody who works in this Tryton, on one login."""

    def __init__(self, rpc: TrytonRPC, facts: Mapping[str, Any]) -> None:
        self.rpc = rpc
        self.facts = dict(facts)

    def sell(self, reference: str, lines: Sequence[Goods], *, ship: bool = True) -> Sold:
        """Enter the web order `reference` and bring it through shipping and invoice; new SKUs are stocked."""
        rpc, facts = self.rpc, self.facts
        entered = [
            {
                "type": "line",
                "product": product(rpc, facts, line.sku, line.name or line.sku, line.price),
                "unit": facts["unit"],
                "quantity": float(line.quantity),
                "unit_price": decimal(line.price),
            }
            for line in lines
        ]
        sale = rpc.create(
            "sale.sale",
            party=facts["customer"],
            company=facts["company"],
            currency=facts["currency"],
            invoice_address=facts["address"],
            shipment_address=facts["address"],
            warehouse=facts["locations"]["warehouse"],
            payment_term=facts["payment_term"],
            reference=reference,
            invoice_method="fulfillment",
            shipment_method="order",
            lines=[["create", entered]],
        )
        rpc.press("sale.sale", sale, "quote")
        rpc.press("sale.sale", sale, "confirm")
        shipment = self.ship(sale) if ship else None
        invoice = self.post_invoices(sale)[-1] if ship else None
        made = rpc.read("sale.sale", sale, "number", "lines")
        skus = {rpc.read("sale.line", i, "product.code")["product."]["code"]: i for i in made["lines"]}
        return Sold(sale, made["number"], skus, shipment, invoice)

    def ship(self, sale: int) -> int:
        """Send the goods of a sale: assign, pick, pack, ship, done."""
        shipment = int(self.rpc.read("sale.sale", sale, "shipments")["shipments"][-1])
        for button in ("assign_try", "pick", "pack", "ship", "do"):
            self.rpc.press("stock.shipment.out", shipment, button)
        return shipment

    def post_invoices(self, sale: int) -> list[int]:
        """Post the draft invoices (or credit notes) of a sale."""
        found = self.rpc.search("account.invoice", [["sales", "=", sale], ["state", "in", ["draft", "validated"]]])
        for invoice in found:
            self.rpc.insist("account.invoice", invoice, "post")
        return found

    def complaint_of(self, reference: str) -> int:
        """The complaint that carries the hub's number."""
        return self.rpc.first("sale.complaint", [["reference", "=", reference]])

    def complain(self, sold: Sold, lines: Mapping[str, Decimal], reference: str = "") -> int:
        """A customer called: enter a complaint by hand, ready for a decision."""
        wanted = [{"line": sold.lines[sku], "quantity": float(quantity)} for sku, quantity in lines.items()]
        complaint = self.rpc.create(
            "sale.complaint",
            customer=self.facts["customer"],
            company=self.facts["company"],
            type=self.rpc.first("sale.complaint.type", [["origin.name", "=", "sale.sale"]]),
            origin=f"sale.sale,{sold.sale}",
            reference=reference or None,
            actions=[["create", [{"action": "sale_return", "sale_lines": [["create", wanted]]}]]],
        )
        self.rpc.insist("sale.complaint", complaint, "wait")
        return complaint

    def complain_about_invoice(self, sold: Sold) -> int:
        """A customer keeps the goods and gets money back: a complaint about the invoice, for a credit note."""
        complaint = self.rpc.create(
            "sale.complaint",
            customer=self.facts["customer"],
            company=self.facts["company"],
            type=self.rpc.first("sale.complaint.type", [["origin.name", "=", "account.invoice"]]),
            origin=f"account.invoice,{sold.invoice}",
            actions=[["create", [{"action": "credit_note"}]]],
        )
        self.rpc.insist("sale.complaint", complaint, "wait")
        return complaint

    def return_wizard(self, sale: int) -> int:
        """Use the wizard Return Sale, without a complaint. Returns the new sale, still a draft."""
        wizard, *_ = self.rpc.call("wizard.sale.return_sale.create")
        about = {"active_model": "sale.sale", "active_id": sale, "active_ids": [sale]}
        answer = self.rpc.call("wizard.sale.return_sale.execute", wizard, {}, "return_", context=about)
        self.rpc.call("wizard.sale.return_sale.delete", wizard)
        return int(answer["actions"][0][1]["res_id"][0])

    def can_decide(self, complaint: int | str) -> bool:
        """Whether a clerk may decide: whoever enters a complaint makes a draft first, which nobody can approve."""
        return str(self.rpc.read("sale.complaint", complaint, "state")["state"]) == "waiting"

    def approve(self, complaint: int | str) -> int:
        """Approve, and bring the return sale that comes out of it as far as an open shipment. Returns the sale."""
        self.rpc.press("sale.complaint", complaint, "approve")
        sale = self.return_sale(complaint)
        self.rpc.press("sale.sale", sale, "quote")
        self.rpc.press("sale.sale", sale, "confirm")
        return sale

    def return_sale(self, complaint: int | str) -> int:
        """The sale that the complaint's action brought forth."""
        (action,) = self.rpc.read("sale.complaint", complaint, "actions")["actions"]
        return int(self.rpc.read("sale.complaint.action", action, "result")["result"].split(",")[1])

    def open_shipment(self, sale: int) -> int:
        """The return shipment of this sale for which goods have not come yet."""
        shipments = self.rpc.read("sale.sale", sale, "shipment_returns")["shipment_returns"]
        return self.rpc.first(RETURN, [["id", "in", shipments], ["state", "=", "draft"]])

    def arrive(self, sale: int, good: Mapping[str, int], damaged: Mapping[str, int] | None = None) -> int:
        """Goods of a return sale come in, are looked at and put away; what is missing stays open in a new shipment."""
        rpc, damaged = self.rpc, damaged or {}
        shipment = self.open_shipment(sale)
        arrived = {sku: good.get(sku, 0) + damaged.get(sku, 0) for sku in {*good, *damaged}}
        for move in rpc.read(RETURN, shipment, "incoming_moves")["incoming_moves"]:
            sku = rpc.read("stock.move", move, "product.code")["product."]["code"]
            rpc.write("stock.move", move, quantity=float(arrived.get(sku, 0)))
        rpc.press(RETURN, shipment, "receive")
        self.put_away(shipment, damaged)
        return shipment

    def put_away(self, shipment: int, damaged: Mapping[str, int]) -> None:
        """Move what was received into storage, the damaged pieces to their own place."""
        rpc = self.rpc
        for move in rpc.read(RETURN, shipment, "inventory_moves")["inventory_moves"]:
            values = rpc.read(
                "stock.move", move, "product.code", "product", "quantity", "from_location", "unit", "origin"
            )
            broken = damaged.get(values["product."]["code"], 0)
            if not broken:
                continue
            place = self.facts["locations"]["damaged"]
            if broken == values["quantity"]:
                rpc.write("stock.move", move, to_location=place)
                continue
            rpc.write("stock.move", move, quantity=values["quantity"] - broken)
            extra = {k: values[k] for k in ("product", "unit", "from_location", "origin")}
            extra |= {"quantity": float(broken), "to_location": place, "company": self.facts["company"]}
            rpc.write(RETURN, shipment, inventory_moves=[["create", [extra]]])
        rpc.press(RETURN, shipment, "do")
