"""Secrets at rest: unreadable without the key, and the key readable by nobody else."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from hub.secrets import SecretsError, Vault
from hub.settings import Settings

SECRETS = {"api_key": "simulated-秘密", "tokens": ["a", None, 1]}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "hub")


def test_secrets_come_back_and_are_not_to_be_seen_meanwhile(settings: Settings) -> None:
    token = Vault.open(settings).encrypt(SECRETS)
    assert b"simulated" not in token
    assert Vault.open(settings).decrypt(token) == SECRETS


def test_the_same_secret_never_looks_the_same(settings: Settings) -> None:
    vault = Vault.open(settings)
    assert vault.encrypt(SECRETS) != vault.encrypt(SECRETS)


def test_the_key_is_made_once_and_only_for_its_owner(settings: Settings) -> None:
    with ThreadPoolExecutor(8) as pool:
        vaults = list(pool.map(lambda _: Vault.open(settings), range(8)))
    assert vaults[0].decrypt(vaults[-1].encrypt(SECRETS)) == SECRETS
    assert [path.name for path in settings.data.iterdir()] == ["secret.key"]
    assert (settings.data / "secret.key").stat().st_mode & 0o777 == 0o600


def test_processes_that_start_at_once_agree_on_the_key(settings: Settings) -> None:
    program = (
        "import sys; from pathlib import Path; from hub.secrets import Vault; from hub.settings import Settings;"
        "sys.stdout.buffer.write(Vault.open(Settings(data=Path(sys.argv[1]))).encrypt('x'))"
    )
    root = Path(__file__).resolve().parent.parent
    started = [
        subprocess.Popen([sys.executable, "-c", program, str(settings.data)], cwd=root, stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    for process in started:
        token, _ = process.communicate()
        assert Vault.open(settings).decrypt(token) == "x"


def test_a_new_key_on_top_encrypts_and_the_old_one_still_decrypts(tmp_path: Path) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    before = Vault([old]).encrypt(SECRETS)
    path = tmp_path / "keys"
    path.write_text(f"{new}\n{old}\n")
    path.chmod(0o600)
    both = Vault.open(Settings(secret_key_file=path))
    assert both.decrypt(before) == SECRETS
    after = both.encrypt(SECRETS)
    assert Vault([new]).decrypt(after) == SECRETS
    with pytest.raises(SecretsError, match="does not have"):
        Vault([old]).decrypt(after)


def test_one_changed_byte_is_noticed(settings: Settings) -> None:
    vault = Vault.open(settings)
    token = bytearray(vault.encrypt(SECRETS))
    token[40] ^= 1
    with pytest.raises(SecretsError, match="changed in the database"):
        vault.decrypt(bytes(token))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o622])
def test_a_key_file_open_to_others_is_refused(settings: Settings, mode: int) -> None:
    Vault.open(settings)
    (settings.data / "secret.key").chmod(mode)
    with pytest.raises(SecretsError, match="chmod 600"):
        Vault.open(settings)


def test_a_named_key_file_that_is_missing_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "typo.key"
    with pytest.raises(SecretsError, match="must name a file that exists"):
        Vault.open(Settings(data=tmp_path, secret_key_file=path))
    assert not path.exists()


@pytest.mark.parametrize("content", [b"", b"hello", b"\xff\xfe", b"AAAA\n"])
def test_a_file_without_a_key_is_told_with_the_way_to_make_one(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "keys"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(SecretsError, match="a new key: python3 -c"):
        Vault.open(Settings(secret_key_file=path))
