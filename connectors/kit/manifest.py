"""A system's manifest: what its connector needs to know, as data. README.md explains each key of manifest.yaml.

`load` gives a Manifest or raises ManifestError with everything that is wrong; `lint` gives the list.
"""

from __future__ import annotations

from pathlib import Path

from connectors.kit.manifest_parts import (
    FILE,
    Budget,
    Manifest,
    OperationSpec,
    Setting,
    Stores,
    Stream,
    Text,
    Topic,
    Webhook,
    WebhookAnswer,
)
from connectors.kit.manifest_schema import validate
from connectors.kit.yamlfile import Problem, read

__all__ = [
    "FILE",
    "WebhookAnswer",
    "Budget",
    "Manifest",
    "ManifestError",
    "OperationSpec",
    "Problem",
    "Setting",
    "Stores",
    "Stream",
    "Text",
    "Topic",
    "Webhook",
    "examine",
    "lint",
    "load",
]


class ManifestError(Exception):
    """The manifest has problems; the text lists them all, one a line."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def load(path: Path, shown_as: str = "") -> Manifest:
    """Read a manifest. Raises ManifestError with all its problems at once."""
    manifest, problems = examine(path, shown_as)
    if manifest is None or problems:
        raise ManifestError(problems)
    return manifest


def lint(path: Path, shown_as: str = "") -> list[Problem]:
    """Everything that is wrong with a manifest."""
    return examine(path, shown_as)[1]


def examine(path: Path, shown_as: str = "") -> tuple[Manifest | None, list[Problem]]:
    """The manifest, if it can be made out, and its problems in the order of its lines."""
    document = read(path, shown_as)
    manifest = None
    if not document.problems:
        manifest, found = validate(document)
        document.problems += found
    return manifest, sorted(document.problems, key=lambda problem: (problem.line, problem.field))
