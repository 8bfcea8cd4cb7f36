"""How values read on a page: a word in the person's language, and a tone that its colour follows.

The model's own words (status and axes) come with their labels from the model; here are those of the machinery around
it. A word that no table knows is shown as it is, in quotes: it must be visible.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from babel import UnknownLocaleError
from babel.dates import format_timedelta
from babel.numbers import format_currency, format_decimal
from flask import Flask
from flask_babel import format_datetime, get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from hub.actions.fields import DECISIONS
from hub.actions.registry import ACTIONS
from hub.model.language.sentences import TABLES
from hub.model.plan.rules import FACTS
from hub.store.health import MOST
from hub.web.language import filters

WORDS: Mapping[str, Mapping[str, Any]] = {
    "sync": {
        "in_sync": _l("In sync"),
        "pending": _l("To be told"),
        "awaiting": _l("Awaiting proof"),
        "blocked": _l("Cannot be told"),
        "untold": _l("Not all told, needs nobody"),
    },
    "account": {
        "healthy": _l("Healthy"),
        "degraded": _l("Degraded"),
        "rate_limited": _l("Rate-limited"),
        "needs_reauth": _l("Needs re-authorisation"),
        "paused": _l("Paused"),
        "silent": _l("Silent"),
        "unwell": _l("Needs a look"),
    },
    "total": {"received": _l("received"), "damaged": _l("damaged"), "good": _l("good"), "missing": _l("missing")},
    "intent": {
        "open": _l("Under way"),
        "waiting": _l("Between two steps"),
        "held": _l("Not taken yet, to be sent again"),
        "sent": _l("Sent, not yet seen"),
        "unknown": _l("Outcome unknown"),
        "dead": _l("Undeliverable"),
        "no_way": _l("Not possible there"),
        "done": _l("Done"),
        "refused": _l("Refused"),
        "given_up": _l("Given up"),
        "dropped": _l("Dropped"),
    },
    "stage": {
        "merge": _l("merged"),
        "deliver": _l("told"),
        "link": _l("linked"),
        "split": _l("split"),
        "apart": _l("kept apart"),
        "answer": _l("answered"),
        "retry": _l("again"),
        "give up": _l("given up"),
        "erase": _l("erased"),
    },
    "via": {"push": _l("Webhook"), "poll": _l("Poll"), "fetch": _l("Read back"), "replay": _l("Replay")},
    "outcome": {
        "ok": _l("Ok"),
        "RetryLater": _l("Again later"),
        "Rejected": _l("Refused"),
        "Conflict": _l("Changed meanwhile"),
        "Unauthorized": _l("Credentials refused"),
        "Unsupported": _l("Not possible there"),
        "OutcomeUnknown": _l("Outcome unknown"),
        "HubFailed": _l("The hub failed"),
        "NotYet": _l("Not ready there yet"),
        "RateLimited": _l("Slowed down by them"),
        "OverBudget": _l("Slowed down by us"),
        "NotFound": _l("Not there"),
    },
    "review": {
        "two_candidates": _l("Which return is it?"),
        "unknown_outcome": _l("Did it happen?"),
        "no_effect": _l("It has no effect there"),
        "stuck": _l("The hub cannot do it"),
        "privacy": _l("A person's data"),
    },
    "answer": {
        "linked": _l("Linked"),
        "apart": _l("Kept apart"),
        "done": _l("Done"),
        "settled": _l("Settled itself"),
        "erased": _l("Erased"),
        "answered": _l("The person was answered"),
    },
}

LABELLED: Mapping[str, Mapping[str, tuple[str, str]]] = {
    **TABLES,
    "status": {**TABLES["status"], "merged": TABLES["relation"]["merged_into"]},
    "total": TABLES["disposition"],
}
"""The model's own words: (zh, en)."""
DOING: Mapping[str, tuple[str, str]] = {
    "poll": ("轮询", "Poll"),
    "fetch": ("读回", "Read back"),
    "look for": ("查找：", "Look for: "),
}
"""What is asked of a system, besides operations: (zh, en)."""

_TONES = {
    "good": """
        in_sync healthy ok done succeeded posted settled completed refunded received full authorized accepted delivered
        good restock replacement_sent for_merchant linked""",
    "busy": """
        pending awaiting sent requested partial partially_received partially_refunded refunding in_transit
        arrived out_for_delivery available_for_pickup label_created returning_to_sender coming_back due replacement_due
        refund_due credit_open status.authorized status.received""",
    "warn": """
        degraded rate_limited silent unwell
        needs_info waiting over used damaged unknown quarantine restock_b_grade delivery_attempted
        RetryLater RateLimited Conflict OutcomeUnknown unknown_outcome disputed reversed refund_failed goods_refused""",
    "bad": """
        blocked dead needs_reauth Unauthorized Unsupported Rejected HubFailed defective wrong_item missing failed
        exception lost rejected refused scrap for_buyer""",
}
_TONE_OF = {word: tone for tone, words in _TONES.items() for word in words.split()}


