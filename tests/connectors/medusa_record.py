"""Make the recordings anew from a real Medusa: `python -m tests.connectors.medusa_record FOLDER`.

FOLDER is where Medusa and its PostgreSQL are (or will be). Then `pytest --accept tests/connectors/test_recordings.py`
writes what the mapping makes of them; read the difference before you commit it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from hub.postgres import Server
from mappings.engine import read_json
from tests.peers.medusa.server import Medusa
from tests.peers.medusa.side import Hooks, Side
from tests.peers.medusa.side import side as beside

HERE = Path(__file__).parent / "medusa"
TEMPLATE = b'{"account":"web","stream":"%s","record":%s}\n'

Case = tuple[str, str, str]
"""Name of the file, stream, external id."""


def cases(side: Side) -> Iterator[Case]:
    """A day in the shop."""
    shop = side.shop
    order = shop.place_order({"SHIRT-M": 4, "SCARF": 1})
    shirt, scarf = order["items"]["SHIRT-M"], order["items"]["SCARF"]
    yield "order_shipped", "order", order["id"]
    asked = shop.request_return(order["id"], {shirt: 3, scarf: 1}, note="sleeves too short")
    yield "return_requested", "return", asked
    shop.receive(asked, {shirt: 1}, {shirt: 1})
    shop.receive(asked, {shirt: 1})
    yield "return_received_in_two_rounds", "return", asked
    shop.refund(order["payment"], 91.63, "Returns Hub R1001 / 7")
    shop.refund(order["payment"], 10, "goodwill")
    yield "payment_refunded_twice", "payment", order["payment"]
    yield "order_partly_returned", "order", order["id"]

    other = shop.place_order({"SHIRT-M": 3})
    shirt = other["items"]["SHIRT-M"]
    gone = shop.request_return(other["id"], {shirt: 1}, reason="not_as_described")
    shop.cancel_return(gone)
    yield "return_cancelled", "return", gone
    exchange = shop.exchange(other["id"], shirt, "SHIRT-L")
    yield "return_of_an_exchange", "return", exchange["return_id"]
    yield "exchange_due", "exchange", exchange["id"]
    shop.ship(other["id"], {exchange["additional_items"][0]["item_id"]: 1})
    yield "exchange_delivered", "exchange", exchange["id"]
    claim = shop.claim(other["id"], shirt, kind="replace", send_back=True)
    yield "claim_replace", "claim", claim["id"]
    yield "return_of_a_claim", "return", claim["return_id"]
    yield "claim_refund_without_return", "claim", shop.claim(other["id"], shirt)["id"]


def main(folder: Path) -> None:
    postgres = Server(folder / "postgres", tcp=True, progress=print)
    with postgres.hold():
        medusa = Medusa(folder / "medusa", postgres, name="record", progress=print)
        running = medusa.start()
        try:
            with beside(running.shop, running.url, running.facts, Hooks()) as side:
                for name, stream, external_id in cases(side):
                    body = side.connector.fetch(stream, external_id).body
                    assert read_json(body)["id"] == external_id
                    (HERE / f"{name}.json").write_bytes(TEMPLATE % (stream.encode(), body))
                    print(name)
        finally:
            medusa.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
