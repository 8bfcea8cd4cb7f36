"""Webhooks and reads into the inbox (Channel Adapter, Idempotent Receiver)."""

from __future__ import annotations

from collections.abc import Iterable

from connectors.kit.api import Connector, Hint, Message, WebhookRequest
from hub.accounts import Account, Accounts
from hub.store.inbox import Arrival

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


def arrival(account: Account, item: Message | Hint, via: str, ticket: int | None = None) -> Arrival:
    """One inbox row. A pushed body whose version cannot order it is only a hint where the record can be fetched."""
    if isinstance(item, Hint):
        return Arrival.hint_of(account.name, item.stream, item.external_id)
    stream = account.entry.manifest.streams.get(item.stream)
    orders = stream is not None and stream.version == "ordering"
    if via == "push" and stream is not None and stream.fetch and not orders:
        return Arrival.hint_of(account.name, item.stream, item.external_id)
    return Arrival.of(
        account=account.name,
        stream=item.stream,
        external_id=item.external_id,
        via=via,
        body=item.body,
        version=item.version,
        deleted=item.deleted,
        ticket=ticket,
        delivery_id=item.delivery_id,
        moves=orders,
    )


def arrivals(account: Account, items: Iterable[Message | Hint], via: str, ticket: int) -> list[Arrival]:
    """The inbox rows of one read, all with the ticket drawn before its request left."""
    return [arrival(account, item, via, ticket) for item in items]
