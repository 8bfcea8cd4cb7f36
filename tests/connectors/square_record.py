"""Makes the simulated recordings of tests/connectors/square anew: what the connector reads from the sandbox.

    python -m tests.connectors.square_record

Nobody has published a whole return of Square's, so these are simulated; those from Square's own documentation name
their source and are not touched. `pytest --accept` writes what stands beside them; read it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.kit import registry
from connectors.kit.api import Connector, Login
from connectors.square.client import Mark
from connectors.square.sandbox import TOKEN, SquareSandbox
from connectors.square.sandbox_counter import Counter

HERE = Path(__file__).resolve().parent / "square"
SOURCE = "simulated: connectors/square/sandbox.py, read by the connector"
BEGAN = datetime(2026, 3, 4, 2, 14, tzinfo=UTC)
ID = re.compile(r"([A-Z]+SIM)[0-9a-f]{10}(\d{5})")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
SETTINGS = {"orders_of": "web"}


def cases(shop: Counter) -> Iterator[tuple[str, str, str]]:
    """Name of the recording, stream and id, one after the other, as the counter makes them."""
    sale = shop.sell({"SHIRT-M": 2, "MUG": 1}, reference="#12")
    yield "order_sale_online", "order", sale["id"]
    yield "order_sale_paid_elsewhere", "order", shop.sell({"MUG": 1}, reference="#14", paid="EXTERNAL")["id"]
    waiting = shop.sell({"SHIRT-M": 3}, reference="#13")
    uid = waiting["line_items"][0]["uid"]
    parcel = {
        "uid": "F1",
        "type": "SHIPMENT",
        "state": "COMPLETED",
        "entries": [{"line_item_uid": uid, "quantity": "2"}],
    }
    waiting.update(state="OPEN", fulfillments=[parcel])
    yield "order_sale_partly_shipped", "order", waiting["id"]
    back = shop.take_back(sale["id"], {"SHIRT-M": 1})
    pending = shop.payments[sale["tenders"][0]["id"]]["refund_ids"][0]
    yield "refund_pending", "refund", pending
    shop.settle(pending)
    yield "refund_completed", "refund", pending
    yield "order_return_completed", "order", back["id"]
    yield "order_sale_partly_refunded", "order", sale["id"]
    for status in ("REJECTED", "FAILED"):
        other = shop.take_back(sale["id"], {"MUG": 1}, reason="cup has a crack")
        refund = shop.payments[sale["tenders"][0]["id"]]["refund_ids"][-1]
        shop.settle(refund, status)
        yield f"refund_{status.lower()}", "refund", refund
        yield f"order_return_refund_{status.lower()}", "order", other["id"]
    for state in ("OPEN", "CANCELED", "DRAFT"):
        early = shop.take_back(sale["id"], {"SHIRT-M": 1})
        early["state"] = state
        yield f"order_return_{state.lower()}", "order", early["id"]
    unlinked = shop.take_back(None, {"MUG": 2})
    yield "order_return_without_receipt", "order", unlinked["id"]
    cash = next(key for key, refund in shop.refunds.items() if refund["order_id"] == unlinked["id"])
    yield "refund_without_receipt", "refund", cash
    even = shop.take_back(sale["id"], {"SHIRT-M": 1}, buys={"SHIRT-L": 1})
    yield "order_exchange_even", "order", even["id"]
    cheaper = shop.take_back(sale["id"], {"SHIRT-M": 1}, buys={"MUG": 1}, reason="Canceled Order")
    yield "order_exchange_for_less", "order", cheaper["id"]
    for parcel_type, parcel_state in (("PICKUP", "PREPARED"), ("SHIPMENT", "COMPLETED")):
        later = shop.take_back(sale["id"], {"SHIRT-M": 1}, buys={"SHIRT-L": 1})
        later.update(state="OPEN", fulfillments=[{"uid": "F1", "type": parcel_type, "state": parcel_state}])
        yield f"order_exchange_{parcel_type.lower()}", "order", later["id"]
    asked = {"payment_id": waiting["tenders"][0]["id"], "amount_money": {"amount": 1000, "currency": "USD"}}
    by_hub = shop.refund({**asked, "reason": str(Mark("R1001", "42"))})
    yield "refund_by_the_hub", "refund", by_hub["id"]
    yield "order_amount_of_an_api_refund", "order", by_hub["order_id"]
    yield "refund_in_the_dashboard", "refund", shop.refund({**asked, "reason": "goodwill"})["id"]
    written = {"unlinked": True, "destination_id": "EXTERNAL", "location_id": sale["location_id"]}
    noted = shop.refund({**written, "amount_money": asked["amount_money"], "reason": str(Mark("R1001", "43"))})
    yield "refund_recorded_by_the_hub", "refund", noted["id"]
    goods = {"catalog_object_id": sale["line_items"][0]["catalog_object_id"], "location_id": sale["location_id"]}
    for to_state in ("IN_STOCK", "WASTE"):
        mark = str(Mark("R1001", "44", sale["line_items"][0]["uid"]))
        moved = {**goods, "quantity": "1", "from_state": "UNLINKED_RETURN", "to_state": to_state, "reference_id": mark}
        (made,) = shop.adjust([{"adjustment": {**moved, "occurred_at": shop.now()}}])
        yield f"adjustment_{'restocked' if to_state == 'IN_STOCK' else 'scrapped'}", "adjustment", made["id"]
    tipped = shop.sell({"SHIRT-M": 2}, reference="#16", tip=1000)
    yield "order_sale_tipped", "order", tipped["id"]
    kept = shop.take_back(tipped["id"], {"SHIRT-M": 1}, tip=1000)
    (with_tip,) = shop.payments[tipped["tenders"][0]["id"]]["refund_ids"]
    shop.settle(with_tip)
    yield "order_return_with_its_tip", "order", kept["id"]
    yield "order_sale_tip_back", "order", tipped["id"]
    yield "refund_with_a_tip", "refund", with_tip
    only_tip = shop.sell({"MUG": 1}, reference="#17", tip=300)
    shop.take_back(only_tip["id"], {}, tip=300)
    yield "refund_of_a_tip", "refund", shop.payments[only_tip["tenders"][0]["id"]]["refund_ids"][0]
    keyed = shop.sell({"MUG": 1}, reference="#18")
    keyed_back = shop.take_back(keyed["id"], {"MUG": 1})
    for line in (*keyed["line_items"], *keyed_back["returns"][0]["return_line_items"]):
        del line["catalog_object_id"], line["name"]
        line.update(item_type="CUSTOM_AMOUNT")
    yield "order_return_of_a_keyed_amount", "order", keyed_back["id"]
    noted_sale = shop.sell({"SHIRT-M": 1, "MUG": 1}, reference="#15")
    swap = shop.take_back(noted_sale["id"], {"SHIRT-M": 1}, buys={"SHIRT-L": 1})
    for line in (*noted_sale["line_items"], *swap["line_items"], *swap["returns"][0]["return_line_items"]):
        line["note"] = "for Jo's birthday (simulated)"
    yield "order_sale_with_notes", "order", noted_sale["id"]
    yield "order_exchange_with_notes", "order", swap["id"]


def plain(text: str) -> str:
    """Ids and times that are the same each time this is run."""
    moments = {moment: n for n, moment in enumerate(sorted(set(TIME.findall(text))))}

    def at(found: re.Match[str]) -> str:
        moment = BEGAN + timedelta(seconds=moments[found[0]])
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    return TIME.sub(at, ID.sub(r"\1\2", text))


def read(connector: Connector, stream: str, external_id: str) -> Any:
    return json.loads(connector.fetch(stream, external_id).body)


def main() -> None:
    with SquareSandbox() as sandbox:
        settings = {"base_url": sandbox.url, "access_token": TOKEN, **SETTINGS}
        connector = registry.load("square").connect(Login("pos", settings))
        for name, stream, external_id in cases(sandbox.state):
            record = read(connector, stream, external_id)
            recording = {"source": SOURCE, "account": "pos", "stream": stream, "settings": SETTINGS, "record": record}
            text = json.dumps(recording, ensure_ascii=False, separators=(",", ":"))
            (HERE / f"{name}.json").write_text(plain(text) + "\n")
        registry.close()


if __name__ == "__main__":
    main()
