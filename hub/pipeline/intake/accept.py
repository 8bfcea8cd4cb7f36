"""Webhooks and reads into the inbox (Channel Adapter, Idempotent Receiver)."""

from __future__ import annotations

from collections.abc import Iterable

from connectors.kit.api import Changed, Connector, Item, Unreadable, WebhookRequest
from hub.accounts import Account, Accounts
from hub.store.arrival import Arrival

_ready: dict[str, tuple[Account, Connector]] = {}
"""Per account the connector that takes its webhooks, and the reading of the account that it was made of."""


def accept(accounts: Accounts, name: str, request: WebhookRequest) -> list[Arrival]:
    """What a webhook brought, proven genuine. Raises KeyError (no such account) or InvalidWebhook."""
    account = accounts.get(name)
    try:
        return [arrival(account, item, "push") for item in _connector(account).accept(request)]
    except Exception as problem:
        account.mask.error(problem)
        raise


def _connector(account: Account) -> Connector:
    """Made anew only when the accounts were read again: making one costs more than checking a signature."""
    known = _ready.get(account.name)
    if known is None or known[0] is not account:
        known = _ready[account.name] = (account, account.connect([]))
    return known[1]


def arrival(account: Account, item: Item, via: str, read_seq: int | None = None) -> Arrival:
    """One inbox row. A pushed body whose version cannot order it only notifies, where the record can be fetched.

    Raises ValueError where the database could not store what it is called.
    """
    if isinstance(item, Changed):
        return Arrival.changed(account.name, item.stream, item.external_id)
    if isinstance(item, Unreadable):
        return unreadable(account, item, via, read_seq)
    manifest = account.entry.manifest
    stream = manifest.streams.get(item.stream)
    declared = stream is not None and stream.version_type
    version = stream.kind(manifest.tz).normal(item.version) if declared else item.version
    orders = stream is not None and stream.version == "ordering" and version is not None
    if via == "push" and stream is not None and stream.fetch and not orders:
        return Arrival.changed(account.name, item.stream, item.external_id)
    return Arrival.of(
        account=account.name,
        stream=item.stream,
        external_id=item.external_id,
        via=via,
        body=item.body,
        version=version,
        deleted=item.deleted,
        read_seq=read_seq,
        delivery_id=item.delivery_id,
        moves=orders,
    )


def unreadable(account: Account, item: Unreadable, via: str, read_seq: int | None) -> Arrival:
    """A record that alone could not be read: it waits for a person, and stops nothing else."""
    stream = account.entry.manifest.streams.get(item.stream)
    fetch = stream is not None and stream.fetch and item.stream in account.entry.capabilities.fetches
    return Arrival.unreadable(
        account.name, item.stream, item.external_id, via, item.error, body=item.body, read_seq=read_seq, fetch=fetch
    )


def arrivals(account: Account, items: Iterable[Item], via: str, read_seq: int) -> list[Arrival]:
    """The inbox rows of one read, all with the read_seq drawn before its request left."""
    return [_one(account, item, via, read_seq) for item in items]


def _one(account: Account, item: Item, via: str, read_seq: int) -> Arrival:
    try:
        return arrival(account, item, via, read_seq)
    except ValueError as problem:  # one that is called something nobody can store stops nothing else
        body = b"" if isinstance(item, Changed) else item.body
        return unreadable(account, Unreadable(item.stream, item.external_id, str(problem), body), via, read_seq)
