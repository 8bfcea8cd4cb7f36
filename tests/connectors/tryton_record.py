"""Make the recordings anew from a real Tryton: `python -m tests.connectors.tryton_record FOLDER`.

FOLDER is where Tryton is (or will be) installed. Records go to tests/connectors/tryton/<stream>_<case>.json, with what
the mapping makes of them beside it (.expected.json: read the difference before you commit it), tapes to wire/.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from connectors.kit.answers import Response
from connectors.kit.auth import Bearer
from connectors.kit.errors import ConnectorError
from connectors.kit.http import Http
from hub import schema
from hub.demo.tryton_people import Goods, People
from hub.demo.tryton_server import Tryton
from mappings.engine import Mapping as Dictionary
from mappings.engine import read_json
from tests.connectors import tryton_replay

HERE = Path(__file__).parent / "tryton"
DICTIONARY = Path(__file__).parents[2] / "mappings" / "tryton.yaml"


class Recorder:
    """The kit's Http, keeping every exchange."""

    def __init__(self, http: Http) -> None:
        self.http = http
        self.exchanges: list[dict[str, Any]] = []

    def request(self, method: str, path: str, **options: Any) -> Response:
        kept = {**tryton_replay.asked(method, path, options["params"], options["json"])}
        classify = options.pop("classify")

        def keep(response: Response) -> ConnectorError | None:
            body = response.peek() if response.headers.get("Content-Type", "").startswith("application/json") else ""
            text = json.loads(json.dumps(body, default=float))
            self.exchanges.append({**kept, "answer": {"status": response.status, "body": text}})
            error: ConnectorError | None = classify(response)
            return error

        return self.http.request(method, path, classify=keep, **options)


class Studio:
    """A shop in Tryton, a connector whose wire is kept, and the files that come of it."""

    def __init__(self, recorder: Recorder, people: People) -> None:
        self.recorder, self.people = recorder, people
        self.dictionary = Dictionary.load(DICTIONARY)

    def tape(self, name: str, call: Mapping[str, Any], **settings: Any) -> Any:
        """Do one thing and keep its wire and its outcome."""
        self.recorder.exchanges = []
        tape: dict[str, Any] = {"settings": settings, "call": dict(call)}
        try:
            tape["brings"] = result = tryton_replay.do(tryton_replay.connector(self.recorder, **settings), call)
        except ConnectorError as error:
            tape["refused"] = {"error": type(error).__name__, "text": str(error)}
            result = None
        exchanges = ",\n".join(json.dumps(exchange, ensure_ascii=False) for exchange in self.recorder.exchanges)
        head = json.dumps(tape, ensure_ascii=False, default=str)[1:-1]
        file = HERE / "wire" / f"{name}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f'{{{head},\n"exchanges": [\n{exchanges}\n]}}\n', "utf-8")
        return result

    def record(self, stream: str, case: str, external_id: str | int) -> None:
        """Keep one record, and what the mapping makes of it."""
        message = tryton_replay.connector(self.recorder).fetch(stream, str(external_id))
        record = read_json(message.body)
        shown = {"orders_of": tryton_replay.SETTINGS["orders_of"]}
        write(HERE / f"{stream}_{case}.json", {"stream": stream, "settings": shown, "record": record})
        said = schema.fragment(self.dictionary.read(stream, record, shown))
        write(HERE / f"{stream}_{case}.expected.json", json.loads(msgspec.json.encode(said)))

    def perform(self, kind: str, *lines: Mapping[str, Any], tapes: str = "", **more: Any) -> Any:
        """Carry out an operation; with `tapes` each of its calls is a tape of that name."""
        operation = {"kind": kind, "id": "41", "reference": "R1001", "order_number": "12", "lines": list(lines), **more}
        for step in range(1, 9):
            call = {"perform": operation}
            if tapes:
                result = self.tape(f"{tapes}_{step}", call)
            else:
                result = tryton_replay.do(tryton_replay.connector(self.recorder), call)
            if result is None or result["finished"]:
                return result
            operation = {**operation, "progress": {**operation.get("progress", {}), **result["progress"]}}
        raise AssertionError("an operation that never ends")


