"""Long records: what one more line costs in a long record, against what it costs in a short one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from benchmarks.account import reading
from benchmarks.measure import Line, Report, Spread, each, number
from connectors.kit import registry
from hub.boot import dictionary
from hub.model.merge.merger import Merger
from hub.model.plan.planner import plan
from hub.model.plan.rules import DEFAULTS
from hub.model.schema.observation import MergeInputs, Observation, Party
from hub.model.schema.operation import Terms
from hub.pipeline.process.translate import PARTS, translate
from hub.store import returns

SIZES = (500, 1000, 2000, 4000, 8000)
BOUND = 3.0
"""How much dearer a line may be among the most than among the fewest: caches run over, the collector walks more; the
square would be sixteen times as dear."""
WHAT = (
    "A return of so many lines of one order, all received by an ERP (simulated); a line's cost against one of"
    f" {SIZES[0]} lines. A record of more than {PARTS} lines and facts is refused with its reason."
)


def run(*, quick: bool) -> Report:
    """Every stage whose work depends on the lines, at growing sizes."""
    sizes = SIZES[:3] if quick else SIZES
    per_line: dict[tuple[str, int], list[float]] = {}
    for _ in range(2 if quick else 5):
        for size in sizes:
            for name, work in stages(size).items():
                per_line.setdefault((name, size), []).append(each(work, 0.05) / size)
    names = list(dict.fromkeys(name for name, _ in per_line))
    lines = []
    for name in names:
        for size in sizes[1:]:
            pairs = zip(per_line[name, size], per_line[name, sizes[0]], strict=True)
            spread = Spread(tuple(many / few for many, few in pairs))
            lines.append(Line("lines", f"{name}: {size} lines", "times", spread, BOUND))
    middle = {name: sum(sorted(per_line[name, sizes[-1]])[:1]) for name in names}
    costs = ", ".join(f"{name} {number(seconds * 1e6)} µs" for name, seconds in middle.items())
    return Report(lines, [WHAT, f"Per line of {sizes[-1]}, at best: {costs}."])


def stages(size: int) -> dict[str, Callable[[], object]]:
    """The stages on a return of this size, each a function without arguments."""
    account = reading("web", dictionary(registry.load("generic").mapping))
    order, asked, received = (json.dumps(record).encode() for record in records(size))
    seen = [
        Observation(account=name, stream=stream, external_id="1", fragment=translate(account, stream, body), read_seq=n)
        for n, (name, stream, body) in enumerate(
            [("web", "order", order), ("web", "return", asked), ("erp", "receipt", received)]
        )
    ]
    parties = {"web": Party(name="web", kind="storefront"), "erp": Party(name="erp", kind="erp", decides=True)}
    inputs = MergeInputs(parties=parties, number="R1001")
    merger = Merger(seen, inputs)
    merged, view = merger.merged(), merger.of("web")
    asked_for, listens = DEFAULTS["storefront"]
    terms = Terms(account="web", kind="storefront", can=asked_for, asked=asked_for, listens=listens)
    return {
        "bytes → validated fragment": lambda: translate(account, "return", asked),
        "merge": lambda: Merger(seen, inputs).merged(),
        "a view": lambda: merger.of("web"),
        "plan": lambda: plan(merged, view, terms, ()),
        "to its stored form": lambda: returns.encode(merged),
    }


def records(size: int) -> tuple[dict[str, Any], ...]:
    """An order, a return and a receipt as our own door takes them."""
    goods = [{"id": str(n), "sku": f"SKU-{n}", "quantity": 1} for n in range(size)]
    order = {"id": "1", "version": 1, "number": "1", "currency": "EUR", "total": str(size)}
    order["lines"] = [{**line, "shipped": 1, "price": "1.00"} for line in goods]
    asked = {"id": "1", "version": 1, "number": "RET-1", "currency": "EUR", "order": {"id": "1", "number": "1"}}
    asked |= {"authorization": {"value": "authorized"}, "lines": [{**line, "order_line": line["id"]} for line in goods]}
    received = {"id": "1", "version": 1, "hub_number": "R1001"}
    received["lines"] = [{**line, "condition": "good"} for line in goods]
    return order, asked, received
