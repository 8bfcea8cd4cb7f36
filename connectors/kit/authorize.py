"""OAuth 2's authorization code: where a person is sent to grant access, and what the code they come back with is worth.

What is granted becomes the account's grant (oauth.py), which is refreshed from then on. Who began, in which browser,
and only once, is the hub's to know; whether an answer is genuine says the connector (`Connector.granted`).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from connectors.kit.errors import Rejected
from connectors.kit.http import Http
from connectors.kit.manifest_parts import Manifest
from connectors.kit.oauth import Grant, Grants, has_token, refused_grant
from connectors.kit.templates import fill, text

FOR_EVER = 10 * 365 * 86_400.0
"""Seconds that a token without an end is taken to last; a refusal shows that it has ended."""


def offered(manifest: Manifest, settings: Mapping[str, Any]) -> bool:
    """Whether access can be granted on a page: the manifest knows one, and the account has a client and no token."""
    auth = manifest.auth
    if fill(auth.get("token", ""), settings):
        return False
    return "authorize" in auth and bool(fill(auth["client_id"], settings) and fill(auth["client_secret"], settings))


def address(manifest: Manifest, settings: Mapping[str, Any], *, redirect: str, state: str, label: str) -> str:
    """Where the person goes; `redirect` is where they come back with a code. Raises Rejected."""
    auth = manifest.auth
    query = {
        "client_id": text(auth["client_id"], settings, label),
        "scope": auth["authorize"].get("scope", ""),
        "redirect_uri": redirect,
        "state": state,
    }
    return f"{text(auth['authorize']['url'], settings, label)}?{urlencode(query)}"


def exchange(manifest: Manifest, settings: Mapping[str, Any], code: str, grants: Grants, label: str) -> None:
    """Get the grant for a code and keep it. Raises a ConnectorError."""
    auth = manifest.auth
    form = {
        "client_id": text(auth["client_id"], settings, label),
        "client_secret": text(auth["client_secret"], settings, label),
        "code": code,
        **fill(auth["authorize"].get("form", {}), settings),
    }
    http = Http(text(auth["token_url"], settings, label), name=label)
    asked = time.time()
    try:
        answer = http.post("", data=form, classify=refused_grant).json()
    finally:
        http.close()
    if not has_token(answer):
        raise Rejected(f"{label}: the token endpoint answered without an access_token", code="no_token")
    new = Grant(
        access_token=str(answer["access_token"]),
        refresh_token=str(answer.get("refresh_token") or ""),
        expires_at=asked + float(answer.get("expires_in") or FOR_EVER),
    )
    while True:
        old = grants.read()
        if grants.swap(old, replace(new, version=(old or Grant()).version + 1)):
            return
