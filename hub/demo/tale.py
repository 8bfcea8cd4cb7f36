"""A story that is played on the stage: what people do, and what the hub has to do in between, hop by hop."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from hub.boot import Hub
from hub.model.schema.returns import Return
from hub.store import console as pages

PATIENCE = 90.0
"""Seconds one hop may take before the story is broken."""
Say = Callable[[str], None]


class StoryBroke(Exception):
    """A hop that did not happen; the text says which, and what was seen last."""


class Tale:
    """One return, told while it happens; `number` is empty until the hub knows of it."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.return_id: int | None = None

    @property
    def number(self) -> str:
        return f"R{self.return_id}" if self.return_id else ""

    def wait(self, what: str, ready: Callable[[], Any]) -> Any:
        """Until it is so; what it gave. Raises StoryBroke."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if found := ready():
                return found
            time.sleep(0.2)
        raise StoryBroke(f"waited {PATIENCE:.0f} seconds for {what}; {self._state()}")

    def opened(self, account: str, order_number: str, order_id: str) -> int | None:
        """The return of this order, as soon as the hub has one."""
        with self.hub.database.begin() as conn:
            for found in pages.search(conn, order_number).rows:
                if any(order.ids.get(account) == order_id for order in found.doc.orders):
                    return int(found.id)
        return None

    @property
    def merged(self) -> Return:
        """What the hub makes of it now."""
        with self.hub.database.begin() as conn:
            return pages.find(conn, [self.return_id or 0])[self.return_id or 0].doc

    @property
    def sync(self) -> dict[str, str]:
        """How each account stands."""
        with self.hub.database.begin() as conn:
            return {row.account: row.shown for row in pages.telling(conn, self.return_id or 0)}

    def story(self) -> str:
        """The hub's own journal of this return."""
        with self.hub.database.begin() as conn:
            lines = pages.story(conn, self.return_id or 0)
        return "\n".join(f"  {line.at:%H:%M:%S}  {line.text}" for line in lines)

    def _state(self) -> str:
        if self.return_id is None:
            return "the hub knows nothing of it"
        merged = self.merged
        discrepancies = "; ".join(f"{d.kind}: {d.text}" for d in merged.discrepancies)
        return f"{self.number} is {merged.status}, {self.sync}" + (f" ({discrepancies})" if discrepancies else "")
