"""Addresses that people configure, and whose they are."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

USUAL = {"http": 80, "https": 443}


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port: what credentials are for."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # a port that is no number, half an IPv6 address: nobody's
        return "", url, 0
    return parts.scheme, parts.hostname or "", USUAL.get(parts.scheme) if port is None else port


def wrong(said: Any) -> str:
    """Why this can be no address of a server; empty where it can. It repeats nothing: a password may stand in it."""
    scheme, host, port = origin(said) if isinstance(said, str) else ("", "", None)
    if port == 0:
        return "its host cannot be read, or its port is no number from 1 to 65535"
    if scheme not in USUAL:
        return "it begins with neither http:// nor https://"
    return "" if host else "it names no host"
