"""Accounts as code: one YAML document in, the same out again without its secrets."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from connectors.kit import registry
from hub.accounts import NAME
from hub.boot import Hub
from hub.store import accounts as store

TERMS = frozenset(
    {"decides", "auto_authorize", "holds_money", "locations", "ranks", "asked", "listens", "money", "notify", "routes"}
    | {"carriers", "settle", "poll", "sweep"}
)
"""What an account may be configured to, besides its connector's settings."""


def read(file: Path) -> Mapping[str, Any]:
    """The document of a file. Raises ValueError with the place."""
    try:
        document = yaml.safe_load(file.read_text("utf-8"))
    except yaml.YAMLError as problem:
        raise ValueError(f"{file}: {problem}") from problem
    if not isinstance(document, dict) or not isinstance(document.get("accounts"), dict):
        raise ValueError(f"{file}: begin with `accounts:` and one entry per account")
    return document


def apply(hub: Hub, document: Mapping[str, Any]) -> Iterator[str]:
    """Make the accounts what the document says; one sentence for each. Accounts it does not name stay as they are."""
    for name, wanted in document["accounts"].items():
        changed = put(hub, name, wanted)
        yield f"{name}: {'changed' if changed else 'as it was'}"


def put(hub: Hub, name: str, wanted: Mapping[str, Any]) -> bool:
    """Write one account; True if anything changed. Raises ValueError naming what is wrong."""
    if not NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} cannot name an account: it becomes a part of its webhook address, so write letters, digits, -, _"
            " and ., beginning with a letter or digit, 64 at most"
        )
    if not isinstance(wanted, Mapping) or "connector" not in wanted:
        raise ValueError(f"account {name}: name its `connector` (hub connectors list shows them)")
    unknown = set(wanted) - {"connector", "mapping", "settings", "terms"}
    if unknown:
        raise ValueError(f"account {name}: {', '.join(sorted(unknown))} is no part of an account")
    entry = registry.load(wanted["connector"])
    terms = dict(wanted.get("terms") or {})
    if set(terms) - TERMS:
        strange = ", ".join(sorted(set(terms) - TERMS))
        raise ValueError(f"account {name}: terms cannot hold {strange}; known are {', '.join(sorted(TERMS))}")
    given = {key: _resolve(name, key, value) for key, value in (wanted.get("settings") or {}).items()}
    specs = entry.manifest.settings
    secret = entry.manifest.secrets
    with hub.database.begin() as conn:
        before = store.get(conn, name)
        kept = hub.vault.decrypt(before.secrets) if before is not None and before.secrets else {}
        secrets = {**kept, **{key: value for key, value in given.items() if key in secret and value is not None}}
        settings = {key: value for key, value in given.items() if key not in secret}
        problems = entry.manifest.missing({**settings, **secrets})
        if problems:
            raise ValueError(f"account {name}: {'; '.join(problems)}")
        settings = {k: v for k, v in entry.manifest.complete(settings).items() if k in specs and k not in secret}
        changed = (
            before is None
            or (before.connector, before.settings, before.terms) != (entry.manifest.name, settings, terms)
            or before.mapping != wanted.get("mapping", entry.manifest.name)
            or kept != secrets
        )
        if changed:
            store.put(
                conn,
                name,
                connector=entry.manifest.name,
                mapping=wanted.get("mapping", entry.manifest.name),
                settings=settings,
                secrets=hub.vault.encrypt(secrets) if secrets else None,
                terms=terms,
            )
    hub.accounts.forget()
    return changed


def _resolve(account: str, key: str, value: Any) -> Any:
    """`env:NAME` and `file:PATH` keep secrets out of the document."""
    if isinstance(value, str) and value.startswith("env:"):
        name = value.removeprefix("env:")
        if name not in os.environ:
            raise ValueError(f"account {account}: {key} is to come from the environment's {name}, which is not set")
        return os.environ[name]
    if isinstance(value, str) and value.startswith("file:"):
        path = Path(value.removeprefix("file:"))
        try:
            return path.read_text("utf-8").strip()
        except OSError as problem:
            raise ValueError(f"account {account}: {key} is to come from {path}: {problem}") from problem
    return value


def export(hub: Hub) -> dict[str, Any]:
    """The document that `apply` would take; a secret is left out, which keeps the stored one."""
    with hub.database.begin() as conn:
        rows = store.all_(conn)
    return {
        "accounts": {
            row.name: {
                "connector": row.connector,
                "mapping": row.mapping,
                "settings": dict(row.settings),
                "terms": dict(row.terms),
            }
            for row in rows
        }
    }
