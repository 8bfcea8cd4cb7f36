"""Mapping files on disk or as text, and the ones they extend."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from mappings.engine.errors import Mark
from mappings.engine.tree import Map, Remarks, Scalar, laid_over, read

MAX_ANCESTORS = 4

Opened = tuple[str | OSError | UnicodeDecodeError, str, str]
"""Text (or why there is none), file as shown to people, name."""
Finder = Callable[[str], Opened | None]


def opened(source: str | Path, name: str = "") -> Opened:
    """A Path is a file; a str is the text itself."""
    if isinstance(source, str):
        return source, f"mappings/{name or stem(source)}.yaml", name or stem(source)
    file = f"{source.parent.name}/{source.name}"
    try:
        return source.read_text(encoding="utf-8"), file, name or source.stem
    except (OSError, UnicodeDecodeError) as error:
        return error, file, name or source.stem


def stem(source: str | Path) -> str:
    """The name of a mapping that was given none."""
    return source.stem if isinstance(source, Path) else "mapping"


def finder(source: str | Path | None, parents: Mapping[str, str | Path] | None = None) -> Finder:
    """Finds what a mapping extends: among `parents`, else beside it (`source` is that file, or its folder)."""
    folder = None if not isinstance(source, Path) else source if source.is_dir() else source.parent

    def find(name: str) -> Opened | None:
        known = (parents or {}).get(name)
        if known is None and folder is not None and name.isidentifier() and (folder / f"{name}.yaml").is_file():
            known = folder / f"{name}.yaml"
        return None if known is None else opened(known, name)

    return find


def joined(text: str | OSError | UnicodeDecodeError, file: str, name: str, find: Finder) -> tuple[Map | None, Remarks]:
    """The file's tree laid over those it extends, and what was wrong with their YAML."""
    remarks, layers, seen = Remarks(), [], set()
    while True:
        seen.add(name)
        tree = _read(text, file, remarks)
        if tree is None:
            break
        layers.append(tree)
        link = tree.get("extends")
        if link is None:
            break
        if not isinstance(link, Scalar) or link.text in seen or len(layers) > MAX_ANCESTORS:
            remarks.error(link.mark, "`extends:` names one other mapping, and never leads back to itself")
            break
        parent = find(link.text)
        if parent is None:
            remarks.error(link.mark, f"there is no mapping {link.text!r} to extend beside this file")
            break
        text, file, name = parent
    result = layers.pop() if layers else None
    for layer in reversed(layers):
        result = laid_over(result, layer) if result else layer
    return result, remarks


def _read(text: str | OSError | UnicodeDecodeError, file: str, remarks: Remarks) -> Map | None:
    if isinstance(text, str):
        return read(text, file, remarks)
    remarks.error(Mark(file, 1), f"the file cannot be read: {text}")
    return None