def word(value: str | None, table: str) -> str:
    """`value` in the person's language."""
    if value is None:
        return _("unknown")
    ours = WORDS.get(table, {}).get(value)
    if ours is not None:
        return str(ours)
    label = LABELLED.get(table, {}).get(value)
    return f"“{value}”" if label is None else spell(label)


def spell(label: tuple[str, str]) -> str:
    """Of (zh, en) what this person reads."""
    return label[0 if spoken() == "zh" else 1]


def fact(text: str) -> str:
    """What there is to tell, as a plan calls it ("refunded 20.00 EUR"): our word for it, then which."""
    return _named(text, FACTS)


def call(text: str) -> str:
    """What was asked of a system, as the log calls it ("poll order", "look for refund R1001"): our word, then which."""
    sought, found = text.removeprefix("look for "), DOING["look for"]
    said = _named(sought, DOING)
    return said if sought == text else f"{spell(found)}{said}"


def _named(text: str, labels: Mapping[str, tuple[str, str]]) -> str:
    """The first word in the person's language, where a table knows it or it is an operation; the rest as it is."""
    name, _space, which = text.partition(" ")
    label = labels.get(name)
    if labels is DOING and label is not None:
        stream, space, which = which.partition(" ")
        which = f"{record(stream)}{space}{which}"
    said = word(name, "operation") if label is None else spell(label)
    return f"{said} {which}".strip()


def value(text: str, field: str) -> str:
    """What one of two systems says of a field: a word of ours where the field has words, else as it is."""
    return word(text, field) if text in LABELLED.get(field, {}) else text


def record(stream: str) -> str:
    """What kind of record this is, within a line; a connector's own word as it is."""
    label = LABELLED["record"].get(stream)
    return stream if label is None else label[0] if spoken() == "zh" else label[1].lower()


def tone(value: str | None, table: str = "") -> str:
    """good, busy, warn, bad or quiet."""
    return _TONE_OF.get(f"{table}.{value}") or _TONE_OF.get(value or "", "quiet")


def spoken() -> str:
    """The language of this page."""
    locale = get_locale()
    return locale.language if locale else "en"


def quantity(value: Decimal | None) -> str:
    """A number of pieces without needless zeros; what is not known is never 0."""
    if value is None:
        return Markup('<span class="unknown">{}</span>').format(_("unknown"))
    return format_decimal(value.normalize() if value else Decimal(0), locale=get_locale())


def money(value: Decimal | None, currency: str | None) -> str:
    """An amount with its currency; what is not known is never 0."""
    if value is None:
        return Markup('<span class="unknown">{}</span>').format(_("unknown"))
    if not currency:
        return format_decimal(value, locale=get_locale())
    return format_currency(value, currency, locale=get_locale())


def amount(value: Decimal | str | None, currency: str | None) -> str:
    """An amount that stands as text in a plan."""
    return money(None if value is None else Decimal(str(value)), currency)


def moment(value: datetime | str | None) -> str:
    """A time as people say it (“3 hours ago”), with the exact one on hover."""
    if value is None:
        return Markup('<span class="muted">{}</span>').format(_("never"))
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    try:
        ago = format_timedelta(value - datetime.now(UTC), add_direction=True, locale=get_locale())
    except UnknownLocaleError:
        ago = value.isoformat()
    return Markup('<time datetime="{}" title="{}">{}</time>').format(value.isoformat(), exact(value), ago)


def exact(value: datetime | None) -> str:
    """Date and time in the hub's zone."""
    return "" if value is None else format_datetime(value, "medium")


def most(count: int) -> str:
    """A number that was counted up to a bound."""
    return str(count) if count < MOST else f"{MOST - 1}+"


def span(seconds: float) -> str:
    """A length of time."""
    return format_timedelta(round(seconds), locale=get_locale())


def safe_link(url: str | None) -> str | None:
    """An address that another system gave us, if it is one a browser may follow."""
    return url if url and url.startswith(("https://", "http://")) else None


def install(app: Flask) -> None:
    """Make these the templates' filters."""
    filters(
        app,
        word=word,
        spell=spell,
        fact=fact,
        call=call,
        value=value,
        record=record,
        tone=tone,
        qty=quantity,
        money=money,
        amount=amount,
        moment=moment,
        exact=exact,
        span=span,
        most=most,
        safe_link=safe_link,
    )
    app.jinja_env.globals.update(DECISIONS=DECISIONS, ACTIONS=ACTIONS)
