"""What a fresh Tryton needs before a shop can sell: a simulated company, its accounts, goods, locations and people.

Everything goes through JSON-RPC as a person would enter it; nothing of Tryton is imported. All data are simulated.
"""

from __future__ import annotations

import secrets
from datetime import date
from decimal import Decimal
from typing import Any

from hub.demo.tryton_rpc import TrytonRefused, TrytonRPC, day, decimal

HUB_USER = "returns-hub"
HUB_GROUPS = (
    ("sale", "group_sale"),
    ("sale", "group_sale_admin"),
    ("stock", "group_stock"),
    ("account", "group_account"),
)

GOODS = (
    ("SHIRT-S", "Linen shirt S", "79.00"),
    ("SHIRT-M", "Linen shirt M", "79.00"),
    ("SHIRT-L", "Linen shirt L", "79.00"),
    ("SHOE-42", "Trail shoe 42", "119.90"),
    ("SHOE-43", "Trail shoe 43", "119.90"),
    ("MUG-BLUE", "Mug, blue", "14.50"),
)


def seed(admin: TrytonRPC, currency: str, today: date) -> dict[str, Any]:
    """Fill an empty database and return what the helpers and the connector's settings need to know."""
    money = admin.create(
        "currency.currency",
        name=currency,
        symbol=currency,
        code=currency,
        rounding=decimal("0.01"),
        digits=2,
        rates=[["create", [{"date": day(date(2000, 1, 1)), "rate": decimal("1.0")}]]],
    )
    party = admin.create("party.party", name="Returns Hub Demo Shop (simulated)")
    company = admin.create("company.company", party=party, currency=money)
    admin.write("res.user", admin.user, companies=[["add", [company]]], company=company)
    admin.refresh_context()
    accounts = _accounts(admin, company)
    term = admin.create("account.invoice.payment_term", name="Direct", lines=[["create", [{"type": "remainder"}]]])
    customer = admin.create(
        "party.party",
        name="Jane Buyer (simulated)",
        code="CUST-1001",
        addresses=[["create", [{"street": "1 Simulated Street"}]]],
    )
    category = admin.create(
        "product.category",
        name="Goods",
        accounting=True,
        account_expense=accounts["expense"],
        account_revenue=accounts["revenue"],
    )
    facts: dict[str, Any] = {
        "company": company,
        "currency": money,
        "customer": customer,
        "address": admin.first("party.address", [["party", "=", customer]]),
        "payment_term": term,
        "category": category,
        "unit": admin.first("product.uom", [["name", "=", "Unit"]]),
        "invoice_sequence": _strict_sequence(admin, "Invoice", company),
        "locations": _locations(admin),
    }
    types = (("Sale return", "sale.sale"), ("Sale line return", "sale.line"), ("Invoice", "account.invoice"))
    for name, model in types:
        origin = admin.first("ir.model", [["name", "=", model]])
        admin.create("sale.complaint.type", name=name, origin=origin)
    fiscal_year(admin, facts, today)
    for sku, name, price in GOODS:
        product(admin, facts, sku, name, Decimal(price))
    facts["key"] = _hub_user(admin, company)
    return facts


def fiscal_year(admin: TrytonRPC, facts: dict[str, Any], today: date) -> None:
    """Open the fiscal year of `today` where it is missing: without one nothing can be posted after a new year."""
    wanted = [["start_date", "<=", day(today)], ["end_date", ">=", day(today)], ["company", "=", facts["company"]]]
    if admin.search("account.fiscalyear", wanted, 1):
        return
    invoice = facts["invoice_sequence"]
    names = ("out_invoice_sequence", "in_invoice_sequence", "out_credit_note_sequence", "in_credit_note_sequence")
    year = admin.create(
        "account.fiscalyear",
        name=str(today.year),
        company=facts["company"],
        start_date=day(date(today.year, 1, 1)),
        end_date=day(date(today.year, 12, 31)),
        move_sequence=_strict_sequence(admin, "Account Move", facts["company"]),  # each year has to have its own
        invoice_sequences=[["create", [{"company": facts["company"], **dict.fromkeys(names, invoice)}]]],
    )
    admin.call("model.account.fiscalyear.create_period", [year])


