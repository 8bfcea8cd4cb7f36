"""One Http per account, kept between calls: its connections stay open and its token is known."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from connectors.kit.auth import Auth, Basic, Bearer, Header
from connectors.kit.http import Http
from connectors.kit.manifest_parts import Manifest
from connectors.kit.oauth import Grants, OAuth
from connectors.kit.templates import fill, text

__all__ = ["Grants", "Sessions", "make_auth", "make_http"]


class Sessions:
    """The sessions of this process, by account; a changed setting makes a new one."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], tuple[Mapping[str, Any], Http]] = {}
        self._lock = threading.Lock()

    def http(self, manifest: Manifest, account: str, settings: Mapping[str, Any], grants: Grants | None = None) -> Http:
        """The account's session, made when there is none for these settings."""
        key = (manifest.name, account)
        with self._lock:
            known = self._open.get(key)
            if known is not None and known[0] == settings:
                return known[1]
            http = make_http(manifest, account, settings, grants)
            self._open[key] = (dict(settings), http)
        if known is not None:
            known[1].close()
        return http

    def close(self) -> None:
        """Close all of them."""
        with self._lock:
            sessions = list(self._open.values())
            self._open.clear()
        for _, http in sessions:
            http.close()


def make_http(manifest: Manifest, account: str, settings: Mapping[str, Any], grants: Grants | None = None) -> Http:
    """A session as the manifest and the settings want it."""
    label = f"{manifest.label} ({account})"
    return Http(
        fill(manifest.base_url, settings) or "",
        make_auth(manifest.auth, settings, label, grants),
        name=label,
        timeout=manifest.timeout,
        headers=fill(manifest.headers, settings),
    )


def make_auth(auth: Mapping[str, Any], settings: Mapping[str, Any], label: str, grants: Grants | None = None) -> Auth:
    """The credentials of a manifest's `auth` section."""

    def word(name: str) -> str:
        return text(auth[name], settings, label)

    match auth["kind"]:
        case "header":
            return Header(auth["header"], word("value"))
        case "basic":
            return Basic(word("user"), fill(auth.get("password", ""), settings) or "")
        case "bearer":
            return Bearer(word("token"))
        case "client_credentials" | "refresh_token":
            header = auth.get("header", "Authorization")
            if fixed := fill(auth.get("token", ""), settings):
                return Bearer(fixed) if header == "Authorization" else Header(header, fixed)
            return OAuth(
                Http(word("token_url"), name=label),
                word("client_id"),
                word("client_secret"),
                grants=grants,
                scope=fill(auth.get("scope", ""), settings) or "",
                client=auth.get("client", "body"),
                refreshing=auth["kind"] == "refresh_token",
                header=header,
            )
    return Auth()
