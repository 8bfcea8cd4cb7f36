"""The files a new connector begins with: a small REST system that works, with comments that say what to change.

They are kept here as those of a system called Acme, and written under another name.
"""

from __future__ import annotations

import re
from pathlib import Path

from connectors.kit.registry import MACHINERY

HERE = Path(__file__).resolve().parent
NAME = re.compile(r"[a-z][a-z0-9_]*")
FILES = {
    "manifest.yaml": "connectors/acme/manifest.yaml",
    "README.md": "connectors/acme/README.md",
    "mapping.yaml": "mappings/acme.yaml",
    "recording.json": "tests/connectors/acme/return_partly_received.json",
    "expected.json": "tests/connectors/acme/return_partly_received.expected.json",
}
"""What is kept here, and what it becomes."""


def write(name: str, into: Path) -> list[Path]:
    """Write a connector called `name` below this folder; the files, in the order in which to read them.

    Nothing is ever overwritten. Raises ValueError with a letter when the name cannot be used, or is in use there.
    """
    if not NAME.fullmatch(name) or name in MACHINERY:
        raise ValueError(
            f"{name!r} cannot name a connector: it becomes a folder, a mapping and a word in every command, so write"
            " lower-case letters, digits and underscores, beginning with a letter, such as my_shop"
            + (f" ({name!r} is the connectors' own machinery)" if name in MACHINERY else "")
        )
    files = {kept: into / place.replace("acme", name) for kept, place in FILES.items()}
    folders = [into / "connectors" / name, into / "tests" / "connectors" / name]
    taken = [place for place in (*folders, files["mapping.yaml"]) if place.exists()]
    if taken:
        raise ValueError(
            f"there is something called {name!r} already: {', '.join(map(str, taken))}. Nothing was written; take"
            " another name, or move that out of the way"
        )
    for kept, place in files.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(_renamed((HERE / kept).read_text("utf-8"), name), "utf-8")
    return list(files.values())


def _renamed(text: str, name: str) -> str:
    return text.replace("Acme", name.replace("_", " ").title()).replace("acme", name)
