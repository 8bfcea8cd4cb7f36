"""Python text in the making: blocks of statements, the fields read of each variable, and what the roots are called."""

from __future__ import annotations

from typing import Any


class Group:
    """The fields that are read of one variable, placed right behind its definition."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.fields: dict[str, tuple[str, Group]] = {}

    def lines(self, pad: str) -> list[str]:
        if not self.fields:
            return []
        base, reads = self.base, [(variable, name) for name, (variable, _) in self.fields.items()]
        if len(reads) == 1:
            variable, name = reads[0]
            made = [f"{pad}{variable} = {base}.get({name!r}) if {base}.__class__ is dict else None"]
        else:
            made = [f"{pad}if {base}.__class__ is dict:", f"{pad} get = {base}.get"]
            made += [f"{pad} {variable} = get({name!r})" for variable, name in reads]
            made += [f"{pad}else:", f"{pad} {' = '.join(variable for variable, _ in reads)} = None"]
        for _, group in self.fields.values():
            made += group.lines(pad)
        return made


class Block:
    """Statements of one indentation level, and what is known there. `known` of an outer block holds inside, too."""

    def __init__(self, outer: Block | None = None) -> None:
        self.outer = outer
        self.level: int = outer.level + 1 if outer else 1
        self.items: list[str | Group | tuple[str, Block]] = []
        self.known: dict[Any, str] = {}

    def find(self, key: Any) -> str | None:
        block: Block | None = self
        while block is not None:
            if key in block.known:
                return block.known[key]
            block = block.outer
        return None

    def add(self, line: str) -> None:
        self.items.append(line)

    def under(self, header: str) -> Block:
        """A new block below `header`."""
        inner = Block(self)
        self.items.append((header, inner))
        return inner

    def lines(self, depth: int = 1) -> list[str]:
        pad, made = " " * depth, []
        for item in self.items:
            if isinstance(item, str):
                made.append(pad + item)
            elif isinstance(item, Group):
                made += item.lines(pad)
            else:
                body = item[1].lines(depth + 1)
                made += [pad + item[0], *(body or [pad + " pass"])]
        return made


class Scope:
    """What the roots are called here: `$root` and its kin to variables."""

    def __init__(self, **roots: str) -> None:
        self.roots = {f"${name}": variable for name, variable in roots.items()}

    def moved(self, item: str) -> Scope:
        """Inside an `each:`: `item` is the new item, the old one its parent."""
        inner = Scope()
        inner.roots = {**self.roots, "$parent": self.roots["$item"], "$item": item}
        return inner
