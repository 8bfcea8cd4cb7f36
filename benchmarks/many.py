"""A Shopify sandbox with as many returns as one likes, each with an order of its own; all of it is simulated.

    python -m benchmarks.many RETURNS

Records are made from the first family when they are asked for, so a hundred thousand take no memory. Prints its URL.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import msgspec

from connectors.shopify.sandbox import ShopifySandbox
from connectors.shopify.sandbox_graphql import Ref
from connectors.shopify.sandbox_shop import Record

LINES = {"SHIRT-M": 2, "SCARF": 1, "MUG": 1}
PLENTY = 1e9
"""Points in its bucket: what Shopify allows a shop would bound everything."""


class Families(dict[str, Record]):
    """The records by id; those of family n are those of family 0 with other ids, and come anew with each look."""

    def __init__(self, known: dict[str, Record], first: list[Record]) -> None:
        super().__init__(known)
        self.first = first
        self.begin = _number(first[0]["id"])

    def get(self, name: str, default: Any = None) -> Any:
        return self[name]

    def __missing__(self, name: str) -> Record:
        family, place = divmod(_number(name) - self.begin, len(self.first))
        made = {field: self._moved(value, family) for field, value in self.first[place].items()}
        if "name" in made and made["__typename"] in ("Order", "Return"):
            made["name"] = made["name"].replace("#1001", f"#{1001 + family}")
        return {**made, "id": name}

    def named(self, kind: str, family: int) -> str:
        """The id of a family's only record of this kind."""
        (name,) = (record["id"] for record in self.first if record["__typename"] == kind)
        return self._moved(Ref(name), family).id

    def _moved(self, value: Any, family: int) -> Any:
        if isinstance(value, Ref):
            kind, _, number = value.id.rpartition("/")
            return Ref(f"{kind}/{int(number) + family * len(self.first)}")
        return [self._moved(item, family) for item in value] if isinstance(value, list) else value


class ManyReturns(ShopifySandbox):
    """Open returns of three lines; its bulk operation names them all."""

    returns = 0

    def setup(self) -> None:
        super().setup()
        self.maximum = self.restore = self.available = PLENTY
        self.bulk_looks = 0
        known = dict(self.state.records)
        order = self.state.place(LINES)
        lines = [
            {"fulfillmentLineItemId": part["id"], "quantity": quantity, "returnReason": "SIZE_TOO_SMALL"}
            for part, quantity in self.state.open_pieces(order)
        ]
        self.state.request(order, lines, status="OPEN")
        first = [record for name, record in self.state.records.items() if name not in known]
        self.families = self.state.records = Families(known, first)

    def _bulk_lines(self, query: str) -> Iterator[bytes]:
        for family in range(1, self.returns + 1):
            order = self.families.named("Order", family)
            yield msgspec.json.encode({"id": order})
            yield msgspec.json.encode({"id": self.families.named("Return", family), "__parentId": order})


def _number(name: str) -> int:
    return int(name.rpartition("/")[2])


if __name__ == "__main__":
    ManyReturns.returns = int(sys.argv[1])
    ManyReturns.main([])
