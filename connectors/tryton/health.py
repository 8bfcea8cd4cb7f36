"""What `check` looks at: the key, the company, the modules, the rights, the locations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.kit.api import Health
from connectors.kit.errors import Rejected
from connectors.tryton.client import Rest
from connectors.tryton.lookup import COMPLAINT, INVOICE, SALE, SHIPMENT, Row

SERIES = "8.2"
MODULES = ("sale", "sale_complaint", "stock", "account_invoice", "account_invoice_stock")
RIGHTS = {
    COMPLAINT: ("read", "write", "create"),
    SALE: ("read", "write", "create"),
    SHIPMENT: ("read", "write"),
    "stock.move": ("read", "write"),
    INVOICE: ("read", "write"),
    "ir.note": ("read", "create"),
}
BUTTONS = {COMPLAINT: ("wait", "approve", "reject", "cancel"), SHIPMENT: ("receive", "do"), INVOICE: ("post",)}


def examine(rest: Rest, settings: Mapping[str, Any]) -> Health:
    """Ask for everything the connector will need; an unusable key raises Unauthorized instead."""
    company = int(settings["company"])
    try:
        who = rest.who(company)
    except Rejected as refusal:
        return Health(ok=False, problems=(str(refusal),))
    modules = {
        m["name"]: m["version"] for m in rest.search("ir.module", [["state", "=", "activated"]], ["name", "version"])
    }
    problems = [*_of_modules(modules), *_of_rights(rest), *_of_buttons(rest, who)]
    problems += _of_locations(rest, settings)
    facts = {
        "version": modules.get("sale", "unknown"),
        "company": str(who.get("company.rec_name") or company),
    }
    return Health(ok=not problems, problems=tuple(problems), facts=facts)


def _of_modules(modules: Mapping[str, str]) -> list[str]:
    absent = [name for name in MODULES if name not in modules]
    problems = [f"module {name} is not activated: the hub needs it to see returns through" for name in absent]
    version = modules.get("sale", "")
    if version and not version.startswith(SERIES):
        problems.append(f"this is Tryton {version}; the connector was tested with {SERIES} only")
    return problems


def _of_rights(rest: Rest) -> list[str]:
    has: Mapping[str, Row] = rest.ask("ir.model.access", "get_access", {"models": list(RIGHTS)})
    return [
        f"the key's user may not {right} {model}: add the group that may"
        for model, rights in RIGHTS.items()
        for right in rights
        if not has.get(model, {}).get(right)
    ]


def _of_buttons(rest: Rest, who: Row) -> list[str]:
    """Buttons reserved to groups the user is not in (approve and reject are the sales administrators')."""
    if who.get("administrator"):
        return []
    mine = set(who.get("groups") or ())
    rows = rest.search("ir.model.button", [["model", "in", list(BUTTONS)]], ["name", "model", "groups.name"])
    return [
        f"the key's user may not press {row['name']!r} on {row['model']}: that is for "
        + ", ".join(group["name"] for group in row["groups"])
        for row in rows
        if row["name"] in BUTTONS[row["model"]] and row["groups"] and not mine & {g["id"] for g in row["groups"]}
    ]


def _of_locations(rest: Rest, settings: Mapping[str, Any]) -> list[str]:
    wanted = sorted(settings.get("locations") or {})
    found = (
        {row["code"] for row in rest.search("stock.location", [["code", "in", wanted]], ["code"])} if wanted else set()
    )
    return [
        f"setting `locations` names {code!r}; Tryton has no location with this code"
        for code in wanted
        if code not in found
    ]
