"""A database as the pipeline would have left it, written by hand from simulated returns."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from sqlalchemy import insert

from hub.model.language.sentences import sentence
from hub.model.merge.questions import waiting
from hub.model.schema.operation import Undeliverable
from hub.model.schema.returns import Return
from hub.store import tables as t
from tests.web.build_logs import NO_WAY, RECEIVED, STATE_WHY, letters, logs, plain_, saying
from tests.web.simulated import NOW, ago, blocked, disputed, exchange, plain, two_rounds


def fill(conn) -> None:
    """Two rounds of good and damaged goods, an exchange, one blocked, one in dispute, a few plain ones."""
    accounts(conn)
    for return_id, doc, at in (
        (1001, two_rounds(), 12),
        (1002, exchange(), 40),
        (1003, blocked(), 95),
        (1004, disputed(), 260),
    ):
        put(conn, return_id, doc, ago(minutes=at))
    for n in range(5, 9):
        put(conn, 1000 + n, plain(n), ago(hours=5 * n))
    put(conn, 1009, Return(numbers={"web": "stray refund"}), ago(days=4), opened=False)
    sync_rows(conn)
    logs(conn)
    letters(conn)


def accounts(conn) -> None:
    rows = [
        {
            "name": "erp",
            "connector": "tryton",
            "mapping": "tryton",
            "state": "degraded",
            "state_why": STATE_WHY,
            "state_since": ago(minutes=18),
            "last_success": ago(minutes=2),
            "last_heard": ago(minutes=2),
        },
        {
            "name": "pos-tianhe",
            "connector": "pos",
            "mapping": "pos",
            "state": "paused",
            "state_why": None,
            "state_since": ago(days=2),
            "last_success": ago(days=2),
            "last_heard": None,
        },
        {
            "name": "web",
            "connector": "medusa",
            "mapping": "medusa",
            "state": "healthy",
            "state_why": None,
            "state_since": ago(days=9),
            "last_success": ago(seconds=20),
            "last_heard": ago(seconds=20),
        },
    ]
    conn.execute(insert(t.accounts), rows)
    conn.execute(
        insert(t.jobs),
        [
            {"kind": "poll", "account": "erp", "key": "shipment", "due": ago(seconds=95)},
            {"kind": "deliver", "account": "erp", "key": "return:1003", "due": ago(seconds=40)},
            {"kind": "poll", "account": "web", "key": "return", "due": NOW + timedelta(days=1)},
        ],
    )


def put(conn, return_id: int, doc: Return, at: datetime, opened: bool = True) -> None:
    words = [
        f"R{return_id}",
        *doc.numbers.values(),
        *(o.number for o in doc.orders if o.number),
        *(line.sku or "" for line in doc.lines),
    ]
    row = {
        "id": return_id,
        "revision": 1,
        "doc": msgspec.json.encode(doc),
        "status": doc.status,
        "kind": doc.kind,
        "order_number": next((order.number for order in doc.orders), None),
        "search": " ".join(words).lower(),
        "discrepancies": len(doc.discrepancies),
        "questions": len(waiting(doc)),
        "opened_at": doc.requested_at or at,
        "at": at,
        "opened": opened,
    }
    conn.execute(insert(t.returns), [row])


def sync_rows(conn) -> None:
    rows: list[dict[str, object]] = [
        {
            "return_id": 1000 + n,
            "account": name,
            "job": f"return:{n}",
            "wanted": 2,
            "done": 2,
            "state": "in_sync",
            "at": ago(minutes=n),
        }
        for n in (1, 5, 6, 7, 8)
        for name in ("web", "erp")
    ]
    rows += [
        {
            "return_id": 1002,
            "account": "web",
            "job": "order:15",
            "wanted": 3,
            "done": 2,
            "state": "pending",
            "at": ago(minutes=3),
            "planned": [{"kind": "add_tracking", "account": "web", "lines": [], "words": {}}],
        },
        {
            "return_id": 1002,
            "account": "erp",
            "job": "return:1002",
            "wanted": 3,
            "done": 3,
            "state": "awaiting",
            "at": ago(minutes=1),
            "planned": [],
        },
        {
            "return_id": 1003,
            "account": "erp",
            "job": "return:1003",
            "wanted": 4,
            "done": 4,
            "state": "blocked",
            "at": ago(hours=2),
            **saying("why", sentence("done_often", count=3)),
            "undeliverable": plain_([Undeliverable(fact="cancelled", said=RECEIVED, operation="cancel")]),
        },
        {
            "return_id": 1003,
            "account": "web",
            "job": "order:18",
            "wanted": 5,
            "done": 4,
            "state": "pending",
            "at": ago(minutes=9),
            "planned": [
                {
                    "kind": "receive",
                    "account": "web",
                    "lines": [{"line": "L1", "sku": "MUG-04", "quantity": "3", "totals": {"received": "1"}}],
                },
                {
                    "kind": "refund",
                    "account": "web",
                    "amount": "88.50",
                    "currency": "CNY",
                    "moves_money": True,
                    "lines": [],
                },
            ],
        },
        # Its writer noted undeliverable and still called it in sync: it must not read so.
        {
            "return_id": 1004,
            "account": "erp",
            "job": "return:1004",
            "wanted": 1,
            "done": 1,
            "state": "in_sync",
            "at": ago(days=1),
            "undeliverable": plain_([Undeliverable(fact="received", said=NO_WAY, operation="receive")]),
        },
    ]
    for row in rows:
        conn.execute(insert(t.sync), [row])
