"""YAML read strictly, with the line of every field, so that a lint can point at it.

YAML's own traps are closed: only `true` and `false` are booleans (`NO`, `yes`, `on` stay text), numbers are plain
decimals (no octal, no 12:30 as 750), dates stay text, a key twice or a key that is no text is a problem, and there are
no anchors.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Place = tuple[str | int, ...]
LARGEST = 200_000
MOST_BRACKETS = 2_000
PLAIN = (
    (re.compile(r"true|false"), lambda text: text == "true"),
    (re.compile(r"null|~|"), lambda text: None),
    (re.compile(r"-?(0|[1-9]\d*)"), int),
    (re.compile(r"-?(0|[1-9]\d*)\.\d+"), float),
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to correct, and where."""

    file: str
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        return (
            f"{self.file}:{self.line}: {self.field}: {self.message}"
            if self.field
            else f"{self.file}:{self.line}: {self.message}"
        )


@dataclass(slots=True)
class Document:
    """A YAML file's content, the line of each of its fields, and what is wrong with it as YAML."""

    file: str
    data: Any = None
    lines: dict[Place, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, place: Place, message: str) -> Problem:
        """A problem at a field; its line is the field's, or that of the nearest one around it."""
        around = place
        while around and around not in self.lines:
            around = around[:-1]
        return Problem(self.file, self.lines.get(around, 1), ".".join(map(str, place)), message)


def read(path: Path, shown_as: str = "") -> Document:
    """Read a file. Never raises for what is in it: see `problems`."""
    document = Document(shown_as or str(path))
    try:
        text = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        document.problems.append(Problem(document.file, 1, "", f"cannot be read: {error}"))
        return document
    brackets = text.count("{") + text.count("[")  # PyYAML's scanner is quadratic in how deep they nest
    if len(text) > LARGEST or brackets > MOST_BRACKETS:
        document.problems.append(Problem(document.file, 1, "", "is too large for a file that people write"))
        return document
    try:
        alias = next(
            (token for token in yaml.scan(text) if isinstance(token, yaml.AliasToken | yaml.AnchorToken)), None
        )
        if alias is not None:
            message = "anchors and aliases are not used here; write it out"
            document.problems.append(Problem(document.file, alias.start_mark.line + 1, "", message))
            return document
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or str(error)
        document.problems.append(Problem(document.file, mark.line + 1 if mark else 1, "", f"not YAML: {what}"))
        return document
    document.data = _value(node, (), document) if node is not None else None
    return document


def _value(node: yaml.Node, place: Place, document: Document) -> Any:
    document.lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*place, i), document) for i, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, place, document)
    text: str = node.value
    if isinstance(node, yaml.ScalarNode) and node.style is None:
        for shape, read_as in PLAIN:
            if shape.fullmatch(text):
                return read_as(text)
    return text


def _mapping(node: yaml.MappingNode, place: Place, document: Document) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = _value(key_node, (*place, "?"), document)
        here = (*place, str(key))
        document.lines[here] = key_node.start_mark.line + 1
        if not isinstance(key, str):
            document.problems.append(document.problem(here, "is no text as a key; put it in quotes"))
        elif key in result:
            document.problems.append(document.problem(here, "stands here twice"))
        result[str(key)] = _value(value_node, here, document)
    return result
