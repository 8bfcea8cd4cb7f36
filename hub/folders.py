"""Folders and files only the hub should read, made the same way everywhere."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def make(folder: Path) -> Path:
    """Make a folder and its missing parents; one that exists keeps its permissions.

    New ones are private. As root they let others pass (not list): the database's system user lives below.
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        path.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return folder


def write_once(path: Path, text: str) -> str:
    """Write a 0600 file unless it is there, and return what it says: of two writers one wins and both agree."""
    descriptor, draft = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)  # 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)  # unlike a rename, a link never replaces what is there
    except FileExistsError:
        return path.read_text(encoding="utf-8")
    finally:
        os.unlink(draft)
    return text
