"""What an answer to one of our messages says beside 2xx; all of it may be left out.

{"objects": {"return": "RET-7"}, "made": [{"kind": "receipts", "id": "RC-9", "fact": "..."}],
 "records": [{"type": "return.upsert", "data": {...}}], "detail": "..."}
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from connectors.generic import door
from connectors.kit.api import Changed, Made, Message, Operation, Reply

KINDS = {
    "receive": "receipts",
    "dispose": "dispositions",
    "refund": "refunds",
    "record_refund": "refunds",
    "credit": "credits",
    "exchange": "replacements",
    "add_tracking": "shipments",
    "note": "notes",
}
"""The list of a record in which an operation's facts appear."""


class Twin(msgspec.Struct, frozen=True):
    id: str | int
    fact: str
    kind: str = ""


class DoorAnswer(msgspec.Struct, frozen=True):
    objects: dict[str, str | int] = {}
    made: tuple[Twin, ...] = ()
    records: tuple[door.Push, ...] = ()
    detail: str = ""


_answer = msgspec.json.Decoder(DoorAnswer)


def understood(operation: Operation, body: bytes) -> Reply:
    """The reply in an answer's body. It was done, whatever the body: one that we do not understand is only told so."""
    try:
        answer = _answer.decode(body) if body.lstrip().startswith(b"{") else DoorAnswer()
        messages = tuple(door.message(push.type, bytes(push.data)) for push in answer.records)
    except ValueError as error:
        return _reply(
            operation, DoorAnswer(detail=f"done, but the answer's body says nothing we understand: {error}"), ()
        )
    return _reply(operation, answer, messages)


def _reply(operation: Operation, answer: DoorAnswer, messages: tuple[Message, ...]) -> Reply:
    ours = _named_by_us(operation)
    told_whole = {message.stream: message.external_id for message in messages if message.stream in ours}
    objects = {**ours, **told_whole, **{stream: str(name) for stream, name in answer.objects.items()}}
    shown = objects or {stream: name for stream, name in operation.objects.items() if stream == "return"}
    names = tuple((message.stream, message.external_id) for message in messages) or tuple(sorted(shown.items()))
    return Reply(
        objects=objects,
        made=_made(operation, answer, objects),
        read_back=tuple(Changed(stream, name, operation.kind) for stream, name in names),
        messages=messages,
        detail=answer.detail,
    )


def _named_by_us(operation: Operation) -> dict[str, str]:
    """What a system that gives no id of its own calls the object it was just told of."""
    if operation.kind == "create_return":
        return {"return": operation.number}
    number = operation.payload.get("number")
    follows = operation.kind == "add_tracking" and "return" not in operation.objects
    return {"shipment": str(number)} if follows and number else {}


def _made(operation: Operation, answer: DoorAnswer, objects: Mapping[str, str]) -> tuple[Made, ...]:
    """Which fact of theirs is which of ours; who does not say keeps our ids, and a carrier's parcel has its own."""
    kind = KINDS.get(operation.kind, "")
    if answer.made:
        return tuple(Made(twin.kind or kind, str(twin.id), twin.fact) for twin in answer.made)
    facts = {*operation.facts, *(fact for line in operation.lines for fact in line.facts)}
    parcel = objects.get("shipment") if kind == "shipments" else None
    return tuple(Made(kind, parcel or fact, fact) for fact in sorted(facts)) if kind else ()
