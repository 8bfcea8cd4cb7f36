"""Whether a record that cannot be read says anything of money that nobody here knows of.

Most of what makes a record unreadable (a word that no table lists, a date that is none) leaves its refunds and payments
readable. Where they are what is known already, or tell of nothing that went back, nobody has to look before we pay.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import msgspec
from msgspec.structs import replace

from hub.model.schema.fragment import Fragment, Order, Payment, Refund
from hub.model.schema.observation import Observation

_encode = msgspec.json.Encoder(order="deterministic").encode


def unknown_money(
    messages: Sequence[tuple[int, Fragment | None]], known: Observation | None, more: int | None = None
) -> str:
    """A name of what these readings of one object, oldest first, may say of money that is not known; empty: nothing.

    Each is the number of its message and its money parts, None where these cannot be read. The name stays while they
    say the same. `more`: the oldest reading, where there are others before these. `known`: what was understood last.
    """
    words: list[str] = []
    for message, money in reversed(messages):
        if money is None:
            words.append(str(message))
            break
        if _news(money, known) and (word := _digest(_encode(_money(money)))) not in words[-1:]:
            words.append(word)
    else:
        words += [] if more is None else [str(more)]
    return words[0] if len(words) == 1 else _digest(_encode(words)) if words else ""


def _digest(text: bytes) -> str:
    # No number of a message begins like this.
    return f"m{blake2b(text, digest_size=8).hexdigest()}"


def _news(money: Fragment, known: Observation | None) -> bool:
    new = _money(money)
    if known is None or known.gone:
        return _went_back(new)
    # Silence is no news of a record that is understood; here it may be that they call it by another name.
    old = _money(known.fragment)
    if _went_back(new) and (new.keys, new.orders) != (old.keys, old.orders):
        return True
    said, before = new.refunds or (), old.refunds or ()
    kept = all(one in before for one in said) if "refunds" in money.partial else said == before
    return not kept or (new.order or None) != (old.order or None)


def _went_back(money: Fragment) -> bool:
    order = money.order
    if order and (order.left_out or any(one.refunded or one.charged_back for one in order.payments)):
        return True
    return bool(money.refunds)


def _money(fragment: Fragment) -> Fragment:
    """What went back, and whose it was; without people and their words, which may be erased."""
    refunds, order = fragment.refunds, fragment.order
    if refunds:
        refunds = tuple(sorted(map(_plain, refunds), key=lambda refund: refund.id))
    if order:
        payments = tuple(sorted(map(_stated, order.payments), key=lambda payment: payment.id))
        order = Order(currency=order.currency, total=order.total, payments=payments, left_out=order.left_out)
    return Fragment(keys=fragment.keys, orders=fragment.orders, refunds=refunds, order=order)


def _plain(refund: Refund) -> Refund:
    return replace(refund, note=None, parts=tuple(replace(part, by=None) for part in refund.parts))


def _stated(payment: Payment) -> Payment:
    # Some systems say nothing, and some say 0.00, of what did not go back.
    return replace(payment, refunded=payment.refunded or None, charged_back=payment.charged_back or None)
