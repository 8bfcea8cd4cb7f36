"""Several systems behind our own door, and one that pays whatever it is asked for (all simulated)."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from connectors.generic.sandbox import SECRET, GenericSandbox
from connectors.kit.api import WebhookRequest
from connectors.kit.sandbox import Call, Refuse, route
from connectors.kit.signing import sign_standard
from hub import configuration
from hub.boot import Hub, assemble_hub
from hub.model.merge.fragments import merge_fragments
from hub.model.schema.fragment import Fragment
from hub.model.schema.operation import Undeliverable
from hub.model.schema.returns import Discrepancy, Return
from hub.pipeline.intake.accept import accept
from hub.settings import Settings
from hub.store import console, inbox, observations
from hub.store.database import Database, next_read_seq
from tests.pipeline.queries import all_returns, document, hurry, work_off

D = Decimal
PRICE = D("10.00")


class Payer(GenericSandbox):
    """Pays whatever it is asked for, each key once, and tells of it in its answer."""

    def setup(self) -> None:
        super().setup()
        self.paid: dict[str, Decimal] = {}
        self.created: list[list[dict[str, Any]]] = []
        """Of each return that it was asked to make: its lines."""
        self.mute = False
        """It pays and tells of no refund."""
        self.books = False
        """It books goods that it is told of in one total, n0."""

    @route("POST", "/hub")
    def carry_out(self, call: Call) -> Any:
        said = call.json()
        key, data = said["id"], said["data"]
        if said["type"] == "create_return":
            lines = [{"id": str(i), **line} for i, line in enumerate(data["lines"], 1)]
            self.created.append(lines)
            made = {
                "id": key,
                "version": 10**6,
                "hub_number": data["hub_number"],
                "order": data["order"],
                "lines": lines,
            }
            return {"objects": {"return": key}, "records": [{"type": "return.upsert", "data": made}]}
        if said["type"] == "receive" and self.books:
            facts = [fact for line in data["lines"] for fact in line["facts"]]
            return {"made": [{"kind": "receipts", "id": "n0", "fact": fact} for fact in facts]}
        if said["type"] != "refund":
            raise Refuse(410, {"message": f"this shop has no {said['type']}"})
        self.paid.setdefault(key, D(data["amount"]))
        if self.mute:
            return {}
        refund = {
            **{name: data[name] for name in ("hub_number", "order", "currency")},
            **{"id": key, "version": 10**6 + len(self.paid), "reference": data["hub_number"]},
            "parts": [{"amount": data["amount"], "state": "succeeded", "payment": data["payment"]}],
        }
        duplicates = [{"kind": "refunds", "id": key, "fact": fact} for fact in data.get("facts", ())]
        return {"records": [{"type": "refund.upsert", "data": refund}], "made": duplicates}


class Scenario:
    """Accounts `web` (it holds the money), `erp` (it decides) and `till`; what each says is pushed by hand."""

    def __init__(self, hub: Hub, payer: Payer) -> None:
        self.hub, self.payer = hub, payer
        self._messages = itertools.count(1)
        self._versions = itertools.count(1)

    def accounts(self, **terms: Any) -> None:
        self.account(
            "web",
            "storefront",
            url=f"{self.payer.url}/hub",
            terms={"money": True, "asked": ["create_return", "refund"], **terms},
        )
        self.account("erp", "erp", orders_of="web", terms={"decides": True, **terms})
        self.account("till", "pos", orders_of="web", terms=terms)

    def account(self, name: str, kind: str, *, terms: dict[str, Any], **settings: Any) -> None:
        configured = {"kind": kind, "webhook_secret": SECRET, **settings}
        wanted = {"connector": "generic", "settings": configured, "terms": {"settle": 0, **terms}}
        configuration.put(self.hub, name, wanted)

    def push(self, account: str, kind: str, id: str, **record: Any) -> None:
        """A signed message of this account; then everything that is due is worked off."""
        record = {"id": id, "version": next(self._versions), **record}
        body = msgspec.json.encode({"type": kind, "data": record})
        headers = sign_standard(SECRET, f"msg-{next(self._messages)}", body, time.time())
        request = WebhookRequest("POST", f"/hooks/{account}", {"Content-Type": "application/json", **headers}, body)
        arrivals = accept(self.hub.accounts, account, request)
        with self.hub.database.begin() as conn:
            inbox.accept(conn, arrivals)
        work_off(self.hub, kinds=("process",))

    def work(self) -> None:
        """Everybody is told what there is to tell, whatever waits is due."""
        for _ in range(3):
            hurry(self.hub)
            work_off(self.hub, kinds=("process", "deliver", "fetch"))

    # -- what systems say

    def order(self, mugs: int = 2, id: str = "O1", **more: Any) -> None:
        """Mugs (line L1) and a teapot (L2) for 10.00 a piece, paid."""
        lines = [
            {"id": "L1", "sku": "MUG", "quantity": mugs, "shipped": mugs, "price": "10.00"},
            {"id": "L2", "sku": "TEAPOT", "quantity": 1, "shipped": 1, "price": "10.00"},
        ]
        total = f"{PRICE * (mugs + 1)}"
        said = {"number": "5001", "currency": "EUR", "total": total, "lines": lines}
        payments = [{"id": "PAY" if id == "O1" else f"PAY-{id}", "captured": total}]
        self.push("web", "order.upsert", id, **{**said, "payments": payments, **more})

    def asked(self, id: str = "RET-1", lines: dict[str, int] | None = None, at: str = "10:00", **more: Any) -> int:
        """A return in the shop, approved; its number here."""
        wanted = lines or {"L1": 1}
        listed = [{"id": f"{id}-{line}", "order_line": line, "quantity": n} for line, n in wanted.items()]
        order = {"id": "O1", "number": "5001"}
        decided = {"authorization": {"value": "authorized"}, "requested_at": f"2026-03-01T{at}:00Z", "currency": "EUR"}
        self.push("web", "return.upsert", id, number=id, order=order, lines=listed, **{**decided, **more})
        return max(found.id for found in all_returns(self.hub))

    def came(self, account: str, number: int, id: str = "GR-1", sku: str = "MUG", quantity: int = 1) -> None:
        lines = [{"id": "1", "sku": sku, "quantity": quantity, "condition": "good"}]
        self.push(account, "receipt.upsert", id, hub_number=f"R{number}", lines=lines)

    def owed(self, number: int, amount: str = "10.00", id: str = "CN-1", currency: str = "EUR") -> None:
        """The ERP posts its credit note."""
        said = {"state": "posted", "amount": amount, "currency": currency}
        self.push("erp", "credit.upsert", id, hub_number=f"R{number}", **said)

    # -- what came of it

    def paid(self) -> Decimal:
        """What the hub had the shop pay, in all."""
        self.work()
        return sum(self.payer.paid.values(), D(0))

    def told_of_an_exchange(self, number: int, amount: str) -> None:
        """What an ERP would say that knows what the goods are worth which it sends instead."""
        sent = [{"id": "S-1", "sku": "PLATE", "quantity": 1, "state": "due"}]
        self.push("erp", "return.upsert", "C1", hub_number=f"R{number}", replacements=sent)
        self._add(("erp", "return", "C1"), replacements=[{**sent[0], "amount": amount}])

    def told_with_the_order(self, account: str, **more: Any) -> None:
        """What a shop whose orders tell of their refunds would say (the generic door has no words for it)."""
        self._add((account, "order", "O1"), **more)

    def _add(self, name: tuple[str, str, str], **more: Any) -> None:
        with self.hub.database.begin() as conn:
            stored = observations.of_objects(conn, [name])[name]
            fragment = msgspec.convert(
                {**msgspec.to_builtins(stored.observation.fragment, str_keys=True), **more}, Fragment, strict=False
            )
            observations.save(conn, [stored._replace(observation=replace(stored.observation, fragment=fragment))])
        self.hub.reconcile.recompute([found.id for found in all_returns(self.hub)])

    def told_in_full(self, name: tuple[str, str, str], **more: Any) -> None:
        """A later reading of the record, which says this, too (the generic door has no words for it)."""
        with self.hub.database.begin() as conn:
            stored = observations.of_objects(conn, [name])[name]
            said = msgspec.convert(more, Fragment, strict=False)
            fields = {field: getattr(said, field) for field in more}
            (drawn,) = next_read_seq(conn)
            kept = {"since": {}, "refunds_once": (), "payments_once": ()}
            newer = replace(
                stored.observation, fragment=replace(stored.observation.fragment, **fields, **kept), read_seq=drawn
            )
            stands = merge_fragments(stored.observation, newer)
            observations.save(conn, [stored._replace(observation=stands)] if stands else [])
        self.hub.reconcile.recompute([found.id for found in all_returns(self.hub)])

    def doc(self, number: int) -> Return:
        return document(self.hub, number)

    def untold(self, number: int, account: str) -> list[Undeliverable]:
        """What this account cannot be told of the return."""
        with self.hub.database.begin() as conn:
            rows = console.telling(conn, number)
        return [rest for row in rows if row.account == account for rest in console.cannot(row)]

    def frozen(self, kind: str = "") -> list[tuple[int, Discrepancy]]:
        """The open questions (of this kind) of all returns."""
        live = [found.id for found in all_returns(self.hub) if not found.merged_into]
        discrepancies = [(number, discrepancy) for number in live for discrepancy in self.doc(number).discrepancies]
        return [
            (number, discrepancy)
            for number, discrepancy in discrepancies
            if discrepancy.question and kind in ("", discrepancy.kind)
        ]


@pytest.fixture
def scenario(database_url: str, tmp_path: Path) -> Iterator[Scenario]:
    """A hub and its payer; no threads, no clock. `scenario.accounts()` first."""
    database = Database(database_url)
    with Payer(secret=SECRET) as payer:
        yield Scenario(assemble_hub(Settings(data=tmp_path, database_url=database_url), database), payer)
    database.close()
