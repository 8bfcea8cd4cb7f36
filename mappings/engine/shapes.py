"""What a section says, read from its tree: fields, objects, lists. Every expression is parsed and within its budget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from mappings.engine.budget import Loop, check
from mappings.engine.errors import Mark
from mappings.engine.parsing import ExpressionError, Node, parse
from mappings.engine.tree import Map, Remarks, Scalar, Seq, Tree

SPREAD, EACH, WHERE, FROM, NULL, PARTIAL = "*", "each", "where", "from", "null", "partial"
_CLEARS = "none"


@dataclass(frozen=True, slots=True)
class Expr:
    """One expression as written, and its tree. `path`: the field it speaks for, as `lines.reason.code`."""

    text: str
    mark: Mark
    tree: Node
    path: str = ""

    @property
    def constant(self) -> bool:
        return bool(self.tree["type"] == "literal")


@dataclass(frozen=True, slots=True)
class Field:
    """A value from one expression; `clears`: null is said, too."""

    expr: Expr
    clears: bool = False


@dataclass(frozen=True, slots=True)
class Obj:
    """An object; `source` moves the current value for its fields, `spreads` are objects laid under them."""

    mark: Mark
    path: str
    fields: dict[str, Shape] = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)
    """Where each field's name stands."""
    spreads: tuple[Expr, ...] = ()
    source: Expr | None = None
    clears: bool = False


@dataclass(frozen=True, slots=True)
class Each:
    """A list with one object per element of `source` for which `where` is true."""

    source: Expr
    item: Obj
    where: Expr | None = None
    clears: bool = False


@dataclass(frozen=True, slots=True)
class Items:
    """A list written out; an `each:` in it adds all of its elements."""

    items: tuple[Shape, ...]
    mark: Mark
    path: str


Shape = Field | Obj | Each | Items


@dataclass(frozen=True, slots=True)
class Section:
    """One stream or operation: the object it makes, and the lists that are not complete."""

    name: str
    mark: Mark
    body: Obj
    partial: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Use:
    """Where an expression stands: section, direction, field, and whether an `each:` is around it."""

    section: str
    inbound: bool
    path: str
    in_list: bool


