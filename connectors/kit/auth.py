"""How a call proves who asks: a header, basic, bearer. OAuth 2 is in oauth.py; a login of one's own subclasses Auth."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit


class Auth:
    """No credentials; the base of those that have some. One object serves all threads."""

    def headers(self) -> Mapping[str, str]:
        """What to add to a request."""
        return {}

    def renew(self, refused: Mapping[str, str]) -> bool:
        """A call with these headers was refused: try to get fresh ones; False when that cannot help."""
        return False


class Header(Auth):
    """A fixed header: `Header("X-Api-Key", "...")`."""

    def __init__(self, name: str, value: str) -> None:
        self._headers = {name: value}

    def headers(self) -> Mapping[str, str]:
        return self._headers


class Bearer(Header):
    """`Authorization: Bearer <token>`."""

    def __init__(self, token: str) -> None:
        super().__init__("Authorization", f"Bearer {token}")


class Basic(Header):
    """User and password in UTF-8 (RFC 7617)."""

    def __init__(self, user: str, password: str) -> None:
        super().__init__("Authorization", "Basic " + b64encode(f"{user}:{password}".encode()).decode())


def of_address(url: str) -> Auth:
    """The name and password that an address carries before its host, as browsers send them: a proxy may want them."""
    try:
        user, at, _ = urlsplit(url).netloc.rpartition("@")
    except ValueError:  # no address at all (half an IPv6 one): whoever calls it is told so
        return Auth()
    return Basic(*(unquote(part) for part in user.partition(":")[::2])) if at else Auth()
