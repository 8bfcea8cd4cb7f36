"""Accounts as code: one YAML document in, the same out again without its secrets."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from connectors.kit import registry
from connectors.kit.manifest_parts import Manifest
from connectors.kit.masking import bare, in_address
from hub import configured
from hub.accounts import NAME
from hub.boot import Hub, dictionary
from hub.model.language.sentences import sentence
from hub.model.schema.observation import HUB
from hub.store import accounts as store
from hub.store import inbox, invalid, jobs, journal, replanning, returns, sync
from hub.store.database import Connection
from mappings.engine import MappingError


def read(file: Path) -> Mapping[str, Any]:
    """The document of a file. Raises ValueError with the place."""
    try:
        document = yaml.safe_load(file.read_text("utf-8"))
    except (
        yaml.YAMLError,
        ValueError,
    ) as problem:  # UTF-8 that is none, and dates that no calendar has, are ValueErrors
        raise ValueError(f"{file}: {problem}") from problem
    except RecursionError:
        raise ValueError(f"{file}: nested too deeply to be a list of accounts") from None
    if not isinstance(document, dict) or not isinstance(document.get("accounts"), dict):
        raise ValueError(f"{file}: begin with `accounts:` and one entry per account")
    return document


def apply(hub: Hub, document: Mapping[str, Any]) -> list[str]:
    """Make the accounts what the document says, all of them or none; one sentence for each.

    Accounts that it does not name stay as they are. Raises ValueError.
    """
    configured.sound(document, "the document")
    with hub.database.begin() as conn:
        became = {name: _put(hub, conn, name, wanted) for name, wanted in document["accounts"].items()}
        _acquainted(conn, document["accounts"])
    hub.accounts.forget()
    return [f"{name}: {what}" for name, what in became.items()]


def put(hub: Hub, name: str, wanted: Mapping[str, Any]) -> str:
    """Write one account; added, changed, or as it was. Raises ValueError naming what is wrong."""
    configured.sound(wanted, f"account {name!a}")
    with hub.database.begin() as conn:
        became = _put(hub, conn, name, wanted)
        _acquainted(conn, {name: wanted})
    hub.accounts.forget()
    return became


def remove(hub: Hub, name: str) -> None:
    """Forget an account. What it told stays; what of it nobody could read goes into the archive, so that it holds up
    nothing any more, and its returns say so and are planned again.

    Raises LookupError where there is no such account, ValueError where others need it or a write there is not over.
    """
    with hub.database.begin() as conn:
        rows = {row.name: row for row in store.all_(conn)}
        if name not in rows:
            raise LookupError(f"there is no account {name!r}; `hub accounts list` shows those there are")
        if needing := [other for other, row in rows.items() if other != name and name in _named(row)]:
            raise ValueError(f"account {name}: {', '.join(needing)} names it (orders_of, routes); change that first")
        if count := sync.unsettled(conn, name):
            raise ValueError(
                f"account {name}: writes there that are under way or asked about: {count}; wait for them, or deal with"
                " them (`hub review list`), then remove it"
            )
        if count := inbox.unread(conn, name):
            raise ValueError(f"account {name}: messages of it that are still to be read: {count}; remove it after that")
        heard = returns.open_of(conn, name)
        store.remove(conn, name)
        waited = invalid.concerned(conn, inbox.forsake(conn, name))
        said = sentence("account_removed", account=name)
        journal.write(conn, [journal.entry(id_, name, "give up", said) for id_ in sorted(waited)])
        jobs.want(conn, "recompute", [(HUB, f"R{id_}") for id_ in {*heard, *waited}])
    hub.accounts.forget()


def _named(row: store.AccountRow) -> set[str]:
    """The accounts that this one names."""
    others = [row.settings.get("orders_of"), *row.terms.get("routes", ())]
    return {str(other) for other in others if other}


def _put(hub: Hub, conn: Connection, name: Any, wanted: Any) -> str:
    """What became of it: added, changed, or as it was."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ValueError(
            f"{name!r:.80} cannot name an account: it becomes a part of its webhook address, so write letters,"
            " digits, -, _ and ., beginning with a letter or digit, 64 at most"
        )
    if name.casefold() == HUB:
        raise ValueError(
            f"account {name}: this name is the hub's own: what it says would count as the hub's word; take another"
        )
    place = f"account {name}"
    if not isinstance(wanted, Mapping) or not isinstance(wanted.get("connector"), str):
        raise ValueError(f"{place}: name its `connector` (hub connectors list shows them)")
    unknown = set(wanted) - {"connector", "mapping", "settings", "terms"}
    if unknown:
        raise ValueError(f"{place}: {', '.join(sorted(map(str, unknown)))} is no part of an account")
    entry = _entry(wanted["connector"], place)
    mapping = _mapping(entry, wanted.get("mapping"), place)
    terms = configured.terms(wanted.get("terms"), place)
    if not isinstance(wanted.get("settings") or {}, Mapping):
        raise ValueError(f"{place}: settings are names with their values")
    given = {str(key): _resolve(place, key, value) for key, value in (wanted.get("settings") or {}).items()}
    manifest = entry.manifest
    before = store.get(conn, name)
    kept = hub.vault.decrypt(before.secrets) if before is not None and before.secrets else {}
    shown, secrets = _parted(manifest, given, kept)
    problems = manifest.missing({**shown, **secrets})
    if problems:
        raise ValueError(f"{place}: {'; '.join(problems)}")
    settings = {
        k: v for k, v in manifest.complete(shown).items() if k in manifest.settings and k not in manifest.secrets
    }
    changed = (
        before is None
        or (before.connector, before.settings, before.terms) != (manifest.name, settings, terms)
        or before.mapping != mapping
        or kept != secrets
    )
    if changed:
        sealed = hub.vault.encrypt(secrets) if secrets else None
        store.put(conn, name, connector=manifest.name, mapping=mapping, settings=settings, secrets=sealed, terms=terms)
        if before is not None:
            replanning.ask(conn, name)
    return "added" if before is None else "changed" if changed else "as it was"


