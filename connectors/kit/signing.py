"""Is a webhook genuine? Signatures over the raw bytes, compared in constant time, against every secret still in use.

Each function returns nothing or raises InvalidWebhook with a letter for the operator (never with the right signature).
Secrets may be one text or a list of them: while one is being replaced, both are good.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from connectors.kit.api import Connector, WebhookRequest
from connectors.kit.errors import InvalidWebhook, Unsigned
from connectors.kit.templates import fill

TOLERANCE = 300.0
"""Seconds that a signed time may lie before or after ours."""

Secrets = str | bytes | Sequence[str | bytes] | None
Check = Callable[[WebhookRequest], None]
"""Returns nothing or raises InvalidWebhook."""


def verify_hmac(
    request: WebhookRequest,
    secrets: Secrets,
    *,
    header: str,
    digest: str = "sha256",
    encoding: str = "hex",
    prefix: str = "",
    message: bytes | None = None,
) -> None:
    """`header` carries prefix + HMAC of the raw body (or of `message`, where they sign more than it)."""
    signed = request.body if message is None else message
    _check_hmac(request, _keys(secrets), signed, header, digest, encoding, prefix)


def verify_timestamped(
    request: WebhookRequest,
    secrets: Secrets,
    *,
    header: str,
    digest: str = "sha256",
    tolerance: float = TOLERANCE,
) -> None:
    """`header` carries `t=<unix time>,v1=<hex>`, signed over "<unix time>.<body>" (Stripe's way; Shippo's, too)."""
    pairs = [part.strip().partition("=") for part in _header(request, header).split(",")]
    stamp = next((value for name, _, value in pairs if name == "t"), "")
    given = [value for name, _, value in pairs if name == "v1"]
    _recent(stamp, request, tolerance, header)
    signed = stamp.encode() + b"." + request.body
    wanted = [sign_hmac(key, signed, digest, "hex") for key in _keys(secrets)]
    _any(given, wanted, _unfit(header))


def verify_standard(request: WebhookRequest, secrets: Secrets, *, tolerance: float = TOLERANCE) -> None:
    """Standard Webhooks: headers webhook-id, -timestamp and -signature; secrets are base64, with or without whsec_."""
    _check_standard(request, [standard_key(secret) for secret in _keys(secrets)], tolerance)


def verify_shared(request: WebhookRequest, secrets: Secrets, *, header: str, prefix: str = "") -> None:
    """`header` carries the secret itself."""
    given = _header(request, header)
    why = f"{header} does not carry the account's webhook secret (as {prefix}SECRET): the sender has another one"
    _any([given], [prefix.encode() + key for key in _keys(secrets)], why)


def verify(request: WebhookRequest, signature: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """As a manifest's `signature` section says. `unsigned` passes: then it may only notify of a change."""
    check(signature, settings)(request)


def check(signature: Mapping[str, Any], settings: Mapping[str, Any]) -> Check:
    """The same for all webhooks of one account: what no request changes is worked out once. Raises InvalidWebhook."""
    scheme = signature["scheme"]
    if scheme == "unsigned":
        return lambda request: None
    secrets = fill(signature.get("secret"), settings)
    if signature.get("normalize") == "nfkd" and secrets:
        secrets = [nfkd(secret) for secret in ([secrets] if isinstance(secrets, str) else secrets)]
    keys, header, prefix = _keys(secrets), signature.get("header", ""), signature.get("prefix", "")
    tolerance = signature.get("tolerance", TOLERANCE)
    if scheme == "standard":
        ready = [standard_key(key) for key in keys]
        return lambda request: _check_standard(request, ready, tolerance)
    if scheme == "shared":
        return lambda request: verify_shared(request, keys, header=header, prefix=prefix)
    if scheme == "timestamped":
        return lambda request: verify_timestamped(request, keys, header=header, tolerance=tolerance)
    how = (header, signature.get("digest", "sha256"), signature.get("encoding", "hex"), prefix)
    if "url" not in signature:
        return lambda request: _check_hmac(request, keys, request.body, *how)
    address = fill(signature["url"], settings)  # they sign the address they were given, then the body
    return lambda request: _check_hmac(request, keys, (address or request.url).encode() + request.body, *how)


class Signed(Connector):
    """A connector whose webhooks are signed as its manifest says."""

    @cached_property
    def genuine(self) -> Check:
        """Raises InvalidWebhook for a request that the system did not sign."""
        return check(self.manifest.webhook.signature, self.account.settings)


