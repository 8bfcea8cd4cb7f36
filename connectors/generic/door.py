"""What a push has to look like to come in: {"type": "return.upsert", "data": {"id": ..., "updated_at": ..., ...}}."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from connectors.kit.api import Message
from connectors.kit.bodies import decoded

STREAMS = ("return", "order", "receipt", "shipment", "refund", "credit")
PING = "ping"
TOPICS = {f"{stream}.{verb}": (stream, verb == "delete") for stream in STREAMS for verb in ("upsert", "delete")}
"""Per topic: the stream of its record, and whether it is gone."""


class Push(msgspec.Struct, frozen=True):
    """A message as it comes; the record is kept as its sender wrote it."""

    type: str
    data: msgspec.Raw = msgspec.Raw(b"{}")


class Head(msgspec.Struct, frozen=True):
    """What we need of a record before anybody translates it."""

    id: str | int
    updated_at: datetime | None = None
    version: int | None = None


_push, _head = msgspec.json.Decoder(Push), msgspec.json.Decoder(Head)
_written = msgspec.json.Encoder().encode


def unpack(body: bytes, delivery_id: str | None = None) -> tuple[Message, ...]:
    """The record in a message; none in a ping. Raises ValueError with a letter."""
    push = decoded(_push, body, "message of this door")
    return () if push.type == PING else (message(push.type, bytes(push.data), delivery_id),)


def message(topic: str, record: bytes, delivery_id: str | None = None) -> Message:
    """A pushed record, with what orders it. Raises ValueError with a letter."""
    if topic not in TOPICS:
        raise ValueError(f"there is no type {topic!r}; there are {', '.join(TOPICS)} and {PING}")
    stream, gone = TOPICS[topic]
    head = decoded(_head, record, "record with an id")
    version = ordering(head)
    if version is None:
        raise ValueError(f"data has neither updated_at nor version: which of two {stream} records is the newer one?")
    return Message(stream, str(head.id), record, version, gone, delivery_id)


def read_back(stream: str, external_id: str, record: bytes) -> Message:
    """A record that we asked for ourselves; it need not say when it changed. Raises ValueError with a letter."""
    head = decoded(_head, record, "record with an id")
    if str(head.id) != external_id:
        raise ValueError(f"asked for {stream} {external_id} and got {head.id}")
    return Message(stream, external_id, record, ordering(head))


def ordering(head: Head) -> str | None:
    """A record's version as a text that sorts: the number, else the time in UTC."""
    if head.version is not None:
        if not 0 <= head.version < 10**18:
            raise ValueError(f"version {head.version} is no number between 0 and 10^18")
        return f"{head.version:018d}"
    if head.updated_at is None:
        return None
    if head.updated_at.tzinfo is None:
        raise ValueError(f"updated_at {head.updated_at.isoformat()} has no offset; write Z or, say, +08:00 behind it")
    moment = head.updated_at if head.updated_at.tzinfo is UTC else head.updated_at.astimezone(UTC)
    text = _written(moment).decode()[1:-2]  # between quote and Z: isoformat takes three times as long
    return f"{text}+00:00" if moment.microsecond else f"{text}.000000+00:00"


def shown(version: str | None) -> str | int | None:
    """A version as its sender may compare it: the number it was, or the time in UTC."""
    return int(version) if version is not None and version.isdigit() else version
