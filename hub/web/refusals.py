"""Answers to a webhook other than "taken", as letters: what happened, probably why, what to do now."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

from hub.store.inbox import Full

REASONS = {
    200: "OK",
    202: "Accepted",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    413: "Content Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
LAST = ("Connection", "close")
"""Beside an answer whose request was not read to its end."""


class Refusal(Exception):
    """The status, the letter and its headers; `str()` is what happened."""

    def __init__(self, status: int, error: str, why: str, what_now: str, **headers: str) -> None:
        super().__init__(error)
        self.status = status
        self.letter = {"error": error, "why": why, "what_now": what_now}
        self.headers: Mapping[str, str] = {name.replace("_", "-"): value for name, value in headers.items()}

    @property
    def body(self) -> bytes:
        return json.dumps(self.letter).encode()


class Strange(Refusal):
    """One that anybody can bring about who knows the address: it says nothing of the account's own system."""


def ours() -> Refusal:
    """A fault of the hub's."""
    return Refusal(
        500,
        "the hub failed on this message; nothing was stored",
        "a fault of the hub, its log has the details",
        "send it again; if it fails again, tell whoever runs the hub",
    )


def unknown(account: str) -> Refusal:
    """No such account."""
    return Refusal(
        404,
        f"there is no account {account[:64]!r}",
        "the address names an account that was never made here, or was renamed",
        "whoever runs the hub finds the address with `hub accounts check NAME`, and the names with `hub accounts list`",
    )


def deaf(account: str, why: str) -> Refusal:
    """Its system sends none."""
    return Refusal(
        404,
        f"account {account!r} takes no webhooks",
        why,
        "remove the webhook in the other system: this account is polled",
    )


def wrong_method(method: str) -> Refusal:
    """Webhooks are delivered with POST."""
    return Refusal(
        405,
        f"{method[:16]} is not possible here",
        "webhooks are delivered with POST",
        "set the webhook's method to POST in the other system",
        Allow="POST",
    )


def forged(why: str, *, signed: bool) -> Refusal:
    """Nothing proves where it comes from."""
    return (Refusal if signed else Strange)(
        401,
        why,
        "the request does not prove that it comes from the system this address belongs to",
        "compare the webhook secret in both systems, and both clocks; after a change of secret keep the old one"
        " in the list until the sender uses the new one",
    )


def unreadable(error: str, connector: str) -> Refusal:
    """Genuine, and nothing that this account's connector takes."""
    return Refusal(
        400,
        f"the message cannot be taken: {error[:500]}",
        f"it is genuine, but no webhook that the connector {connector!r} of this account understands",
        f"mend it as said above; the README of {connector!r} shows what the connector takes",
    )


def senseless_length() -> Refusal:
    """A Content-Length that is none."""
    return Strange(400, "Content-Length is not a number", "the request is malformed", "send it again, well-formed")


def cut_short(got: int, stated: int | None) -> Refusal:
    """The sender went away in the middle; `stated`: how many bytes it had announced, if any."""
    return Strange(
        400,
        f"{got} bytes arrived, and no last chunk" if stated is None else f"only {got} of {stated} bytes arrived",
        "the sender stopped in the middle of the body",
        "send it again",
    )


def too_large(largest: int) -> Refusal:
    """More than one record can be."""
    return Strange(
        413,
        f"the body is larger than {largest} bytes",
        "a webhook carries one record; a batch or a file may have been sent",
        "send single records, or let the account be polled",
        Connection="close",
    )


def too_slow(got: int, seconds: float) -> Refusal:
    """The body's deadline is over."""
    return Strange(
        408,
        f"only {got} bytes of the body arrived within {seconds:.0f} s",
        "the sender, or the way here, is too slow, or the connection broke",
        "send it again; let the reverse proxy read the whole request before it passes it on",
        Connection="close",
    )


def crowded() -> Refusal:
    """Too many unfinished bodies; the oldest of them, or the largest, makes room."""
    return Strange(
        503,
        "too many requests from this address were unfinished, and this one gave way",
        "many slow senders at once, or all come through one proxy whose senders the hub cannot tell apart",
        "send it again; whoever runs the hub finds HUB_BODIES and HUB_SENDER_HEADER in its README",
        Retry_After="1",
        Connection="close",
    )


def busy(full: Full) -> Refusal:
    """It could not be made durable now."""
    return Refusal(
        503,
        "the message was not taken: it could not be made durable now",
        str(full),
        "send it again after the time that Retry-After names; nothing is lost if you do",
        Retry_After=str(max(1, math.ceil(full.retry_after))),
    )
