"""The Tryton connector writes: nothing twice, nothing that cannot be told, no answer is looked for."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from connectors.kit.answers import Response
from connectors.kit.api import Operation, OperationLine
from connectors.kit.errors import ConnectorError, OutcomeUnknown, Rejected, RetryLater
from tests.connectors import tryton_replay
from tests.connectors.tryton_rows import sale_line


class Failing:
    """Stands where the kit's Http stands: reads from a tape, and the write fails."""

    def __init__(self, exchanges: list[Any], error: ConnectorError) -> None:
        self.tape = tryton_replay.Tape(exchanges)
        self.error = error
        self.written = 0

    def request(self, method: str, path: str, **options: Any) -> Response:
        if method != "GET":
            self.written += 1
            raise self.error
        return self.tape.request(method, path, **options)


def test_a_write_of_unknown_outcome_is_looked_for_before_it_is_repeated() -> None:
    kept = tryton_replay.load("create_1")
    http = Failing(kept["exchanges"], OutcomeUnknown("hung up"))
    operation = tryton_replay.operation(kept["call"]["perform"])
    with pytest.raises(OutcomeUnknown):
        tryton_replay.connector(http).perform(operation)
    assert http.written == 1
    not_there = Failing(kept["exchanges"], OutcomeUnknown("never written"))
    assert tryton_replay.connector(not_there).find(operation) is None
    there = Failing(tryton_replay.load("create_2")["exchanges"], OutcomeUnknown("never written"))
    found = tryton_replay.connector(there).find(
        tryton_replay.operation(tryton_replay.load("create_2")["call"]["perform"])
    )
    assert found is not None
    assert not found.finished
    assert not_there.written == there.written == 0


def test_a_look_that_fails_after_the_write_does_not_undo_the_write() -> None:
    """The next call meets the same trouble and tells it; this one says what was done."""
    kept = tryton_replay.load("create_1")
    last = max(i for i, exchange in enumerate(kept["exchanges"]) if exchange["method"] == "POST")

    class Ends(tryton_replay.Tape):
        def request(self, *args: Any, **options: Any) -> Response:
            if not self.left:
                raise RetryLater("Tryton is restarting")
            return super().request(*args, **options)

    http = Ends(kept["exchanges"][: last + 1])
    reply = tryton_replay.connector(http).perform(tryton_replay.operation(kept["call"]["perform"]))
    assert not reply.finished
    assert reply.progress == {"complaint": kept["brings"]["progress"]["complaint"]}


def test_an_order_line_is_found_by_sku_only_where_that_is_clear() -> None:
    from connectors.tryton.ordered import find_line

    sold = {
        "number": "1",
        "reference": "12",
        "lines": [sale_line(1, 7, 2.0), sale_line(2, 8, 1.0), sale_line(3, 7, 1.0)],
    }
    one = Decimal(1)
    assert find_line(sold, OperationLine(one, sku="P8"))["id"] == 2
    assert find_line(sold, OperationLine(one, order_line="3", sku="P7"))["id"] == 3
    with pytest.raises(Rejected, match="on 2 lines"):
        find_line(sold, OperationLine(one, sku="P7"))
    with pytest.raises(Rejected, match="no such line"):
        find_line(sold, OperationLine(one, order_line="9"))


def test_refunds_without_goods_are_refused_before_anything_is_written() -> None:
    kept = tryton_replay.load("create_1")
    http = Failing(kept["exchanges"], OutcomeUnknown("never written"))
    line = OperationLine(Decimal(1), order_line="1", words={"goods": "kept"})
    operation = Operation("create_return", "41", "R1001", order_number="12", lines=(line,))
    with pytest.raises(Rejected, match="refund without goods"):
        tryton_replay.connector(http).perform(operation)
    assert http.written == 0