def _acquainted(conn: Connection, made: Mapping[str, Any]) -> None:
    """Raises ValueError where one of these accounts names another one that there is not."""
    rows = {row.name: row for row in store.all_(conn)}
    for name in made:
        references = {"orders_of": [rows[name].settings.get("orders_of")], "routes": rows[name].terms.get("routes", ())}
        for what, others in references.items():
            if strange := sorted({str(other) for other in others if other} - set(rows)):
                raise ValueError(
                    f"account {name}: {what} names {', '.join(strange)}, and no account is called that; there are"
                    f" {', '.join(sorted(rows))}. Correct the name, or add that account before it or in the same file"
                )


def _entry(connector: str, place: str) -> registry.Entry:
    entry = registry.load(connector)
    if entry.problem:
        raise ValueError(f"{place}: connector {connector!r} cannot be used: {entry.problem}")
    return entry


def _mapping(entry: registry.Entry, wanted: Any, place: str) -> str:
    """The name of the account's dictionary. One that cannot be read would stop every account."""
    if wanted is None or wanted == entry.name:
        return entry.name
    known = isinstance(wanted, str) and NAME.fullmatch(wanted)
    file = entry.mapping.with_name(f"{wanted}.yaml" if known else "-")
    if not file.is_file():
        raise ValueError(
            f"{place}: there is no dictionary {wanted!r:.80} in {file.parent.name}/ (a file, without its .yaml)"
        )
    try:
        dictionary(file)
    except MappingError as problem:
        raise ValueError(f"{place}: its dictionary {wanted!r} cannot be used: {problem}") from problem
    return str(wanted)


def _parted(
    manifest: Manifest, given: Mapping[str, Any], kept: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What may be shown, and the secrets: those settings, and addresses that carry a password or a key.

    A secret that is not given stays, and so does an address that is given without the password that it is kept with.
    """
    references = {key: value for key, value in given.items() if value is not None}
    shown = {key: value for key, value in references.items() if key not in manifest.secrets}
    secrets = {key: value for key, value in kept.items() if key in manifest.secrets}
    secrets |= {key: value for key, value in references.items() if key in manifest.secrets}
    for key, value in shown.items():
        if not isinstance(value, str):
            continue
        if in_address(value):
            secrets[key], shown[key] = value, bare(value)
        elif key in kept and bare(kept[key]) == value:
            secrets[key] = kept[key]
    return shown, secrets


def _resolve(place: str, key: str, value: Any) -> Any:
    """`env:NAME` and `file:PATH` keep secrets out of the document."""
    if isinstance(value, str) and value.startswith("env:"):
        name = value.removeprefix("env:")
        if name not in os.environ:
            raise ValueError(f"{place}: {key} is to come from the environment's {name}, which is not set")
        return os.environ[name]
    if isinstance(value, str) and value.startswith("file:"):
        path = Path(value.removeprefix("file:"))
        try:
            return path.read_text("utf-8").strip()
        except (OSError, ValueError) as problem:
            raise ValueError(f"{place}: {key} is to come from {path}: {problem}") from problem
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
                "settings": {k: bare(v) if isinstance(v, str) else v for k, v in row.settings.items()},
                "terms": dict(row.terms),
            }
            for row in rows
        }
    }