def product(admin: TrytonRPC, facts: dict[str, Any], sku: str, name: str, price: Decimal) -> int:
    """The product with this code, made and put on stock if it is new."""
    found = admin.search("product.product", [["code", "=", sku]], 1)
    if found:
        return found[0]
    template = admin.create(
        "product.template",
        name=name,
        default_uom=facts["unit"],
        sale_uom=facts["unit"],
        type="goods",
        salable=True,
        list_price=decimal(price),
        account_category=facts["category"],
        products=[["create", [{"suffix_code": sku}]]],
    )
    made = admin.first("product.product", [["template", "=", template]])
    inventory = admin.create(
        "stock.inventory",
        company=facts["company"],
        location=facts["locations"]["storage"],
        lines=[["create", [{"product": made, "quantity": 1000.0}]]],
    )
    admin.press("stock.inventory", inventory, "confirm")
    return made


def _accounts(admin: TrytonRPC, company: int) -> dict[str, int]:
    template = admin.call("model.ir.model.data.get_id", "account.account_template_root_en")
    wizard, *_ = admin.call("wizard.account.create_chart.create")
    execute = "wizard.account.create_chart.execute"
    values: dict[str, Any] = {"account": {"company": company, "account_template": template}}
    admin.call(execute, wizard, values, "create_account")
    accounts = {
        kind: admin.first(
            "account.account", [[f"type.{kind}", "=", True], ["company", "=", company], ["closed", "!=", True]]
        )
        for kind in ("receivable", "payable", "revenue", "expense")
    }
    values = {
        "properties": {
            "company": company,
            "account_receivable": accounts["receivable"],
            "account_payable": accounts["payable"],
            "category_account_revenue": accounts["revenue"],
            "category_account_expense": accounts["expense"],
        }
    }
    admin.call(execute, wizard, values, "create_properties")
    admin.call("wizard.account.create_chart.delete", wizard)
    return accounts


def _strict_sequence(admin: TrytonRPC, name: str, company: int) -> int:
    kind = admin.first("ir.sequence.type", [["name", "=", name]])
    return admin.create("ir.sequence.strict", name=name, company=company, sequence_type=kind)


def _locations(admin: TrytonRPC) -> dict[str, int]:
    """The standard warehouse, a place for damaged goods (waste) and one for goods that wait for a decision."""
    warehouse = admin.first("stock.location", [["code", "=", "WH"]])
    storage = admin.first("stock.location", [["code", "=", "STO"]])
    damaged = admin.create("stock.location", name="Damaged goods", code="DAM", type="lost_found")
    quarantine = admin.create("stock.location", name="Quarantine", code="QUA", type="storage", parent=storage)
    admin.write("stock.location", warehouse, waste_locations=[["add", [damaged]]])
    return {"warehouse": warehouse, "storage": storage, "damaged": damaged, "quarantine": quarantine}


def _hub_user(admin: TrytonRPC, company: int) -> str:
    """A user of its own for the hub, with a sales clerk's, a store keeper's and an accountant's rights, and its key."""
    groups = [admin.call("model.ir.model.data.get_id", f"{module}.{name}") for module, name in HUB_GROUPS]
    user = admin.create(
        "res.user",
        name="Returns Hub",
        login=HUB_USER,
        password=secrets.token_urlsafe(24),
        companies=[["add", [company]]],
        company=company,
        groups=[["add", groups]],
    )
    application = admin.create("res.user.application", user=user, application="rest")
    state = admin.read("res.user.application", application, "key", "state")
    if state["state"] != "validated":
        raise TrytonRefused("res.user.application", "state", state["state"])
    return str(state["key"])
