"""How lists of texts and numbers are sent: in one pass, and as one type, so that a statement is prepared once.

psycopg looks at every item of a list first, and sends the numbers as the smallest integers that hold them all. A list
of anything else, or without an item, is left to it. The format is PostgreSQL's (array_recv in its arrayfuncs.c): the
number of dimensions, whether there are nulls, the items' type, then for each dimension its length and lowest index; and
of each item the length and the bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from psycopg import DataError, pq
from psycopg.adapt import AdaptersMap, Dumper, PyFormat
from psycopg.types.array import ListBinaryDumper

_head = struct.Struct("!iiIii").pack
_length = struct.Struct("!i").pack
_number = struct.Struct("!iq").pack
_NULL = _length(-1)


def register(adapters: AdaptersMap) -> None:
    """From here on connections with these adapters send lists so, where the statement says `%(name)b`."""
    adapters.register_dumper(list, _Lists)


def _text(item: str) -> bytes:
    data = item.encode()
    if b"\0" in data:
        raise DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
    return _length(len(data)) + data


def _bigint(item: int) -> bytes:
    return _number(8, item)


class _Packed(Dumper):
    """Lists of one type. Raises DataError for an item of another one, or one that PostgreSQL cannot hold."""

    format = pq.Format.BINARY
    item_oid: int
    pack: Callable[[Any], bytes]

    def dump(self, obj: list[Any]) -> bytes:
        pack = self.pack
        try:
            parts = [_NULL if item is None else pack(item) for item in obj]
        except (AttributeError, struct.error) as error:
            raise DataError(f"a list whose items are not all of one type, or too large: {error}") from error
        return b"".join([_head(1, None in obj, self.item_oid, len(obj), 1), *parts])


class _Texts(_Packed):
    item_oid, oid = 25, 1009
    pack = staticmethod(_text)


class _Bigints(_Packed):
    item_oid, oid = 20, 1016
    pack = staticmethod(_bigint)


_PACKED = {str: _Texts, int: _Bigints}


class _Lists(ListBinaryDumper):
    """Chooses by the first item that is there."""

    def get_key(self, obj: list[Any], format: PyFormat) -> Any:
        packed = _packed(obj)
        return packed or super().get_key(obj, format)

    def upgrade(self, obj: list[Any], format: PyFormat) -> Any:
        packed = _packed(obj)
        return packed(list, self._tx) if packed else super().upgrade(obj, format)


def _packed(obj: list[Any]) -> type[_Packed] | None:
    return next((_PACKED.get(type(item)) for item in obj if item is not None), None)
