"""Orders and their payments as one account tells them; what every part of a fragment is."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from hub.model.language import words


class FragmentPart(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Base of all that a fragment holds: immutable, by keyword, unknown fields refused.

    gc=False: it holds no cycles, and the collector's walks over a batch of them took a fifth of the time.
    """


class Key(FragmentPart, frozen=True, kw_only=True, gc=False):
    """A name under which something is known. `issuer`: the account that gives it out; "" the record's own, "hub" us."""

    type: str
    value: str
    issuer: str = ""


class Component(FragmentPart, frozen=True, kw_only=True, gc=False):
    sku: str
    quantity: Decimal


class OrderLine(FragmentPart, frozen=True, kw_only=True, gc=False):
    id: str
    quantity: Decimal
    sku: str | None = None
    gtin: str | None = None
    name: str | None = None
    shipped: Decimal | None = None
    """How much of it left the warehouse; None where the system does not say."""
    price: Decimal | None = None
    """What the customer paid for one piece, tax included; below zero: a coupon, a voucher, a deposit."""
    amount: Decimal | None = None  # for all its pieces: exact where the price of one had to be rounded
    components: tuple[Component, ...] = ()
    refs: tuple[Key, ...] = ()
    """The same line in other systems, where this one keeps their ids: {"issuer": account, "type": "order_line", …}."""


class Payment(FragmentPart, frozen=True, kw_only=True, gc=False):
    id: str
    captured: Decimal
    currency: str
    refunded: Decimal | None = None
    charged_back: Decimal | None = None  # what the customer's bank took back
    method: words.Method = "original"


class Order(FragmentPart, frozen=True, kw_only=True, gc=False):
    """An order as one account tells it."""

    number: str | None = None
    currency: str | None = None
    placed_at: datetime | None = None
    channel: str | None = None
    total: Decimal | None = None
    cancelled: bool = False
    lines: tuple[OrderLine, ...] = ()
    payments: tuple[Payment, ...] = ()
    left_out: tuple[str, ...] = ()  # rows that nobody could read, and why: kept by the hub, never said by a mapping


class Sold(FragmentPart, frozen=True, kw_only=True, gc=False):
    """An article of an order: its pieces, how many of them left, and what one costs."""

    article: str
    quantity: Decimal
    shipped: Decimal
    price: Decimal | None = None


class Once(FragmentPart, frozen=True, kw_only=True, gc=False):
    """The most that a record's payments in one currency ever told, taken together: their ids may change."""

    currency: str
    captured: Decimal
    refunded: Decimal
    charged_back: Decimal
    at: datetime | None = None
    """When a reading last told the most of what went back."""
    total: Decimal = Decimal(0)
    """The order's."""
    goods: tuple[Sold, ...] = ()
    """Of its articles those of which more was told than now."""
