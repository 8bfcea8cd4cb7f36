"""The house keeps its own rules; each test's name is the rule."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from hub import settings
from hub.store import retention

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LONGEST_FILE = 350
ONE_PAGE = {"hub/model/language/labels.py", "hub/store/tables.py"}
"""Every table on one page: what is read as a whole is not cut."""
TOP_LEVEL = {"hub", "connectors", "mappings", "scheduler", "tests", "benchmarks", ".ci", ".gitignore"}
TOP_LEVEL |= {"pyproject.toml", "README.md", "Makefile", "LICENSE", "CHANGELOG.md"}
TOP_LEVEL |= {"hub.lock", "dev.lock", "bench.lock", "tryton.lock"}
#: Which groups of pyproject.toml a lock file pins; hub.lock's own dependencies are in all but the last.
LOCKS = {
    "hub.lock": ["build"],
    "dev.lock": ["build", "dev"],
    "bench.lock": ["build", "bench"],
    "tryton.lock": ["tryton"],
}
#: Folders of the machines this was written on, and hosts that packages come from (a mirror is the reader's choice).
FOREIGN = re.compile(
    r"(?<![A-Za-z0-9_.])/(?:wo[r]k|fa[r]m)/|/var/tmp/la[b]\b|/r[o]ot/|/ho[m]e/[a-z]"
    r"|\b(?:py[p]i\.org|pythonho[s]ted\.org|npm[j]s\.(?:org|com)|npmm[i]rror\.com|tuna\.tsin[g]hua)",
    re.IGNORECASE,
)


def tracked(pattern: str = "*") -> list[Path]:
    """The project's files: what git knows, and what it would add."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", pattern],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    files = [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]
    assert files, f"git lists no {pattern} in {ROOT}"
    return files


def named(files: Sequence[Path]) -> list[str]:
    return sorted(str(file.relative_to(ROOT)) for file in files)


def systems() -> list[str]:
    """Every connector in the tree."""
    found = sorted(path.parent.name for path in (ROOT / "connectors").glob("*/manifest.yaml"))
    assert len(found) >= 2
    return found


def test_the_top_level_holds_only_what_belongs_there() -> None:
    assert {file.relative_to(ROOT).parts[0] for file in tracked()} <= TOP_LEVEL


def test_no_python_file_is_too_long() -> None:
    files = [
        file
        for file in tracked("*.py")
        if "migrations" not in file.parts and str(file.relative_to(ROOT)) not in ONE_PAGE
    ]  # history, never edited again
    found = named([file for file in files if len(file.read_text().splitlines()) > LONGEST_FILE])
    assert not found, "\n".join(found)


def test_nothing_is_left_to_do_in_comments() -> None:
    unfinished = re.compile(r"\b(?:TO[D]O|FIX[M]E|XX[X])\b")
    found = named([file for file in tracked("*.py") if unfinished.search(file.read_text())])
    assert not found, "\n".join(found)


def test_no_file_names_a_workplace_or_a_registry() -> None:
    found = []
    for file in tracked():
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue  # a picture
        found += [
            f"{file.relative_to(ROOT)}:{n}: {line[:80]}" for n, line in enumerate(lines, 1) if FOREIGN.search(line)
        ]
    assert not found, "\n".join(found)


def test_what_the_search_for_workplaces_finds() -> None:
    guilty = [
        "see /wo" + "rk/main",
        "cd /fa" + "rm/x",
        "https://registry.npm" + "js.org/a.tgz",
        "files.pythonho" + "sted.org",
    ]
    innocent = ["../shared/data", "frame/work/flow", "network/", "https://docs.medusajs.com"]
    assert [bool(FOREIGN.search(line)) for line in guilty + innocent] == [True] * 4 + [False] * 4