def sign_hmac(key: str | bytes, message: bytes, digest: str = "sha256", encoding: str = "hex") -> bytes:
    """The HMAC of a message, as text in bytes."""
    return _encoded(hmac.digest(_bytes(key), message, digest), encoding)


def sign_hash(message: bytes, digest: str = "md5", encoding: str = "HEX") -> bytes:
    """The plain hash of a message with the secret in it, as Chinese carriers sign; `HEX` is upper case."""
    return _encoded(hashlib.new(digest, message, usedforsecurity=False).digest(), encoding)


def sign_standard(secret: str, delivery_id: str, body: bytes, at: float) -> dict[str, str]:
    """The headers of a Standard Webhooks delivery."""
    stamp = str(int(at))
    signature = sign_hmac(standard_key(secret), f"{delivery_id}.{stamp}.".encode() + body, "sha256", "base64")
    return {"webhook-id": delivery_id, "webhook-timestamp": stamp, "webhook-signature": f"v1,{signature.decode()}"}


def standard_key(secret: str | bytes) -> bytes:
    """The key in a Standard Webhooks secret. Raises InvalidWebhook when it is no base64."""
    text = _bytes(secret).removeprefix(b"whsec_")
    try:
        key = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise InvalidWebhook("the account's webhook secret is no base64; Standard Webhooks want whsec_...") from error
    if not key:
        raise InvalidWebhook("the account's webhook secret is empty; set the one the system shows you")
    return key


def nfkd(secret: str) -> bytes:
    """A secret as EasyPost's libraries normalise it before they use it as a key."""
    return unicodedata.normalize("NFKD", secret).encode()


def _check_hmac(
    request: WebhookRequest, keys: Sequence[bytes], signed: bytes, header: str, digest: str, encoding: str, prefix: str
) -> None:
    given = _header(request, header)
    if not given.startswith(prefix):
        raise InvalidWebhook(f"{header} does not begin with {prefix!r}; is this another system's webhook?")
    wanted = [_encoded(hmac.digest(key, signed, digest), encoding) for key in keys]
    _any([given[len(prefix) :]], wanted, _unfit(header))


def _check_standard(request: WebhookRequest, keys: Sequence[bytes], tolerance: float) -> None:
    stamp = _header(request, "webhook-timestamp")
    _recent(stamp, request, tolerance, "webhook-timestamp")
    signed = f"{_header(request, 'webhook-id')}.{stamp}.".encode() + request.body
    wanted = [b"v1," + base64.b64encode(hmac.digest(key, signed, "sha256")) for key in keys]
    _any(_header(request, "webhook-signature").split(" "), wanted, _unfit("webhook-signature"))


def _encoded(raw: bytes, encoding: str) -> bytes:
    if encoding == "base64":
        return base64.b64encode(raw)
    return raw.hex().upper().encode() if encoding == "HEX" else raw.hex().encode()


def _header(request: WebhookRequest, name: str) -> str:
    value = request.headers.get(name) or request.header(name)
    if not value:
        raise Unsigned(f"the request has no {name} header; is the webhook made by this system, and signing turned on?")
    return value.strip()


def _keys(secrets: Secrets) -> list[bytes]:
    given = [secrets] if isinstance(secrets, str | bytes) else list(secrets or ())
    keys = [_bytes(secret) for secret in given if secret]
    if not keys:
        raise InvalidWebhook("the account has no webhook secret, so nothing can be believed; set it in its settings")
    return keys


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def _any(given: Iterable[str], wanted: Sequence[bytes], why: str) -> None:
    """One of theirs equals one of ours; every pair is compared, so that time tells nothing."""
    fits = 0
    for text in given:
        theirs = text.encode()
        for one in wanted:
            fits += hmac.compare_digest(theirs, one)
    if not fits:
        raise InvalidWebhook(why)


def _unfit(header: str) -> str:
    return (
        f"{header} does not fit the body: the account's webhook secret is another one than the system's, or something"
        " between us changed the body"
    )


def _recent(stamp: str, request: WebhookRequest, tolerance: float, header: str) -> None:
    try:
        at = float(stamp)
        now = (request.received_at or datetime.now(UTC)).timestamp()
        away = at - now
    except ValueError as error:
        raise InvalidWebhook(f"{header} has no time in it") from error
    if not abs(away) <= tolerance:  # also refuses NaN
        which = "ago: too old" if away < 0 else "ahead: too far in the future"
        raise InvalidWebhook(f"{header} is signed for {abs(away):.0f} s {which}. A replay, or a clock that is wrong")
