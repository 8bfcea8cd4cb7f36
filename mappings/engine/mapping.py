"""A mapping in use: load it once, then read their records into our words and write our operations in theirs."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Collection
from collections.abc import Mapping as Items
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any, Self

from mappings.engine import files
from mappings.engine.compiler import Translate, compile_section
from mappings.engine.document import Document, read_document
from mappings.engine.errors import MappingError, Untranslatable
from mappings.engine.interpret import FAILURES, Explained, Spared, Walk
from mappings.engine.shapes import Obj, Section
from mappings.engine.tree import Map

MAX_CACHED = 64
_MONEY = ("keys", "orders", "refunds", "order")
_SUMS = ("currency", "total", "payments")
"""What a record says of money that went back and whose it was; of an order only this."""

_cache: OrderedDict[str, Mapping] = OrderedDict()
_cache_lock = Lock()


class Mapping:
    """The dictionary of one system or account. Immutable, so threads share it; made by `load`."""

    def __init__(self, name: str, document: Document) -> None:
        self.name = name
        self.document = document
        self.system = document.system
        self.version = document.version
        """A hash of what it says; comments do not change it."""
        self.reads_version = document.reads_version
        """A hash of the inbound half (sections and tables): while it stands, observations need not be read again."""
        self.streams = tuple(document.inbound)
        self.operations = tuple(document.outbound)
        self._reads = self._compiled(document.inbound)
        self._writes = self._compiled(document.outbound)
        self._tables = _tables_by_field(document)
        self._names: dict[str, Items[str, Translate]] = {}
        self._moneys: dict[str, Translate] = {}

    @classmethod
    def load(cls, source: str | Path, *, name: str = "", parents: Items[str, str | Path] | None = None) -> Self:
        """From a file (a Path) or from text (a str). What `extends:` names is in `parents`, or beside the file.

        Raises MappingError with every error found. One content is compiled once per process.
        """
        tree, remarks = files.joined(*files.opened(source, name), files.finder(source, parents))
        if tree is None or remarks.errors:
            raise MappingError(sorted(remarks.errors or remarks.findings))
        key = _digest_with_places(tree)
        with _cache_lock:
            cached = _cache.get(key)
            if cached is not None and isinstance(cached, cls):
                _cache.move_to_end(key)
                return cached
        document = read_document(tree, remarks)
        if remarks.errors:
            raise MappingError(sorted(remarks.errors))
        mapping = cls(name or files.stem(source), document)
        with _cache_lock:
            _cache[key] = mapping
            while len(_cache) > MAX_CACHED:
                _cache.popitem(last=False)
        return mapping

    def _compiled(self, sections: dict[str, Section]) -> dict[str, Translate]:
        return {name: compile_section(section, self.document.catalogue) for name, section in sections.items()}

    def read(
        self, stream: str, record: dict[str, Any], settings: Items[str, Any] | None = None, *, account: str = ""
    ) -> dict[str, Any]:
        """The record in our words, as the plain form of a canonical fragment.

        Where no text of record and settings holds NUL or half a surrogate pair, none of the result does.
        Raises Untranslatable (UnknownWord for a word that no table lists) with file, line and field; KeyError for a
        stream that the mapping does not have.
        """
        return self._run(self._reads[stream], self.document.inbound[stream], record, settings, account)

    def read_spared(
        self,
        stream: str,
        record: dict[str, Any],
        settings: Items[str, Any] | None = None,
        *,
        account: str = "",
        spare: Collection[str],
    ) -> tuple[dict[str, Any], list[Spared]]:
        """As `read`, but of these lists of ours a row that cannot be read is left out, and said."""
        walk = Walk(self.document.catalogue, record, dict(settings or {}), account, spare)
        return walk.section(self.document.inbound[stream]), walk.spared

    def names(
        self, stream: str, record: dict[str, Any], settings: Items[str, Any] | None = None, *, account: str = ""
    ) -> dict[str, Any]:
        """Of a record that cannot be read: the `keys` and `orders` that it names, as far as these can be."""
        plain, found = dict(settings or {}), {}
        for field, translate in self._named(stream).items():
            with suppress(Untranslatable, *FAILURES):
                found[field] = translate(record, plain, account).get(field, ())
        return found

    def money(
        self, stream: str, record: dict[str, Any], settings: Items[str, Any] | None = None, *, account: str = ""
    ) -> dict[str, Any] | None:
        """Of a record that cannot be read: its refunds and payments, and whom it names; None where these cannot be
        read either."""
        with suppress(Untranslatable, *FAILURES):
            read = self._moneyed(stream)(record, dict(settings or {}), account)
            found = {field: read[field] for field in _MONEY if read.get(field)}
            return {**found, "partial": read.get("partial", [])} if found else {}
        return None

    def _moneyed(self, stream: str) -> Translate:
        known = self._moneys.get(stream)
        if known is None:
            section = self.document.inbound[stream]
            fields = {field: shape for field, shape in section.body.fields.items() if field in _MONEY}
            if isinstance(order := fields.get("order"), Obj):
                sums = {field: shape for field, shape in order.fields.items() if field in _SUMS}
                fields["order"] = replace(order, fields=sums)
            partial = tuple(field for field in section.partial if field in _MONEY)
            alone = replace(section, body=replace(section.body, fields=fields), partial=partial)
            known = self._moneys[stream] = compile_section(alone, self.document.catalogue)
        return known

    def _named(self, stream: str) -> Items[str, Translate]:
        known = self._names.get(stream)
        if known is None:
            section = self.document.inbound[stream]
            alone: dict[str, Section] = {
                field: replace(section, body=replace(section.body, fields={field: section.body.fields[field]}))
                for field in ("keys", "orders")
                if field in section.body.fields
            }
            known = self._names[stream] = self._compiled(alone)
        return known

    def tells_money(self, stream: str) -> bool:
        """Whether its records say what went back to the customer."""
        section = self.document.inbound.get(stream)
        fields = section.body.fields if section is not None else {}
        order = fields.get("order")
        return "refunds" in fields or (isinstance(order, Obj) and "payments" in order.fields)

    def write(
        self, operation: str, data: dict[str, Any], settings: Items[str, Any] | None = None, *, account: str = ""
    ) -> dict[str, Any]:
        """An operation (plain data, in our words) as the payload in theirs; what they have no word for is left out."""
        return self._run(self._writes[operation], self.document.outbound[operation], _as_lists(data), settings, account)

    def _run(
        self,
        translate: Translate,
        section: Section,
        record: dict[str, Any],
        settings: Items[str, Any] | None,
        account: str,
    ) -> dict[str, Any]:
        plain = settings if isinstance(settings, dict) else dict(settings or {})
        try:
            return translate(record, plain, account)
        except (Untranslatable, *FAILURES) as error:
            # The fast path keeps no books; the walk finds the field that failed and says so.
            Walk(self.document.catalogue, record, plain, account).section(section)
            raise Untranslatable(f"section {section.name!r}: {error}") from error

    def explain(
        self, stream: str, record: dict[str, Any], settings: Items[str, Any] | None = None, *, account: str = ""
    ) -> list[Explained]:
        """Per field: expression, value, and the path that matched or why none did. Stops where translation stops."""
        section = self.document.inbound.get(stream) or self.document.outbound[stream]
        walk = Walk(self.document.catalogue, record, dict(settings or {}), account)
        try:
            walk.section(section)
        except Untranslatable as error:
            walk.explained.append(Explained(error.field, error.expression, None, why=str(error)))
        return walk.explained

    def stored(self, field: str, word: Any) -> Any:
        """Our value after a round trip through this system: out by its tables and text rules, and read back.

        None: they have no word for it, so there is nothing to tell. What no table or rule touches comes back as it is.
        """
        rules = self.document.stores.get(field, {})
        table = rules.get("table") or self._tables.get(field)
        if table is not None and isinstance(word, str):
            theirs = self.document.catalogue.reverses[table].ask(word)
            return None if theirs is None else _back(self.document.catalogue.tables[table].ask(theirs), field)
        return _as_stored(word, rules) if isinstance(word, str) else word


def _digest_with_places(tree: Map) -> str:
    # Two files that say the same in different lines must not share the line numbers of their errors.
    return hashlib.sha256(json.dumps(repr(tree)).encode()).hexdigest()


def _as_lists(value: Any) -> Any:
    """Tuples to lists, deeply: JMESPath knows lists only."""
    if isinstance(value, dict):
        return {name: _as_lists(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_as_lists(part) for part in value]
    return value


def _tables_by_field(document: Document) -> dict[str, str]:
    """Field -> the table both directions use for it: inbound where it is looked up, by every end of its path."""
    outwards = {use.table for use in document.uses if use.function == "reverse"}
    found: dict[str, set[str]] = {}
    for use in document.uses:
        if use.function != "lookup" or use.table not in outwards or not use.use.inbound:
            continue
        parts = use.use.path.split(".")
        if len(parts) > 1 and parts[-1] in ("code", "value"):
            parts.pop()
        for start in range(len(parts)):
            found.setdefault(".".join(parts[start:]), set()).add(use.table)
    by_name = {table: table for table in outwards}
    return {**by_name, **{field: tables.pop() for field, tables in found.items() if len(tables) == 1}}


def _back(ours: Any, field: str) -> Any:
    """An entry that sets several fields: the word of this one, where it can be told."""
    while isinstance(ours, dict):
        inner = ours.get(field.rpartition(".")[2], ours.get("value", ours.get("code")))
        if inner is ours or inner is None:
            return None
        ours = inner
    return ours


def _as_stored(word: str, rules: Items[str, Any]) -> str:
    if rules.get("trim"):
        word = word.strip()
    if rules.get("lower"):
        word = word.lower()
    if rules.get("upper"):
        word = word.upper()
    longest = rules.get("max")
    word = word if longest is None else word[:longest]
    return word.strip() if rules.get("trim") else word
