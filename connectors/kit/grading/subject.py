"""What is graded: a connector with its code, its manifest and the files that speak of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from connectors.kit import registry
from connectors.kit.capabilities import Capabilities
from connectors.kit.manifest_parts import Manifest
from connectors.kit.registry import Entry

KIT = Path(__file__).resolve().parent.parent
ENGINE = KIT.parent.parent / "mappings" / "engine"
SUITE = ("adapter.py", "contract*.py", "through_hub.py", "stage.py", "proxy.py", "test_recordings.py")
"""What all connectors' tests rest on, in tests/connectors."""


@dataclass(frozen=True)
class Recording:
    """One record as the system tells it; `expected` is where it stands in our words."""

    file: Path
    stream: str
    record: Any
    expected: Path


@dataclass(frozen=True)
class Subject:
    """A connector as it is graded; `root` is the checkout that holds its tests."""

    entry: Entry
    root: Path

    @property
    def name(self) -> str:
        return self.entry.name

    @property
    def manifest(self) -> Manifest:
        manifest: Manifest = self.entry.manifest
        return manifest

    @property
    def can(self) -> Capabilities:
        return self.entry.capabilities

    @cached_property
    def recordings(self) -> list[Recording]:
        """Its recordings, by name."""
        found = []
        for file in sorted((self.root / "tests" / "connectors" / self.name).glob("*.json")):
            if file.name.endswith(".expected.json"):
                continue
            content = msgspec.json.decode(file.read_bytes())
            if isinstance(content, dict) and {"stream", "record"} <= set(content):
                beside = file.with_name(f"{file.stem}.expected.json")
                found.append(Recording(file, content["stream"], content["record"], beside))
        return found

    def digest(self, modules: Iterable[str] = ()) -> str:
        """A SHA-256 over every file that its grade rests on; `modules` are test files besides those of its name."""
        total = hashlib.sha256()
        for file in sorted({*self._files(), *(self.root / module for module in modules)}):
            shown = file.relative_to(self.root) if file.is_relative_to(self.root) else Path(file.name)
            content = file.read_bytes() if file.is_file() else b""
            total.update(f"{shown.as_posix()}\0{len(content)}\0".encode() + content)
        return total.hexdigest()

    def _files(self) -> Iterator[Path]:
        tests = self.root / "tests" / "connectors"
        for place in (self.entry.folder, KIT, ENGINE, *tests.glob(f"*{self.name}*")):
            for file in place.rglob("*") if place.is_dir() else [place]:
                if file.is_file() and "__pycache__" not in file.parts:
                    yield file
        yield from (file for name in SUITE for file in tests.glob(name))
        if self.entry.mapping.is_file():
            yield self.entry.mapping


def subject(name: str) -> Subject:
    """The connector of this name. Raises LookupError with a letter when there is none."""
    return Subject(registry.load(name), registry.HERE.parent)