class Reader:
    """Reads sections; what is wrong becomes a remark and the part is left out."""

    def __init__(self, remarks: Remarks, approve: Callable[[Node, Use], None], *, inbound: bool) -> None:
        self.remarks = remarks
        self.approve = approve
        self.inbound = inbound
        self.section_name = ""

    def section(self, key: Scalar, tree: Tree) -> Section | None:
        name = self.section_name = key.text
        if not isinstance(tree, Map):
            self.remarks.error(tree.mark, f"{name!r} holds fields: `field: expression`")
            return None
        entries = dict(tree.entries)
        partial: tuple[str, ...] = ()
        if self.inbound and PARTIAL in entries:
            partial = self._names(entries.pop(PARTIAL)[1])
        for word in (EACH, WHERE, FROM, NULL):
            if word in entries:
                mark = entries.pop(word)[0].mark
                self.remarks.error(mark, f"{word!r} has no meaning here; a section makes one object")
        return Section(name, key.mark, self._object(Map(entries, tree.mark), "", Loop()), partial)

    def _names(self, tree: Tree) -> tuple[str, ...]:
        if isinstance(tree, Seq) and all(isinstance(item, Scalar) for item in tree.items):
            return tuple(item.text for item in tree.items if isinstance(item, Scalar))
        self.remarks.error(tree.mark, "partial names lists of this section: `partial: [notes]`")
        return ()

    def _shape(self, tree: Tree, path: str, loop: Loop) -> Shape | None:
        if isinstance(tree, Scalar):
            expr = self._expr(tree, path, loop)
            return Field(expr) if expr else None
        if isinstance(tree, Seq):
            shapes = [self._shape(item, path, loop) for item in tree.items]
            return Items(tuple(shape for shape in shapes if shape is not None), tree.mark, path)
        if EACH in tree.entries:
            return self._each(tree, path, loop)
        if FROM in tree.entries and not set(tree.entries) - {FROM, NULL}:
            expr = self._scalar(tree, FROM, path, loop)
            return Field(expr, self._clears(tree)) if expr else None
        return self._object(tree, path, loop)

    def _each(self, tree: Map, path: str, loop: Loop) -> Each | None:
        source, clears = self._scalar(tree, EACH, path, loop), self._clears(tree)
        inside = loop
        if source is not None:
            try:
                inside = Loop(1.0, loop.into(check(source.tree, loop)).rounds)
            except ExpressionError as error:
                self.remarks.error(source.mark, f"{path}: {error}")
        where = self._scalar(tree, WHERE, path, inside)
        if FROM in tree.entries:
            self.remarks.error(
                tree.entries[FROM][0].mark, "`from` and `each` do not go together; `each` already says from where"
            )
        rest = {name: entry for name, entry in tree.entries.items() if name not in (EACH, WHERE, FROM, NULL)}
        item = self._object(Map(rest, tree.mark), path, inside)
        if source is not None and not rest:
            self.remarks.error(
                tree.mark, f"this list has no fields; a list of plain values is one expression: {source.text}"
            )
        return Each(source, item, where, clears) if source else None

    def _object(self, tree: Map, path: str, loop: Loop) -> Obj:
        fields: dict[str, Shape] = {}
        spreads: list[Expr] = []
        for name, (key, value) in tree.entries.items():
            if name in (FROM, NULL):
                continue
            if name == WHERE:
                self.remarks.error(key.mark, "`where` stands beside `each` only")
            elif name == SPREAD:
                parts = value.items if isinstance(value, Seq) else (value,)
                found = [self._expr(part, path, loop) for part in parts if isinstance(part, Scalar)]
                spreads += [expr for expr in found if expr]
                if len(found) < len(parts):
                    self.remarks.error(value.mark, "'*' takes an expression that gives an object, or a list of such")
            elif not (isinstance(value, Scalar) and value.kind == "null" and value.text in ("null", "~", "")):
                bare = name.removeprefix("\\")
                shape = self._shape(value, f"{path}.{bare}" if path else bare, loop)
                if shape is not None:
                    fields[bare] = shape
        marks = {name.removeprefix("\\"): key.mark for name, (key, _) in tree.entries.items()}
        return Obj(
            tree.mark, path, fields, marks, tuple(spreads), self._scalar(tree, FROM, path, loop), self._clears(tree)
        )

    def _clears(self, tree: Map) -> bool:
        said = tree.get(NULL)
        if said is None:
            return False
        if isinstance(said, Scalar) and said.text == _CLEARS:
            return True
        self.remarks.error(
            said.mark, "the only thing that null can do is `null: none` (it clears what was said before)"
        )
        return False

    def _scalar(self, tree: Map, name: str, path: str, loop: Loop) -> Expr | None:
        value = tree.get(name)
        if value is None:
            return None
        if isinstance(value, Scalar):
            return self._expr(value, path, loop)
        self.remarks.error(value.mark, f"{name!r} takes one expression")
        return None

    def _expr(self, scalar: Scalar, path: str, loop: Loop) -> Expr | None:
        if scalar.trapped:
            return None
        if scalar.kind in ("bool", "int", "null"):
            self.remarks.error(
                scalar.mark,
                f"{scalar.text or 'nothing'} is no expression; for the constant write '`{scalar.text or 'null'}`'",
            )
            return None
        text = scalar.text.strip()
        try:
            tree = parse(text)
            check(tree, loop)
            self.approve(tree, Use(self.section_name, self.inbound, path, loop.rounds > 0))
        except ExpressionError as error:
            mark = scalar.mark
            if "\n" not in text:
                mark = Mark(mark.file, mark.line, mark.column + scalar.offset + error.offset)
            self.remarks.error(mark, f"{path or 'this'}: {error}")
            return None
        return Expr(text, scalar.mark, tree, path)
