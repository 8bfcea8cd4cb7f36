"""hub connectors: what systems the hub can talk to."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from connectors.kit import docs, registry, scaffold
from hub.cli.grading import evidence_file, grade, grades
from hub.cli.out import as_json, dump, say, show


def _checkout() -> Path:
    """Where this hub's own connectors are developed; an installed one is nobody's to change."""
    root = registry.HERE.parent
    return root if (root / "pyproject.toml").is_file() else Path.cwd()


@click.group()
def connectors() -> None:
    """The systems the hub can talk to, and what each can do."""


@connectors.command("list")
@as_json
def list_(json_: bool) -> None:
    """Every connector found: its capabilities as read off its code, and its grade where the last tests show one."""
    rows: list[dict[str, Any]] = []
    for name, graded in zip(registry.names(), grades(registry.names(), evidence_file()), strict=True):
        entry = registry.load(name)
        rows.append(
            {
                "name": name,
                "kind": ", ".join(entry.manifest.kinds) if entry.manifest else None,
                "capabilities": asdict(entry.capabilities),
                "grade": graded.level,
                "problem": entry.problem,
            }
        )
    if json_:
        dump(rows)
        return
    able = ("polls", "webhook", "operations")
    shown = [{**row, **row["capabilities"]} for row in rows]
    show(shown, ("name", "kind", "grade", *able, "problem"), False, empty="No connectors.")


@connectors.command("show")
@click.argument("name")
@as_json
def show_(name: str, json_: bool) -> None:
    """One connector: its settings and where to find them, streams, operations."""
    entry = registry.load(name)
    manifest = entry.manifest
    if json_:
        dump(
            {
                "name": name,
                "kind": ", ".join(manifest.kinds),
                "settings": {k: str(v) for k, v in manifest.settings.items()},
            }
        )
        return
    say(f"{str(manifest.label) or name} ({', '.join(manifest.kinds)})")
    settings = [
        {
            "setting": key,
            "secret": spec.secret,
            "required": spec.required and spec.default is None,
            "help": str(spec.help) or str(spec.label),
        }
        for key, spec in manifest.settings.items()
    ]
    show(settings, ("setting", "secret", "required", "help"), False, empty="No settings.")
    able = entry.capabilities
    say(f"reads: {', '.join(sorted(able.polls)) or '-'} · webhooks: {'yes' if able.webhook else 'no'}")
    say(f"writes: {', '.join(sorted(able.operations)) or '-'}")


@connectors.command("lint")
@click.argument("names", nargs=-1)
def lint(names: tuple[str, ...]) -> None:
    """Whether manifests say what they should, by file and line; all when none is named."""
    findings = [finding for name in names or registry.names() for finding in registry.lint(name)]
    for finding in findings:
        say(str(finding))
    if findings:
        raise SystemExit(1)
    say("nothing to say against them")


@connectors.command("new")
@click.argument("name")
@click.option(
    "--into",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=_checkout,
    help="The folder above connectors/, mappings/ and tests/ (default: this hub's checkout, else the current folder).",
)
def new(name: str, into: Path) -> None:
    """Begin a connector without code: a small REST system that works, with comments that say what to change."""
    files = scaffold.write(name, into)
    say("These files are yours now; begin with a real answer in the recording:")
    for file in files:
        say(f"  {file}")
    say(
        f"Check them with `hub connectors lint {name}`, `hub mapping lint {into / 'mappings' / name}.yaml` and"
        f" `pytest tests/connectors -k {name}`; `hub connectors list` shows what it can do."
    )


@connectors.command("docs")
@click.argument("names", nargs=-1)
@click.option(
    "--into",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=None,
    help="A folder for NAME.md; without it the pages are printed.",
)
@click.option("--language", type=click.Choice(("en", "zh")), default="en", show_default=True)
def docs_(names: tuple[str, ...], into: Path | None, language: str) -> None:
    """A page per connector, from its manifest and code: settings and where to find them, webhooks, what it can do."""
    for name in names or registry.names():
        page = docs.page(registry.load(name), language)
        if into is None:
            say(page)
        else:
            (into / f"{name}.md").write_text(page, "utf-8")
            say(into / f"{name}.md")


connectors.add_command(grade)

COMMANDS = (connectors,)
