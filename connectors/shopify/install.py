"""A person comes back from Shopify's page: is it Shopify that sent them, and are they from this account's shop?

As https://shopify.dev/docs/apps/build/authentication-authorization/authenticate-standalone-apps has it: `hmac` is the
HMAC-SHA256 (hex, key: the app's client secret) of all other parameters, sorted and joined as in a query. Tokens that
expire are asked for (`expiring=1`, manifest.yaml): public apps must since 2026
(https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/offline-access-tokens).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from connectors.kit.errors import InvalidWebhook


def verify(query: Sequence[tuple[str, str]], settings: Mapping[str, Any]) -> None:
    """Raises InvalidWebhook where Shopify did not sign this, or where it is about another shop."""
    answer = dict(query)
    wanted = sign(query, str(settings.get("client_secret") or ""))
    if not hmac.compare_digest(wanted.encode(), answer.get("hmac", "").encode()):
        raise InvalidWebhook("Shopify's signature does not fit; is client_secret that of the app with this client_id?")
    # The account's own host, so one of myshopify.com: no other shop's code is ever exchanged, nor sent elsewhere.
    shop, ours = answer.get("shop", "").lower(), urlsplit(str(settings["base_url"])).hostname
    if shop != ours:
        raise InvalidWebhook(f"the app was installed in {shop or 'no shop'}, and this account is connected to {ours}")


def sign(query: Sequence[tuple[str, str]], secret: str) -> str:
    """Shopify's `hmac` of a query."""
    pairs = sorted(f"{_plain(name, '=')}={_plain(value)}" for name, value in query if name not in ("hmac", "signature"))
    return hmac.digest(secret.encode(), "&".join(pairs).encode(), hashlib.sha256).hex()


def _plain(text: str, more: str = "") -> str:
    """What would read as two parameters is written out, as in the vendor's libraries."""
    for character in ("%", "&", *more):
        text = text.replace(character, f"%{ord(character):02X}")
    return text
