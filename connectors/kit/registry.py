"""Which systems there are: the folders of `connectors/`, and what other packages offer as `returns_hub.connectors`.

A connector that cannot be loaded is an entry with its `problem`, shown and never fatal. An entry point names a package
that holds manifest.yaml, connector.py (or none: then the manifest alone is the connector) and mapping.yaml.
"""

from __future__ import annotations

import importlib
import importlib.util
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from connectors.kit.api import Connector, Login
from connectors.kit.attempt import DEFAULT, Attempt
from connectors.kit.capabilities import Capabilities, read_off
from connectors.kit.declarative import Declarative
from connectors.kit.manifest import FILE, Manifest, ManifestError, Problem, examine
from connectors.kit.manifest import load as load_manifest
from connectors.kit.manifest_parts import Budget
from connectors.kit.manifest_schema import OPERATIONS
from connectors.kit.masking import Mask, in_address
from connectors.kit.sessions import Grants, Sessions
from connectors.kit.wire import Recorder

HERE = Path(__file__).resolve().parent.parent
MAPPINGS = HERE.parent / "mappings"
GROUP = "returns_hub.connectors"
MACHINERY = frozenset(("kit",))

_sessions = Sessions()
_known: dict[str, Entry] = {}
_lock = threading.Lock()


@dataclass(frozen=True)
class Entry:
    """One system as it was found. With a `problem` it cannot be used; `manifest` may be None then."""

    name: str
    package: str
    folder: Path
    manifest: Any = None
    """The Manifest; None only where `problem` says why."""
    connector: type[Connector] = Connector
    problem: str = ""
    mapping: Path = field(default=MAPPINGS)

    @cached_property
    def capabilities(self) -> Capabilities:
        """What it can do, read off its code and manifest."""
        return Capabilities() if self.problem else read_off(self.connector, self.manifest)

    def of(self, settings: Mapping[str, Any]) -> Entry:
        """This system as an account with these settings has it (`by_account` in its manifest)."""
        decides = self.manifest is not None and self.manifest.by_account
        return replace(self, manifest=self.manifest.of(settings)) if decides else self

    def paced(self, budget: Budget | None) -> Entry:
        """The same with this budget in place of the manifest's `default`."""
        if budget is None or self.manifest is None:
            return self
        return replace(self, manifest=replace(self.manifest, budgets={**self.manifest.budgets, DEFAULT: budget}))

    def connect(
        self,
        account: Login,
        *,
        wire: list[dict[str, Any]] | None = None,
        grants: Grants | None = None,
        budget: Callable[[str], float] | None = None,
        until: float | None = None,
        attempt: Attempt | None = None,
    ) -> Connector:
        """A connector for this account. Connections and tokens are kept between calls, by account name.

        Every exchange is appended to `wire`, redacted; without one none is written down. `grants` keeps OAuth tokens
        for all processes, `budget` is asked before each request, and nothing is sent after `until` (time.monotonic).
        `attempt` is told whether anything that was sent may have had an effect.
        """
        if self.problem:
            raise LookupError(f"connector {self.name!r} cannot be used: {self.problem}")
        settings = self.manifest.complete(account.settings)
        http = _sessions.http(self.manifest, account.name, settings, grants)
        secrets = secret_values(self.manifest, settings)
        recorder = None if wire is None else Recorder(wire, secrets)
        view = http.view(wire=recorder, budget=budget, until=until, attempt=attempt or Attempt(), mask=Mask(secrets))
        return self.connector(Login(account.name, settings), view)


def names() -> list[str]:
    """Every system by name."""
    folders = {path.parent.name for path in HERE.glob(f"*/{FILE}")} - MACHINERY
    return sorted(folders | {point.name for point in entry_points(group=GROUP)})


def entries() -> list[Entry]:
    """Every system, the broken ones with their problem."""
    return [load(name) for name in names()]


def load(name: str) -> Entry:
    """One system. Raises LookupError with a letter when there is none of this name."""
    with _lock:
        if name not in _known:
            _known[name] = _find(name)
        return _known[name]


