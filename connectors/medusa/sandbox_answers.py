"""What every answer of the sandbox has in common: which fields are shown, how lists are filtered, sorted and paged."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from connectors.kit.sandbox import Call, Refuse, Sandbox, SandboxAnswer
from connectors.medusa import sandbox_returns as returns
from connectors.medusa.sandbox_shop import Record, Refused, Shop

FILTERS = frozenset(("id", "order_id", "status", "created_at", "updated_at", "q"))
PLAIN = ("fields", "limit", "offset", "order")
HIDDEN = ("items", "claim", "claim_items", "additional_items", "metadata", "payment_collections")
"""Left out of answers unless `fields` names them."""
encode = msgspec.json.Encoder(decimal_format="number").encode


class Answers(Sandbox):
    """`state` is the shop."""

    state: Shop

    def answer(self, call: Call) -> SandboxAnswer:
        try:
            answer = super().answer(call)
        except Refused as refused:
            answer = SandboxAnswer(refused.status, {"type": refused.kind, "message": refused.text})
        return (
            SandboxAnswer(answer.status, encode(answer.body), answer.headers)
            if not isinstance(answer.body, bytes)
            else answer
        )

    def _record(self, collection: str, key: str) -> Record:
        shop = self.state
        tables = {
            "orders": (shop.orders, "Order"),
            "returns": (shop.returns, "Return"),
            "exchanges": (shop.exchanges, "Exchange"),
            "claims": (shop.claims, "Claim"),
            "payments": (shop.payments, "Payment"),
        }
        if collection not in tables:
            raise Refuse(404, {"message": f"Cannot GET /admin/{collection}/{key}"})
        return shop.get(*tables[collection], key)

    def _wrote(self, stream: str, kind: str, record: Record) -> Record:
        self.effect(kind, id=record["id"])
        return {stream: self._shown(record, "*items,+metadata")}

    def _dropped(self, collection: str, key: str, change_type: str) -> Record:
        record, tables = self._record(collection, key), vars(self.state)
        self.effect("drop", id=key)
        return returns.drop_draft(self.state, record, change_type, tables[collection])

    def _shown(self, record: Record, fields: str) -> Record:
        """The record with what `fields` names; an order with its sums and its items, whatever was asked."""
        named = {part.strip().lstrip("*+").split(".")[0] for part in fields.split(",")}
        hidden = set(HIDDEN) - named - ({"items"} if "sales_channel" in record else set())
        shown = {key: value for key, value in record.items() if key not in hidden}
        if "sales_channel" in record:
            shown["summary"] = self.state.summary(record)
        return shown

    def _page(self, call: Call, name: str, rows: Iterable[Record]) -> Record:
        pairs, query = call.pairs, call.query
        self._refuse_unknown(name, [key for key, _ in pairs])
        kept = [row for row in rows if _matches(row, pairs)]
        order = query.get("order", "created_at")
        kept.sort(key=lambda row: str(row.get(order.lstrip("-")) or ""), reverse=order.startswith("-"))
        offset, limit = int(query.get("offset", 0)), int(query.get("limit", 15))
        page = [self._shown(row, query.get("fields", "")) for row in kept[offset : offset + limit]]
        return {name: page, "count": len(kept), "offset": offset, "limit": limit}

    @staticmethod
    def _refuse_unknown(name: str, keys: list[str]) -> None:
        """Unknown filters are refused, except of orders, where they are silently ignored."""
        unknown = {key.split("[")[0] for key in keys} - FILTERS - set(PLAIN) - {"sku", "value"}
        if unknown and name != "orders":
            text = f"Invalid request: Unrecognized fields: '{', '.join(sorted(unknown))}'"
            raise Refuse(400, {"type": "invalid_data", "message": text})


def _matches(row: Record, pairs: list[tuple[str, str]]) -> bool:
    wanted: dict[str, set[str]] = {}
    for key, value in pairs:
        if key in ("updated_at[$gte]", "created_at[$gte]"):
            if _instant(row[key.split("[")[0]]) < _instant(value):
                return False
        elif key == "q" and value not in (str(row.get("display_id")), str(row.get("email"))):
            return False
        elif (name := key.removesuffix("[]")) in ("id", "order_id", "status", "sku"):
            wanted.setdefault(name, set()).add(value)
    return all(row.get(name) in values for name, values in wanted.items())


def _instant(text: str) -> str:
    """Comparable: the same zone and as many places, whoever wrote it."""
    return datetime.fromisoformat(text).astimezone(UTC).isoformat(timespec="microseconds")
