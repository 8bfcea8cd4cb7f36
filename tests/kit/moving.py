"""A simulated list of records that moves while its pages are read, and every way the kit knows through a list."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from connectors.kit.api import Login, Message
from connectors.kit.declarative import Declarative
from connectors.kit.errors import RetryLater
from connectors.kit.http import Http
from connectors.kit.manifest import load
from connectors.kit.sandbox import Call, Sandbox, SandboxAnswer

SIZE = 4
START = datetime(2026, 3, 1, 9, tzinfo=UTC)
FAR = "2099-01-01T00:00:00Z"
WAYS = {
    "number": "{kind: number, query: page, size: 4",
    "number, no size": "{kind: number, query: page",
    "offset": "{kind: offset, query: at, size: 4",
    "offset of a total": "{kind: offset, query: at, size: 4, total: total",
    "token": "{kind: token, query: token, token: next",
    "link": "{kind: link",
}
MANIFEST = """\
name: plain
kind: storefront
support: recorded
settings: {{base_url: {{}}}}
streams:
  return:
    feed: cursor
    id: id
    version: ordering
    version_type: {type}
    version_at: changed
    {overlap}
    poll: {{path: /r, {asks}, records: rows, paging: {paging}}}
"""


class Moving(Sandbox):
    """Records sorted by their last change, as `by` writes it; `between` happens after each page that was served."""

    name = "moving"

    def setup(self) -> None:
        self.tick, self.pages_served = 0, 0
        self.between: Callable[[], None] = lambda: None
        self.write: Callable[[int], Any] = stamp
        self.exclusive, self.sorted = False, True
        self.state = {}
        self.date: str | None = None
        self.age: str | None = None

    def answer(self, call: Call) -> SandboxAnswer:
        asked = {**call.query, **(call.json() if call.method == "POST" else {})}
        rows = sorted(self.state.values(), key=lambda row: (self.order(row["changed"]), row["place"]))
        if not self.sorted:
            rows.sort(key=lambda row: int(row["id"]))
        rows = [row for row in rows if self.asked_for(row["changed"], asked.get("since"))]
        at = (int(asked["page"]) - 1) * SIZE if "page" in asked else int(asked.get("at") or asked.get("token") or 0)
        page = [{k: v for k, v in row.items() if k != "place"} for row in rows[at : at + SIZE]]
        after = at + SIZE if at + SIZE < len(rows) else None
        body = {"rows": page, "total": len(rows), "next": after and str(after)}
        headers = {name: said for name, said in (("Date", self.date), ("Age", self.age)) if said}
        if after:
            since = f"since={asked['since']}&" if asked.get("since") else ""
            headers["Link"] = f'</r?{since}at={after}>; rel="next"'
        self.pages_served += 1
        self.between()
        return SandboxAnswer(200, body, headers)

    def order(self, changed: Any) -> Any:
        return "" if changed is None else changed

    def asked_for(self, changed: Any, since: str | None) -> bool:
        if not since or changed is None:
            return True
        one, other = (int(changed), int(since)) if isinstance(changed, int) else (changed, since)
        return bool(one > other if self.exclusive else one >= other)

    def put(self, id: int, **more: Any) -> None:
        self.tick += 1
        known = self.state.get(id, {"id": id, "say": 0})
        self.state[id] = {**known, "say": self.tick, "changed": self.write(self.tick), "place": self.tick, **more}


def stamp(tick: int) -> str:
    """Four changes in one second: more than fit beside each other on a page."""
    return (START + timedelta(seconds=tick // 4)).isoformat().replace("+00:00", "Z")


def shake(remote: Moving, chance: random.Random, *, deletes: bool = True) -> None:
    """Something changes, comes, or goes; seldom from the future, or without any date."""
    for _ in range(chance.randrange(3)):
        ids = sorted(remote.state)
        what = chance.random()
        if what < 0.15 and deletes and ids:
            del remote.state[chance.choice(ids)]
        elif what < 0.3:
            remote.put(max(ids, default=0) + 1)
        elif what < 0.35 and ids and remote.write is stamp:
            remote.put(chance.choice(ids), changed=chance.choice([FAR, None]))
        elif ids:
            remote.put(chance.choice(ids))


@contextmanager
def connected(
    remote: Moving, folder: Path, paging: str, *, kind: str = "time", overlap: str = "overlap: 2s", post: bool = False
) -> Iterator[Declarative]:
    """A connector made of its manifest alone."""
    asks = "method: POST, body: {since: $cursor}" if post else "query: {since: $cursor}"
    (folder / "manifest.yaml").write_text(MANIFEST.format(type=kind, overlap=overlap, asks=asks, paging=paging))
    http = Http(remote.url)
    made: type[Declarative] = type("Plain", (Declarative,), {"manifest": load(folder / "manifest.yaml")})
    yield made(Login("here", {"base_url": remote.url}), http)
    http.close()


class Reader:
    """What was read of it so far: by id what the newest reading said."""

    def __init__(self, connector: Declarative) -> None:
        self.connector = connector
        self.cursor: str | None = None
        self.known: dict[int, int] = {}
        self.seen: list[str] = []

    def poll(self, most: int | None = None) -> bool:
        """One poll, broken off after so many pages; whether it came to its end."""
        self.seen = []
        try:
            for number, page in enumerate(self.connector.poll("return", self.cursor)):
                for message in page.messages:
                    assert isinstance(message, Message)
                    record = msgspec.json.decode(message.body)
                    self.known[record["id"]] = max(self.known.get(record["id"], 0), record["say"])
                    self.seen.append(message.external_id)
                self.cursor = page.cursor
                if most is not None and number + 1 >= most:
                    return False
        except RetryLater:
            return False
        return True
