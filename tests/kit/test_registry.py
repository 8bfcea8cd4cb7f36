"""Systems are found by folder and by entry point; a broken one is shown and never fatal."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from connectors.kit import registry
from connectors.kit.api import Connector, Login, Reply
from connectors.kit.capabilities import Capabilities, read_off
from connectors.kit.errors import Rejected, Unsupported
from connectors.kit.manifest import load
from tests.kit.loopline.sandbox import Loopline

MANIFEST = """\
name: {name}
kind: erp
support: recorded
base_url: http://127.0.0.1:9
streams:
  return: {{feed: cursor, fetch: true}}
  part: {{feed: none, fetch: true}}
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry_points: list[EntryPoint]) -> Any:
    """Make a connector package outside of the project, offered as an entry point."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(name: str, code: str | None, manifest: str = MANIFEST) -> None:
        folder = tmp_path / f"pkg_{name}"
        folder.mkdir()
        (folder / "__init__.py").touch()
        (folder / "manifest.yaml").write_text(manifest.format(name=name))
        if code is not None:
            (folder / "connector.py").write_text(code)
        entry_points.append(EntryPoint(name, f"pkg_{name}", registry.GROUP))

    return make


def test_folders_are_systems_and_the_kit_is_none() -> None:
    assert {"medusa", "tryton"} <= set(registry.names())
    assert "kit" not in registry.names()
    with pytest.raises(LookupError, match="there is no connector 'shopfy'"):
        registry.load("shopfy")
    with pytest.raises(LookupError):
        registry.load("kit")


def test_an_entry_point_is_a_system_like_any_other(loopline: registry.Entry) -> None:
    assert "loopline" in registry.names()
    assert loopline.problem == ""
    assert loopline.mapping.name == "mapping.yaml"
    assert registry.lint("loopline") == []
    assert loopline.capabilities == Capabilities(
        polls=("return",),
        fetches=("return",),
        operations=("receive",),
        webhook=True,
        topics=("return.updated", "return.touched"),
        find=True,
        check=True,
    )


GOOD = "from connectors.kit.api import Connector\nclass Mine(Connector):\n    def do_receive(self, operation): ...\n"


@pytest.mark.parametrize(
    ("name", "code", "problem"),
    [
        ("explodes", "raise RuntimeError('boom')", "RuntimeError while importing pkg_explodes.connector: boom"),
        ("lacks", "import no_such_module", "No module named 'no_such_module'"),
        ("empty", "", "defines 0 connectors"),
        ("two", GOOD + "class Other(Connector): pass\n", "defines 2 connectors: say CONNECTOR"),
        ("leaves", "raise SystemExit('bye')", "SystemExit while importing pkg_leaves.connector: bye"),
    ],
)
def test_a_broken_connector_is_listed_with_its_problem(package: Any, name: str, code: str, problem: str) -> None:
    package(name, code)
    entry = registry.load(name)
    assert problem in entry.problem
    assert entry.capabilities == Capabilities()
    assert entry in registry.entries()
    assert problem in str(registry.lint(name)[0])
    assert "cannot be loaded" in registry.matrix([entry])
    with pytest.raises(LookupError, match="cannot be used"):
        entry.connect(Login("here"))


def test_a_broken_manifest_is_listed_with_its_problem(package: Any, entry_points: list[EntryPoint]) -> None:
    package("crooked", GOOD, "name: crooked\n")
    entry = registry.load("crooked")
    assert entry.manifest is None
    assert "kind: Missing data" in entry.problem
    entry_points.append(EntryPoint("absent", "no_such_package", registry.GROUP))
    entry_points.append(EntryPoint("nested", "no_such.package", registry.GROUP))
    entry_points.append(EntryPoint("module", "json.decoder", registry.GROUP))
    assert "is no package" in registry.load("absent").problem
    assert "cannot be imported" in registry.load("nested").problem
    assert "is no package" in registry.load("module").problem


def test_one_name_everywhere(package: Any) -> None:
    package("alias", GOOD, MANIFEST.replace("{name}", "another"))
    assert "must be 'alias', as its folder" in str(registry.lint("alias")[0])


def test_a_dictionary_that_was_left_out_of_the_package_is_missed(package: Any, tmp_path: Path) -> None:
    package("lost", GOOD)
    (problem,) = registry.lint("lost")
    assert "its dictionary is missing" in str(problem)
    assert "pkg_lost/mapping.yaml" in str(problem)
    (tmp_path / "pkg_lost" / "mapping.yaml").touch()
    assert registry.lint("lost") == []


def test_capabilities_are_read_off_the_code(tmp_path: Path) -> None:
    file = tmp_path / "manifest.yaml"
    file.write_text(MANIFEST.format(name="mine") + "operations: {cancel: {moves_money: no}}\n")
    manifest = load(file)

    class Silent(Connector):
        pass

    class Able(Connector):
        def poll(self, stream: str, cursor: str | None) -> Any: ...
        def fetch(self, stream: str, external_id: str) -> Any: ...
        def do_receive(self, operation: Any) -> Reply: ...  # type: ignore[empty-body]

    assert read_off(Silent, manifest) == Capabilities()
    able = read_off(Able, manifest)
    assert (able.polls, able.fetches, able.operations) == (("return",), ("return", "part"), ("receive",))
    assert (able.webhook, able.find, able.check) == (False, False, False)


def test_the_base_class_can_nothing() -> None:
    connector = Connector(Login("here"), None)
    for ask in (connector.check, lambda: connector.poll("return", None), lambda: connector.fetch("return", "1")):
        with pytest.raises(Unsupported):
            ask()


def test_the_matrix_names_what_each_can(loopline: registry.Entry) -> None:
    table = registry.matrix([loopline]).splitlines()
    assert table[:2] == ["|  | loopline |", "| --- | --- |"]
    for row in ("kind | storefront", "tried against | sandbox", "polls | return", "webhooks | yes", "`receive` | yes"):
        assert f"| {row} |" in table
    assert "| `refund` | – |" in table


def test_an_accounts_connections_are_kept_and_end_with_its_settings(loopline: registry.Entry) -> None:
    with Loopline() as sandbox:
        settings = {"base_url": sandbox.url, "api_key": "simulated-key"}
        wire: list[dict[str, Any]] = []
        first = loopline.connect(Login("here", settings), wire=wire)
        assert first.check().ok
        second = loopline.connect(Login("here", dict(settings)))
        other = loopline.connect(Login("there", settings))
        changed = loopline.connect(Login("here", {**settings, "api_key": "another"}))
        assert first.http._adapter is second.http._adapter
        assert first.http._adapter is not other.http._adapter
        assert first.http._adapter is not changed.http._adapter
        assert not changed.check().ok
        assert len(wire) == 1
        assert "simulated-key" not in str(wire)


def test_a_setting_that_is_missing_is_a_letter(loopline: registry.Entry) -> None:
    with pytest.raises(Rejected, match="api_key"):
        loopline.connect(Login("here", {}))
