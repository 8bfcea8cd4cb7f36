"""YAML with places: a mapping file as a small tree that remembers line and column, and YAML's own traps as findings."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

import yaml

from mappings.engine.errors import Finding, InvalidJson, Mark
from mappings.engine.reading import check_texts

MAX_BYTES = 512_000
MAX_DEPTH = 24
MAX_NODES = 50_000
_CANONICAL_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_TRUE_FALSE = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text; `kind` is what YAML makes of it when unquoted: str, null, bool, int, float, timestamp."""

    text: str
    kind: str
    mark: Mark
    plain: bool = True
    offset: int = 0
    """How far inside its mark the text begins (1 after a quote)."""

    @property
    def trapped(self) -> bool:
        """Unquoted, and YAML reads something else than what stands there; remarked when the file was read."""
        if self.kind == "bool":
            return self.text not in _TRUE_FALSE
        if self.kind == "int":
            return not _CANONICAL_INTEGER.fullmatch(self.text)
        return self.kind in ("float", "timestamp")

    @property
    def constant(self) -> str | int | bool | None:
        """The value as data: text, a whole number, true, false or null."""
        if self.kind == "bool":
            return _TRUE_FALSE.get(self.text, self.text)
        if self.kind == "int" and _CANONICAL_INTEGER.fullmatch(self.text):
            return int(self.text)
        return None if self.kind == "null" else self.text


@dataclass(frozen=True, slots=True)
class Seq:
    items: tuple[Tree, ...]
    mark: Mark


@dataclass(frozen=True, slots=True)
class Map:
    entries: dict[str, tuple[Scalar, Tree]]
    mark: Mark

    def get(self, key: str) -> Tree | None:
        found = self.entries.get(key)
        return found[1] if found else None


Tree = Scalar | Seq | Map


class Remarks:
    """Collects findings while a file is read."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    @property
    def errors(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.level == "error"]

    def error(self, mark: Mark, message: str) -> None:
        self.findings.append(Finding(mark.file, mark.line, mark.column, "error", message))

    def warning(self, mark: Mark, message: str) -> None:
        self.findings.append(Finding(mark.file, mark.line, mark.column, "warning", message))


def read(text: str, file: str, remarks: Remarks) -> Map | None:
    """The file as a tree, or None when it is no YAML mapping at all."""
    top = Mark(file, 1)
    if len(text.encode(errors="replace")) > MAX_BYTES:
        remarks.error(top, f"the file is larger than {MAX_BYTES:,} bytes")
        return None
    try:
        if not _within_bounds(text, file, remarks):
            return None
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = top if mark is None else Mark(file, mark.line + 1, mark.column + 1)
        remarks.error(place, f"no YAML: {error.problem or error.context}")
        return None
    except yaml.YAMLError as error:
        remarks.error(top, f"no YAML: {error}")
        return None
    if not isinstance(node, yaml.MappingNode):
        remarks.error(top, "a mapping file begins with `system:` or `extends:`")
        return None
    tree = _convert(node, file, remarks)
    return tree if isinstance(tree, Map) else None


def _within_bounds(text: str, file: str, remarks: Remarks) -> bool:
    # The event parser is a loop, the composer recurses: depth and aliases are bounded before it runs.
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader)):
        start: Any = event.start_mark
        mark = Mark(file, start.line + 1, start.column + 1)
        if isinstance(event, yaml.AliasEvent):
            remarks.error(
                mark, "anchors and aliases are not part of the mapping language; write it out, or use `extends:`"
            )
            return False
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH or count > MAX_NODES:
            remarks.error(mark, f"the file is nested deeper than {MAX_DEPTH} or has more than {MAX_NODES:,} parts")
            return False
    return True


def _convert(node: yaml.Node, file: str, remarks: Remarks) -> Tree:
    mark = Mark(file, node.start_mark.line + 1, node.start_mark.column + 1)
    if isinstance(node, yaml.SequenceNode):
        return Seq(tuple(_convert(child, file, remarks) for child in node.value), mark)
    if isinstance(node, yaml.MappingNode):
        entries: dict[str, tuple[Scalar, Tree]] = {}
        for key_node, value_node in node.value:
            key = _convert(key_node, file, remarks)
            if not isinstance(key, Scalar):
                remarks.error(key.mark, "a key is a plain word")
                continue
            _key_traps(key, remarks)
            if key.text in entries:
                remarks.error(
                    key.mark,
                    f"{key.text!r} stands here twice (first in line {entries[key.text][0].mark.line}); one is lost",
                )
                continue
            entries[key.text] = (key, _convert(value_node, file, remarks))
        return Map(entries, mark)
    style = getattr(node, "style", None)
    plain = style is None
    kind = node.tag.rpartition(":")[2] if plain else "str"
    scalar = Scalar(node.value, kind, mark, plain, 1 if style in ("'", '"') else 0)
    _value_traps(scalar, remarks)
    return scalar


_TRAPS = {
    "int": "another number (octal, hexadecimal, base 60)",
    "float": "a binary fraction",
    "timestamp": "a date",
}


def _value_traps(scalar: Scalar, remarks: Remarks) -> None:
    try:
        check_texts(scalar.text)
    except InvalidJson as error:
        remarks.error(scalar.mark, error.reason)
    if scalar.trapped:
        read_as = _TRAPS.get(scalar.kind) or str(scalar.text.lower() in ("yes", "on", "true", "y")).lower()
        remarks.error(scalar.mark, f"YAML reads the unquoted {scalar.text} as {read_as}; write '{scalar.text}'")


def _key_traps(key: Scalar, remarks: Remarks) -> None:
    if key.kind == "merge":
        remarks.error(key.mark, "merge keys (<<) are not part of the mapping language; use `extends:`")
    elif key.kind == "null" and key.text != "null":
        remarks.error(key.mark, f"YAML reads the unquoted {key.text or 'empty key'} as null; write '{key.text}'")


def laid_over(base: Map, top: Map) -> Map:
    """`top` over `base`: mappings are joined key by key, all else is replaced. Places stay those of their file."""
    entries = dict(base.entries)
    for name, (key, value) in top.entries.items():
        below = base.get(name)
        joined = laid_over(below, value) if isinstance(below, Map) and isinstance(value, Map) else value
        entries[name] = (key, joined)
    return Map(entries, top.mark)


def digest(*trees: Tree | None) -> str:
    """A content hash: comments, quoting and order of keys do not change it, a changed word does."""
    text = json.dumps([_plain(tree) for tree in trees], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]


def _plain(tree: Tree | None) -> Any:
    if isinstance(tree, Map):
        return {name: _plain(value) for name, (_, value) in tree.entries.items()}
    if isinstance(tree, Seq):
        return [_plain(item) for item in tree.items]
    return tree and [tree.kind, tree.text]
