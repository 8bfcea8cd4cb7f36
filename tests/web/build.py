"""A database as the pipeline would have left it, written by hand from simulated returns."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from sqlalchemy import insert

from hub.model.returns import Return
from hub.store import tables as t
from tests.web.simulated import NOW, SPITE, ago, blocked, disputed, exchange, plain, two_rounds


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
    put(conn, 1009, Return(numbers={"web": "stray refund"}), ago(days=4), founded=False)
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
            "state_why": "3 of the last 10 calls timed out",
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
        insert(t.lanes),
        [
            {"kind": "poll", "account": "erp", "key": "shipment", "due": ago(seconds=95)},
            {"kind": "tell", "account": "erp", "key": "return:1003", "due": ago(seconds=40)},
            {"kind": "poll", "account": "web", "key": "return", "due": NOW + timedelta(days=1)},
        ],
    )


def put(conn, return_id: int, doc: Return, at: datetime, founded: bool = True) -> None:
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
        "founded_at": doc.requested_at or at,
        "at": at,
        "founded": founded,
    }
    conn.execute(insert(t.returns), [row])


def sync_rows(conn) -> None:
    rows: list[dict[str, object]] = [
        {
            "return_id": 1000 + n,
            "account": name,
            "lane": f"return:{n}",
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
            "lane": "order:15",
            "wanted": 3,
            "done": 2,
            "state": "pending",
            "at": ago(minutes=3),
            "planned": [{"kind": "add_tracking", "account": "web", "lines": [], "words": {}}],
        },
        {
            "return_id": 1002,
            "account": "erp",
            "lane": "return:1002",
            "wanted": 3,
            "done": 3,
            "state": "awaiting",
            "at": ago(minutes=1),
            "planned": [],
        },
        {
            "return_id": 1003,
            "account": "erp",
            "lane": "return:1003",
            "wanted": 4,
            "done": 4,
            "state": "blocked",
            "at": ago(hours=2),
            "why": "goods were received there; what was received cannot be cancelled",
            "residue": [
                {
                    "fact": "authorization",
                    "why": "a received return cannot be cancelled in this system",
                    "operation": "cancel",
                }
            ],
        },
        {
            "return_id": 1003,
            "account": "web",
            "lane": "order:18",
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
        # Its writer noted residue and still called it in sync: it must not read so.
        {
            "return_id": 1004,
            "account": "erp",
            "lane": "return:1004",
            "wanted": 1,
            "done": 1,
            "state": "in_sync",
            "at": ago(days=1),
            "residue": [{"fact": "receipts", "why": "this system has no word for a counter return", "operation": None}],
        },
    ]
    for row in rows:
        conn.execute(insert(t.sync), [row])


def logs(conn) -> None:
    story = [
        (
            1001,
            "web",
            "merge",
            "web return return_01M8: new return R1001; status requested; line SHIRT-LINEN-M x 2, size_too_small",
            None,
        ),
        (1001, "erp", "tell", "told erp: create_return (complaint 7)", None),
        (1001, "erp", "merge", "erp complaint 7: status authorized; authorization authorized (by erp)", None),
        (
            1001,
            "erp",
            "merge",
            "erp shipment 9: status partially_received; receipt partial; receipt 1 good at STO (erp)",
            None,
        ),
        (1001, "web", "tell", "told web: receive", None),
        (
            1001,
            "erp",
            "merge",
            "erp shipment 12: status refund_due; receipt full; settlement due; receipt 1 damaged at STO (erp)",
            None,
        ),
        (1001, "web", "tell", "told web: receive", None),
        (1001, "erp", "merge", "erp invoice 88: credit CN-2031 158.00 CNY posted (erp)", None),
        (1001, "web", "tell", "told web: refund", None),
        (
            1001,
            "web",
            "merge",
            "web payment pay_1: status completed; settlement settled; refund 158.00 CNY succeeded (web)",
            None,
        ),
        (
            1001,
            None,
            "link",
            "console: R1010 is the same return as R1001",
            {"act": "link", "other": 1010, "objects": [], "keys": []},
        ),
        (1003, "erp", "tell", "erp refused cancel: a complaint whose goods arrived cannot be cancelled", None),
        (
            1004,
            "erp",
            "merge",
            "erp shipment 19: receipt over; DISCREPANCY quantity: erp counted 2, pos-tianhe counted 1",
            None,
        ),
        (1002, "erp", "tell", "told erp: exchange (sale 61)", None),
    ]
    rows = [
        {"return_id": r, "account": a, "stage": s, "text": text, "detail": d, "at": ago(hours=140 - 9.9 * n)}
        for n, (r, a, s, text, d) in enumerate(story)
    ]
    for row in rows:
        conn.execute(insert(t.journal), [row])
    wire = [
        {
            "request": {
                "method": "POST",
                "url": "https://shop.example.invalid/admin/returns/return_01M8/receive-items/confirm",
                "headers": {"authorization": "***"},
                "body": '{"no_notification":true}',
            },
            "response": {"status": 200, "took_ms": 84, "body": '{"return":{"id":"return_01M8","status":"received"}}'},
        },
        {
            "request": {"method": "GET", "url": "https://shop.example.invalid/admin/returns/return_01M8"},
            "response": {"status": 200, "took_ms": 31, "body": f'{{"note":"{SPITE}"}}'},
        },
    ]
    calls = [
        {
            "account": "web",
            "return_id": 1001,
            "intent": 6,
            "what": "receive",
            "outcome": "ok",
            "wire": wire,
            "took_ms": 131,
            "error": None,
            "at": ago(days=1),
        },
        {
            "account": "erp",
            "return_id": 1003,
            "intent": 12,
            "what": "cancel",
            "outcome": "Rejected",
            "wire": wire[:1],
            "took_ms": 45,
            "error": "UserError: a complaint whose goods arrived cannot be cancelled",
            "at": ago(hours=2),
        },
        {
            "account": "erp",
            "return_id": None,
            "intent": None,
            "what": "poll shipment",
            "outcome": "RetryLater",
            "wire": [],
            "took_ms": 10000,
            "error": "no answer within 10 s",
            "at": ago(minutes=18),
        },
    ]
    for row in calls:
        conn.execute(insert(t.attempts), [row])


def letters(conn) -> None:
    conn.execute(
        insert(t.inbox),
        [
            {
                "account": "web",
                "stream": "return",
                "external_id": "return_30",
                "via": "push",
                "body": '{"id":"return_30","status":"teleported","note":"谢谢"}'.encode(),
                "dedupe": b"1",
                "state": "invalid",
                "error": [
                    {
                        "field": "authorization.value",
                        "why": "“teleported” is not a word of table status in medusa.yaml",
                        "what_now": "add the word, then replay",
                    }
                ],
                "at": ago(minutes=50),
            },
            {
                "account": "erp",
                "stream": "complaint",
                "external_id": "31",
                "via": "poll",
                "body": b"\xff not json " + SPITE.encode(),
                "dedupe": b"2",
                "state": "invalid",
                "error": [
                    {
                        "field": "lines.0.quantity",
                        "why": "must not be negative",
                        "what_now": "mend the record over there",
                    }
                ],
                "at": ago(hours=3),
            },
            {
                "account": "erp",
                "stream": "complaint",
                "external_id": "32",
                "via": "poll",
                "body": b"{}",
                "dedupe": b"3",
                "state": "new",
                "error": None,
                "at": ago(hours=3),
            },
        ],
    )
    conn.execute(
        insert(t.intents),
        [
            {
                "return_id": 1003,
                "account": "erp",
                "kind": "cancel",
                "operation": {"kind": "cancel"},
                "call": {"objects": {"complaint": "11"}, "reference": "R1003"},
                "state": "dead",
                "attempts": 2,
                "error": "UserError: a complaint whose goods arrived cannot be cancelled",
                "changed_at": ago(hours=2),
            },
            {
                "return_id": 1003,
                "account": "web",
                "kind": "refund",
                "operation": {"kind": "refund"},
                "call": {"amount": "88.50"},
                "state": "unknown",
                "attempts": 1,
                "error": None,
                "changed_at": ago(minutes=4),
            },
        ],
    )
    conn.execute(
        insert(t.reviews),
        [
            {
                "kind": "two_candidates",
                "returns": [1004, 1005],
                "text": "A receipt of 1 × SCARF-RED at erp fits both; its RMA text names neither.",
                "detail": {"erp": {"shipment": "19"}},
                "dedupe": "a",
                "state": "open",
                "at": ago(hours=1),
            },
            {
                "kind": "two_candidates",
                "returns": [1006, 1007],
                "text": "Two requests for one open piece.",
                "detail": {},
                "dedupe": "b",
                "state": "apart",
                "at": ago(days=2),
            },
        ],
    )