def write(file: Path, content: Any) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False, sort_keys=True, default=str)
    file.write_text(text + "\n", "utf-8")


def main(folder: Path) -> None:
    server = Tryton(folder, name="record", progress=print)
    running = server.start(fresh=True)
    http = Http(running.url, Bearer(running.key), name="Tryton")
    try:
        play(Studio(Recorder(http), People(running.admin(), running.facts)))
    finally:
        http.close()
        server.stop()
        shutil.rmtree(server.data)


def play(studio: Studio) -> None:
    """The story that the recordings tell, in order."""
    people = studio.people
    sold = people.sell(
        "12", [Goods("SHIRT-M", Decimal(2), Decimal("79.00")), Goods("MUG-BLUE", Decimal(1), Decimal("14.50"))]
    )
    shirts = {"quantity": "2", "order_line": str(sold.lines["SHIRT-M"]), "sku": "SHIRT-M"}
    studio.tape("check", {"check": True})
    studio.perform("create_return", shirts, tapes="create_unknown_order", order_number="99")
    why = {"description": "size_too_small"}
    complaint = studio.perform("create_return", shirts, tapes="create", payload=why)["objects"]["complaint"]
    studio.record("complaint", "waiting", complaint)
    studio.perform("note", payload={"text": "Parcel 1Z999 is on its way", "facts": ["S1"]})
    sale = studio.perform("authorize", tapes="authorize")["objects"]["return_sale"]
    studio.record("complaint", "authorized", complaint)
    studio.record("return_sale", "of_complaint", sale)
    studio.record("shipment", "expected", people.open_shipment(int(sale)))
    one = {**shirts, "totals": {"received": "1"}, "facts": ["RC1"]}
    studio.perform("receive", one)
    rest = {**shirts, "totals": {"received": "2", "damaged": "1"}, "facts": ["RC2"]}
    studio.perform("receive", rest, tapes="receive_damaged", id="42")
    first, second = sorted(people.rpc.read("sale.sale", int(sale), "shipment_returns")["shipment_returns"])
    studio.record("shipment", "good", first)
    studio.record("shipment", "damaged", second)
    notes = sorted(people.rpc.read("sale.sale", int(sale), "invoices")["invoices"])
    studio.record("credit_note", "draft", notes[0])
    studio.perform("reject", tapes="reject_too_late")
    studio.perform("credit", amount="158.00", currency="EUR", payload={"facts": ["F1"]})
    studio.record("credit_note", "posted", notes[0])
    larger = {**shirts, "quantity": "1", "words": {"wanted_sku": "SHIRT-L"}}
    studio.perform("exchange", larger, payload={"facts": ["E1"]})
    replacement = max(people.rpc.search("sale.sale", []))
    studio.record("return_sale", "replacement_due", replacement)
    people.ship(replacement)
    studio.record("return_sale", "replacement_sent", replacement)
    studio.record("sale", "shipped", sold.sale)
    for stream in ("complaint", "return_sale", "shipment", "credit_note", "sale"):
        pages = studio.tape(f"poll_{stream}", {"poll": stream, "cursor": None})
        studio.tape(f"poll_{stream}_again", {"poll": stream, "cursor": pages[-1]["cursor"]})
    called = people.sell("13", [Goods("SHOE-42", Decimal(1), Decimal("119.90"))])
    by_phone = people.complain(called, {"SHOE-42": Decimal(1)}, reference="phone call of Monday")
    studio.record("complaint", "by_phone", by_phone)
    people.rpc.press("sale.complaint", by_phone, "reject")
    studio.record("complaint", "rejected", by_phone)
    off = people.complain(called, {"SHOE-42": Decimal(1)})
    people.rpc.press("sale.complaint", off, "approve")
    people.rpc.press("sale.sale", people.return_sale(off), "cancel")
    studio.record("complaint", "called_off", off)
    studio.record("return_sale", "by_wizard", people.return_wizard(called.sale))
    credited = people.complain_about_invoice(called)
    people.rpc.press("sale.complaint", credited, "approve")
    studio.record("complaint", "credit_only", credited)
    studio.tape("fetch_gone", {"fetch": "complaint", "id": "999"})
    studio.tape("fetch_complaint", {"fetch": "complaint", "id": complaint})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
