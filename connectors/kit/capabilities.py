"""What a connector can do, read off its code: a method overridden, or (without code) a section of the manifest."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.kit.api import Connector
from connectors.kit.manifest_parts import Manifest
from connectors.kit.manifest_schema import OPERATIONS


@dataclass(frozen=True, slots=True)
class Capabilities:
    """`polls` and `fetches` are streams; `find` means that it can look for a write of unknown outcome,
    `abandon` that it can take back what a write left open."""

    polls: tuple[str, ...] = ()
    fetches: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    webhook: bool = False
    topics: tuple[str, ...] = ()
    find: bool = False
    abandon: bool = False
    check: bool = False


def read_off(connector: type[Connector], manifest: Manifest) -> Capabilities:
    """The capabilities of a connector class."""
    if getattr(connector, "from_manifest", False):
        return _from_manifest(manifest)

    def overrides(method: str) -> bool:
        return getattr(connector, method) is not getattr(Connector, method)

    polled = [name for name, stream in manifest.streams.items() if stream.feed not in ("push", "none")]
    fetched = [name for name, stream in manifest.streams.items() if stream.fetch]
    return Capabilities(
        polls=tuple(polled) if overrides("poll") else (),
        fetches=tuple(fetched) if overrides("fetch") else (),
        operations=tuple(
            kind for kind in OPERATIONS if manifest.writable and callable(getattr(connector, f"do_{kind}", None))
        ),
        webhook=overrides("accept"),
        topics=tuple(connector.topics),
        find=overrides("find"),
        abandon=overrides("abandon"),
        check=overrides("check"),
    )


def _from_manifest(manifest: Manifest) -> Capabilities:
    return Capabilities(
        polls=tuple(name for name, stream in manifest.streams.items() if stream.poll),
        fetches=tuple(name for name, stream in manifest.streams.items() if stream.fetch and stream.read),
        operations=tuple(
            kind
            for kind in OPERATIONS
            if manifest.writable and kind in manifest.operations and manifest.operations[kind].request
        ),
        webhook=manifest.webhook is not None and bool(manifest.webhook.topics),
        topics=tuple(manifest.webhook.topics) if manifest.webhook is not None else (),
        find=any(operation.find for operation in manifest.operations.values()),
        check=manifest.check is not None,
    )
