"""The logs and letters of the simulated hub, and the sentences that several of its rows share."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import insert

from hub.model.language.sentences import Sentence, say, sentence
from hub.model.schema.returns import Return
from hub.pipeline.process.story import changes
from hub.store import journal
from hub.store import tables as t
from tests.web.simulated import SPITE, ago, disputed, plain, two_rounds

THEIRS = "UserError: a complaint whose goods arrived cannot be cancelled"
STATE_WHY = "3 of the last 10 calls timed out"
BY_HAND = "A receipt of 1 × SCARF-RED at erp fits both; its RMA text names neither."
"""A question without a sentence: it is shown as it was written."""
RECEIVED = sentence("received_there", account="erp", value="cancelled")
NO_WAY = sentence("no_way", account="erp", operation="receive")
NO_EFFECT = sentence("no_effect", account="web", operation="receive", why=sentence("done_often", count=3))
QUESTION = sentence("unknown_outcome", account="web", operation="refund", number="R1003", why=sentence("looked_twice"))


def plain_(value: Any) -> Any:
    return msgspec.to_builtins(value)


def saying(column: str, said: Sentence) -> dict[str, Any]:
    """A sentence of ours as its row has it: the English text and the sentence."""
    return {column: say(said), "said": plain_(said)}


def merged(return_id: int, records: str, *said: Sentence) -> journal.JournalEntry:
    because = sentence("because", records=records)
    return journal.entry(return_id, records.split(" ")[0], "merge", *said, because=because)


def tells(return_id: int, said: Sentence) -> list[journal.JournalEntry]:
    return [journal.entry(return_id, str(said.values["account"]), "deliver", said)]


def logs(conn) -> None:
    story = [
        merged(1001, "web return return_01M8", sentence("new_return", number="R1001"), *changes(None, plain(4))),
        *tells(1001, sentence("told", account="erp", operation="create_return", detail="complaint 7")),
        merged(1001, "erp shipment 31, erp invoice 88", *changes(Return(status="requested"), two_rounds())),
        *tells(1001, sentence("told", account="web", operation="refund")),
        journal.entry(
            1001,
            None,
            "link",
            sentence("linked", by="console", one="R1001", other="R1010"),
            detail={"act": "link", "other": 1010, "objects": [], "keys": []},
        ),
        *tells(1003, sentence("refusal", account="erp", operation="cancel", message=THEIRS)),
        *tells(1003, sentence("no_effect", account="erp", operation="amend", why=sentence("done_often", count=3))),
        *tells(1003, QUESTION),
        merged(1004, "erp shipment 19", *changes(Return(), disputed())),
        *tells(1002, sentence("told", account="erp", operation="exchange", detail="sale 61")),
    ]
    journal.write(conn, story)
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
    writes: list[dict[str, Any]] = [
        {
            "return_id": 1003,
            "account": "erp",
            "kind": "cancel",
            "operation": {"kind": "cancel"},
            "call": {"objects": {"complaint": "11"}, "reference": "R1003"},
            "state": "dead",
            "attempts": 2,
            "error": THEIRS,
            "changed_at": ago(hours=2),
        },
        {
            "return_id": 1003,
            "account": "web",
            "kind": "refund",
            "operation": {"kind": "refund"},
            "call": {"amount": "88.50"},
            "state": "dead",
            "attempts": 1,
            **saying("error", QUESTION),
            "changed_at": ago(minutes=3),
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
    ]
    for row in writes:
        conn.execute(insert(t.intents), [row])
    questions: list[dict[str, Any]] = [
        {
            "kind": "two_candidates",
            "returns": [1004, 1005],
            "text": BY_HAND,
            "detail": {"seeks": 1004, "candidates": [1005]},
            "dedupe": "a",
            "state": "open",
            "at": ago(hours=1),
        },
        {
            "kind": "unknown_outcome",
            "returns": [1003],
            **saying("text", QUESTION),
            "detail": {"intent": 3},
            "dedupe": "c",
            "state": "open",
            "at": ago(minutes=3),
        },
        {
            "kind": "two_candidates",
            "returns": [1005, 1006, 1007],
            **saying("text", sentence("may_be_same", one="R1005", others="R1006, R1007", why="line")),
            "detail": {"seeks": 1005, "candidates": [1006, 1007]},
            "dedupe": "d",
            "state": "open",
            "at": ago(minutes=50),
        },
        {
            "kind": "no_effect",
            "returns": [1003],
            **saying("text", sentence("ask_no_effect", number="R1003", said=NO_EFFECT)),
            "detail": {"account": "web", "operation": "receive", "fingerprint": "receive|round 1"},
            "dedupe": "e",
            "state": "open",
            "at": ago(minutes=40),
        },
        {
            "kind": "stuck",
            "returns": [1005, 1006],
            **saying("text", sentence("stuck", work="deliver", account="erp", key="order:5", why="KeyError: 'x'")),
            "detail": {"job": 7, "account": "erp", "key": "order:5"},
            "dedupe": "job:7",
            "state": "open",
            "at": ago(minutes=35),
        },
        {
            "kind": "two_candidates",
            "returns": [1006, 1007],
            "text": "Two requests for one open piece.",
            "detail": {"seeks": 1006, "candidates": [1007]},
            "dedupe": "b",
            "state": "apart",
            "at": ago(days=2),
        },
    ]
    for row in questions:
        conn.execute(insert(t.reviews), [row])