def test_import_contracts_hold() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_part_of_the_hub_has_its_layer() -> None:
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    (layers,) = [c["layers"] for c in contracts if c["name"] == "Dependencies point down"]
    placed = {word.strip(" ()") for line in layers for word in line.split("|")}
    parts = {
        f"hub.{path.stem}"
        for path in (ROOT / "hub").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert parts - {"hub.__init__"} - placed == set()


def test_the_lines_of_pages_are_short() -> None:
    """Tables and code are as wide as they are."""
    long = []
    for page in tracked("*.md"):
        code = False
        for number, line in enumerate(page.read_text("utf-8").splitlines(), 1):
            code ^= line.lstrip().startswith("```")
            if len(line) > 120 and not code and not line.lstrip().startswith("|"):
                long.append(f"{page.relative_to(ROOT)}:{number}")
    assert not long, "\n".join(long)


def test_every_file_that_a_page_names_is_there() -> None:
    """By its path from the top, from `hub/`, from the page's own folder, or by its name alone."""
    names = {file.name for file in tracked("*")}
    missing = []
    for page in [*tracked("hub/*.md"), *tracked("hub/*.py"), *tracked("scheduler/*"), ROOT / "README.md"]:
        for path in re.findall(r"(?<![\w/.])((?:\w+/)*\w+\.py)\b", page.read_text("utf-8")):
            found = any((base / path).exists() for base in (ROOT, ROOT / "hub", ROOT / "hub" / "pipeline", page.parent))
            if not found and not ("/" not in path and path in names):
                missing.append(f"{page.relative_to(ROOT)}: {path}")
    assert not missing, "\n".join(missing)


@pytest.mark.parametrize("system", systems())
def test_every_connector_has_its_manifest_mapping_readme_and_recordings(system: str) -> None:
    wanted = [f"connectors/{system}/manifest.yaml", f"connectors/{system}/README.md", f"mappings/{system}.yaml"]
    assert [name for name in wanted if not (ROOT / name).is_file()] == []
    folder = ROOT / "tests" / "connectors" / system
    recordings = [path for path in folder.rglob("*.json") if not path.name.endswith(".expected.json")]
    assert recordings, f"no recording in {folder}"


@pytest.mark.parametrize("system", systems())
def test_every_manifest_lints(system: str) -> None:
    from connectors.kit import registry

    assert system in registry.names()
    findings = [str(finding) for finding in registry.lint(system)]
    assert not findings, "\n".join(findings)


def test_every_mapping_lints() -> None:
    from hub import schema
    from mappings.engine import lint

    files = sorted((ROOT / "mappings").glob("*.yaml"))
    assert {file.stem for file in files} >= set(systems())
    findings = [
        str(finding)
        for file in files
        for finding in lint(file.read_text("utf-8"), schema.vocabulary(), file=str(file), folder=file.parent)
    ]
    assert not findings, "\n".join(findings)


def test_every_word_the_kit_offers_is_in_its_readme() -> None:
    from connectors.kit import api, errors

    offered = [
        name for module in (api, errors) for name, thing in vars(module).items()
        if isinstance(thing, type) and thing.__module__ == module.__name__
    ]  # fmt: skip
    readme = (ROOT / "connectors" / "README.md").read_text()
    assert [name for name in offered if not re.search(rf"\b{name}\b", readme)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_dependency_is_locked_with_its_hash_and_no_index(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert not re.search(r"^-|://", text, re.MULTILINE)
    pins: dict[str, list[Version]] = {}
    for entry in re.split(r"\n(?=[A-Za-z0-9])", text):
        pin = re.match(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^ ;]+)", entry)
        assert pin, f"{lock} does not pin: {entry}"
        assert "--hash=sha256:" in entry, f"{lock} has no hash for {pin[1]}"
        pins.setdefault(canonicalize_name(pin[1]), []).append(Version(pin[2]))
    wanted = [word for group in LOCKS[lock] for word in PROJECT["dependency-groups"][group]]
    wanted += [] if lock == "tryton.lock" else PROJECT["project"]["dependencies"]
    for requirement in map(Requirement, wanted):
        found = pins.get(canonicalize_name(requirement.name), [])
        assert found, f"{lock} lacks {requirement.name}: make lock"
        assert all(map(requirement.specifier.contains, found)), f"{lock} has {requirement.name} {found}: make lock"


def test_generated_settings_in_the_readme_are_current(request: pytest.FixtureRequest) -> None:
    check_block("settings", settings.table(), accept=request.config.option.accept)


def test_generated_retention_in_the_hubs_readme_is_current(request: pytest.FixtureRequest) -> None:
    check_block("retention", retention.table(), accept=request.config.option.accept, file="hub/README.md")


def test_generated_matrix_in_the_readme_is_current(request: pytest.FixtureRequest) -> None:
    from connectors.kit import registry

    check_block("matrix", registry.matrix(registry.entries()), accept=request.config.option.accept)


def test_generated_rules_in_the_connectors_readme_are_current(request: pytest.FixtureRequest) -> None:
    from connectors.kit.grading.rules import table

    check_block("rules", table(), accept=request.config.option.accept, file="connectors/README.md")


@pytest.mark.parametrize("system", systems())
def test_generated_part_of_each_connectors_readme_is_current(system: str, request: pytest.FixtureRequest) -> None:
    from connectors.kit import docs, registry

    wanted = docs.section(registry.load(system))
    check_block("manifest", wanted, accept=request.config.option.accept, file=f"connectors/{system}/README.md")


def check_block(name: str, wanted: str, *, accept: bool, file: str = "README.md") -> None:
    """The text between `<!-- name -->` and `<!-- /name -->` in a page is the generated one; `--accept` writes it."""
    readme = ROOT / file
    before, begin, rest = readme.read_text().partition(f"<!-- {name} -->\n")
    found, end, after = rest.partition(f"<!-- /{name} -->")
    assert begin, f"{file} has no <!-- {name} -->"
    assert end, f"{file} has no <!-- /{name} -->"
    if accept and found != f"{wanted}\n":
        readme.write_text(f"{before}{begin}{wanted}\n{end}{after}")
        return
    assert found == f"{wanted}\n", "make docs writes it anew"
