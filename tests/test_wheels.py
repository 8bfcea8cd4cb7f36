"""Installed from wheels, far from any checkout: the hub with all its files, and a connector that another package brings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.web.serve import free_port
from tests.connectors.tutorial import blocks
from tests.databases import CHECKOUT
from tests.test_house import systems, tracked
from tests.web.test_serve import answers, wait_until

PARTS = ("hub", "connectors", "mappings", "scheduler")
FILES = {name: text for _, name, text in blocks((CHECKOUT / "connectors/README.md").read_text()) if name}
PACKAGE = "returns_hub_dovecote"

Hub = Callable[..., str]


def pip(*words: str | Path) -> None:
    """Without an index: whatever is not here already is not had."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PIP_NO_INDEX": "1"})
    assert done.returncode == 0, done.stdout + done.stderr


def wheel(source: Path, into: Path) -> Path:
    pip("wheel", "--no-build-isolation", "--no-deps", "--wheel-dir", into, source)
    (built,) = into.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hub's own wheel, built from what git knows."""
    folder = tmp_path_factory.mktemp("hub")
    for file in tracked():
        place = folder / "source" / file.relative_to(CHECKOUT)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.read_bytes())
    return wheel(folder / "source", folder / "dist")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the package that connectors/README.md shows, with the files of its fifteen minutes."""
    folder = tmp_path_factory.mktemp("dovecote")
    package = folder / "source" / PACKAGE
    package.mkdir(parents=True)
    (folder / "source" / "pyproject.toml").write_text(FILES["pyproject.toml"])
    (package / "manifest.yaml").write_text(FILES["connectors/dovecote/manifest.yaml"])
    (package / "mapping.yaml").write_text(FILES["mappings/dovecote.yaml"])
    (package / "README.md").write_text("# Dovecote\n\n## Limits\n\nOne write (simulated).\n")
    return wheel(folder / "source", folder / "dist")


@pytest.fixture(scope="module")
def installed(ours: Path, theirs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with both wheels; the libraries they need are those of this one, its checkout is not."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    pip("--python", folder / "bin" / "python", "install", "--no-deps", ours, theirs)
    names = {"base": str(folder), "platbase": str(folder)}
    libraries = Path(sysconfig.get_path("purelib", "venv", vars=names))
    (libraries / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


@pytest.fixture
def env(database_url: str, tmp_path: Path) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "HUB_"))}
    return {**inherited, "HUB_DATABASE_URL": database_url, "HUB_DATA": str(tmp_path / "hub")}


@pytest.fixture
def hub(installed: Path, env: dict[str, str], tmp_path: Path) -> Hub:
    """hub("connectors", "list"): what the installed command prints, somewhere else."""

    def run(*words: str | Path) -> str:
        command = [installed / "bin" / "hub", *words]
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_the_hubs_wheel_holds_every_file_that_git_knows_of_it(ours: Path) -> None:
    with zipfile.ZipFile(ours) as packed:
        held = set(packed.namelist())
    wanted = {str(file.relative_to(CHECKOUT)) for part in PARTS for file in tracked(f"{part}/*")}
    assert sorted(wanted - held) == []
    (about,) = {name.split("/")[0] for name in held} - {*PARTS}
    assert about.endswith(".dist-info")


def test_what_is_installed_is_not_the_checkout(installed: Path, env: dict[str, str], tmp_path: Path) -> None:
    say = "import connectors, hub, mappings.engine, scheduler as s; print(hub.__path__[0], connectors.__path__[0], s.__path__[0])"
    command = [installed / "bin" / "python", "-c", say]
    said = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True).stdout
    assert all(place.startswith(str(installed)) for place in said.split())


def test_every_connector_is_found_and_lints_the_third_party_one_too(hub: Hub) -> None:
    found = {one["name"]: one for one in json.loads(hub("connectors", "list", "--json"))}
    assert set(found) == {*systems(), "dovecote"}
    assert [one["problem"] for one in found.values() if one["problem"]] == []
    dovecote = found["dovecote"]
    able = dovecote["capabilities"]
    assert (able["polls"], able["webhook"], able["operations"]) == (["return"], True, ["authorize"])
    assert "nothing to say against" in hub("connectors", "lint")
    assert f"{len(found)} dictionaries, nothing to say against" in hub("mapping", "lint")


def test_its_dictionary_translates(hub: Hub, installed: Path, tmp_path: Path) -> None:
    (dictionary,) = installed.rglob(f"{PACKAGE}/mapping.yaml")
    recording = tmp_path / "recording.json"
    recording.write_text(FILES["tests/connectors/dovecote/return_partly_received.json"])
    rows = {row["field"]: row["value"] for row in json.loads(hub("mapping", "try", dictionary, recording, "--json"))}
    assert (rows["number"], rows["authorization.value"]) == ("D-7", "requested")


def test_an_account_of_it_can_be_made(hub: Hub, tmp_path: Path) -> None:
    file = tmp_path / "accounts.yaml"
    settings = "{base_url: 'http://127.0.0.1:9', api_key: simulated}"
    file.write_text(f"accounts:\n  desk: {{connector: dovecote, settings: {settings}}}\n")
    assert "desk: added" in hub("accounts", "apply", file)
    assert [one["connector"] for one in json.loads(hub("accounts", "list", "--json"))] == ["dovecote"]


def test_a_new_connector_can_be_begun(hub: Hub, tmp_path: Path) -> None:
    hub("connectors", "new", "my_shop", "--into", tmp_path)
    assert (tmp_path / "connectors/my_shop/manifest.yaml").is_file()


@pytest.fixture
def site(installed: Path, env: dict[str, str], tmp_path: Path) -> Iterator[str]:
    port = free_port()
    served = {**env, "HUB_LISTEN": f"127.0.0.1:{port}"}
    process = subprocess.Popen([installed / "bin" / "hub", "serve"], cwd=tmp_path, env=served)
    try:
        wait_until(lambda: answers(port), "the hub answers")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def test_the_console_has_its_pages_styles_and_languages(site: str) -> None:
    def page(path: str, language: str = "en") -> str:
        asked = urllib.request.Request(f"{site}{path}", headers={"Accept-Language": language})
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return str(answer.read().decode())

    assert page("/static/base.css")
    assert "Returns" in page("/returns")
    assert "退" in page("/returns", "zh")
