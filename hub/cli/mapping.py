"""hub mapping: the dictionaries between their words and ours."""

from __future__ import annotations

from pathlib import Path

import click

from connectors.kit import registry
from hub import schema
from hub.cli.out import as_json, dump, say, show
from mappings.engine import Mapping, lint, read_json


@click.group()
def mapping() -> None:
    """Check a dictionary, and try it on a payload."""


@mapping.command("lint")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_json
def lint_(files: tuple[Path, ...], json_: bool) -> None:
    """What is wrong or dangerous in these files, by line; all dictionaries of the hub when none is named."""
    brought = {entry.mapping for entry in registry.entries() if entry.mapping.is_file()}
    wanted = files or tuple(sorted(brought.union(registry.MAPPINGS.glob("*.yaml"))))
    findings = [
        finding
        for file in wanted
        for finding in lint(file.read_text("utf-8"), schema.vocabulary(), file=str(file), folder=file.parent)
    ]
    if json_:
        dump(findings)
    for finding in () if json_ else findings:
        say(str(finding))
    if not findings and not json_:
        say(f"{len(wanted)} dictionaries, nothing to say against them")
    if any(finding.level == "error" for finding in findings):
        raise SystemExit(1)


@mapping.command("try")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("payload", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--stream", default=None, help="Which section (default: the only one, or the payload's own `stream`).")
@as_json
def try_(file: Path, payload: Path, stream: str | None, json_: bool) -> None:
    """Which path of FILE matched what in PAYLOAD, field by field."""
    dictionary = Mapping.load(file)
    record = read_json(payload.read_bytes())
    if isinstance(record, dict) and {"stream", "record"} <= set(record):
        stream, settings, record = stream or record["stream"], record.get("settings", {}), record["record"]
    else:
        settings = {}
    if stream is None and len(dictionary.streams) == 1:
        stream = next(iter(dictionary.streams))
    sections = (*dictionary.streams, *dictionary.operations)
    if stream not in sections:
        asked = "" if stream is None else f"{file} has no section {stream!r}; "
        raise ValueError(f"{asked}name one with --stream: {', '.join(sorted(sections))}")
    rows = dictionary.explain(stream, record, settings)
    show(rows, ("field", "expression", "value", "path"), json_, empty="The section says nothing about this payload.")
    if stream in dictionary.streams:
        schema.fragment(dictionary.read(stream, record, settings))


COMMANDS = (mapping,)
