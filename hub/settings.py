"""What can be set from outside: environment variables, each with its default and its explanation in one table."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


class SettingsError(Exception):
    """A setting cannot be used as it is; the text names it and says what it should look like."""


def _folder(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _default_data() -> Path:
    if os.geteuid() == 0:  # the database then runs as a system user, who cannot enter a home
        return Path("/var/lib/returns-hub")
    return Path.home() / ".local" / "share" / "returns-hub"


def _listen(text: str) -> str:
    """An address of this machine only, as host:port; there are no users yet, so nobody else may get in."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or not 0 <= int(port) <= 65535:
        raise SettingsError("write it as host:port, for example 127.0.0.1:8080 or [::1]:8080")
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise SettingsError(
            f"the console has no users and passwords yet, so the hub listens on this machine only, and {host!r} is no"
            " loopback address. Use 127.0.0.1, and put a reverse proxy with a login in front to reach it from elsewhere"
        )
    return text


def _address(text: str) -> str:
    """A web address without anything behind its path."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise SettingsError("write it as https://hub.example.com, with a path if the proxy adds one, and nothing more")
    return text.rstrip("/")


def _header(text: str) -> str:
    """The name of an HTTP header, as it is compared."""
    if not text.isascii() or not text.replace("-", "").isalnum():
        raise SettingsError("write the name of one header, such as X-Forwarded-For")
    return text.lower()


def _integer(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isdigit() or not least <= int(text) <= most:
            raise SettingsError(f"write a whole number from {least} to {most}")
        return int(text)

    return read


def _setting(variable: str, read: Callable[[str], Any], *, means: str, default: str, make: Callable[[], Any]) -> Any:
    """A field read from `variable`; `default` says for people what `make` returns."""
    return field(
        default_factory=make, metadata={"variable": variable, "read": read, "means": means, "default": default}
    )


@dataclass(frozen=True)
class Settings:
    """One hub's settings. `Settings.load()` reads them; an empty variable counts as not set."""

    data: Path = _setting(
        "HUB_DATA", _folder, means="folder of the embedded database and of the key",
        default="`~/.local/share/returns-hub`; as root `/var/lib/returns-hub`", make=_default_data,
    )  # fmt: skip
    database_url: str | None = _setting(
        "HUB_DATABASE_URL", str, means="`postgresql://…`, a PostgreSQL 15 or later of your own",
        default="the embedded PostgreSQL", make=lambda: None,
    )  # fmt: skip
    secret_key_file: Path | None = _setting(
        "HUB_SECRET_KEY_FILE", _folder, means="file (0600) of keys that encrypt secrets, one per line, newest first",
        default="`secret.key` in `HUB_DATA`, made at the first start", make=lambda: None,
    )  # fmt: skip
    listen: str = _setting(
        "HUB_LISTEN", _listen, means="loopback address and port of console and webhooks; port 0 takes a free one",
        default="`127.0.0.1:8080`", make=lambda: "127.0.0.1:8080",
    )  # fmt: skip
    public_url: str = _setting(
        "HUB_PUBLIC_URL", _address,
        means="`https://…` under which other systems reach the hub's `/hooks/`: some signatures cover it, and"
        " `hub accounts check` looks whether it leads here", default="none", make=str,
    )  # fmt: skip
    workers: int = _setting(
        "HUB_WORKERS", _integer(1, 256), means="threads that work off jobs, per process; as many calls to other systems"
        " are under way at once, less one",
        default="`24`", make=lambda: 24,
    )  # fmt: skip
    lease: float = _setting(
        "HUB_LEASE", _integer(10, 3600),
        means="seconds until others take over the work of a worker that died (a poll's: twice as many); one change at a"
        " system, or one record read there, may take two thirds of it", default="`60`", make=lambda: 60.0,
    )  # fmt: skip
    sender_header: str = _setting(
        "HUB_SENDER_HEADER", _header,
        means="the header in which your reverse proxy says whose request it passes on, such as `X-Forwarded-For` (its"
        " last word counts); without one all who come through it share one `HUB_BODIES`. Set it only where nobody but"
        " the proxy reaches the hub: else senders name themselves", default="none: who is connected", make=str,
    )  # fmt: skip
    bodies: int = _setting(
        "HUB_BODIES", _integer(4, 1024),
        means="unfinished requests that one sender may have (all together: eight times as many); one more, and the"
        " oldest of them gives way with 503", default="`32`", make=lambda: 32,
    )  # fmt: skip

    keep_raw: int = _setting(
        "HUB_KEEP_RAW", _integer(31, 36500),
        means="days that messages are kept in their systems' own words, by whole months; what an open return rests on"
        " stays", default="`730`", make=lambda: 730,
    )  # fmt: skip
    keep_calls: int = _setting(
        "HUB_KEEP_CALLS", _integer(1, 36500), means="days that conversations with other systems are kept",
        default="`90`", make=lambda: 90,
    )  # fmt: skip
    keep_story: int = _setting(
        "HUB_KEEP_STORY", _integer(30, 36500),
        means="days that the story of a return and its answered questions are kept, once it is over",
        default="`1095`", make=lambda: 1095,
    )  # fmt: skip
    keep_writes: int = _setting(
        "HUB_KEEP_WRITES", _integer(90, 36500),
        means="days that it is kept what was written into other systems, once the return is over: until then a late"
        " reversal or chargeback knows what the hub had paid", default="`730`", make=lambda: 730,
    )  # fmt: skip

    @classmethod
    def load(cls, env: Mapping[str, str] = os.environ) -> Settings:
        """Read every setting from the environment. Raises SettingsError."""
        found: dict[str, Any] = {}
        for setting in fields(cls):
            variable, read = setting.metadata["variable"], setting.metadata["read"]
            if text := env.get(variable, "").strip():
                try:
                    found[setting.name] = read(text)
                except SettingsError as problem:
                    raise SettingsError(f"{variable} is {text!r}: {problem}.") from None
        return cls(**found)

    def __repr__(self) -> str:
        """Without the database's password."""
        return f"Settings(data={str(self.data)!r}, listen={self.listen!r}, workers={self.workers})"

    @property
    def host(self) -> str:
        """Where to listen: the address."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """Where to listen: the port."""
        return int(self.listen.rpartition(":")[2])


def table() -> str:
    """Every setting as a Markdown table, for the README."""
    rows = [(f"`{s.metadata['variable']}`", s.metadata["means"], s.metadata["default"]) for s in fields(Settings)]
    return "\n".join(f"| {' | '.join(row)} |" for row in [("variable", "what it is", "default"), ("---",) * 3, *rows])
