"""A record without its person: what the manifest lists, and their names wherever else they stand in it.

What came back, which goods, how much: that stays, so a name is masked only where the record says the same afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import msgspec

from connectors.kit import places
from connectors.kit.manifest_parts import Stream
from hub.accounts import Account
from hub.model.privacy.erasing import Eraser, through
from hub.model.schema.fragment import Fragment
from hub.pipeline.process.translate import Untranslatable, translate

FREE = frozenset(
    ("url", "channel", "location", "customer", "notes", "evidence", "privacy", "since", "name", "text", "raw", "by")
    + ("note", "carrier", "reason", "found")
)
"""Fields of a fragment, at any depth, in which a name is no goods, no money and no number."""
Way = tuple[Any, ...]

_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode


def record(body: bytes | None) -> Any:
    """What a body says; None where it is no JSON."""
    try:
        return _decode(body or b"")
    except (msgspec.DecodeError, ValueError, RecursionError, ArithmeticError):  # 1e99999999999 is no Decimal
        return None


def mention(raw: bytes | None, eraser: Eraser) -> bytes | None:
    """A body that may mention somebody, without their addresses; None where it does and cannot be read: then nobody can
    say what else in it is about them."""
    new = None if raw is None else eraser.bytes(raw)
    return new if new == raw or record(raw) is not None else None


def body(account: Account, name: str, stream: Stream | None, raw: bytes | None, eraser: Eraser) -> bytes | None:
    """A body without its person; None where nobody can say any more what in it is about one."""
    found = record(raw)
    if stream is None or found is None:
        return None
    masked = through(places.masked(found, stream.personal) if stream.personal else found, eraser.address)
    new = _where(masked, eraser.text, lambda value: _meaning(account, name, value))
    return raw if new == found else _encode(new)


def fragment(raw: Fragment, eraser: Eraser) -> Fragment:
    """What was made of a record, without its person's names; the part that says who they are is blank already."""
    plain = msgspec.to_builtins(raw, str_keys=True)
    new = _where(through(plain, eraser.address), eraser.text, _skeleton)
    try:
        return msgspec.convert(new, Fragment, strict=False)
    except msgspec.ValidationError:
        return raw


def _where(value: Any, clean: Callable[[str], str], says: Callable[[Any], Any]) -> Any:
    """`value` cleaned wherever it says the same afterwards: all at once where that is so, else place by place."""
    before = says(value)
    new = through(value, clean)
    if new == value or says(new) == before:
        return new
    for way, text in list(_texts(value, ())):
        if (cleaned := clean(text)) != text:
            one = _with(value, way, cleaned)
            value = one if says(one) == before else value
    return value


def _meaning(account: Account, name: str, value: Any) -> Any:
    """What a record says of goods, money and numbers; None where it says nothing that we understand."""
    try:
        return _skeleton(msgspec.to_builtins(translate(account, name, _encode(value)), str_keys=True))
    except (Untranslatable, msgspec.MsgspecError, ValueError):
        return None


def _skeleton(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _skeleton(inner) for name, inner in value.items() if name not in FREE}
    return [_skeleton(inner) for inner in value] if isinstance(value, list | tuple) else value


def _texts(value: Any, way: Way) -> Iterator[tuple[Way, str]]:
    if isinstance(value, str):
        yield way, value
    for name, inner in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from _texts(inner, (*way, name))


def _with(value: Any, way: Way, text: str) -> Any:
    if not way:
        return text
    if isinstance(value, dict):
        return {name: _with(inner, way[1:], text) if name == way[0] else inner for name, inner in value.items()}
    return [_with(inner, way[1:], text) if index == way[0] else inner for index, inner in enumerate(value)]