def lint(name: str) -> list[Problem]:
    """What is wrong with a system's manifest, whether its code can be loaded, and whether its dictionary came along."""
    entry = _find(name)
    file = entry.folder / FILE
    problems = examine(file, _shown(file))[1]
    if entry.problem and not problems:
        problems.append(Problem(_shown(file), 1, "", entry.problem))
    if entry.manifest is not None and entry.manifest.name != name:
        problems.append(Problem(_shown(file), 1, "name", f"must be {name!r}, as its folder: one name everywhere"))
    if not entry.problem and not entry.mapping.is_file():
        text = f"its dictionary is missing: {_shown(entry.mapping)}; is it among the package's data?"
        problems.append(Problem(_shown(file), 1, "", text))
    return problems


def close() -> None:
    """Close the connections of every account."""
    _sessions.close()


def secret_values(manifest: Manifest, settings: Mapping[str, Any]) -> list[str]:
    """The values that may appear nowhere: the secret settings, and what addresses among the others carry."""
    found: list[str] = []
    for name, value in settings.items():
        items = [str(item) for item in (value if isinstance(value, list | tuple) else [value]) if item]
        found += items if name in manifest.secrets else [one for item in items for one in in_address(item)]
    return found


def matrix(found: list[Entry]) -> str:
    """What each system can do, as a Markdown table: read off its code, never declared."""
    can = [entry.capabilities for entry in found]
    rows = [
        ("", *(entry.name for entry in found)),
        ("---",) * (len(found) + 1),
        ("kind", *("cannot be loaded" if entry.problem else ", ".join(entry.manifest.kinds) for entry in found)),
        ("tried against", *("" if entry.problem else entry.manifest.support for entry in found)),
        ("polls", *(", ".join(sorted(able.polls)) for able in can)),
        ("webhooks", *("yes" if able.webhook else "" for able in can)),
        *((f"`{kind}`", *("yes" if kind in able.operations else "" for able in can)) for kind in OPERATIONS),
    ]
    return "\n".join(f"| {row[0]} | {' | '.join(cell or '–' for cell in row[1:])} |" for row in rows)


def _find(name: str) -> Entry:
    if name not in MACHINERY and (HERE / name / FILE).is_file():
        return _entry(name, f"connectors.{name}", HERE / name, MAPPINGS / f"{name}.yaml")
    point = next((point for point in entry_points(group=GROUP) if point.name == name), None)
    if point is None:
        raise LookupError(f"there is no connector {name!r}; there are {', '.join(names()) or 'none'}")
    try:
        spec = importlib.util.find_spec(point.value)
    except (ImportError, ValueError) as error:
        return Entry(name, point.value, HERE, problem=f"package {point.value} cannot be imported: {error}")
    if spec is None or not spec.submodule_search_locations:
        return Entry(name, point.value, HERE, problem=f"{point.value} is no package")
    folder = Path(next(iter(spec.submodule_search_locations)))
    return _entry(name, point.value, folder, folder / "mapping.yaml")


def _entry(name: str, package: str, folder: Path, mapping: Path) -> Entry:
    try:
        manifest = load_manifest(folder / FILE, _shown(folder / FILE))
    except ManifestError as error:
        return Entry(name, package, folder, problem=str(error), mapping=mapping)
    try:
        connector = _connector(package, folder, manifest)
    except (Exception, SystemExit) as error:  # whatever a plug-in does when imported must not take the others with it
        text = f"{type(error).__name__} while importing {package}.connector: {error}"
        return Entry(name, package, folder, manifest, problem=text, mapping=mapping)
    return Entry(name, package, folder, manifest, connector, mapping=mapping)


def _connector(package: str, folder: Path, manifest: Manifest) -> type[Connector]:
    """The connector class: of connector.py, where there is one, else made from the manifest alone."""
    if not (folder / "connector.py").is_file():
        return type(manifest.name.title(), (Declarative,), {"manifest": manifest, "__module__": package})
    module = importlib.import_module(f"{package}.connector")
    own = [
        thing
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, Connector) and thing.__module__ == module.__name__
    ]
    connector: Any = getattr(module, "CONNECTOR", own[0] if len(own) == 1 else None)
    if connector is None:
        raise TypeError(f"{module.__name__} defines {len(own)} connectors: say CONNECTOR = the one that is meant")
    connector.manifest = manifest
    chosen: type[Connector] = connector
    return chosen


def _shown(file: Path) -> str:
    """A file's name as people know it: from the project's root, where it is below it."""
    return str(file.relative_to(HERE.parent)) if file.is_relative_to(HERE.parent) else str(file)
