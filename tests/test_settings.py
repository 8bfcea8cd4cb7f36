"""Settings come from the environment, with a letter for each that cannot be used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path

import pytest

from hub import settings as module
from hub.settings import Settings, SettingsError


class Watched(Mapping[str, str]):
    """An environment that remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __getitem__(self, name: str) -> str:
        self.asked.append(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def test_what_is_read_is_exactly_what_the_table_documents() -> None:
    environment = Watched()
    Settings.load(environment)
    documented = [line.split("|")[1].strip(" `") for line in module.table().splitlines()[2:]]
    assert environment.asked == documented
    assert all(setting.metadata["means"] and setting.metadata["default"] for setting in fields(Settings))


def test_everything_has_a_default_and_an_empty_variable_is_none() -> None:
    assert Settings.load({"HUB_DATABASE_URL": " ", "HUB_WORKERS": ""}) == Settings.load({})
    plain = Settings.load({})
    assert (plain.host, plain.port, plain.database_url, plain.secret_key_file) == ("127.0.0.1", 8080, None, None)
    assert plain.data.is_absolute()


def test_everything_can_be_set(tmp_path: Path) -> None:
    found = Settings.load(
        {
            "HUB_DATA": str(tmp_path),
            "HUB_DATABASE_URL": "postgresql://me:hush@db/hub",
            "HUB_SECRET_KEY_FILE": str(tmp_path / "key"),
            "HUB_LISTEN": "[::1]:0",
            "HUB_PUBLIC_URL": "https://hub.example.com/returns/",
            "HUB_WORKERS": "3",
            "HUB_LEASE": "15",
            "HUB_SENDER_HEADER": "X-Forwarded-For",
            "HUB_BODIES": "64",
            "HUB_KEEP_RAW": "400",
            "HUB_KEEP_CALLS": "30",
            "HUB_KEEP_STORY": "800",
            "HUB_KEEP_WRITES": "180",
        }
    )
    public = "https://hub.example.com/returns"
    database = "postgresql://me:hush@db/hub"
    key = tmp_path / "key"
    kept = (400, 30, 800, 180)
    assert found == Settings(tmp_path, database, key, "[::1]:0", public, 3, 15.0, "x-forwarded-for", 64, *kept)
    assert (found.host, found.port) == ("::1", 0)
    assert "hush" not in repr(found)


@pytest.mark.parametrize("address", ["127.0.0.1:1", "127.3.2.1:80", "localhost:65535", "[::1]:8080"])
def test_loopback_addresses_are_taken(address: str) -> None:
    assert Settings.load({"HUB_LISTEN": address}).listen == address


@pytest.mark.parametrize("address", ["0.0.0.0:80", "[::]:80", "192.168.1.5:80", "10.0.0.1:80", "example.org:80", ":80"])
def test_any_other_address_is_refused_with_the_reason(address: str) -> None:
    with pytest.raises(SettingsError, match=r"HUB_LISTEN is .*no users and passwords yet.*reverse proxy"):
        Settings.load({"HUB_LISTEN": address})


@pytest.mark.parametrize(
    ("variable", "text"),
    [("HUB_LISTEN", "127.0.0.1"), ("HUB_LISTEN", "127.0.0.1:x"), ("HUB_LISTEN", "127.0.0.1:65536"),
     ("HUB_WORKERS", "0"), ("HUB_WORKERS", "many"), ("HUB_WORKERS", "1.5"), ("HUB_WORKERS", "9999"),
     ("HUB_PUBLIC_URL", "hub.example.com"), ("HUB_PUBLIC_URL", "ftp://hub.example.com"),
     ("HUB_PUBLIC_URL", "https://me:hush@hub.example.com"), ("HUB_PUBLIC_URL", "https://hub.example.com/?a=1"),
     ("HUB_KEEP_WRITES", "30"), ("HUB_KEEP_RAW", "0"), ("HUB_KEEP_STORY", "for ever"),
     ("HUB_LEASE", "9"), ("HUB_LEASE", "3601"), ("HUB_LEASE", "1m")],
)  # fmt: skip
def test_what_cannot_be_used_is_told_by_name(variable: str, text: str) -> None:
    with pytest.raises(SettingsError, match=rf"{variable} is .*write"):
        Settings.load({variable: text})
