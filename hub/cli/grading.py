"""hub connectors grade: how good each connector is, computed from its files and from the tests that ran with them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import click

from connectors.kit import grading, registry
from connectors.kit.grading import Grade
from hub.cli.out import as_json, dump, say, show

BEGIN, END = "<!-- grades -->\n", "<!-- /grades -->"


def evidence_file() -> Path:
    """Where `make test` writes what the tests showed."""
    return registry.HERE.parent / grading.FILE


def grades(names: Sequence[str], evidence: Path) -> list[Grade]:
    """The grade of each. Raises ValueError where the file is no evidence, LookupError for an unknown name."""
    known = grading.read(evidence)
    return [grading.grade(grading.subject(name), known) for name in names]


@click.command("grade")
@click.argument("names", nargs=-1)
@click.option(
    "--evidence",
    type=click.Path(dir_okay=False, path_type=Path),
    default=evidence_file,
    help=f"What the tests showed (default: {grading.FILE} of this checkout, which `make test` writes).",
)
@click.option("--run", is_flag=True, help="First run the tests that show something of these connectors.")
@click.option("--at-least", type=click.Choice(grading.LEVELS), help="Exit with 1 if one of them is below this level.")
@click.option(
    "--readme",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Exit with 1 if this file's table of grades says something else.",
)
@click.option("--accept", is_flag=True, help="Write that table anew.")
@as_json
def grade(
    names: tuple[str, ...],
    evidence: Path,
    run: bool,
    at_least: str | None,
    readme: Path | None,
    accept: bool,
    json_: bool,
) -> None:
    """The level of each connector (bronze, silver, gold, platinum), and what is missing for more; all without NAMES.

    A machine checks every rule: against the connector's files, and against the tests of the last run. Evidence of other
    files than today's counts for nothing.
    """
    for name in names:
        registry.load(name)  # a name that is none is a letter before anything runs
    wanted = names or tuple(registry.names())
    if run:
        _run(wanted, evidence)
    found = grades(wanted, evidence)
    if json_:
        dump(found)
    else:
        for one in found:
            _show(one)
    below = [one.name for one in found if at_least is not None and not one.reaches(at_least)]
    if below:
        say(f"below {at_least}: {', '.join(below)}", err=True)
    promised = readme is None or _promised(readme, found if not names else grades(registry.names(), evidence), accept)
    if below or not promised:
        raise SystemExit(1)


def table(found: Sequence[Grade]) -> str:
    """The grades as a Markdown table."""
    rows = [("", *(one.name for one in found)), ("---",) * (len(found) + 1), ("grade", *(_word(one) for one in found))]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _word(one: Grade) -> str:
    return one.level or "none"


def _show(one: Grade) -> None:
    if one.problem:
        say(f"{one.name}: no grade: {one.problem}.")
        if one.findings:
            say(f"Run `make test`, or `hub connectors grade {one.name} --run`, which takes only its own tests.")
    else:
        say(f"{one.name}: {_word(one)} (tests of {one.at})")
    rows = [
        {"level": f.level, "rule": f.rule, "state": f.state, "why": "\n".join(f.why)}
        for f in one.findings
        if not one.problem or f.state == grading.MISSING
    ]
    if rows:
        show(rows, ("level", "rule", "state", "why"), False, empty="")
        say("")


def _run(names: Sequence[str], evidence: Path) -> None:
    """Run exactly the marked tests of these connectors; what fails is seen in the grade."""
    root = registry.HERE.parent
    if not (root / "tests" / "evidence.py").is_file() or find_spec("pytest") is None:
        raise ValueError(
            f"the tests cannot run: {root} is no checkout of the hub with its development tools. Get one, run `make"
            " setup` in it, and call its own `.venv/bin/hub connectors grade --run`"
        )
    chosen = [word for name in names for word in ("--proves", name)]
    command = [sys.executable, "-m", "pytest", "-q", *chosen, "--evidence", str(evidence.resolve()), "tests"]
    subprocess.run(command, cwd=root, stdout=sys.stderr, check=False)  # noqa: S603 - our own tests


def _promised(readme: Path, found: Sequence[Grade], accept: bool) -> bool:
    """Whether the file's table says these grades; with `accept` it does from now on."""
    before, begin, rest = readme.read_text("utf-8").partition(BEGIN)
    said, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{readme} has no table of grades: put {BEGIN.strip()} and {END} where it is to stand")
    if said == table(found):
        return True
    unknown = [one.name for one in found if one.problem]
    if not accept or unknown:
        why = f" Nothing is known of {', '.join(unknown)}: run `make test` first." if unknown else ""
        say(f"{readme} promises other grades than these.{why}", err=True)
        say("`hub connectors grade --readme README.md --accept` writes them down", err=True)
        return False
    readme.write_text(f"{before}{begin}{table(found)}{end}{after}", "utf-8")
    return True
